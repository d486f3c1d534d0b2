/**
 * Field -> position, for a hash of any size, without a long pause when it grows and without an
 * object for a field: tables of hash and position, the fields themselves are in the pairs.
 *
 *     table   [ hash, position + 1 | 0, 0 | hash, position + 1 | ... ]    open addressing
 *
 * One table doubles by moving all its entries: with a million of them that takes tens of
 * milliseconds, in one piece. So here are many tables of bounded size, and growth splits one of
 * them at a time (linear hashing):
 *
 *     tables  0 1 2 3 | 4 5        level: 4 tables, 2 of them split
 *     a field whose hash begins with h is in table h % 8 if that is there already, else in h % 4
 *
 * The hash is seeded, so that nobody can choose fields that meet in one place. The seed is the
 * process's and changes nothing that is visible: positions do not depend on it.
 *
 * Rejected: Map<string, number>. It needs a string for each field, made again for each look-up.
 */

import { KeyHash, type KeyHashSeed } from '../lib/key-hash.ts';
import { LOOKAHEAD_KEYS_MAX } from './limits.ts';
import type { PairPages } from './pair-pages.ts';

/** Entries of one table of a hash's index on average: dividing one takes about 50 µs. */
const FIELD_TABLE_ENTRIES_MAX = 2048;

/** Bits of a hash that choose the place in a table; those above choose the table. */
const PLACE_BITS = 14;
const SLOTS_MIN = 64;
/** RAM of a table beside its slots, by measurement. */
const TABLE_BYTES = 260;

/** Of the fields of a look-ahead. */
const hashes = new Uint32Array(LOOKAHEAD_KEYS_MAX);
const positions = new Int32Array(LOOKAHEAD_KEYS_MAX);

let hasher = new KeyHash({ a: 0x6b79, b: 0x7364 });

/** Seeds the indexes that are made from now on. */
export function seedFieldIndexes(seed: KeyHashSeed): void {
  hasher = new KeyHash(seed);
}

export class FieldIndex {
  /** Means nothing: keeps the compiler from dropping reads whose result nobody needs. */
  sink = 0;
  readonly #hasher: KeyHash;
  readonly #pairs: PairPages;
  readonly #tables: FieldTable[] = [new FieldTable(SLOTS_MIN)];
  /** Tables when the level began: a power of two. */
  #level = 1;
  #size = 0;
  #memoryBytes = this.#tables[0]!.memoryBytes;

  /** Empty: the owner of the pairs adds their fields. */
  constructor(pairs: PairPages, seeded = hasher) {
    this.#pairs = pairs;
    this.#hasher = seeded;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** The same for a copy of the pairs. */
  copy(pairs: PairPages): FieldIndex {
    const copy = new FieldIndex(pairs, this.#hasher);
    copy.#tables.length = 0;
    for (const table of this.#tables) copy.#tables.push(table.copy());
    copy.#level = this.#level;
    copy.#size = this.#size;
    copy.#memoryBytes = this.#memoryBytes;
    return copy;
  }

  /** Hashes a field: what the other methods want to have. */
  hashOf(buf: Buffer, start: number, end: number): number {
    this.#hasher.hash(buf, start, end);
    return this.#hasher.lo;
  }

  /** The position of a field, or -1. */
  find(hash: number, buf: Buffer, start: number, end: number): number {
    return this.#tableOf(hash).find(hash, this.#pairs, buf, start, end);
  }

  /** Adds a field that is not there. */
  add(hash: number, position: number): void {
    const table = this.#tableOf(hash);
    const { memoryBytes } = table;
    table.add(hash, position);
    this.#memoryBytes += table.memoryBytes - memoryBytes;
    this.#size += 1;
    if (this.#size > this.#tables.length * FIELD_TABLE_ENTRIES_MAX) this.#split();
  }

  /** The field at position `from` is at position `to` from now on. */
  move(hash: number, from: number, to: number): void {
    this.#tableOf(hash).move(hash, from, to);
  }

  /** Forgets the field at a position. */
  remove(hash: number, position: number): void {
    this.#tableOf(hash).remove(hash, position);
    this.#size -= 1;
    const { length } = this.#tables;
    if (length > 1 && this.#size * 4 < length * FIELD_TABLE_ENTRIES_MAX) this.#merge();
  }

  /** The pairs at ascending positions are gone and those behind have closed up. */
  closeUp(gaps: readonly number[]): void {
    for (const table of this.#tables) table.closeUp(gaps);
  }

  /**
   * Fetches slots, places and pairs of many fields from RAM, each step for all of them before the
   * next: see store/lookup/lookahead.ts, which does that for keys.
   */
  lookAhead(buf: Buffer, starts: Int32Array, ends: Int32Array, count: number): void {
    const fields = Math.min(count, LOOKAHEAD_KEYS_MAX);
    let sink = 0;
    for (let i = 0; i < fields; i++) {
      hashes[i] = this.hashOf(buf, starts[i] as number, ends[i] as number);
    }
    for (let i = 0; i < fields; i++) {
      const hash = hashes[i] as number;
      sink ^= this.#tableOf(hash).touch(hash);
    }
    for (let i = 0; i < fields; i++) {
      const hash = hashes[i] as number;
      positions[i] = this.#tableOf(hash).guess(hash);
    }
    for (let i = 0; i < fields; i++) sink ^= this.#pairs.touchPlace(positions[i] as number);
    for (let i = 0; i < fields; i++) sink ^= this.#pairs.touchPair(positions[i] as number);
    this.sink ^= sink;
  }

  #tableOf(hash: number): FieldTable {
    const tables = this.#tables;
    return (tables.length === 1 ? tables[0] : tables[this.#numberOf(hash)]) as FieldTable;
  }

  #numberOf(hash: number): number {
    const high = hash >>> PLACE_BITS;
    const wide = high & (this.#level * 2 - 1);
    return wide < this.#tables.length ? wide : high & (this.#level - 1);
  }

  /** Divides the next table of the level into two. */
  #split(): void {
    const from = this.#tables.length - this.#level;
    const whole = this.#tables[from] as FieldTable;
    const stays = new FieldTable(whole.slots / 2);
    const goes = new FieldTable(whole.slots / 2);
    whole.each((hash, position) => {
      (((hash >>> PLACE_BITS) & this.#level) === 0 ? stays : goes).add(hash, position);
    });
    this.#tables[from] = stays;
    this.#tables.push(goes);
    this.#memoryBytes += stays.memoryBytes + goes.memoryBytes - whole.memoryBytes;
    if (this.#tables.length === this.#level * 2) this.#level *= 2;
  }

  /** Undoes the last split. */
  #merge(): void {
    if (this.#tables.length === this.#level) this.#level /= 2;
    const goes = this.#tables.pop() as FieldTable;
    const to = this.#tables.length - this.#level;
    const stays = this.#tables[to] as FieldTable;
    const whole = new FieldTable(SLOTS_MIN);
    for (const half of [stays, goes]) half.each((hash, position) => whole.add(hash, position));
    this.#tables[to] = whole;
    this.#memoryBytes += whole.memoryBytes - stays.memoryBytes - goes.memoryBytes;
  }
}

/** Linear probing; at most three quarters full. */
class FieldTable {
  /** Hash and position + 1 of slot i at 2i and 2i + 1; 0 = empty. */
  #slots: Uint32Array;
  #mask: number;
  #size = 0;

  constructor(slots: number) {
    this.#slots = new Uint32Array(Math.max(SLOTS_MIN, slots) * 2);
    this.#mask = this.#slots.length / 2 - 1;
  }

  copy(): FieldTable {
    const copy = new FieldTable(0);
    copy.#slots = this.#slots.slice();
    copy.#mask = this.#mask;
    copy.#size = this.#size;
    return copy;
  }

  get slots(): number {
    return this.#mask + 1;
  }

  get memoryBytes(): number {
    return TABLE_BYTES + this.#slots.byteLength;
  }

  find(hash: number, pairs: PairPages, buf: Buffer, start: number, end: number): number {
    const slots = this.#slots;
    for (let i = hash & this.#mask; ; i = (i + 1) & this.#mask) {
      const position = (slots[i * 2 + 1] as number) - 1;
      if (position === -1) return -1;
      if (slots[i * 2] === hash && pairs.hasField(position, buf, start, end)) return position;
    }
  }

  touch(hash: number): number {
    return this.#slots[(hash & this.#mask) * 2] as number;
  }

  /** The position of a field with the same hash, most probably the one that is meant; or -1. */
  guess(hash: number): number {
    const slots = this.#slots;
    for (let i = hash & this.#mask; ; i = (i + 1) & this.#mask) {
      const position = (slots[i * 2 + 1] as number) - 1;
      if (position === -1 || slots[i * 2] === hash) return position;
    }
  }

  add(hash: number, position: number): void {
    if ((this.#size + 1) * 4 > (this.#mask + 1) * 3) this.#double();
    this.#size += 1;
    let i = hash & this.#mask;
    while (this.#slots[i * 2 + 1] !== 0) i = (i + 1) & this.#mask;
    this.#slots[i * 2] = hash;
    this.#slots[i * 2 + 1] = position + 1;
  }

  move(hash: number, from: number, to: number): void {
    this.#slots[this.#slotOf(hash, from) * 2 + 1] = to + 1;
  }

  /** Entries behind the gap move into it where their hash allows, so that no search ends early. */
  remove(hash: number, position: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    let gap = this.#slotOf(hash, position);
    for (let i = (gap + 1) & mask; slots[i * 2 + 1] !== 0; i = (i + 1) & mask) {
      const home = (slots[i * 2] as number) & mask;
      if (((i - home) & mask) < ((i - gap) & mask)) continue;
      slots[gap * 2] = slots[i * 2] as number;
      slots[gap * 2 + 1] = slots[i * 2 + 1] as number;
      gap = i;
    }
    slots[gap * 2 + 1] = 0;
    this.#size -= 1;
  }

  closeUp(gaps: readonly number[]): void {
    const slots = this.#slots;
    const first = gaps[0] ?? Infinity;
    for (let i = 1; i < slots.length; i += 2) {
      const position = (slots[i] as number) - 1;
      if (position < first) continue;
      let below = 0;
      while (below < gaps.length && (gaps[below] as number) < position) below++;
      slots[i] = position - below + 1;
    }
  }

  each(visit: (hash: number, position: number) => void): void {
    const slots = this.#slots;
    for (let i = 0; i < slots.length; i += 2) {
      const position = slots[i + 1] as number;
      if (position !== 0) visit(slots[i] as number, position - 1);
    }
  }

  #slotOf(hash: number, position: number): number {
    for (let i = hash & this.#mask; ; i = (i + 1) & this.#mask) {
      const there = this.#slots[i * 2 + 1] as number;
      if (there === position + 1) return i;
      if (there === 0) throw new Error(`assertion failed: position ${position} is not indexed`);
    }
  }

  #double(): void {
    const larger = new FieldTable(this.slots * 2);
    this.each((hash, position) => larger.add(hash, position));
    this.#slots = larger.#slots;
    this.#mask = larger.#mask;
  }
}
