/**
 * Where value_indexes are in a segment, roughly: marks in the order of the records, each with the
 * place and the value_index of one record. The rows of a hint are sorted by hash, so their places
 * and value_indexes seem random; a row tells the number of the mark before its record and its
 * differences to it, of which that of the value_index takes 6 bits in a LOG segment and about 8 in
 * a PACK, instead of 20 to 48.
 *
 *     records of the segment   vi 70 71 72 ... 133 | 134 ... | 12 15 19 ...    (another input)
 *     marks                    |70                 |134      |12
 *
 * Invariants: marks ascend by place; a record is at its mark or behind it, by less than
 * HINT_MARK_PLACES, and its value_index is at least the mark's, by less than HINT_MARK_SPAN.
 */

import { high16 } from '../../lib/words.ts';
import { rowOffset, rowValueIndex, type HintRows } from './hint-rows.ts';

/**
 * A mark of a hint stands for at most so many records (format/hint-marks.ts): more marks take more
 * bytes, fewer make each row wider.
 */
const HINT_MARK_RECORDS = 64;

/** A value_index that is this far from its mark's needs another mark: 9 bits of each row. */
const HINT_MARK_SPAN = 512;

/** So does a record that is so many times 8 bytes behind: 13 bits, 64 records of 1 KiB. */
const HINT_MARK_PLACES = 8192;

export class HintMarks {
  /** Offset / 8 of each mark's record, and the halves of its value_index. */
  readonly places: Uint32Array;
  readonly low: Uint32Array;
  readonly high: Uint32Array;

  constructor(places: Uint32Array, low: Uint32Array, high: Uint32Array) {
    this.places = places;
    this.low = low;
    this.high = high;
  }

  get count(): number {
    return this.places.length;
  }
}

/**
 * The marks of rows that are in the order of their records (anything else is a bug), and the number
 * of each row's.
 */
export function markRows(rows: HintRows): { marks: HintMarks; markOfRow: Uint32Array } {
  const { words, count } = rows;
  const markOfRow = new Uint32Array(count);
  const places: number[] = [];
  const valueIndexes: number[] = [];
  let base = Infinity;
  let firstPlace = 0;
  let lastPlace = -1;
  let until = 0;
  for (let row = 0; row < count; row += 1) {
    const place = rowOffset(words, row) / 8;
    const valueIndex = rowValueIndex(words, row);
    if (place <= lastPlace) throw new Error(`hint: a row at ${place * 8} behind ${lastPlace * 8}`);
    lastPlace = place;
    const isCovered = row < until && place - firstPlace < HINT_MARK_PLACES &&
      valueIndex >= base && valueIndex - base < HINT_MARK_SPAN;
    if (!isCovered) {
      base = valueIndex;
      firstPlace = place;
      until = row + HINT_MARK_RECORDS;
      places.push(place);
      valueIndexes.push(valueIndex);
    }
    markOfRow[row] = places.length - 1;
  }
  const low = Uint32Array.from(valueIndexes, (valueIndex) => valueIndex >>> 0);
  const high = Uint32Array.from(valueIndexes, high16);
  return { marks: new HintMarks(Uint32Array.from(places), low, high), markOfRow };
}
