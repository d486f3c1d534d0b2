/**
 * The store: keys and values in a log on disk, an index in RAM (DESIGN.md, "Store"). This file only
 * joins the parts; each says itself what it keeps and how it fails.
 *
 *   find      key-probe -> residents (hot tail, loaded records, read cache)      chains (warm
 *   values) put ...   store-changes -> log-appender, value index
 *   load      store-loader -> residents -> segment-table -> files
 *   commit    log-writer -> log-sync, log-files        sealer -> hint-writer, manifest-keeper
 *
 * The owner calls `begin` before each command, `commit` once per event-loop tick, and holds replies
 * back with `whenCommitted`. It asks `writable` and `oom` before it executes a write.
 */

import type { Timer } from '../io/clock.ts';
import type { Lock } from '../io/files.ts';
import { ByteRange } from '../lib/byte-range.ts';
import type { LiveValue } from '../keyspace/live-value.ts';
import { LiveString } from '../keyspace/live-string.ts';
import { COLD, NEED_VALUE } from '../keyspace/storage.ts';
import type {
  Found, KeyToLoad, Lookahead, Need, ScanPage, ScannedKey, Storage,
} from '../keyspace/storage.ts';
import { STRING } from '../keyspace/value-type.ts';
import type { ValueType } from '../keyspace/value-type.ts';
import { STORE_TICK_MS } from '../limits.ts';
import type { Ballast } from './ballast.ts';
import type { Chain } from './chains.ts';
import type { CompactionHost } from './compaction-host.ts';
import {
  entryExpireAtAt, entryIsRawAt, entryTypeAt, entryValueAt,
} from './format/data-entry.ts';
import { SYSTEM_SPACE } from './format/hint-rows.ts';
import type { DirectReads } from './direct-reads.ts';
import type { Graveyard } from './graveyard.ts';
import type { Acknowledged } from './log-waiters.ts';
import type { Appendfsync } from './log-writer.ts';
import type { ManifestKeeper } from './manifest-keeper.ts';
import type { MemoryBudget, MemoryUse } from './memory-budget.ts';
import type { Sealer } from './sealer.ts';
import { sizeClassBytes } from './size-class.ts';
import type { SnapshotExports } from './snapshot/snapshot-exports.ts';
import type { StoreSnapshot } from './snapshot/store-snapshot.ts';
import type { StoreChanges } from './store-changes.ts';
import { StoreError } from './store-error.ts';
import type { StoreLoader } from './store-loader.ts';
import type { StoreParts } from './store-parts.ts';
import { TailRetirement } from './tail-retirement.ts';
import type { StoreWalker } from './store-walker.ts';

const NO_VALUE = new ByteRange(Buffer.alloc(0));

/** What the value index takes for one key. */
const INDEX_BYTES_PER_KEY = 19;

export interface StoreMembers {
  readonly parts: StoreParts;
  readonly changes: StoreChanges;
  readonly loader: StoreLoader;
  readonly walker: StoreWalker;
  readonly budget: MemoryBudget;
  readonly graveyard: Graveyard;
  readonly keeper: ManifestKeeper;
  readonly sealer: Sealer;
  readonly host: CompactionHost;
  readonly snapshots: SnapshotExports;
  readonly lock: Lock;
  /** Undefined: every cold record comes through the pool. */
  readonly directReads: DirectReads | undefined;
  readonly ballast: Ballast | undefined;
  readonly diskReserveBytes: number;
  readonly writeCheckpoint: () => Promise<void>;
  readonly closeFiles: () => Promise<void>;
}

export interface StoreStatistics {
  /** Over all spaces but the system's, expired ones included. */
  readonly keys: number;
  readonly segments: number;
  /** Records asked for that were in RAM, and that were not. */
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Committed, and not yet with the kernel. */
  readonly backlogBytes: number;
}

/** A key that was found; its ranges are borrowed. */
class FoundKey implements Found {
  readonly type: ValueType;
  readonly expireAt: number;
  readonly value: ByteRange;
  readonly live: LiveValue | undefined;
  readonly raw: boolean;

  constructor(type: ValueType, expireAt: number, value: ByteRange, live: LiveValue | undefined,
    raw: boolean) {
    this.type = type;
    this.expireAt = expireAt;
    this.value = value;
    this.live = live;
    this.raw = raw;
  }
}

export class Store implements Storage {
  /** What the compactor works with. */
  readonly compaction: CompactionHost;
  /** By how long the compactor wants every write delayed. */
  writeDelayMs = 0;
  /** The place in the total order that the last frame applied. */
  position: number;

  /** Free space below which writes that add data are refused; below half of it, all writes. */
  diskReserveBytes: number;

  readonly #members: StoreMembers;
  readonly #parts: StoreParts;
  readonly #changes: StoreChanges;
  /** Free space at the last look, and how long the written log was then. */
  #freeBytesSeen = Infinity;
  #seenAtLsn = 0;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(members: StoreMembers) {
    this.#members = members;
    this.diskReserveBytes = members.diskReserveBytes;
    this.#parts = members.parts;
    this.#changes = members.changes;
    this.compaction = members.host;
    this.position = members.keeper.position;
    this.#parts.residents.onChange = () => this.#parts.probe.forget();
    const retirement = new TailRetirement(members.parts);
    this.#parts.tail.onDrop = (block) => retirement.retire(block);
    this.#startTimer();
  }

  get lookahead(): Lookahead {
    return this.#parts.lookahead;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  /** Borrowed ranges may hold something else from now on. */
  begin(): void {
    this.#parts.residents.dismissGuests();
    this.#parts.probe.forget();
  }

  find(space: number, key: ByteRange, need: Need): Found | undefined | typeof COLD {
    const { probe } = this.#parts;
    probe.run(space, key);
    if (probe.slot === -1) return probe.isCold ? COLD : undefined;
    if (probe.chain !== undefined) return this.#foundChain(probe.chain, need);
    const { buf, at } = probe;
    const type = entryTypeAt(buf, at) as ValueType;
    const expireAt = entryExpireAtAt(buf, at);
    const raw = entryIsRawAt(buf, at);
    if (need !== NEED_VALUE) return new FoundKey(type, expireAt, NO_VALUE, undefined, raw);
    if (!probe.isWhole) return COLD;
    if (type !== STRING) {
      return new FoundKey(type, expireAt, NO_VALUE, this.#changes.warmProbed(key, false), false);
    }
    return new FoundKey(type, expireAt, entryValueAt(buf, at, probe.view), undefined, raw);
  }

  isCold(space: number, key: ByteRange, need: Need): boolean {
    if (!this.#isOnDisk(space, key, need)) return false;
    const { directReads } = this.#members;
    return directReads === undefined || !directReads.bring(space, key, need);
  }

  #isOnDisk(space: number, key: ByteRange, need: Need): boolean {
    const { probe } = this.#parts;
    probe.run(space, key);
    if (probe.slot === -1) return probe.isCold;
    if (need !== NEED_VALUE) return false;
    const { chain } = probe;
    if (chain === undefined) return !probe.isWhole;
    return chain.live === undefined && !this.#changes.hasValue(chain);
  }

  load(keys: readonly KeyToLoad[]): Promise<() => void> {
    return this.#members.loader.load(keys);
  }

  count(space: number): number {
    return this.#parts.spaces.get(space)?.index.size ?? 0;
  }

  countExpiring(space: number): number {
    return this.#parts.spaces.get(space)?.index.expiringCount ?? 0;
  }

  scan(space: number, cursor: number, count: number): Promise<ScanPage> {
    return this.#members.walker.scan(space, cursor, count);
  }

  randomKey(space: number, random: () => number): Promise<ScannedKey | undefined> {
    return this.#members.walker.randomKey(space, random);
  }

  findExpired(space: number, nowMs: number, max: number): Promise<readonly Buffer[]> {
    return this.#members.walker.findExpired(space, nowMs, max);
  }

  averageTtlMs(space: number, nowMs: number): number {
    return this.#members.walker.averageTtlMs(space, nowMs);
  }

  memoryUsage(space: number, key: ByteRange): number | undefined {
    const { probe } = this.#parts;
    probe.run(space, key);
    if (probe.slot === -1) return undefined;
    const { chain } = probe;
    if (chain === undefined) {
      return INDEX_BYTES_PER_KEY + sizeClassBytes(probe.space!.index.sizeClassOf(probe.slot));
    }
    return INDEX_BYTES_PER_KEY + sizeClassBytes(chain.baseClass) + chain.logBytes +
      chain.chargedBytes;
  }

  // ---- Changing ---------------------------------------------------------------------------------

  put(space: number, key: ByteRange, value: ByteRange, expireAt: number, raw: boolean): void {
    this.#changes.put(space, key, value, expireAt, raw);
  }

  putLive(space: number, key: ByteRange, live: LiveValue, expireAt: number): void {
    this.#changes.putLive(space, key, live, expireAt);
  }

  change(space: number, key: ByteRange, delta: ByteRange): void {
    this.#changes.change(space, key, delta);
  }

  makeLive(space: number, key: ByteRange): LiveValue {
    return this.#changes.makeLive(space, key);
  }

  expire(space: number, key: ByteRange, expireAt: number): void {
    this.#changes.expire(space, key, expireAt);
  }

  remove(space: number, key: ByteRange): boolean {
    return this.#changes.remove(space, key);
  }

  dropSpace(space: number): void {
    this.#changes.dropSpace(space, this.#members.graveyard);
  }

  // ---- Committing -------------------------------------------------------------------------------

  /** See Storage.mark and Storage.takeBack. */
  mark(): number {
    return this.#changes.takeBack.mark();
  }

  takeBack(mark: number): void {
    this.#changes.takeBack.toMark(mark);
  }

  set onTakenBack(listener: () => void) {
    this.#changes.onTakenBack = listener;
  }

  /**
   * Closes the batch of this tick. `position`: its place in the total order, 0 without peers.
   * Returns why it was refused: with FULL and FAILED nothing of it was made, with UNKNOWN it may be
   * on disk.
   */
  commit(position = 0): StoreError | undefined {
    const { paging, writer, probe } = this.#parts;
    this.position = Math.max(this.position, position);
    if (writer.failure === undefined) this.#changes.flushDeltas();
    if (writer.failure === undefined && this.writable === undefined) {
      this.#changes.settle(this.#members.budget.liveBytes, paging.settleBytesPerCommit);
    }
    const refused = writer.commit(position);
    probe.forget();
    return refused;
  }

  /** Calls back when everything so far is as durable as the policy says, or never will be. */
  whenCommitted(done: Acknowledged): void {
    this.#parts.writer.whenAcknowledged(done);
  }

  /** Length of the log, and how much of it replies may rely on: a reply waits for the former. */
  get appended(): number {
    return this.#parts.writer.appendedLsn;
  }

  get acknowledged(): number {
    return this.#parts.writer.acknowledgedLsn;
  }

  /** How far the log was when it failed last: replies that wait for no more may go out. */
  get kept(): number {
    return this.#parts.writer.keptLsn;
  }

  /** Why what was not written when the log failed for good is lost, or may be. */
  get lost(): StoreError | undefined {
    return this.#parts.writer.lost;
  }

  /** Why writes are not taken, or were not when the last one was tried. */
  get trouble(): StoreError | undefined {
    const { failure, lastNoRoom } = this.#parts.writer;
    return failure ?? lastNoRoom;
  }

  /** Makes everything committed durable, whatever the policy. */
  flushAndSync(): Promise<void> {
    return this.#parts.writer.flushAndSync();
  }

  /** The state as committed so far, as files that writes and compaction do not change. */
  exportSnapshot(): Promise<StoreSnapshot> {
    return this.#members.snapshots.export();
  }

  get appendfsync(): Appendfsync {
    return this.#parts.writer.appendfsync;
  }

  set appendfsync(policy: Appendfsync) {
    this.#parts.writer.appendfsync = policy;
  }

  // ---- State ------------------------------------------------------------------------------------

  /** Set for good after a failed write or fsync. */
  get failure(): StoreError | undefined {
    return this.#parts.writer.failure;
  }

  /**
   * Undefined while writes are accepted, else why they are not. Below the reserve writes that add
   * data are refused (`full`), below half of it all others. What makes room is refused by nothing
   * but a failure: the log's room for it is the reserve, down to the last page of the disk.
   */
  get writable(): StoreError | undefined {
    const { failure, noRoom } = this.#parts.writer;
    if (failure !== undefined || noRoom !== undefined) return failure ?? noRoom;
    const { diskReserveBytes } = this;
    if (diskReserveBytes === 0 || this.#freeBytes >= diskReserveBytes / 2) return undefined;
    return this.#full();
  }

  /**
   * Undefined while the disk has room above the reserve for more data; without a reserve always.
   */
  get full(): StoreError | undefined {
    const { diskReserveBytes } = this;
    if (diskReserveBytes === 0 || this.failure !== undefined) return undefined;
    return this.#freeBytes >= diskReserveBytes ? undefined : this.#full();
  }

  /** The memory budget has no room for more keys. */
  get oom(): boolean {
    return this.#members.budget.isExceeded;
  }

  memory(): MemoryUse {
    return this.#members.budget.use();
  }

  /** For INFO. */
  statistics(): StoreStatistics {
    const { spaces, segments, residents, writer } = this.#parts;
    let keys = 0;
    for (const space of spaces.all()) if (space.id !== SYSTEM_SPACE) keys += space.index.size;
    const { hits, misses } = residents;
    return {
      keys, segments: segments.all().length, cacheHits: hits, cacheMisses: misses,
      backlogBytes: writer.backlogBytes,
    };
  }

  set memoryBytes(bytes: number) {
    this.#members.budget.setTotal(bytes);
  }

  /** Bytes that may be written before writes are refused. */
  get freeBytes(): number {
    return Math.max(0, this.#freeBytes - this.diskReserveBytes);
  }

  // ---- Closing ----------------------------------------------------------------------------------

  /**
   * Commits, syncs, seals, writes a checkpoint and lets go of the directory. Stop the compactor
   * first. After a failure it only lets go, and rejects with nothing: the failure is known.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { clock, writer } = this.#parts;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    const snapshotsClosed = this.#members.snapshots.close();
    try {
      this.commit(0);
      if (writer.failure === undefined) await this.#sealAll();
    } finally {
      this.#members.sealer.hurry();
      await writer.stop();
      await snapshotsClosed;
      await this.#members.closeFiles();
      await this.#members.lock.release();
    }
  }

  async #sealAll(): Promise<void> {
    const { writer } = this.#parts;
    await writer.flushAndSync();
    this.#members.sealer.hurry();
    await writer.roll();
    await this.#members.sealer.idle();
    await this.#members.graveyard.finish();
    this.#changes.forgetWarm();
    await this.#members.writeCheckpoint();
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #foundChain(chain: Chain, need: Need): Found | typeof COLD {
    if (need !== NEED_VALUE) {
      return new FoundKey(chain.type, chain.expireAt, NO_VALUE, chain.live, chain.raw);
    }
    if (chain.live === undefined && chain.type === STRING) return this.#foundBase(chain);
    const live = chain.live ?? this.#changes.warm(chain);
    if (live === undefined) return COLD;
    this.#parts.chains.touch(chain);
    const value = live instanceof LiveString ? new ByteRange(live.bytes()) : NO_VALUE;
    return new FoundKey(chain.type, chain.expireAt, value, live, chain.raw);
  }

  /** A string that was not changed, only given an expiry. */
  #foundBase(chain: Chain): Found | typeof COLD {
    if (!this.#changes.hasValue(chain)) return COLD;
    const { buf, at, view } = this.#parts.residents;
    const value = entryValueAt(buf, at, view);
    return new FoundKey(STRING, chain.expireAt, value, undefined, chain.raw);
  }

  #startTimer(): void {
    this.#timer = this.#parts.clock.setTimer(STORE_TICK_MS, () => {
      if (this.#isClosed) return;
      this.#members.budget.rebalance();
      this.#members.keeper.tick();
      void this.checkDisk();
      this.#startTimer();
    });
  }

  /** Asks how much space is left; a disk that does not answer changes nothing. */
  async checkDisk(): Promise<void> {
    const { files, dir, writer } = this.#parts;
    // What is written while the question is under way counts twice, until the next look.
    const lsn = writer.appendedLsn - writer.backlogBytes;
    try {
      this.#freeBytesSeen = await files.freeBytes(dir);
      this.#seenAtLsn = lsn;
      if (this.#freeBytesSeen > 0) writer.retry();
      this.#members.ballast?.maybeMake(this.#freeBytesSeen - this.diskReserveBytes);
    } catch {
      return;
    }
  }

  /**
   * A second of writing may be a gigabyte, so what was appended since the last look is taken off.
   */
  get #freeBytes(): number {
    return this.#freeBytesSeen - (this.#parts.writer.appendedLsn - this.#seenAtLsn);
  }

  #full(): StoreError {
    return new StoreError('FULL', `the disk is full up to the ${this.diskReserveBytes} ` +
      'bytes of disk-reserve-bytes: delete keys, or make room beside the data; deleted data is ' +
      'given back by compaction');
  }
}
