/**
 * Sorted runs of hint rows as one: `words`, `row` and `slot` are the smallest row that was not
 * taken.
 *
 * A binary heap of run numbers. The keys of the runs' current rows are kept beside it in typed
 * arrays, because a merge of ten million rows compares a hundred million times:
 *
 *     rank    hashOrder, lowered by 2^48 for system rows, which stand first
 *     space, value_index
 */

import { SYSTEM_SPACE, rowOrder, rowSpace, rowValueIndex } from '../format/hint-rows.ts';

/** A sorted run: `row` of `words` is its current row, before the first `next` none. */
export interface RowRun {
  /** The slot of the segment that the rows are of. */
  readonly slot: number;
  readonly words: Uint32Array;
  readonly row: number;
  /** Goes to the next row; false at the end. */
  next(): boolean;
  /** Whether the row behind the current one may have this space and order. */
  isNextSame(space: number, order: number): boolean;
}

const SYSTEM_RANK = 2 ** 48;

export class RunHeap {
  words: Uint32Array = new Uint32Array(0);
  row = 0;
  slot = 0;
  /** Runs that are not at their end. */
  size = 0;

  readonly #runs: readonly RowRun[];
  readonly #heap: Int32Array;
  readonly #rank: Float64Array;
  readonly #space: Float64Array;
  readonly #valueIndex: Float64Array;

  constructor(runs: readonly RowRun[]) {
    this.#runs = runs;
    this.#heap = new Int32Array(runs.length + 1);
    this.#rank = new Float64Array(runs.length);
    this.#space = new Float64Array(runs.length);
    this.#valueIndex = new Float64Array(runs.length);
    for (let run = 0; run < runs.length; run += 1) {
      if (!this.#load(run)) continue;
      this.#heap[this.size] = run;
      this.size += 1;
    }
    for (let at = (this.size >> 1) - 1; at >= 0; at -= 1) this.#sift(at);
    this.#show();
  }

  /** Takes the smallest row out. */
  advance(): void {
    if (!this.#load(this.#heap[0]!)) {
      this.size -= 1;
      this.#heap[0] = this.#heap[this.size]!;
    }
    this.#sift(0);
    this.#show();
  }

  /** Whether no other row has this space and order, the top's own. */
  isTopAlone(space: number, order: number): boolean {
    const run = this.#runs[this.#heap[0]!]!;
    return !run.isNextSame(space, order) && !this.#isSame(1, space, order) &&
      !this.#isSame(2, space, order);
  }

  #isSame(at: number, space: number, order: number): boolean {
    if (at >= this.size) return false;
    const run = this.#heap[at]!;
    return this.#space[run] === space && this.#rank[run] === order;
  }

  #show(): void {
    if (this.size === 0) return;
    const run = this.#runs[this.#heap[0]!]!;
    this.words = run.words;
    this.row = run.row;
    this.slot = run.slot;
  }

  /** Goes to the run's next row; false at its end. */
  #load(number: number): boolean {
    const run = this.#runs[number]!;
    if (!run.next()) return false;
    const { words, row } = run;
    const space = rowSpace(words, row);
    const order = rowOrder(words, row);
    this.#space[number] = space;
    this.#rank[number] = space === SYSTEM_SPACE ? order - SYSTEM_RANK : order;
    this.#valueIndex[number] = rowValueIndex(words, row);
    return true;
  }

  #sift(start: number): void {
    const heap = this.#heap;
    const run = heap[start]!;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.#isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!this.#isBefore(heap[child]!, run)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = run;
  }

  #isBefore(a: number, b: number): boolean {
    const rank = this.#rank;
    if (rank[a] !== rank[b]) return rank[a]! < rank[b]!;
    if (this.#space[a] !== this.#space[b]) return this.#space[a]! < this.#space[b]!;
    return this.#valueIndex[a]! < this.#valueIndex[b]!;
  }
}
