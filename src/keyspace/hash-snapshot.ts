/** The pairs of a hash as they were when the snapshot was taken, in pages. */

import { varintBytes, writeVarint } from '../lib/varint.ts';
import type { Snapshot } from './live-value.ts';
import type { PairPage } from './pair-page.ts';
import type { PairPages } from './pair-pages.ts';

/** Two numbers that a base begins with; see hash-value.ts. */
export interface HashHead {
  readonly longest: number;
  readonly peak: number;
}

export function headBytes({ longest, peak }: HashHead): number {
  return varintBytes(longest) + varintBytes(peak);
}

/** Returns the offset behind it. */
export function writeHead(base: Buffer, { longest, peak }: HashHead): number {
  return writeVarint(base, writeVarint(base, 0, longest), peak);
}

export class HashSnapshot implements Snapshot {
  readonly #pairs: PairPages;
  readonly #head: HashHead;
  readonly #pageBytes: number;
  /** The first byte of a delta that sets fields. */
  readonly #setByte: number;
  /** Emptied from the front as they are encoded, so that nothing is kept for longer than needed. */
  readonly #pages: (PairPage | undefined)[];
  #page = 0;
  #place = 0;
  #isFirst = true;
  #isEnded = false;

  constructor(pairs: PairPages, head: HashHead, pageBytes: number, setByte: number) {
    this.#pairs = pairs;
    this.#head = head;
    this.#pageBytes = pageBytes;
    this.#setByte = setByte;
    this.#pages = pairs.share();
  }

  next(): Buffer | undefined {
    if (this.#isEnded) return undefined;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (!isFirst && this.#page >= this.#pages.length) {
      this.end();
      return undefined;
    }
    const from = isFirst ? headBytes(this.#head) : 1;
    const page = Buffer.allocUnsafe(from + this.#measure());
    if (isFirst) writeHead(page, this.#head);
    else page[0] = this.#setByte;
    this.#writePairs(page, from);
    return page;
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#pages.length = 0;
    this.#pairs.release();
  }

  /** Bytes of the pairs that the next page takes. */
  #measure(): number {
    let bytes = 0;
    let place = this.#place;
    for (let number = this.#page; number < this.#pages.length; number++, place = 0) {
      const page = this.#pages[number] as PairPage;
      if (place === 0 && bytes + page.pairBytes < this.#pageBytes) {
        bytes += page.pairBytes;
        continue;
      }
      for (; place < page.size; place++) {
        if (bytes >= this.#pageBytes) return bytes;
        bytes += page.bytesAt(place);
      }
    }
    return bytes;
  }

  #writePairs(into: Buffer, from: number): void {
    let offset = from;
    while (offset < into.length) {
      const page = this.#pages[this.#page] as PairPage;
      const room = into.length - offset;
      const to = this.#place === 0 && page.pairBytes <= room ? page.size : this.#placeAfter(room);
      offset = page.write(this.#place, to, into, offset);
      this.#place = to;
      if (to < page.size) return;
      this.#pages[this.#page] = undefined;
      this.#page += 1;
      this.#place = 0;
    }
  }

  /** Where the pairs of the page end that take `bytes` bytes, or all that are left. */
  #placeAfter(bytes: number): number {
    const page = this.#pages[this.#page] as PairPage;
    let place = this.#place;
    for (let room = bytes; place < page.size && room > 0; place++) room -= page.bytesAt(place);
    return place;
  }
}
