/**
 * Finds many keys side by side, before they are asked for one after the other.
 *
 * A lookup is a chain of reads, each of which tells where the next one goes: index slot, then
 * record. On a large table each misses the processor's caches and waits for RAM, some 100 ns, and
 * the next lookup waits behind it. Here every step is taken for all keys before the next step is.
 * Reads of different keys do not depend on each other, so the processor has several under way: as
 * many as fit into the few hundred instructions that it looks ahead. So the loops that wait for
 * RAM do nothing else.
 *
 *     add      hash of the key
 *     run      home slot of each -> [touch slots] -> slot of each, place of its record -> [touch]
 *
 * Elements of collections (fields of a hash) are looked for in the same way, by the collection.
 *
 * What was found is a hint: hashes are those of the same bytes, a slot holds while its index has
 * the same version, and all is forgotten at `clear`, before the keys' memory may hold something
 * else.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { KeyHash } from '../../lib/key-hash.ts';
import type { Lookahead } from '../../keyspace/storage.ts';
import { LOOKAHEAD_KEYS_MAX } from '../../keyspace/limits.ts';
import type { Chain, ChainTable } from '../chains/chains.ts';
import type { Residents } from '../memory/residents.ts';
import type { SpaceTable } from '../index/space-table.ts';
import type { KeyIndex } from '../index/key-index.ts';

/** Keys are found again by where they begin: what keeps apart usual requests of one chunk. */
const STARTS = 4 * LOOKAHEAD_KEYS_MAX;
const NO_BYTES = Buffer.alloc(0);
const CACHE_LINE_BYTES = 64;

export class KeyLookahead implements Lookahead {
  readonly #hasher: KeyHash;
  readonly #spaces: SpaceTable;
  readonly #residents: Residents;
  readonly #chains: ChainTable;
  #count = 0;
  /** All keys are in one buffer. */
  #buf: Buffer = NO_BYTES;
  #spaceId = -1;
  #index: KeyIndex | undefined;
  /** Of the index when the slots were found; -1 before. */
  #version = -1;
  readonly #starts = new Int32Array(LOOKAHEAD_KEYS_MAX);
  readonly #ends = new Int32Array(LOOKAHEAD_KEYS_MAX);
  readonly #his = new Int32Array(LOOKAHEAD_KEYS_MAX);
  readonly #los = new Int32Array(LOOKAHEAD_KEYS_MAX);
  readonly #slots = new Int32Array(LOOKAHEAD_KEYS_MAX);
  readonly #byStart = new Int16Array(STARTS);
  /** Where records are that will be read, in RAM. */
  readonly #recordBufs: Buffer[] = [];
  readonly #recordAts = new Int32Array(LOOKAHEAD_KEYS_MAX);
  #records = 0;
  /** Keys whose records may be in the read cache. */
  readonly #cached = new Int32Array(LOOKAHEAD_KEYS_MAX);
  #cachedCount = 0;
  /** Slots of keys that have a chain. */
  readonly #chained = new Int32Array(LOOKAHEAD_KEYS_MAX);
  #chainedCount = 0;
  readonly #foundChains: Chain[] = [];
  #elements = 0;
  /** Number of the key of each element, and where the element is. */
  readonly #elementKeys = new Int32Array(LOOKAHEAD_KEYS_MAX);
  readonly #elementStarts = new Int32Array(LOOKAHEAD_KEYS_MAX);
  readonly #elementEnds = new Int32Array(LOOKAHEAD_KEYS_MAX);
  /** Means nothing: keeps the compiler from dropping reads whose result nobody needs. */
  sink = 0;

  constructor(hasher: KeyHash, spaces: SpaceTable, residents: Residents, chains: ChainTable) {
    this.#chains = chains;
    this.#hasher = hasher;
    this.#spaces = spaces;
    this.#residents = residents;
  }

  /** A key of another space or buffer than the first one's is not worth its own accounts. */
  add(space: number, key: ByteRange): void {
    const i = this.#count;
    if (i === 0) {
      this.#buf = key.buf;
      this.#spaceId = space;
      this.#index = this.#spaces.get(space)?.index;
    }
    if (i === LOOKAHEAD_KEYS_MAX || key.buf !== this.#buf || space !== this.#spaceId) return;
    const hasher = this.#hasher;
    hasher.hash(key.buf, key.start, key.end);
    this.#starts[i] = key.start;
    this.#ends[i] = key.end;
    this.#his[i] = hasher.hi & 0xffff;
    this.#los[i] = hasher.lo;
    this.#byStart[key.start % STARTS] = i;
    this.#count = i + 1;
  }

  addElement({ buf, start, end }: ByteRange): void {
    const i = this.#elements;
    if (i === LOOKAHEAD_KEYS_MAX || buf !== this.#buf) return;
    this.#elementKeys[i] = this.#count - 1;
    this.#elementStarts[i] = start;
    this.#elementEnds[i] = end;
    this.#elements = i + 1;
  }

  run(): void {
    const index = this.#index;
    const count = this.#count;
    if (index === undefined || count + this.#elements < 2) return;
    const slots = this.#slots;
    for (let i = 0; i < count; i += 1) slots[i] = index.homeSlot(this.#his[i]!, this.#los[i]!);
    this.sink ^= index.touch(slots, count);
    this.#findSlots(index);
    this.#version = index.version;
    if (this.#cachedCount > 0) this.#findCached(index);
    this.#touchRecords();
    if (this.#chainedCount > 1) this.#touchChains(index);
    if (this.#elements > 1) this.#touchElements(index);
  }

  clear(): void {
    this.#count = this.#elements = 0;
    this.#version = -1;
    this.#buf = NO_BYTES;
    // Blocks that the tail has dropped must not stay.
    this.#recordBufs.length = 0;
    this.#foundChains.length = 0;
  }

  /** The number of a key that was added, or -1. */
  numberOf(space: number, key: ByteRange): number {
    const { start } = key;
    const i = this.#byStart[start % STARTS]!;
    const isIt = i < this.#count && this.#starts[i] === start && this.#ends[i] === key.end &&
      this.#buf === key.buf && this.#spaceId === space;
    return isIt ? i : -1;
  }

  hiOf(i: number): number {
    return this.#his[i]!;
  }

  loOf(i: number): number {
    return this.#los[i]! >>> 0;
  }

  /** The first slot with the hash of key `i`, or -1: what `index.find` says now. */
  slotOf(i: number, index: KeyIndex): number {
    if (index === this.#index && index.version === this.#version) return this.#slots[i]!;
    return index.find(this.#his[i]!, this.#los[i]!);
  }

  #findSlots(index: KeyIndex): void {
    const residents = this.#residents;
    this.#records = 0;
    this.#cachedCount = this.#chainedCount = 0;
    for (let i = 0; i < this.#count; i += 1) {
      const slot = index.find(this.#his[i]!, this.#los[i]!);
      this.#slots[i] = slot;
      if (slot === -1) continue;
      if (index.isChained(slot)) {
        this.#chained[this.#chainedCount++] = slot;
        continue;
      }
      const offset = index.offsetOf(slot);
      const block = residents.tailBlock(index.segmentOf(slot), offset);
      if (block === undefined) this.#cached[this.#cachedCount++] = i;
      else this.#willRead(block.buf, offset - block.start);
    }
  }

  #findCached(index: KeyIndex): void {
    const { cache } = this.#residents;
    if (cache.size === 0) return;
    for (let n = 0; n < this.#cachedCount; n += 1) {
      const slot = this.#slots[this.#cached[n]!]!;
      this.sink ^= cache.touch(this.#residents.segmentIdOf(index.segmentOf(slot)),
        index.offsetOf(slot));
    }
    for (let n = 0; n < this.#cachedCount; n += 1) {
      const slot = this.#slots[this.#cached[n]!]!;
      const segmentId = this.#residents.segmentIdOf(index.segmentOf(slot));
      if (!cache.find(segmentId, index.offsetOf(slot))) continue;
      this.#willRead(cache.buf, cache.at);
    }
  }

  /** Chains, then their keys and values, then what lies in those. */
  #touchChains(index: KeyIndex): void {
    const found = this.#foundChains;
    let last = -1;
    for (let n = 0; n < this.#chainedCount; n += 1) {
      const slot = this.#chained[n]!;
      if (slot !== last) found.push(this.#chains.mustGet(index.chainOf(slot)));
      last = slot;
    }
    let sink = 0;
    for (const { key } of found) sink ^= key === undefined ? 0 : key.length;
    for (const { key } of found) sink ^= key === undefined ? 0 : key[0]!;
    for (const { live } of found) sink ^= live?.touch?.() ?? 0;
    this.sink ^= sink;
  }

  /** Elements of one collection that were added one after the other are fetched together. */
  #touchElements(index: KeyIndex): void {
    for (let from = 0; from < this.#elements;) {
      const slot = this.#slotOfElement(from);
      let to = from + 1;
      while (to < this.#elements && this.#slotOfElement(to) === slot) to += 1;
      if (to - from > 1 && slot !== -1 && index.isChained(slot)) {
        const { live } = this.#chains.mustGet(index.chainOf(slot));
        live?.lookAhead?.(this.#buf, this.#elementStarts.subarray(from),
          this.#elementEnds.subarray(from), to - from);
      }
      from = to;
    }
  }

  /** The slot of the key that an element belongs to. */
  #slotOfElement(element: number): number {
    return this.#slots[this.#elementKeys[element]!]!;
  }

  #willRead(buf: Buffer, at: number): void {
    this.#recordBufs[this.#records] = buf;
    this.#recordAts[this.#records] = at;
    this.#records += 1;
  }

  /** Header and key, and what of a small value lies behind them. */
  #touchRecords(): void {
    const bufs = this.#recordBufs;
    const ats = this.#recordAts;
    let sink = 0;
    for (let n = 0; n < this.#records; n += 1) {
      const buf = bufs[n]!;
      const at = ats[n]!;
      sink ^= buf[at]! ^ buf[at + CACHE_LINE_BYTES]! ^ buf[at + 2 * CACHE_LINE_BYTES - 1]!;
    }
    this.sink ^= sink;
  }
}
