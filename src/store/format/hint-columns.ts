/**
 * Rows of a hint as columns (drawn in FORMAT.md), about 8 bytes a row instead of 32. In RAM, where
 * the merge reads them, rows are whole again (hint-rows.ts).
 *
 * The order that sorts the rows, 48 bits, is told as the difference to the row before, in two halves
 * of 24 bits; modulo 2^48, because the rows of the system space stand first whatever their order.
 * The value_index is told as the difference to a mark (hint-marks.ts).
 */

import { high16 } from '../../lib/words.ts';
import type { HintMarks } from './hint-marks.ts';
import {
  ROW_WORDS, W_EXPIRY, W_HI_KIND_TYPE, W_INDEX_HIGH, W_INDEX_LOW, W_LO, W_OFFSET, W_SPACE, W_UNITS,
  rowValueIndex,
} from './hint-rows.ts';
import type { HintRows } from './hint-rows.ts';
import { packColumn, packedWords, unpackColumn } from './packed-column.ts';

const HALF_BITS = 24;
const HALF_MASK = 2 ** HALF_BITS - 1;

/** The order of the first row, in halves, and what stands for the smallest expiry. */
const HEAD_NUMBERS = 3;
/**
 * The columns behind the head, by the word of a row that they are unpacked to: some are only on the
 * way to what the word becomes.
 */
const COLUMN_WORDS = [
  W_LO, W_INDEX_HIGH, W_HI_KIND_TYPE, W_SPACE, W_OFFSET, W_UNITS, W_EXPIRY, W_INDEX_LOW,
];

/** The columns of the rows with these numbers. `marks` are those of all rows. */
export function packRows(rows: HintRows, numbers: Uint32Array, marks: HintMarks): Uint32Array[] {
  const { words } = rows;
  const columns = COLUMN_WORDS.map(() => new Uint32Array(numbers.length));
  const [low, high, meta, spaces, places, units, expiries, values] = columns as
    [Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array, Uint32Array,
      Uint32Array];
  const expiryBase = baseOfExpiries(words, numbers);
  let lastLow = 0;
  let lastHigh = 0;
  const head = new Uint32Array(HEAD_NUMBERS);
  for (let i = 0; i < numbers.length; i += 1) {
    const at = numbers[i]! * ROW_WORDS;
    const lo = words[at + W_LO]!;
    const hi = words[at + W_HI_KIND_TYPE]! & 0xffff;
    const orderLow = ((lo << 4) | (hi & 15)) & HALF_MASK;
    const orderHigh = ((hi >>> 4) << 12) | (lo >>> 20);
    if (i === 0) {
      head.set([orderLow, orderHigh, expiryBase]);
    } else {
      const borrow = orderLow < lastLow ? 1 : 0;
      low[i] = (orderLow - lastLow) & HALF_MASK;
      high[i] = (orderHigh - lastHigh - borrow) & HALF_MASK;
    }
    lastLow = orderLow;
    lastHigh = orderHigh;
    meta[i] = words[at + W_HI_KIND_TYPE]! >>> 16;
    spaces[i] = words[at + W_SPACE]!;
    places[i] = words[at + W_OFFSET]!;
    units[i] = words[at + W_UNITS]!;
    const expiry = words[at + W_EXPIRY]!;
    expiries[i] = expiry === 0 ? 0 : expiry - expiryBase;
    values[i] = rowValueIndex(words, numbers[i]!) - marks.before(places[i]!);
  }
  return [head, ...columns].map(packColumn);
}

/** Whether `packed` holds exactly the columns of `count` rows. */
export function arePackedRows(packed: Uint32Array, count: number): boolean {
  let at = packedWords(packed, 0, HEAD_NUMBERS);
  if (at === -1) return false;
  for (let column = 0; column < COLUMN_WORDS.length; column += 1) {
    const words = packedWords(packed, at, count);
    if (words === -1) return false;
    at += words;
  }
  return at === packed.length;
}

/** Makes rows 0 to `count` of `out` from columns that arePackedRows found right. */
export function unpackRows(packed: Uint32Array, count: number, marks: HintMarks,
  out: Uint32Array): void {
  const head = new Uint32Array(HEAD_NUMBERS);
  unpackColumn(packed, 0, HEAD_NUMBERS, head, 0, 1);
  let at = packedWords(packed, 0, HEAD_NUMBERS);
  for (const word of COLUMN_WORDS) {
    unpackColumn(packed, at, count, out, word, ROW_WORDS);
    at += packedWords(packed, at, count);
  }
  const expiryBase = head[2]!;
  let orderLow = head[0]!;
  let orderHigh = head[1]!;
  const end = count * ROW_WORDS;
  for (let row = 0; row < end; row += ROW_WORDS) {
    orderLow += out[row + W_LO]!;
    orderHigh = (orderHigh + out[row + W_INDEX_HIGH]! + (orderLow >>> HALF_BITS)) & HALF_MASK;
    orderLow &= HALF_MASK;
    const hi = ((orderHigh >>> 12) << 4) | (orderLow & 15);
    out[row + W_LO] = (orderHigh << 20) | (orderLow >>> 4);
    out[row + W_HI_KIND_TYPE] = (out[row + W_HI_KIND_TYPE]! << 16) | hi;
    if (out[row + W_EXPIRY] !== 0) out[row + W_EXPIRY] = out[row + W_EXPIRY]! + expiryBase;
    const valueIndex = marks.before(out[row + W_OFFSET]!) + out[row + W_INDEX_LOW]!;
    out[row + W_INDEX_LOW] = valueIndex;
    out[row + W_INDEX_HIGH] = high16(valueIndex);
  }
}

/** One less than the smallest expiry of the rows: 0 goes on to mean never. */
function baseOfExpiries(words: Uint32Array, numbers: Uint32Array): number {
  let smallest = 0;
  for (const number of numbers) {
    const expiry = words[number * ROW_WORDS + W_EXPIRY]!;
    if (expiry !== 0 && (smallest === 0 || expiry < smallest)) smallest = expiry;
  }
  return smallest === 0 ? 0 : smallest - 1;
}
