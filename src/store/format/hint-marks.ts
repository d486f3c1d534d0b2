/**
 * Where value_indexes are in a segment, roughly: marks in the order of the records, each with the
 * place and the value_index of one record. The rows of a hint are sorted by hash, so their
 * value_indexes seem random; told as differences to the mark before the record, they take 6 bits in
 * a LOG segment and about 8 in a PACK, instead of 20 to 48.
 *
 *     records of the segment   vi 70 71 72 ... 133 | 134 ... | 12 15 19 ...    (another input)
 *     marks                    |70                 |134      |12
 *
 * Invariants: marks ascend by place; a record's value_index is at least its mark's, by less than
 * HINT_MARK_SPAN.
 */

import { HINT_MARK_RECORDS, HINT_MARK_SPAN } from '../../limits.ts';
import type { HintRows } from './hint-rows.ts';
import { rowOffset, rowValueIndex } from './hint-rows.ts';

export class HintMarks {
  /** Offset / 8 of each mark's record. */
  readonly starts: Uint32Array;
  readonly valueIndexes: Float64Array;
  readonly #shift: number;
  /** By bits of the place: the mark that its first byte belongs to. */
  readonly #first: Uint32Array;

  constructor(starts: Uint32Array, valueIndexes: Float64Array) {
    this.starts = starts;
    this.valueIndexes = valueIndexes;
    const last = starts.at(-1) ?? 0;
    this.#shift = 32 - Math.clz32(Math.floor(last / Math.max(1, starts.length)));
    this.#first = new Uint32Array((last >>> this.#shift) + 2);
    let mark = 0;
    for (let bucket = 0; bucket < this.#first.length; bucket += 1) {
      const place = bucket * 2 ** this.#shift;
      while (mark + 1 < starts.length && starts[mark + 1]! <= place) mark += 1;
      this.#first[bucket] = mark;
    }
  }

  /** The marks of rows that are in the order of their records; anything else is a bug. */
  static of(rows: HintRows): HintMarks {
    const { words, count } = rows;
    const starts: number[] = [];
    const valueIndexes: number[] = [];
    let base = Infinity;
    let lastOffset = -1;
    let until = 0;
    for (let row = 0; row < count; row += 1) {
      const offset = rowOffset(words, row);
      const valueIndex = rowValueIndex(words, row);
      if (offset <= lastOffset) throw new Error(`hint: a row at ${offset} behind ${lastOffset}`);
      lastOffset = offset;
      if (row < until && valueIndex >= base && valueIndex - base < HINT_MARK_SPAN) continue;
      base = valueIndex;
      until = row + HINT_MARK_RECORDS;
      starts.push(offset / 8);
      valueIndexes.push(valueIndex);
    }
    return new HintMarks(Uint32Array.from(starts), Float64Array.from(valueIndexes));
  }

  /** The value_index of the mark of the record at `place` (offset / 8). */
  before(place: number): number {
    const bucket = Math.min(place >>> this.#shift, this.#first.length - 2);
    let low = this.#first[bucket]!;
    let high = this.#first[bucket + 1]!;
    if ((place >>> this.#shift) > bucket) low = high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.starts[middle]! <= place) low = middle;
      else high = middle - 1;
    }
    return this.valueIndexes[low]!;
  }
}
