/**
 * The directory of the key index: what each page is made of.
 *
 *     chunkIds  | page 0: chunk, chunk, ... (stride) | page 1: ... |     rank r of page p at
 *                                                                        (p << strideShift) + r
 * The stride is the same for all pages, since a hash fills them evenly, and doubles when one page
 * needs more: at 100 million keys that copies 8 MB, about 5 ms, and it happens once per doubling.
 */

/** Chunks of one page: 16 bits of a chunk's owner word, beside 16 bits for the page. */
const INDEX_PAGE_CHUNKS_MAX = (1 << 16) - 1;

export class PageTable {
  readonly pageCount: number;
  /** Positions at which a probe may start (key-index.ts); 0 = the page has no chunk. */
  readonly homes: Int32Array;
  /** Slots in use. */
  readonly counts: Int32Array;
  readonly chunkCounts: Int32Array;
  chunkIds: Int32Array;
  strideShift = 0;

  /** `pageCount` may be 0: an index costs nothing before its first key. */
  constructor(pageCount: number) {
    this.pageCount = pageCount;
    this.homes = new Int32Array(pageCount);
    this.counts = new Int32Array(pageCount);
    this.chunkCounts = new Int32Array(pageCount);
    this.chunkIds = new Int32Array(pageCount);
  }

  get bytes(): number {
    const words = this.homes.length + this.counts.length + this.chunkCounts.length;
    return (words + this.chunkIds.length) * Int32Array.BYTES_PER_ELEMENT;
  }

  /** Makes place for one more chunk of the page. */
  reserve(page: number): void {
    const needed = this.chunkCounts[page]! + 1;
    if (needed > INDEX_PAGE_CHUNKS_MAX) {
      throw new RangeError(`key index: page ${page} above ${INDEX_PAGE_CHUNKS_MAX} chunks`);
    }
    if (needed > 1 << this.strideShift) this.#doubleStride();
  }

  /** Appends a chunk to the page; `reserve` came first. */
  push(page: number, chunk: number): void {
    const rank = this.chunkCounts[page]!;
    this.chunkIds[(page << this.strideShift) + rank] = chunk;
    this.chunkCounts[page] = rank + 1;
  }

  /** Takes the last chunk from the page. */
  pop(page: number): number {
    const rank = this.chunkCounts[page]! - 1;
    this.chunkCounts[page] = rank;
    return this.chunkIds[(page << this.strideShift) + rank]!;
  }

  /** Notes that a chunk of the page has another number now. */
  renumber(page: number, rank: number, chunk: number): void {
    this.chunkIds[(page << this.strideShift) + rank] = chunk;
  }

  #doubleStride(): void {
    const old = this.chunkIds;
    const oldStride = 1 << this.strideShift;
    const wider = new Int32Array(old.length * 2);
    for (let page = 0; page < this.pageCount; page += 1) {
      const from = page * oldStride;
      const used = this.chunkCounts[page]!;
      for (let rank = 0; rank < used; rank += 1) wider[from * 2 + rank] = old[from + rank]!;
    }
    this.chunkIds = wider;
    this.strideShift += 1;
  }
}
