/**
 * The pairs of a hash by position, in pages: growing never copies more than one page, and a
 * snapshot of millions of pairs is a copy of a short list.
 *
 *     position 1234 = page 2, place 210       pages of 2^9 pairs, all full but the last
 *
 * A snapshot shares the pages; a change of one that is shared copies it first. `#epoch` goes
 * up with each snapshot; a page of an older epoch is shared while a snapshot is there.
 */

import type { Bytes } from '../lib/views.ts';
import { HASH_PAGE_PAIRS_BITS } from './limits.ts';
import { PairAt, PairPage } from './pair-page.ts';
import { KiB } from '../lib/size-units.ts';

/**
 * Most memory of a hash's first page before its pairs are there: long ones will not be in it, and
 * pages of larger pairs grow.
 */
const HASH_PAGE_ROOM_BYTES_MAX = 64 * KiB;

const PAGE_PAIRS = 1 << HASH_PAGE_PAIRS_BITS;
const PAGE_MASK = PAGE_PAIRS - 1;

const moved = new PairAt();

export class PairPages {
  readonly #pages: PairPage[];
  #size = 0;
  #epoch = 0;
  #isShared = false;
  #pairBytes = 0;
  #memoryBytes = 0;

  private constructor(pages: PairPage[]) {
    this.#pages = pages;
    for (const page of pages) this.#count(page, 1);
  }

  /** Without pairs; has room for so many bytes of them that will come soon, up to a usual page. */
  static withRoom(bytes: number): PairPages {
    return new PairPages([new PairPage(Math.min(bytes, HASH_PAGE_ROOM_BYTES_MAX), 0)]);
  }

  /** The same pairs in memory of their own. */
  copyAll(): PairPages {
    return new PairPages(this.#pages.map((page) => page.copy(0)));
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of all pairs as a base holds them. */
  get pairBytes(): number {
    return this.#pairBytes;
  }

  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  locate(position: number, into: PairAt): void {
    this.#pageOf(position).locate(position & PAGE_MASK, into);
  }

  hasField(position: number, buf: Buffer, start: number, end: number): boolean {
    return this.#pageOf(position).hasField(position & PAGE_MASK, buf, start, end);
  }

  /** Reads where a pair begins; -1 is no position. See FieldIndex.lookAhead. */
  touchPlace(position: number): number {
    return position < 0 ? 0 : this.#pageOf(position).startAt(position & PAGE_MASK);
  }

  /** Reads a byte of each cache line of a short pair. */
  touchPair(position: number): number {
    return position < 0 ? 0 : this.#pageOf(position).touch(position & PAGE_MASK);
  }

  /** Walks over the fields: for a hash so small that this is as fast as an index. */
  indexOf(buf: Buffer, start: number, end: number): number {
    for (let at = 0; at < this.#size; at++) if (this.hasField(at, buf, start, end)) return at;
    return -1;
  }

  /** Sets the pair at a position, or adds it behind the last one; the bytes are copied. */
  set(position: number, from: Bytes, start: number, end: number): void {
    if (position >>> HASH_PAGE_PAIRS_BITS === this.#pages.length) this.#addPage();
    const page = this.#own(position);
    this.#count(page, -1);
    page.set(position & PAGE_MASK, from, start, end);
    this.#count(page, 1);
  }

  /** Sets the pair at a position to a copy of another one. */
  copy(from: number, to: number): void {
    this.locate(from, moved);
    this.set(to, moved, moved.start, moved.end);
  }

  /** Takes out pairs at ascending positions of a hash of one page; those behind close up. */
  closeUp(gaps: readonly number[]): void {
    const page = this.#own(0);
    this.#count(page, -1);
    page.closeUp(gaps);
    this.#count(page, 1);
  }

  /** Takes out the last pair. */
  pop(): void {
    const page = this.#own(this.#size - 1);
    this.#count(page, -1);
    page.pop();
    if (page.size > 0 || this.#pages.length === 1) this.#count(page, 1);
    else this.#pages.pop();
  }

  /** Writes all pairs; returns the offset behind them. */
  write(into: Buffer, offset: number): number {
    return this.#pages.reduce((at, page) => page.write(0, page.size, into, at), offset);
  }

  /** Pages that do not change until `release`; none is empty. */
  share(): PairPage[] {
    if (this.#isShared) throw new Error('assertion failed: a hash has a snapshot already');
    this.#isShared = true;
    this.#epoch += 1;
    return this.#size === 0 ? [] : [...this.#pages];
  }

  release(): void {
    this.#isShared = false;
  }

  #pageOf(position: number): PairPage {
    return this.#pages[position >>> HASH_PAGE_PAIRS_BITS] as PairPage;
  }

  /** The page of a position, for a change. */
  #own(position: number): PairPage {
    const page = this.#pageOf(position);
    if (!this.#isShared || page.epoch === this.#epoch) return page;
    const copy = page.copy(this.#epoch);
    this.#pages[position >>> HASH_PAGE_PAIRS_BITS] = copy;
    return copy;
  }

  /** The next one will have about as many bytes as the last one. */
  #addPage(): void {
    const page = new PairPage(this.#pages.at(-1)!.pairBytes, this.#epoch);
    this.#pages.push(page);
    this.#count(page, 1);
  }

  /** Adds what a page has to the sums, or takes it off them before the page changes (-1). */
  #count(page: PairPage, sign: 1 | -1): void {
    this.#size += sign * page.size;
    this.#pairBytes += sign * page.pairBytes;
    this.#memoryBytes += sign * page.memoryBytes;
  }
}
