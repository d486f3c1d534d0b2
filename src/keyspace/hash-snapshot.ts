/** The pairs of a hash as bytes: whole, or in pages as they were when the snapshot was taken. */

import { varintBytes, writeVarint } from '../lib/varint.ts';
import type { Snapshot } from './live-value.ts';
import type { PairPage, PairPages } from './pair-pages.ts';
import { pieceBytes, writePiece } from './pieces.ts';

/** A base of the pairs that `keep` accepts by position; `pairBytes` is what they take together. */
export function encodePairs(longest: number, peak: number, pairBytes: number, pairs: PairPages,
  keep: (at: number) => boolean): Buffer {
  const base = Buffer.allocUnsafe(varintBytes(longest) + varintBytes(peak) + pairBytes);
  let offset = writeHead(base, longest, peak);
  for (let at = 0; at < pairs.size; at++) {
    if (!keep(at)) continue;
    offset = writePiece(base, offset, pairs.fieldAt(at));
    offset = writePiece(base, offset, pairs.valueAt(at));
  }
  return base;
}

export class HashSnapshot implements Snapshot {
  readonly #pairs: PairPages;
  readonly #longest: number;
  readonly #peak: number;
  readonly #pageBytes: number;
  /** The first byte of a delta that sets fields. */
  readonly #setByte: number;
  /** Emptied from the front as they are encoded, so that nothing is kept for longer than needed. */
  readonly #pages: (PairPage | undefined)[];
  #page = 0;
  #at = 0;
  #isFirst = true;
  #isEnded = false;

  constructor(pairs: PairPages, longest: number, peak: number, pageBytes: number,
    setByte: number) {
    this.#pairs = pairs;
    this.#longest = longest;
    this.#peak = peak;
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
    const headBytes = isFirst ? varintBytes(this.#longest) + varintBytes(this.#peak) : 1;
    const page = Buffer.allocUnsafe(headBytes + this.#measure());
    if (isFirst) writeHead(page, this.#longest, this.#peak);
    else page[0] = this.#setByte;
    this.#writePairs(page, headBytes);
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
    let at = this.#at;
    for (let number = this.#page; number < this.#pages.length; number++, at = 0) {
      const { fields, values } = this.#pages[number] as PairPage;
      for (; at < fields.length; at++) {
        if (bytes >= this.#pageBytes) return bytes;
        const field = fields[at] as string;
        bytes += pieceBytes(field.length) + pieceBytes((values[at] as string).length);
      }
    }
    return bytes;
  }

  #writePairs(page: Buffer, from: number): void {
    let offset = from;
    while (offset < page.length) {
      const { fields, values } = this.#pages[this.#page] as PairPage;
      for (; this.#at < fields.length && offset < page.length; this.#at++) {
        offset = writePiece(page, offset, fields[this.#at] as string);
        offset = writePiece(page, offset, values[this.#at] as string);
      }
      if (this.#at < fields.length) return;
      this.#pages[this.#page] = undefined;
      this.#page += 1;
      this.#at = 0;
    }
  }
}

function writeHead(base: Buffer, longest: number, peak: number): number {
  return writeVarint(base, writeVarint(base, 0, longest), peak);
}
