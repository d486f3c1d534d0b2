/**
 * The rows of a scanned segment as a run in hint order, without a hint file. The rows stay where
 * they are; only their numbers are sorted.
 */

import { sortRowsNow, type HintRows } from '../format/hint-rows.ts';
import type { RowRun } from './page-rows.ts';

export class SortedRows implements RowRun {
  readonly slot: number;
  readonly words: Uint32Array;
  row = -1;
  readonly #order: Uint32Array;
  #at = -1;

  constructor(slot: number, rows: HintRows) {
    this.slot = slot;
    this.words = rows.words;
    this.#order = sortRowsNow(rows);
  }

  next(): boolean {
    this.#at += 1;
    if (this.#at >= this.#order.length) return false;
    this.row = this.#order[this.#at]!;
    return true;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
