/**
 * The rows of one segment's hint, in RAM: what the index needs to know about each record, without
 * its key and value. Rows come in the order of the records and are sorted into hint order (drawn in
 * FORMAT.md): the rows of the system space first, then by page, tag, rest of the hash, space and
 * value_index. That is the order of the key index's pages, so that a merge of hints fills page
 * after page.
 *
 * Invariant: a row is eight 32-bit words; on disk it takes a quarter of that (hint-columns.ts).
 */

import { joinU48, high16 } from '../../lib/words.ts';

export const ROW_WORDS = 8;
export const ROW_BYTES = ROW_WORDS * 4;

/** The space of the store's own records and of the keyspace's tables. */
export const SYSTEM_SPACE = 0;

/**
 * The words of a row: low half of the hash; hash, next 16 bits, kind in bits 16-19, type byte
 * above; space; offset / 8; bytes of the record / 8; expiry in seconds, rounded up, 0 = never;
 * value_index.
 */
export const W_LO = 0;
export const W_HI_KIND_TYPE = 1;
export const W_SPACE = 2;
export const W_OFFSET = 3;
export const W_UNITS = 4;
export const W_EXPIRY = 5;
export const W_INDEX_LOW = 6;
export const W_INDEX_HIGH = 7;

/** Bits of a sort key that are the row's number, below 42 bits of its order; see sortRows. */
const ROW_NUMBER_BITS = 21;
const ROW_NUMBER_MASK = 2 ** ROW_NUMBER_BITS - 1;

if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) {
  throw new Error('dkvs runs on little-endian machines only: its files hold words as they are');
}

/** Fields of row `row` of `words`. */
export const rowLo = (words: Uint32Array, row: number): number => words[row * ROW_WORDS + W_LO]!;
export const rowHi = (words: Uint32Array, row: number): number =>
  words[row * ROW_WORDS + W_HI_KIND_TYPE]! & 0xffff;
export const rowKind = (words: Uint32Array, row: number): number =>
  (words[row * ROW_WORDS + W_HI_KIND_TYPE]! >>> 16) & 15;
/** Type and flags, as in the record. */
export const rowTypeByte = (words: Uint32Array, row: number): number =>
  words[row * ROW_WORDS + W_HI_KIND_TYPE]! >>> 20;
export const rowSpace = (words: Uint32Array, row: number): number =>
  words[row * ROW_WORDS + W_SPACE]!;
export const rowOffset = (words: Uint32Array, row: number): number =>
  words[row * ROW_WORDS + W_OFFSET]! * 8;
/** Whole bytes of the record. */
export const rowBytes = (words: Uint32Array, row: number): number =>
  words[row * ROW_WORDS + W_UNITS]! * 8;
/** Seconds since the epoch, rounded up; 0 = never. */
export const rowExpirySeconds = (words: Uint32Array, row: number): number =>
  words[row * ROW_WORDS + W_EXPIRY]!;
export const rowValueIndex = (words: Uint32Array, row: number): number =>
  joinU48(words[row * ROW_WORDS + W_INDEX_HIGH]!, words[row * ROW_WORDS + W_INDEX_LOW]!);

/** The 48 bits of a hash as a number whose order is that of the index: page, tag, rest. */
export function hashOrder(hi: number, lo: number): number {
  return ((hi & 0xfff0) >>> 4) * 2 ** 36 + (lo >>> 0) * 16 + (hi & 15);
}

export class HintRows {
  words: Uint32Array;
  count = 0;

  constructor(capacity = 1024) {
    this.words = new Uint32Array(capacity * ROW_WORDS);
  }

  add(hi: number, lo: number, kind: number, typeByte: number, space: number, offset: number,
    bytes: number, expirySeconds: number, valueIndex: number): void {
    if ((this.count + 1) * ROW_WORDS > this.words.length) this.#grow();
    const words = this.words;
    const at = this.count * ROW_WORDS;
    words[at + W_LO] = lo;
    words[at + W_HI_KIND_TYPE] = (hi & 0xffff) | (kind << 16) | (typeByte << 20);
    words[at + W_SPACE] = space;
    words[at + W_OFFSET] = offset / 8;
    words[at + W_UNITS] = bytes / 8;
    words[at + W_EXPIRY] = expirySeconds;
    words[at + W_INDEX_LOW] = valueIndex;
    words[at + W_INDEX_HIGH] = high16(valueIndex);
    this.count += 1;
  }

  /** Forgets the rows from `count` on: those of a frame that turned out to be incomplete. */
  truncate(count: number): void {
    this.count = Math.min(this.count, count);
  }

  #grow(): void {
    const words = new Uint32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
  }
}

/**
 * Sorts rows: returns their numbers in hint order. A generator, so that a serving thread can pause
 * where it yields, about every `stepRows` rows; but for one step, which sorts 64-bit keys natively:
 *
 *     bit 63       0 for the rows of the system space, which come first
 *     bits 21..62  page, and the top 30 bits of the tag
 *     bits 0..20   number of the row
 *
 * Rows with equal keys but for their numbers, mostly those of one key, are compared whole then.
 */
export function* sortRows(rows: HintRows, stepRows = 4096): Generator<void, Uint32Array, void> {
  const { words, count } = rows;
  const order = new Uint32Array(count);
  if (count > ROW_NUMBER_MASK) {
    for (let row = 0; row < count; row += 1) order[row] = row;
    return order.sort((a, b) => compareRows(words, a, b));
  }
  const keys = new BigUint64Array(count);
  const halves = new Uint32Array(keys.buffer);
  for (let row = 0; row < count; row += 1) {
    setKey(halves, words, row);
    if (row % stepRows === stepRows - 1) yield;
  }
  keys.sort();
  yield;
  let start = 0;
  for (let i = 0; i < count; i += 1) {
    order[i] = halves[2 * i]! & ROW_NUMBER_MASK;
    if (i > 0 && !haveEqualOrders(halves, i - 1, i)) {
      sortEqual(words, order, start, i);
      start = i;
    }
    if (i % stepRows === stepRows - 1) yield;
  }
  sortEqual(words, order, start, count);
  return order;
}

export function sortRowsNow(rows: HintRows): Uint32Array {
  return runToEnd(sortRows(rows));
}

/** The result of a generator that nobody pauses. */
export function runToEnd<T>(steps: Generator<void, T, void>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Negative if row `a` stands before row `b`. */
export function compareRows(words: Uint32Array, a: number, b: number): number {
  return (
    Number(rowSpace(words, a) !== SYSTEM_SPACE) - Number(rowSpace(words, b) !== SYSTEM_SPACE) ||
    rowOrder(words, a) - rowOrder(words, b) ||
    rowSpace(words, a) - rowSpace(words, b) ||
    rowValueIndex(words, a) - rowValueIndex(words, b)
  );
}

/** hashOrder of a row. */
export function rowOrder(words: Uint32Array, row: number): number {
  return hashOrder(rowHi(words, row), rowLo(words, row));
}

function setKey(halves: Uint32Array, words: Uint32Array, row: number): void {
  const lo = rowLo(words, row);
  const top = rowSpace(words, row) === SYSTEM_SPACE ? 0 : 1 << 31;
  halves[2 * row] = ((lo >>> 2) << ROW_NUMBER_BITS) | row;
  halves[2 * row + 1] = top | ((rowHi(words, row) >>> 4) << 19) | (lo >>> 13);
}

function haveEqualOrders(halves: Uint32Array, a: number, b: number): boolean {
  return halves[2 * a + 1] === halves[2 * b + 1] &&
    halves[2 * a]! >>> ROW_NUMBER_BITS === halves[2 * b]! >>> ROW_NUMBER_BITS;
}

/** Rows in the order of their numbers, which usually is the right one. */
function sortEqual(words: Uint32Array, order: Uint32Array, start: number, end: number): void {
  if (areSorted(words, order, start, end)) return;
  order.subarray(start, end).sort((a, b) => compareRows(words, a, b));
}

function areSorted(words: Uint32Array, order: Uint32Array, start: number, end: number): boolean {
  for (let i = start + 1; i < end; i += 1) {
    if (compareRows(words, order[i - 1]!, order[i]!) > 0) return false;
  }
  return true;
}
