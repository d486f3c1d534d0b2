/**
 * The pairs of a hash by position, in pages: growing never copies more than one page, and a
 * snapshot of millions of pairs is a copy of a short list.
 *
 *     position 1234 = page 2, place 210       pages of 2^9 pairs, all full but the last
 *
 * A snapshot shares the pages; whoever changes one that is shared takes a copy first. `#epoch` goes
 * up with each snapshot; a page of an older epoch is shared while a snapshot is there.
 */

import { HASH_PAGE_PAIRS_BITS } from '../limits.ts';

const PAGE_PAIRS = 1 << HASH_PAGE_PAIRS_BITS;
const PAGE_MASK = PAGE_PAIRS - 1;

export interface PairPage {
  readonly fields: string[];
  readonly values: string[];
  readonly epoch: number;
}

export class PairPages {
  /** A literal has no room to grow, which most hashes never need. */
  readonly #pages: PairPage[] = [{ fields: [], values: [], epoch: 0 }];
  #size = 0;
  #epoch = 0;
  #isShared = false;

  get size(): number {
    return this.#size;
  }

  fieldAt(position: number): string {
    const page = this.#pages[position >>> HASH_PAGE_PAIRS_BITS] as PairPage;
    return page.fields[position & PAGE_MASK] as string;
  }

  valueAt(position: number): string {
    const page = this.#pages[position >>> HASH_PAGE_PAIRS_BITS] as PairPage;
    return page.values[position & PAGE_MASK] as string;
  }

  /** Walks over the fields: for a hash so small that this is as fast as an index. */
  indexOf(field: string): number {
    for (let number = 0; number < this.#pages.length; number++) {
      const at = (this.#pages[number] as PairPage).fields.indexOf(field);
      if (at >= 0) return number * PAGE_PAIRS + at;
    }
    return -1;
  }

  setValue(position: number, value: string): void {
    this.#own(position).values[position & PAGE_MASK] = value;
  }

  set(position: number, field: string, value: string): void {
    const page = this.#own(position);
    page.fields[position & PAGE_MASK] = field;
    page.values[position & PAGE_MASK] = value;
  }

  /** Adds a pair at the end; returns its position. */
  push(field: string, value: string): number {
    const position = this.#size;
    if (position >>> HASH_PAGE_PAIRS_BITS === this.#pages.length) {
      this.#pages.push({ fields: [], values: [], epoch: this.#epoch });
    }
    const page = this.#own(position);
    page.fields.push(field);
    page.values.push(value);
    this.#size += 1;
    return position;
  }

  /** Cuts the pairs from a position on. */
  truncate(size: number): void {
    if (size === this.#size) return;
    const pages = Math.ceil(size / PAGE_PAIRS);
    this.#pages.length = pages;
    this.#size = size;
    if ((size & PAGE_MASK) === 0) return;
    const page = this.#own(size - 1);
    page.fields.length = page.values.length = size & PAGE_MASK;
  }

  /** Pages that do not change until `release`; none is empty. */
  share(): PairPage[] {
    if (this.#isShared) throw new Error('assertion failed: a hash has a snapshot already');
    this.#isShared = true;
    this.#epoch += 1;
    return this.#pages.slice(0, Math.ceil(this.#size / PAGE_PAIRS));
  }

  release(): void {
    this.#isShared = false;
  }

  /** The page of a position, for a change. */
  #own(position: number): PairPage {
    const number = position >>> HASH_PAGE_PAIRS_BITS;
    const page = this.#pages[number] as PairPage;
    if (!this.#isShared || page.epoch === this.#epoch) return page;
    const { fields, values } = page;
    const copy = { fields: [...fields], values: [...values], epoch: this.#epoch };
    this.#pages[number] = copy;
    return copy;
  }
}
