/**
 * The effects: each change goes to the log's tail and to the index in one synchronous step.
 *
 * The owner has asked `find` before, so no key is cold here.
 *
 * A change fails before it begins when the store cannot be written. One that fails in the middle
 * has made the log fail, which takes back everything that is not written (take-back.ts): so each
 * is noted there before it is made.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { PACKED_BYTES_MAX } from '../../keyspace/limits.ts';
import type { LiveValue } from '../../keyspace/live-value.ts';
import type { Effects } from '../../keyspace/storage.ts';
import { STRING, type ValueType } from '../../keyspace/value-type.ts';
import { COOLED_PER_LOOK, EXPIRE_REWRITE_BYTES_MAX, SHRINK_SLICE_MS } from '../limits.ts';
import { typeByteOf, type Chain, type RecordPlace } from '../chains/chains.ts';
import { noteCollision } from './collision-notes.ts';
import { collisionKey } from '../index/collisions.ts';
import { DeltaGroups } from './delta-groups.ts';
import { DeltaRun } from '../chains/delta-run.ts';
import {
  FLAG_RAW, KIND_DELETED, KIND_EXPIRE, KIND_PUT, entryBytesAt, entryExpireAtAt, entryIsRawAt,
  entryStampAt, entryTypeAt, entryTypeByteAt, entryValueAt,
} from '../format/data-entry.ts';
import { SYSTEM_SPACE } from '../format/hint-rows.ts';
import { NO_STAMP } from '../format/version-stamp.ts';
import type { Graveyard } from '../segments/graveyard.ts';
import { expirySecondsOfMs } from '../index/index-slot.ts';
import { PageWriter } from './page-writer.ts';
import { placeOffset, placeSlot, type Held } from '../memory/residents.ts';
import { GRANULE_SHIFT } from '../segments/segment.ts';
import { sizeClassOf } from '../index/size-class.ts';
import { LIVE_SPACES_KEY, type Space } from '../index/space-table.ts';
import { decodeBaseAt, type StoreParts } from '../store-parts.ts';
import { slotOfChain } from './slot-of-chain.ts';
import { SystemRecords } from './system-records.ts';
import { TakeBack } from './take-back.ts';
import type { KeyIndex } from '../index/key-index.ts';

const NO_BYTES = new ByteRange(Buffer.alloc(0));

export class StoreChanges implements Effects {
  readonly #parts: StoreParts;
  readonly #pages: PageWriter;
  readonly #groups = new DeltaGroups((chain, deltas) => this.#appendDeltas(chain, deltas));
  readonly #system: SystemRecords;
  readonly takeBack: TakeBack;
  /** Chains whose deltas outweigh their base: written anew at the next commit. */
  readonly #heavy = new Set<Chain>();
  /** Called when changes were taken back: what others have read of the store may be wrong now. */
  onTakenBack: () => void = () => undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#pages = new PageWriter(parts);
    this.#system = new SystemRecords(parts.residents, parts.segments, parts.journal);
    this.takeBack = new TakeBack({
      parts, pages: this.#pages, groups: this.#groups,
      unchain: (chain) => this.#unchain(chain),
      onTakenBack: () => {
        this.#heavy.clear();
        this.onTakenBack();
      },
    });
  }

  // ---- Effects ----------------------------------------------------------------------------------

  put(space: number, key: ByteRange, value: ByteRange, expireAt: number, raw: boolean): void {
    this.#put(space, key, STRING, raw ? FLAG_RAW : 0, value, expireAt);
  }

  putPacked(
    space: number, key: ByteRange, type: ValueType, packed: ByteRange, expireAt: number): void {
    this.#put(space, key, type, 0, packed, expireAt);
  }

  #put(space: number, key: ByteRange, type: ValueType, flags: number, value: ByteRange,
    expireAt: number): void {
    this.#mustWrite();
    const { probe, writer: { appender } } = this.#parts;
    probe.mustRun(space, key);
    const into = probe.space ?? this.#beginSpace(space, key);
    appender.append(KIND_PUT, type | flags, space, key, value, expireAt, appender.logIndex);
    this.#point(into, key, type, expireAt);
    probe.forget();
  }

  putLive(space: number, key: ByteRange, live: LiveValue, expireAt: number): void {
    this.#mustWrite();
    const { probe, chains, writer: { appender } } = this.#parts;
    probe.mustRun(space, key);
    const into = probe.space ?? this.#beginSpace(space, key);
    const flag = live.type === STRING || live.isLarge === true;
    const typeByte = flag ? live.type | FLAG_RAW : live.type;
    const isHuge = this.#pages.isHuge(live);
    const pages = isHuge ? this.#pages.appendWhole(live, space, key, typeByte, expireAt) : [];
    // A large collection writes its blocks before.
    if (live.isLarge === true) probe.mustRun(space, key);
    if (!isHuge) {
      const base = new ByteRange(live.encodeBase());
      appender.append(KIND_PUT, typeByte, space, key, base, expireAt, appender.logIndex);
    }
    const stamp = appender.changeStamp;
    const { hi, lo } = probe;
    const slot = this.#point(into, key, live.type, expireAt);
    const chain = chains.create(into, hi, lo, live.type, recordOf(into.index, slot));
    this.#identify(chain, key.copy(), expireAt, flag, stamp);
    if (isHuge) chains.adoptPages(chain, pages);
    this.#warm(chain, live);
    into.index.setChain(slot, chain.id, into.index.sizeClassOf(slot));
    probe.forget();
  }

  change(space: number, key: ByteRange, delta: ByteRange): void {
    this.#mustWrite();
    const { probe, chains } = this.#parts;
    probe.mustRun(space, key);
    const chain = probe.chain;
    if (chain?.live === undefined) throw new Error('store: a value is changed that is not live');
    if (chain.type === STRING && !chain.raw) this.takeBack.touch(chain);
    else this.takeBack.touchGroup(chain);
    chain.live.applyDelta(delta.buf, delta.start, delta.end, delta.words);
    if (chain.type === STRING) chain.raw = true;
    this.#groups.add(chain, delta);
    chains.touch(chain);
  }

  makeLive(space: number, key: ByteRange): LiveValue {
    const { probe } = this.#parts;
    probe.mustRun(space, key);
    if (probe.slot === -1) throw new Error('store: a key is made live that is not there');
    const { chain } = probe;
    const live = chain === undefined ? this.warmProbed(key, true) : chain.live ?? this.warm(chain);
    if (live === undefined) throw new Error('store: a string is made live that is not in RAM');
    return live;
  }

  expire(space: number, key: ByteRange, expireAt: number): void {
    this.#mustWrite();
    const { probe } = this.#parts;
    probe.mustRun(space, key);
    if (probe.slot === -1) throw new Error('store: a key is to expire that is not there');
    const chain = probe.chain;
    if (chain !== undefined) this.#expireChain(chain, key, expireAt);
    else if (probe.isWhole && entryBytesAt(probe.buf, probe.at) <= EXPIRE_REWRITE_BYTES_MAX) {
      this.#expireRecord(key, expireAt);
    } else {
      const index = probe.space!.index;
      const raw = entryIsRawAt(probe.buf, probe.at);
      this.#expireChain(this.#makeChain(key.copy(), raw, 0, index), key, expireAt);
    }
    probe.forget();
  }

  remove(space: number, key: ByteRange): boolean {
    this.#mustWrite();
    const { probe, writer } = this.#parts;
    probe.mustRun(space, key);
    if (probe.slot === -1) return false;
    const { index } = probe.space!;
    writer.appender.append(KIND_DELETED, 0, space, key, NO_BYTES, 0, NO_STAMP);
    this.#release(index, probe.slot);
    this.takeBack.noteRemoval(probe.space!, probe.slot, probe.hi, probe.lo);
    index.remove(probe.slot);
    if (space === SYSTEM_SPACE) this.#system.drop(key.latin1());
    probe.forget();
    return true;
  }

  /** Forgets a space: see Storage.dropSpace. Durable with the frame of this tick. */
  dropSpace(id: number, graveyard: Graveyard): void {
    this.#mustWrite();
    const { spaces, chains, probe } = this.#parts;
    if (id === SYSTEM_SPACE) throw new Error('store: the system space cannot be dropped');
    const space = spaces.get(id);
    if (space === undefined) return;
    const grave = graveyard.prepare(space.index);
    this.takeBack.noteSpaces(() => {
      for (const chain of chains.all()) if (chain.space === space) this.#releaseChain(chain);
      graveyard.bury(grave);
    });
    spaces.drop(id);
    probe.forget();
    this.recordSpaces();
  }

  /** Whether the chain's space was dropped; it stays as it is until that cannot be taken back. */
  #isDropped({ space }: Chain): boolean {
    return this.#parts.spaces.get(space.id) !== space;
  }

  // ---- Warm values ------------------------------------------------------------------------------

  /**
   * Makes the key that the probe found live, from its record in RAM; undefined if the value is not
   * there. A string only if `isString` says so. Changes no record.
   */
  warmProbed(key: ByteRange, isString: boolean): LiveValue | undefined {
    const { probe } = this.#parts;
    const { buf, at } = probe;
    if (probe.chain !== undefined || !probe.isWhole) return undefined;
    const type = entryTypeAt(buf, at) as ValueType;
    if ((type === STRING) !== isString) return undefined;
    const live = decodeBaseAt(this.#parts, type, buf, at);
    const expireAt = entryExpireAtAt(buf, at);
    const raw = entryIsRawAt(buf, at);
    const chain = this.#makeChain(key.copy(), raw, expireAt, probe.space!.index);
    this.#warm(chain, live);
    probe.forget();
    return live;
  }

  /**
   * Whether the value of a cold chain is in RAM all the same: its record was brought in, and then
   * the key got another expiry. It is where `residents` says.
   */
  hasValue(chain: Chain): boolean {
    const { residents } = this.#parts;
    if (!chain.isBaseCurrent || chain.key === undefined) return false;
    return residents.find(placeSlot(chain.base), placeOffset(chain.base)) && residents.isWhole;
  }

  /** Makes a cold chain live, from its record in RAM; undefined if the value is not there. */
  warm(chain: Chain): LiveValue | undefined {
    if (!this.hasValue(chain)) return undefined;
    const { residents } = this.#parts;
    const live = decodeBaseAt(this.#parts, chain.type, residents.buf, residents.at);
    this.#warm(chain, live);
    return live;
  }

  /** Makes a chain warm that has no deltas. */
  #warm(chain: Chain, live: LiveValue): void {
    if (this.#pages.isHuge(live)) chain.run = new DeltaRun();
    this.#parts.chains.warm(chain, live);
  }

  /** Writes the deltas of this tick. At a commit, before anything else. */
  flushDeltas(): void {
    this.#groups.flush();
  }

  /** Writes those of one value. */
  flushDeltasOf(chain: Chain): void {
    this.#groups.flushOne(chain);
  }

  #appendDeltas(chain: Chain, deltas: DeltaRun): void {
    if (this.#isDropped(chain)) return;
    this.#pages.appendDeltas(chain, deltas);
    // What came after these deltas was taken back, and the value with it.
    if (chain.live === undefined) return;
    if (chain.deltas.bytes > this.#pages.heavyFrom(chain, chain.live)) this.#heavy.add(chain);
  }

  /**
   * Writes heavy chains anew, up to half of `bytesMax`, and lets values go cold until the budget is
   * kept or SHRINK_SLICE_MS is over. At a commit.
   */
  settle(liveBudgetBytes: number, bytesMax: number): void {
    const { chains, clock, writer } = this.#parts;
    chains.liveBudgetBytes = liveBudgetBytes;
    if (this.#heavy.size === 0 && chains.warmBytes <= liveBudgetBytes) return;
    const stopAt = writer.appendedLsn + bytesMax;
    this.#renewHeavy(writer.appendedLsn + bytesMax / 2);
    const stopMs = clock.monotonicMs() + SHRINK_SLICE_MS;
    // What is being written may not go, but its blocks may.
    for (const chain of this.#pages.atWork()) this.#releaseSome(chain, liveBudgetBytes, stopAt);
    for (let cooled = 1; chains.warmBytes > liveBudgetBytes; cooled += 1) {
      if (writer.appendedLsn >= stopAt) return;
      if (cooled % COOLED_PER_LOOK === 0 && clock.monotonicMs() >= stopMs) return;
      const chain = chains.oldestWarm();
      if (chain === undefined) return;
      if (!this.#releaseSome(chain, liveBudgetBytes, stopAt)) this.#cool(chain);
    }
  }

  /** Lets blocks of a large collection leave RAM; false if it has none there. */
  #releaseSome(chain: Chain, budgetBytes: number, stopAt: number): boolean {
    const { chains, writer } = this.#parts;
    const excess = chains.warmBytes - budgetBytes;
    if (excess <= 0) return false;
    const released = chain.live?.release?.(excess, () => writer.appendedLsn < stopAt) ?? 0;
    if (released > 0) chains.charge(chain);
    return released > 0;
  }

  #renewHeavy(stopAt: number): void {
    for (const chain of this.#heavy) {
      if (this.#parts.writer.appendedLsn >= stopAt || !this.#renew(chain, stopAt)) return;
      this.#heavy.delete(chain);
    }
  }

  /** Writes a chain's base anew if it is warm; false if that goes on at the next commit. */
  #renew(chain: Chain, stopAt: number): boolean {
    const { live } = chain;
    const isGone = !this.#parts.chains.has(chain) || this.#isDropped(chain);
    if (live === undefined || isGone) return true;
    if (this.#pages.isHuge(live) || this.#pages.isAtWork(chain)) {
      return this.#pages.step(chain, live, stopAt);
    }
    if (!chain.raw && live.baseBytes <= PACKED_BYTES_MAX / 2) this.#cool(chain);
    else this.#rewrite(chain, live);
    return true;
  }

  /** Lets every warm value go cold without writing: chains with deltas stay, cold. For a stop. */
  forgetWarm(): void {
    const { chains } = this.#parts;
    for (const chain of chains.all()) {
      this.#pages.abandon(chain);
      if (chain.isPlain) this.#unchain(chain);
    }
  }

  // ---- System records ---------------------------------------------------------------------------

  /** Keeps the record of a system key in RAM, for recovery. */
  holdSystem(key: string, held: Held): void {
    this.#system.adopt(key, held);
  }

  /** Writes the record that lists the living spaces. */
  recordSpaces(): void {
    const { spaces } = this.#parts;
    const value = new ByteRange(spaces.encode());
    this.put(SYSTEM_SPACE, new ByteRange(LIVE_SPACES_KEY), value, 0, false);
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #mustWrite(): void {
    const failure = this.#parts.writer.failure;
    if (failure !== undefined) throw failure;
  }

  /** The space of a first key; leaves the probe as it was for that key. */
  #beginSpace(id: number, key: ByteRange): Space {
    const { spaces, probe, writer } = this.#parts;
    const mustRecord = spaces.isUnlisted(id);
    this.takeBack.noteSpaces();
    const space = spaces.create(id, writer.appender.nextValueIndex);
    if (mustRecord) this.recordSpaces();
    probe.forget();
    probe.run(id, key);
    return space;
  }

  /** Points the probed key to the record appended just now; returns its slot. */
  #point(space: Space, key: ByteRange, type: ValueType, expireAt: number): number {
    const { probe, writer, journal } = this.#parts;
    const { slot: segmentSlot, offset, bytes } = writer.appender;
    const { hi, lo } = probe;
    const sizeClass = sizeClassOf(bytes);
    const expiry = expirySecondsOfMs(expireAt);
    const index = space.index;
    writer.appender.current.segment.addLive(sizeClass);
    let slot = probe.slot;
    if (slot === -1) {
      const hasEqualTag = index.find(hi, lo) !== -1;
      slot = index.insert(hi, lo, type, segmentSlot, offset, sizeClass, expiry);
      this.takeBack.noteInsert(space, hi, lo, segmentSlot, offset);
      if (hasEqualTag) this.#noteCollision(space, hi, lo, slot);
    } else {
      this.#release(index, slot);
      const at = journal.takeSlot(space.id, hi, lo, segmentSlot, offset);
      index.exchange(slot, type, segmentSlot, offset, sizeClass, expiry, journal.words, at);
    }
    if (space.id === SYSTEM_SPACE) this.#system.hold(key.latin1(), segmentSlot, offset, bytes);
    return slot;
  }

  /** Gives up the record or chain that a slot points to. */
  #release(index: KeyIndex, slot: number): void {
    const { chains, segments } = this.#parts;
    if (index.isChained(slot)) {
      this.#releaseChain(chains.mustGet(index.chainOf(slot)));
      return;
    }
    const segment = segments.bySlot[index.segmentOf(slot)]!;
    segment.subtractLive(index.sizeClassOf(slot));
    const offset = index.offsetOf(slot);
    segment.granules[offset >>> GRANULE_SHIFT]?.markDead(offset);
  }

  /** Another key has the same tag and page: if it has the same hash, recovery must know. */
  #noteCollision(space: Space, hi: number, lo: number, inserted: number): void {
    const name = noteCollision(this.#parts, space, hi, lo, inserted);
    if (name === undefined) return;
    this.put(SYSTEM_SPACE, new ByteRange(collisionKey(name)), NO_BYTES, 0, false);
  }

  // ---- Chains -----------------------------------------------------------------------------------

  /** Turns the probed plain key into a chain on its record; `expireAt` as the record has it. */
  #makeChain(key: Buffer, raw: boolean, expireAt: number, index: KeyIndex): Chain {
    const { probe, chains } = this.#parts;
    const { slot, hi, lo } = probe;
    const type = index.typeOf(slot) as ValueType;
    const chain = chains.create(probe.space!, hi, lo, type, recordOf(index, slot));
    this.#identify(chain, key, expireAt, raw, entryStampAt(probe.buf, probe.at));
    index.setChain(slot, chain.id, index.sizeClassOf(slot));
    return chain;
  }

  #identify(chain: Chain, key: Buffer, expireAt: number, raw: boolean, stamp: number): void {
    chain.key = key;
    chain.expireAt = expireAt;
    chain.raw = raw;
    chain.stamp = stamp;
    this.#parts.chains.charge(chain);
  }

  #expireChain(chain: Chain, key: ByteRange, expireAt: number): void {
    const { probe } = this.#parts;
    this.takeBack.touch(chain);
    this.takeBack.noteExpiry(probe.space!, probe.slot, probe.hi, probe.lo);
    chain.expireAt = expireAt;
    this.#appendExpire(chain, key);
    probe.space!.index.setExpiry(probe.slot, expirySecondsOfMs(expireAt));
  }

  /** Writes the whole small record again with another expiry. */
  #expireRecord(key: ByteRange, expireAt: number): void {
    const { probe } = this.#parts;
    const { appender } = this.#parts.writer;
    const { buf, at } = probe;
    const value = entryValueAt(buf, at);
    const space = probe.space!;
    const typeByte = entryTypeByteAt(buf, at);
    appender.append(KIND_PUT, typeByte, space.id, key, value, expireAt, appender.logIndex);
    this.#point(space, key, entryTypeAt(buf, at) as ValueType, expireAt);
  }

  #appendExpire(chain: Chain, key: ByteRange): void {
    const { writer, chains } = this.#parts;
    const { appender } = writer;
    const typeByte = typeByteOf(chain);
    const { id } = chain.space;
    const { logIndex } = appender;
    appender.append(KIND_EXPIRE, typeByte, id, key, NO_BYTES, chain.expireAt, logIndex);
    chain.stamp = appender.changeStamp;
    chains.addDelta(chain, {
      slot: appender.slot, offset: appender.offset, sizeClass: sizeClassOf(appender.bytes),
    }, KIND_EXPIRE);
  }

  /** The key is gone or has another value: gives up the chain and its records. */
  #releaseChain(chain: Chain): void {
    this.#pages.abandon(chain);
    this.#heavy.delete(chain);
    this.#parts.chains.release(chain);
  }

  /** Writes a new base, of the value as it was changed last. */
  #rewrite(chain: Chain, live: LiveValue): void {
    const { writer, chains } = this.#parts;
    const { appender } = writer;
    const base = new ByteRange(live.encodeBase());
    const key = new ByteRange(chain.key!);
    const { expireAt, space, stamp } = chain;
    appender.append(KIND_PUT, typeByteOf(chain), space.id, key, base, expireAt, stamp);
    chains.rebase(chain, {
      slot: appender.slot, offset: appender.offset, sizeClass: sizeClassOf(appender.bytes),
    });
  }

  /** Lets a warm value go cold; what is not in its base is written first. */
  #cool(chain: Chain): void {
    if (this.#isDropped(chain)) return this.#parts.chains.cool(chain);
    const live = chain.live!;
    if (this.#pages.isHuge(live) && !chain.isPlain) {
      this.#pages.cool(chain);
      this.#parts.probe.forget();
      return;
    }
    if (!chain.isPlain) this.#rewrite(chain, live);
    this.#unchain(chain);
  }

  /** Points the slot of a chain without deltas to its base. */
  #unchain(chain: Chain): void {
    const { chains, probe } = this.#parts;
    const index = chain.space.index;
    const slot = slotOfChain(index, chain);
    index.setPlace(slot, placeSlot(chain.base), placeOffset(chain.base), chain.baseClass);
    this.#heavy.delete(chain);
    chains.forget(chain);
    this.takeBack.noteUnchained(chain);
    probe.forget();
  }
}

function recordOf(index: KeyIndex, slot: number): RecordPlace {
  const [offset, sizeClass] = [index.offsetOf(slot), index.sizeClassOf(slot)];
  return { slot: index.segmentOf(slot), offset, sizeClass };
}
