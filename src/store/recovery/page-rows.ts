/**
 * Sorted runs of hint rows as one: `words`, `row` and `slot` are the smallest row that was not
 * taken. Rows come page by page (the top bits of the hash, as in hint order):
 *
 *     run 0  | page 0 | page 1 | ...        all rows of page 1 are gathered in one array,
 *     run 1  | page 0 | page 1 | ...        dealt to buckets by their tags' top bits, about one
 *     run 2  | page 0 | page 1 | ...        row each, and every bucket is put in order
 *
 * Hashes are uniform, so that is linear. A binary heap over the runs, which this replaces, takes
 * log2(runs) unpredictable comparisons for each row: with 17 runs twice the time of everything else
 * that recovery does with a row. The rows of one hash meet in one page, whatever runs they are of.
 *
 * Rows of the system space come first, as a page of their own. RAM: 36 bytes a row of the fullest
 * page.
 */

import {
  ROW_WORDS, SYSTEM_SPACE, compareRows, rowHi, rowLo, rowSpace,
} from '../format/hint-rows.ts';

/** A sorted run: `row` of `words` is its current row, before the first `next` none. */
export interface RowRun {
  /** The slot of the segment that the rows are of. */
  readonly slot: number;
  readonly words: Uint32Array;
  readonly row: number;
  /** Goes to the next row; false at the end. */
  next(): boolean;
}

const SYSTEM_PAGE = -1;
const ROWS_MIN = 1024;
const BUCKET_BITS_MAX = 16;
/**
 * From so many rows in a bucket, insertion sort's squares may cost more than a comparator. A bucket
 * is that full when one key was written again and again: a few long runs, each in order.
 */
const INSERTION_ROWS_MAX = 64;

export class PageRows {
  /** The current row; undefined values when `isDone`. */
  words = new Uint32Array(ROWS_MIN * ROW_WORDS);
  row = 0;
  slot = 0;
  isDone = false;

  /** Runs that are not at their end. */
  #runs: RowRun[];
  #slots = new Uint32Array(ROWS_MIN);
  #order = new Uint32Array(ROWS_MIN);
  #ends = new Uint32Array(ROWS_MIN);
  #count = 0;
  #at = -1;

  constructor(runs: readonly RowRun[]) {
    this.#runs = runs.filter((run) => run.next());
    this.advance();
  }

  /** Takes the smallest row out. */
  advance(): void {
    this.#at += 1;
    if (this.#at >= this.#count && !this.#gather()) {
      this.isDone = true;
      return;
    }
    this.row = this.#order[this.#at]!;
    this.slot = this.#slots[this.row]!;
  }

  /** Whether no other row that is left has the hash and the space of the current one. */
  get isAlone(): boolean {
    if (this.#at + 1 >= this.#count) return true;
    const { words, row } = this;
    const next = this.#order[this.#at + 1]!;
    return rowLo(words, next) !== rowLo(words, row) || rowHi(words, next) !== rowHi(words, row) ||
      rowSpace(words, next) !== rowSpace(words, row);
  }

  /** Brings in the next page that has rows; false when there is none. */
  #gather(): boolean {
    this.#at = 0;
    this.#count = 0;
    let page = Infinity;
    for (const run of this.#runs) page = Math.min(page, pageOf(run));
    if (page === Infinity) return false;
    this.#runs = this.#runs.filter((run) => this.#take(run, page));
    if (page === SYSTEM_PAGE) this.#sortSlowly();
    else this.#sort();
    return true;
  }

  /** Takes the rows of a page out of a run; false at its end. */
  #take(run: RowRun, page: number): boolean {
    while (pageOf(run) === page) {
      if (this.#count === this.#slots.length) this.#grow();
      const from = run.row * ROW_WORDS;
      const to = this.#count * ROW_WORDS;
      const { words } = this;
      const source = run.words;
      for (let word = 0; word < ROW_WORDS; word += 1) words[to + word] = source[from + word]!;
      this.#slots[this.#count] = run.slot;
      this.#count += 1;
      if (!run.next()) return false;
    }
    return true;
  }

  #grow(): void {
    const words = new Uint32Array(this.words.length * 2);
    words.set(this.words);
    this.words = words;
    const slots = new Uint32Array(this.#slots.length * 2);
    slots.set(this.#slots);
    this.#slots = slots;
    this.#order = new Uint32Array(slots.length);
    this.#ends = new Uint32Array(Math.min(slots.length, 1 << BUCKET_BITS_MAX));
  }

  /** The few rows of the system space are of all pages. */
  #sortSlowly(): void {
    const rows = this.#order.subarray(0, this.#count);
    rows.forEach((_, row) => (rows[row] = row));
    rows.sort((a, b) => compareRows(this.words, a, b));
  }

  #sort(): void {
    const count = this.#count;
    const { words } = this;
    const order = this.#order;
    const ends = this.#ends;
    const bits = Math.min(BUCKET_BITS_MAX, Math.max(1, 31 - Math.clz32(count)));
    const shift = 32 - bits;
    const buckets = 1 << bits;
    ends.fill(0, 0, buckets);
    for (let row = 0; row < count; row += 1) ends[rowLo(words, row) >>> shift]! += 1;
    for (let bucket = 0, sum = 0; bucket < buckets; bucket += 1) {
      sum += ends[bucket]!;
      ends[bucket] = sum;
    }
    // From behind, so that rows of one hash keep the order of their runs, which is mostly right.
    for (let row = count - 1; row >= 0; row -= 1) {
      const bucket = rowLo(words, row) >>> shift;
      const at = ends[bucket]! - 1;
      ends[bucket] = at;
      order[at] = row;
    }
    for (let bucket = 0; bucket < buckets; bucket += 1) {
      const end = bucket + 1 < buckets ? ends[bucket + 1]! : count;
      if (end - ends[bucket]! > 1) sortBucket(words, order, ends[bucket]!, end);
    }
  }
}

function pageOf(run: RowRun): number {
  const { words, row } = run;
  return rowSpace(words, row) === SYSTEM_SPACE ? SYSTEM_PAGE : rowHi(words, row) >>> 4;
}

function sortBucket(words: Uint32Array, order: Uint32Array, start: number, end: number): void {
  if (end - start > INSERTION_ROWS_MAX) {
    // An array's sort is linear in runs that are in order already; that of a typed array is not.
    const rows = Array.from(order.subarray(start, end));
    order.set(rows.sort((a, b) => compareRows(words, a, b)), start);
    return;
  }
  for (let i = start + 1; i < end; i += 1) {
    const row = order[i]!;
    let at = i;
    while (at > start && isBefore(words, row, order[at - 1]!)) {
      order[at] = order[at - 1]!;
      at -= 1;
    }
    order[at] = row;
  }
}

/** Of one page: a smaller tag is before, and only equal ones need the rest. */
function isBefore(words: Uint32Array, a: number, b: number): boolean {
  const tag = rowLo(words, a);
  const other = rowLo(words, b);
  return tag === other ? compareRows(words, a, b) < 0 : tag < other;
}
