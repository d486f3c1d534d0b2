/**
 * Rows of a hint as columns (drawn in FORMAT.md), about 8 bytes a row instead of 32. In RAM, where
 * the merge reads them, rows are whole again (hint-rows.ts).
 *
 * The order that sorts the rows, 48 bits, is told as the difference to the row before, in two
 * halves of 24 bits; modulo 2^48, because the rows of the system space stand first whatever their
 * order.
 * Place and value_index are told as differences to a mark (hint-marks.ts).
 */

import { markRows, type HintMarks } from './hint-marks.ts';
import {
  ROW_WORDS, W_EXPIRY, W_HI_KIND_TYPE, W_INDEX_HIGH, W_INDEX_LOW, W_LO, W_OFFSET, W_SPACE, W_UNITS,
  rowValueIndex, type HintRows,
} from './hint-rows.ts';
import { packColumn, packedWords, unpackColumn } from './packed-column.ts';

const HALF_BITS = 24;
const HALF_MASK = 2 ** HALF_BITS - 1;

/** The order of the first row, in halves, and what stands for the smallest expiry. */
const HEAD_NUMBERS = 3;
/** The columns behind the head. */
const COLUMNS = 9;

/** Packs rows block by block, in any order of theirs. */
export class RowPacker {
  readonly marks: HintMarks;
  readonly #markOfRow: Uint32Array;
  readonly #rows: HintRows;

  constructor(rows: HintRows) {
    this.#rows = rows;
    ({ marks: this.marks, markOfRow: this.#markOfRow } = markRows(rows));
  }

  /** The columns of the rows with these numbers. */
  pack(numbers: Uint32Array): Uint32Array[] {
    const { words } = this.#rows;
    const columns = Array.from({ length: COLUMNS }, () => new Uint32Array(numbers.length));
    const head = Uint32Array.of(0, 0, baseOfExpiries(words, numbers));
    packOrders(words, numbers, head, columns[0]!, columns[1]!);
    this.#packPlaces(numbers, columns[3]!, columns[4]!, columns[5]!);
    for (let i = 0; i < numbers.length; i += 1) {
      const at = numbers[i]! * ROW_WORDS;
      columns[2]![i] = words[at + W_HI_KIND_TYPE]! >>> 16;
      columns[6]![i] = words[at + W_SPACE]!;
      columns[7]![i] = words[at + W_UNITS]!;
      const expiry = words[at + W_EXPIRY]!;
      columns[8]![i] = expiry === 0 ? 0 : expiry - head[2]!;
    }
    return [head, ...columns].map(packColumn);
  }

  #packPlaces(numbers: Uint32Array, marks: Uint32Array, places: Uint32Array,
    valueIndexes: Uint32Array): void {
    const { words } = this.#rows;
    for (let i = 0; i < numbers.length; i += 1) {
      const row = numbers[i]!;
      const mark = this.#markOfRow[row]!;
      marks[i] = mark;
      places[i] = words[row * ROW_WORDS + W_OFFSET]! - this.marks.places[mark]!;
      // Their difference is small: the low halves tell it, whatever the high ones are.
      valueIndexes[i] = rowValueIndex(words, row) - this.marks.low[mark]!;
    }
  }
}

/** Whether `packed` holds exactly the columns of `count` rows. */
export function arePackedRows(packed: Uint32Array, count: number): boolean {
  let at = packedWords(packed, 0, HEAD_NUMBERS);
  if (at === -1) return false;
  for (let column = 0; column < COLUMNS; column += 1) {
    const words = packedWords(packed, at, count);
    if (words === -1) return false;
    at += words;
  }
  return at === packed.length;
}

/**
 * Makes rows 0 to `count` of `out` from columns that arePackedRows found right. A column is
 * unpacked to the word of the rows that it becomes, or to one that is free until then.
 */
export function unpackRows(packed: Uint32Array, count: number, marks: HintMarks,
  out: Uint32Array): void {
  const head = new Uint32Array(HEAD_NUMBERS);
  unpackColumn(packed, 0, HEAD_NUMBERS, head, 0, 1);
  let at = packedWords(packed, 0, HEAD_NUMBERS);
  const next = (word: number): void => {
    unpackColumn(packed, at, count, out, word, ROW_WORDS);
    at += packedWords(packed, at, count);
  };
  next(ORDER_LOW);
  next(ORDER_HIGH);
  next(META);
  next(MARK);
  next(W_OFFSET);
  next(W_INDEX_LOW);
  finishRows(count, head, marks, out);
  next(W_SPACE);
  next(W_UNITS);
  next(W_EXPIRY);
  if (head[2] !== 0) finishExpiries(count, head[2]!, out);
}

// ---- Inside -------------------------------------------------------------------------------------

const ORDER_LOW = W_LO;
const ORDER_HIGH = W_HI_KIND_TYPE;
const META = W_SPACE;
const MARK = W_INDEX_HIGH;

/** 32-bit arithmetic throughout: `| 0` says so to the compiler. */
function finishRows(count: number, head: Uint32Array, marks: HintMarks, out: Uint32Array): void {
  const { places, low, high } = marks;
  let orderLow = head[0]! | 0;
  let orderHigh = head[1]! | 0;
  const end = (count * ROW_WORDS) | 0;
  for (let row = 0; row < end; row = (row + ROW_WORDS) | 0) {
    orderLow = (orderLow + out[row + ORDER_LOW]!) | 0;
    orderHigh = (orderHigh + out[row + ORDER_HIGH]! + (orderLow >>> HALF_BITS)) & HALF_MASK;
    orderLow &= HALF_MASK;
    const hi = ((orderHigh >>> 12) << 4) | (orderLow & 15);
    out[row + W_LO] = (orderHigh << 20) | (orderLow >>> 4);
    out[row + W_HI_KIND_TYPE] = (out[row + META]! << 16) | hi;
    const mark = out[row + MARK]!;
    out[row + W_OFFSET] = (out[row + W_OFFSET]! + places[mark]!) | 0;
    const markLow = low[mark]!;
    const indexLow = (markLow + out[row + W_INDEX_LOW]!) >>> 0;
    out[row + W_INDEX_LOW] = indexLow;
    out[row + W_INDEX_HIGH] = indexLow < markLow ? high[mark]! + 1 : high[mark]!;
  }
}

function finishExpiries(count: number, base: number, out: Uint32Array): void {
  const end = count * ROW_WORDS;
  for (let at = W_EXPIRY; at < end; at += ROW_WORDS) {
    if (out[at] !== 0) out[at] = out[at]! + base;
  }
}

function packOrders(words: Uint32Array, numbers: Uint32Array, head: Uint32Array, low: Uint32Array,
  high: Uint32Array): void {
  let lastLow = 0;
  let lastHigh = 0;
  for (let i = 0; i < numbers.length; i += 1) {
    const at = numbers[i]! * ROW_WORDS;
    const lo = words[at + W_LO]!;
    const hi = words[at + W_HI_KIND_TYPE]! & 0xffff;
    const orderLow = ((lo << 4) | (hi & 15)) & HALF_MASK;
    const orderHigh = ((hi >>> 4) << 12) | (lo >>> 20);
    if (i === 0) {
      head[0] = orderLow;
      head[1] = orderHigh;
    } else {
      const borrow = orderLow < lastLow ? 1 : 0;
      low[i] = (orderLow - lastLow) & HALF_MASK;
      high[i] = (orderHigh - lastHigh - borrow) & HALF_MASK;
    }
    lastLow = orderLow;
    lastHigh = orderHigh;
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
