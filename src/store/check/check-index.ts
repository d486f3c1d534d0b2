/**
 * Checks the whole key index against the log, while the store serves: every slot has a readable
 * record that agrees with it and whose key leads back to this slot, no key has two slots, every
 * record of every chain is what it should be, the read cache has the bytes of the disk, and the
 * accounts of segments and spaces are right (accounts.ts).
 *
 *     some slots -> their records from disk (record-reader.ts) -> compared in one go -> next ones
 *
 * A slot that changed while its record was read says nothing: its hash is looked up again, up to
 * CHECK_TRIES_MAX times. Records are immutable, and a segment is pinned while it is read, so what
 * is compared is what the slot has pointed to all the time.
 *
 * It changes nothing but the read cache's notes of what was used. It rejects with CLOSED when the
 * store is closed meanwhile.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import type { IndexFault, IndexReport } from '../../keyspace/index-report.ts';
import { CHECK_SLOTS_AT_ONCE } from '../limits.ts';
import type { Chain } from '../chains/chains.ts';
import { KIND_BASE, KIND_PUT } from '../format/data-entry.ts';
import type { Graveyard } from '../segments/graveyard.ts';
import { expirySecondsOfMs } from '../index/index-slot.ts';
import { placeOf, placeOffset, placeSlot, type Held } from '../memory/residents.ts';
import { sizeClassOf } from '../index/size-class.ts';
import type { Space } from '../index/space-table.ts';
import { StoreError, WRONG_KEY } from '../store-error.ts';
import type { KeyIndex } from '../index/key-index.ts';
import { Accounts } from './accounts.ts';
import { ChainCheck } from './check-chain.ts';
import { Findings, shownKey } from './findings.ts';
import { RecordFacts, RecordReader, type CheckedParts, type Reading } from './record-reader.ts';

/** How often a slot that changed while it was read is looked up again: then it is a busy one. */
const CHECK_TRIES_MAX = 3;

export interface IndexCheckOptions {
  readonly parts: CheckedParts;
  readonly graves?: Pick<Graveyard, 'eachLeft'>;
  /** Called between two groups of slots: lets others go on. */
  readonly pause: () => Promise<void>;
  /** Closes the open frame: what is in it may still be taken back, and is in no account. */
  readonly commit?: () => void;
  /** True from when the store is being closed. */
  readonly isStopped: () => boolean;
}

/** A slot as it was when its records were asked for. */
interface SeenSlot {
  /** A hash that finds the slot again. */
  readonly hi: number;
  readonly lo: number;
  readonly chain: Chain | undefined;
  /** The record that has the key: the base of a chain. */
  readonly head: Reading;
  /** The record that tells the expiry: of a chain the last one. */
  readonly last: Reading;
}

export class IndexCheck {
  readonly #options: IndexCheckOptions;
  readonly #parts: CheckedParts;
  readonly #findings = new Findings();
  readonly #reader: RecordReader;
  readonly #chainCheck: ChainCheck;
  #slots = 0;

  constructor(options: IndexCheckOptions) {
    this.#options = options;
    this.#parts = options.parts;
    this.#reader = new RecordReader(options.parts);
    this.#chainCheck = new ChainCheck(options.parts, this.#reader, this.#findings);
  }

  async run(): Promise<IndexReport> {
    const { spaces, chains, segments } = this.#parts;
    for (const space of spaces.all()) await this.#checkSpace(space);
    this.#options.commit?.();
    new Accounts(this.#parts, this.#findings).check(this.#options.graves);
    return {
      slots: this.#slots, chains: chains.size, records: this.#reader.count,
      segments: segments.all().length, findings: this.#findings.all,
    };
  }

  async #checkSpace(space: Space): Promise<void> {
    let cursor = 0;
    do {
      const seen: SeenSlot[] = [];
      cursor = space.index.scan(cursor, CHECK_SLOTS_AT_ONCE, (slot) => {
        this.#slots += 1;
        this.#see(space, slot, seen);
      });
      await this.#checkSeen(space, seen, 1);
      await this.#options.pause();
      this.#mustGoOn();
    } while (cursor !== 0 && !this.#findings.isFull && this.#isThere(space));
  }

  async #checkSeen(space: Space, seen: readonly SeenSlot[], tries: number): Promise<void> {
    await this.#reader.finish([...new Set(seen.flatMap(({ head, last }) => [head, last]))]);
    this.#mustGoOn();
    if (!this.#isThere(space)) return;
    const found = seen.filter((each) => this.#isUnchanged(space, each));
    this.#compareAll(space, found);
    for (const { chain, head } of found) {
      if (chain === undefined || head.record === undefined) continue;
      await this.#chainCheck.check(chain, new RecordFacts(head.record).key);
      this.#mustGoOn();
    }
    const changed = seen.filter((each) => !found.includes(each));
    if (changed.length === 0 || tries === CHECK_TRIES_MAX || !this.#isThere(space)) return;
    const hashes = new Map(changed.map(({ hi, lo }) => [`${hi}:${lo}`, { hi, lo }]));
    const again: SeenSlot[] = [];
    for (const { hi, lo } of hashes.values()) {
      for (const slot of slotsOf(space.index, hi, lo)) this.#see(space, slot, again);
    }
    await this.#checkSeen(space, again, tries + 1);
  }

  #isThere(space: Space): boolean {
    return this.#parts.spaces.get(space.id) === space;
  }

  #mustGoOn(): void {
    if (!this.#options.isStopped()) return;
    throw new StoreError('CLOSED', 'the store was closed while its index was checked');
  }

  // ---- Slots ------------------------------------------------------------------------------------

  /** Asks for the records of a slot. */
  #see({ id, index }: Space, slot: number, seen: SeenSlot[]): void {
    const hi = index.hiOf(slot);
    const lo = index.loOf(slot);
    const chain = index.isChained(slot) ? this.#parts.chains.get(index.chainOf(slot)) : undefined;
    if (index.isChained(slot) && chain === undefined) {
      this.#findings.add('dangling', `a slot of space ${id} names chain ${index.chainOf(slot)}, ` +
        'and there is none');
      return;
    }
    const [head, last] = chain === undefined
      ? this.#beginPlain(index, slot) : this.#beginChain(chain);
    if (head !== undefined && last !== undefined) seen.push({ hi, lo, chain, head, last });
    else {
      this.#findings.add('dangling', `a slot of space ${id} with tag ${lo.toString(16)} points ` +
        'to a segment that is not there');
    }
  }

  #beginPlain(index: KeyIndex, slot: number): (Reading | undefined)[] {
    const head = this.#reader.begin(index.segmentOf(slot), index.offsetOf(slot),
      index.sizeClassOf(slot));
    return [head, head];
  }

  #beginChain({ base, baseClass, deltas }: Chain): (Reading | undefined)[] {
    const head = this.#reader.begin(placeSlot(base), placeOffset(base), baseClass);
    const place = deltas.places.at(-1);
    if (place === undefined || head === undefined) return [head, head];
    const last = this.#reader.begin(placeSlot(place), placeOffset(place), deltas.classes.at(-1)!);
    return [head, last];
  }

  #isUnchanged(space: Space, seen: SeenSlot): boolean {
    const { chain, head, last } = seen;
    if (this.#slotOf(space.index, seen) === -1) return false;
    if (chain === undefined) return true;
    const lastPlace = chain.deltas.places.at(-1) ?? chain.base;
    return this.#parts.chains.has(chain) && chain.base === this.#placeOf(head) &&
      lastPlace === this.#placeOf(last);
  }

  /** The slot that is still as it was seen, or -1. */
  #slotOf(index: KeyIndex, { hi, lo, chain, head }: SeenSlot): number {
    for (const slot of slotsOf(index, hi, lo)) {
      const isIt = index.isChained(slot)
        ? index.chainOf(slot) === chain?.id
        : placeOf(index.segmentOf(slot), index.offsetOf(slot)) === this.#placeOf(head);
      if (isIt) return slot;
    }
    return -1;
  }

  /** -1 when the segment is gone, whichever has its slot now. */
  #placeOf({ segment, offset }: Reading): number {
    return this.#parts.segments.has(segment) ? placeOf(segment.slot, offset) : -1;
  }

  // ---- Comparing, in one go ---------------------------------------------------------------------

  /** Holds the records meanwhile, so that the probe finds them in RAM. */
  #compareAll(space: Space, found: readonly SeenSlot[]): void {
    const { residents } = this.#parts;
    const held: Held[] = [];
    const sound = found.filter((each) => this.#areReadable(each));
    for (const { chain, head } of sound) {
      if (chain === undefined) held.push(residents.hold(head.segment, head.offset, head.record!));
    }
    try {
      for (const seen of sound) this.#compare(space, seen);
      this.#findDoubles(space, sound);
    } finally {
      for (const one of held) residents.release(one);
    }
  }

  #areReadable({ head, last }: SeenSlot): boolean {
    for (const { error } of [head, last]) {
      if (error !== undefined) this.#findings.add('unreadable', error.message);
    }
    return head.record !== undefined && last.record !== undefined;
  }

  #compare(space: Space, seen: SeenSlot): void {
    const { chain, head, last } = seen;
    const { index } = space;
    const slot = this.#slotOf(index, seen);
    const facts = new RecordFacts(head.record!);
    const about = `${head.place}, key ${shownKey(facts.key)}:`;
    const add = (fault: IndexFault, text: string): void =>
      this.#findings.add(fault, `${about} ${text}`);
    const { hasher } = this.#parts;
    hasher.hash(facts.key, 0, facts.key.length);
    if (index.pageOfHash(hasher.hi) !== index.pageOf(slot) || hasher.lo !== index.loOf(slot)) {
      return add('wrong-hash', WRONG_KEY);
    }
    if (facts.space !== space.id) {
      add('wrong-space', `the record is of space ${facts.space}, the slot of ${space.id}`);
    }
    if (this.#parts.spaces.isDead(space.id, facts.valueIndex)) {
      add('wrong-space', `value_index ${facts.valueIndex} is of an earlier space ${space.id}`);
    }
    if (facts.kind !== (chain?.pages === undefined ? KIND_PUT : KIND_BASE)) {
      add('wrong-kind', `kind ${facts.kind} cannot be a value`);
    }
    if (facts.type !== index.typeOf(slot)) {
      add('wrong-type', `the record is of type ${facts.type}, the slot of ${index.typeOf(slot)}`);
    }
    const seconds = expirySecondsOfMs(new RecordFacts(last.record!).expireAt);
    if (seconds !== index.expirySecondsOf(slot)) {
      add('wrong-expiry', `the record expires at ${seconds} s, the slot at ` +
        `${index.expirySecondsOf(slot)} s`);
    }
    if (sizeClassOf(facts.bytes) !== head.sizeClass) {
      add('wrong-size', `${facts.bytes} bytes are not of size class ${head.sizeClass}`);
    }
    this.#compareCache(head, add);
    if (chain !== undefined) this.#compareChain(chain, facts, hasher.hi & 0xffff, head, add);
    this.#compareProbe(space, seen, facts.key, add);
  }

  #compareChain(chain: Chain, facts: RecordFacts, hi: number, head: Reading,
    add: (fault: IndexFault, text: string) => void): void {
    if (chain.key?.equals(facts.key) === false) {
      add('wrong-key', `its chain is of ${shownKey(chain.key)}`);
    }
    if (chain.hi !== hi) add('wrong-hash', `its chain has hash ${chain.hi}, not ${hi}`);
    if (chain.type !== facts.type) {
      add('wrong-type', `the record is of type ${facts.type}, its chain of ${chain.type}`);
    }
    this.#chainCheck.checkBase(chain, head);
  }

  /** Only what was read whole; the cache keeps nothing larger. */
  #compareCache({ segment, offset, record }: Reading,
    add: (fault: IndexFault, text: string) => void): void {
    const { cache } = this.#parts.residents;
    const { buf, at, isWhole } = record!;
    if (!isWhole || !cache.find(segment.id, offset)) return;
    const { bytes } = new RecordFacts(record!);
    const isSame = cache.buf.compare(buf, at, at + bytes, cache.at, cache.at + bytes) === 0;
    if (!isSame) add('stale-cache', 'the read cache has another record at this place');
  }

  /** A cold chain has no key in RAM: the probe cannot tell it from another key of its hash. */
  #compareProbe(space: Space, { chain, head }: SeenSlot, key: Buffer,
    add: (fault: IndexFault, text: string) => void): void {
    if (chain !== undefined && chain.key === undefined) return;
    const { probe } = this.#parts;
    probe.forget();
    probe.run(space.id, new ByteRange(key));
    const { slot, damage, isCold } = probe;
    probe.forget();
    if (damage !== undefined) return add('not-found', `a look-up says: ${damage.message}`);
    // Another key of this hash could not be read, or has changed: nothing is proven.
    if (slot === -1 && isCold) return;
    const { index } = space;
    const isIt = slot !== -1 && (index.isChained(slot)
      ? index.chainOf(slot) === chain?.id
      : placeOf(index.segmentOf(slot), index.offsetOf(slot)) === this.#placeOf(head));
    if (!isIt) add('not-found', `a look-up leads to ${slot === -1 ? 'nothing' : 'another slot'}`);
  }

  /** Slots with one hash follow each other, and are seen together. */
  #findDoubles(space: Space, seen: readonly SeenSlot[]): void {
    const byHash = new Map<string, Buffer[]>();
    for (const { hi, lo, head } of seen) {
      const { key } = new RecordFacts(head.record!);
      const name = `${hi}:${lo}`;
      const keys = byHash.get(name) ?? [];
      if (keys.some((other) => other.equals(key))) {
        this.#findings.add('doubled', `key ${shownKey(key)} has two slots in space ${space.id}`);
      }
      keys.push(key);
      byHash.set(name, keys);
    }
  }
}

/** The slots with this hash, in order; valid while nothing is inserted or removed. */
function slotsOf(index: KeyIndex, hi: number, lo: number): number[] {
  const slots: number[] = [];
  for (let slot = index.find(hi, lo); slot !== -1; slot = index.findNext(slot)) slots.push(slot);
  return slots;
}
