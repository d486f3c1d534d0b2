/**
 * The pages of the key index: ordered open addressing in chunks.
 *
 * A page is a table with linear probing whose slots are in ascending order of their tags, which are
 * unsigned, with gaps between them:
 *
 *     home = tag * homes / 2^32       position >= home of its tag; no gap between home and position
 *     | a . b c d . . e f . | g . h ... | . . |     positions 0 .. chunks * 32 - 1, in chunks of 32
 *                                        ^^^^^      slack after the last home: nothing wraps around
 *
 * Growing packs the page into a scratch and lays it out again over more chunks, one sequential pass
 * each way. Chunks come from a pool that never fragments (chunk-pool.ts). Rejected: one array per
 * page, which is replaced at each growth and leaves dead arrays that V8 collects too
 * late; and a table that wraps around, which has no order to scan by.
 *
 * It fails with RangeError when there is no memory; the slots are as they were before then.
 */
import { CHUNK_SHIFT, CHUNK_SLOTS, ChunkPool, SLAB_MASK, SLAB_SHIFT } from './chunk-pool.ts';
import { EXPIRY_WORD, PLACE_WORD, SEGMENT_WORD, SLOT_WORDS, TAG_WORD } from './index-slot.ts';
import { PageTable } from './page-table.ts';

const TAGS = 2 ** 32;
const CHUNK_MASK = CHUNK_SLOTS - 1;

/** A page grows when it would be fuller than this. */
const LOAD_PERCENT_MAX = 90;
/**
 * It grows by this much plus its number modulo the spread. Pages differ, or all would be full and
 * grow at the same time, and the memory a key would swing instead of staying at its average.
 */
const GROWTH_PERCENT_MIN = 9;
const GROWTH_PERCENT_SPREAD = 8;
/** Load of a page that was loaded or shrunk. */
const LOAD_NEW = 0.86;
/** A page shrinks when its slots are fewer than its homes divided by this. */
const SHRINK_DIVISOR = 2;

export class IndexPages {
  readonly #pool = new ChunkPool();
  readonly #table: PageTable;
  /** One page's slots without gaps, while it is laid out again or dumped. */
  #scratch = new Int32Array(CHUNK_SLOTS * SLOT_WORDS);

  constructor(pageCount: number) {
    this.#table = new PageTable(pageCount);
  }

  get bytes(): number {
    return this.#pool.bytes + this.#table.bytes + this.#scratch.byteLength;
  }

  /** Slot handles are below this; not all of them are in use. */
  get slotCount(): number {
    return this.#pool.used * CHUNK_SLOTS;
  }

  /** Slots in use in a page. */
  count(page: number): number {
    return this.#table.counts[page]!;
  }

  // ---- Slots -----------------------------------------------------------------------------------

  word(slot: number, word: number): number {
    return this.#pool.slabs[slot >>> SLAB_SHIFT]![(slot & SLAB_MASK) * SLOT_WORDS + word]!;
  }

  setWord(slot: number, word: number, value: number): void {
    this.#pool.slabs[slot >>> SLAB_SHIFT]![(slot & SLAB_MASK) * SLOT_WORDS + word] = value;
  }

  /** Copies the words behind the tag. */
  copySlot(slot: number, words: Int32Array, at: number): void {
    const slab = this.#pool.slabs[slot >>> SLAB_SHIFT]!;
    const word = (slot & SLAB_MASK) * SLOT_WORDS;
    words[at] = slab[word + PLACE_WORD]!;
    words[at + 1] = slab[word + SEGMENT_WORD]!;
    words[at + 2] = slab[word + EXPIRY_WORD]!;
  }

  /** As `replaceSlot`, and copies the words as they were to words[at ...]. */
  exchangeSlot(slot: number, place: number, segmentWord: number, expiry: number,
    words: Int32Array, at: number): number {
    const slab = this.#pool.slabs[slot >>> SLAB_SHIFT]!;
    const word = (slot & SLAB_MASK) * SLOT_WORDS;
    const before = slab[word + EXPIRY_WORD]!;
    words[at] = slab[word + PLACE_WORD]!;
    words[at + 1] = slab[word + SEGMENT_WORD]!;
    words[at + 2] = before;
    slab[word + PLACE_WORD] = place;
    slab[word + SEGMENT_WORD] = segmentWord;
    slab[word + EXPIRY_WORD] = expiry;
    return before;
  }

  /** Sets all words but the tag; returns the expiry word as it was. */
  replaceSlot(slot: number, place: number, segmentWord: number, expiry: number): number {
    const slab = this.#pool.slabs[slot >>> SLAB_SHIFT]!;
    const word = (slot & SLAB_MASK) * SLOT_WORDS;
    const before = slab[word + EXPIRY_WORD]!;
    slab[word + PLACE_WORD] = place;
    slab[word + SEGMENT_WORD] = segmentWord;
    slab[word + EXPIRY_WORD] = expiry;
    return before;
  }

  isUsed(slot: number): boolean {
    return this.word(slot, SEGMENT_WORD) !== 0;
  }

  pageOf(slot: number): number {
    return this.#pool.ownerOf(slot >>> CHUNK_SHIFT) >>> 16;
  }

  /** Positions of a page; 0 if it has no slot. */
  capacity(page: number): number {
    return this.#table.chunkCounts[page]! << CHUNK_SHIFT;
  }

  slotAt(page: number, position: number): number {
    const table = this.#table;
    const chunk = table.chunkIds[(page << table.strideShift) + (position >>> CHUNK_SHIFT)]!;
    return (chunk << CHUNK_SHIFT) | (position & CHUNK_MASK);
  }

  positionOf(slot: number): number {
    const rank = this.#pool.ownerOf(slot >>> CHUNK_SHIFT) & 0xffff;
    return (rank << CHUNK_SHIFT) | (slot & CHUNK_MASK);
  }

  /** No slot with this tag (unsigned) or a greater one is before this position. */
  home(page: number, tag: number): number {
    return homeOf(tag, this.#table.homes[page]!);
  }

  /** The slot where `find` begins; any number if the page has none. */
  homeSlot(page: number, tagBits: number): number {
    const table = this.#table;
    const home = homeOf(tagBits >>> 0, table.homes[page]!);
    const chunk = table.chunkIds[(page << table.strideShift) + (home >>> CHUNK_SHIFT)]!;
    return (chunk << CHUNK_SHIFT) | (home & CHUNK_MASK);
  }

  /**
   * Reads a word of each of the first `count` slots. A short loop: the processor has as many of its
   * reads under way as it can look ahead in instructions.
   */
  touch(slots: Int32Array, count: number): number {
    const slabs = this.#pool.slabs;
    let sink = 0;
    for (let i = 0; i < count; i += 1) {
      const slot = slots[i]!;
      const slab = slabs[slot >>> SLAB_SHIFT];
      if (slab !== undefined) sink ^= slab[(slot & SLAB_MASK) * SLOT_WORDS]!;
    }
    return sink;
  }

  /** The first slot of a page with this tag (32 bits, signed or not), or -1. */
  find(page: number, tagBits: number): number {
    const tag = tagBits >>> 0;
    const table = this.#table;
    const slabs = this.#pool.slabs;
    const home = homeOf(tag, table.homes[page]!);
    const row = page << table.strideShift;
    const end = row + table.chunkCounts[page]!;
    let rank = home & CHUNK_MASK;
    for (let at = row + (home >>> CHUNK_SHIFT); at < end; at += 1) {
      const base = table.chunkIds[at]! << CHUNK_SHIFT;
      const slab = slabs[base >>> SLAB_SHIFT]!;
      const word = (base & SLAB_MASK) * SLOT_WORDS;
      for (; rank < CHUNK_SLOTS; rank += 1) {
        const slotWord = word + rank * SLOT_WORDS;
        if (slab[slotWord + SEGMENT_WORD] === 0) return -1;
        const other = slab[slotWord + TAG_WORD]! >>> 0;
        if (other >= tag) return other === tag ? base + rank : -1;
      }
      rank = 0;
    }
    return -1;
  }

  // ---- Changes ---------------------------------------------------------------------------------

  /** Adds a slot behind those with the same tag (32 bits, signed or not). */
  insert(page: number, tag: number, place: number, segmentWord: number, expiry: number): number {
    const table = this.#table;
    const count = table.counts[page]! + 1;
    if (count * 100 > this.capacity(page) * LOAD_PERCENT_MAX) this.#grow(page);
    // A free last position means that the slots which have to make room will find it.
    while (this.isUsed(this.slotAt(page, this.capacity(page) - 1))) this.#extend(page);
    const slot = this.#makeGap(page, tag);
    const slab = this.#pool.slabs[slot >>> SLAB_SHIFT]!;
    const word = (slot & SLAB_MASK) * SLOT_WORDS;
    slab[word + TAG_WORD] = tag;
    slab[word + PLACE_WORD] = place;
    slab[word + SEGMENT_WORD] = segmentWord;
    slab[word + EXPIRY_WORD] = expiry;
    table.counts[page] = count;
    return slot;
  }

  remove(slot: number): void {
    const table = this.#table;
    const page = this.pageOf(slot);
    const count = table.counts[page]! - 1;
    table.counts[page] = count;
    this.#closeGap(page, slot);
    const chunks = table.chunkCounts[page]!;
    if (count === 0) this.#releaseChunks(page, 0);
    else if (chunks > 1 && count * SHRINK_DIVISOR < table.homes[page]!) {
      this.#layout(page, this.#pack(page), count, Math.min(chunks, chunksFor(count)));
    }
  }

  /** The slots of a page without gaps; valid until the next call that changes or packs. */
  pack(page: number): Int32Array {
    return this.#pack(page).subarray(0, this.count(page) * SLOT_WORDS);
  }

  /** Replaces the slots of a page by packed ones, which are in order and not this page's `pack`. */
  replace(page: number, words: Int32Array): void {
    const count = words.length / SLOT_WORDS;
    if (count === 0) this.#releaseChunks(page, 0);
    else this.#layout(page, words, count, chunksFor(count));
    this.#table.counts[page] = count;
  }

  // ---- Inside ----------------------------------------------------------------------------------

  /**
   * Frees the slot where a tag belongs: carries what is there, and what follows, one
   * position on, up to the first gap. The last position of the page is free.
   */
  #makeGap(page: number, tagBits: number): number {
    const tag = tagBits >>> 0;
    const table = this.#table;
    const slabs = this.#pool.slabs;
    const home = homeOf(tag, table.homes[page]!);
    let at = (page << table.strideShift) + (home >>> CHUNK_SHIFT);
    let rank = home & CHUNK_MASK;
    let result = -1;
    let carried0 = 0;
    let carried1 = 0;
    let carried2 = 0;
    let carried3 = 0;
    for (;; at += 1) {
      const base = table.chunkIds[at]! << CHUNK_SHIFT;
      const slab = slabs[base >>> SLAB_SHIFT]!;
      for (; rank < CHUNK_SLOTS; rank += 1) {
        const word = ((base & SLAB_MASK) + rank) * SLOT_WORDS;
        const next2 = slab[word + 2]!;
        const next0 = slab[word]!;
        if (result === -1) {
          if (next2 !== 0 && next0 >>> 0 <= tag) continue;
          result = base + rank;
          if (next2 === 0) return result;
        }
        const next1 = slab[word + 1]!;
        const next3 = slab[word + 3]!;
        slab[word] = carried0;
        slab[word + 1] = carried1;
        slab[word + 2] = carried2;
        slab[word + 3] = carried3;
        if (next2 === 0) return result;
        carried0 = next0;
        carried1 = next1;
        carried2 = next2;
        carried3 = next3;
      }
      rank = 0;
    }
  }

  /** Frees a slot: those behind it that are away from home move one position back. */
  #closeGap(page: number, slot: number): void {
    const table = this.#table;
    const slabs = this.#pool.slabs;
    const homes = table.homes[page]!;
    const row = page << table.strideShift;
    const end = row + table.chunkCounts[page]!;
    let position = this.positionOf(slot) + 1;
    let gapSlab = slabs[slot >>> SLAB_SHIFT]!;
    let gap = (slot & SLAB_MASK) * SLOT_WORDS;
    for (let at = row + (position >>> CHUNK_SHIFT); at < end; at += 1) {
      const base = table.chunkIds[at]! << CHUNK_SHIFT;
      const slab = slabs[base >>> SLAB_SHIFT]!;
      let word = ((base & SLAB_MASK) + (position & CHUNK_MASK)) * SLOT_WORDS;
      const chunkEnd = (position | CHUNK_MASK) + 1;
      for (; position < chunkEnd; position += 1) {
        if (slab[word + SEGMENT_WORD] === 0 || homeOf(slab[word]! >>> 0, homes) >= position) {
          gapSlab[gap + SEGMENT_WORD] = 0;
          return;
        }
        gapSlab[gap] = slab[word]!;
        gapSlab[gap + 1] = slab[word + 1]!;
        gapSlab[gap + 2] = slab[word + 2]!;
        gapSlab[gap + 3] = slab[word + 3]!;
        gapSlab = slab;
        gap = word;
        word += SLOT_WORDS;
      }
    }
    gapSlab[gap + SEGMENT_WORD] = 0;
  }

  #grow(page: number): void {
    const chunks = this.#table.chunkCounts[page]!;
    const percent = GROWTH_PERCENT_MIN + page % GROWTH_PERCENT_SPREAD;
    const wanted = chunks + Math.max(1, Math.ceil(chunks * percent / 100));
    this.#layout(page, this.#pack(page), this.count(page), wanted);
  }

  /**
   * Makes room at the end of a page whose last run of slots has reached it. If the page is half
   * empty all the same, its tags are not those of a hash: a new layout would not help, so it only
   * becomes longer.
   */
  #extend(page: number): void {
    if (this.count(page) * 2 >= this.capacity(page)) this.#grow(page);
    else this.#addChunk(page);
  }

  /** Copies the slots of a page into the scratch, without the gaps. */
  #pack(page: number): Int32Array {
    const count = this.count(page);
    if (this.#scratch.length < count * SLOT_WORDS) {
      this.#scratch = new Int32Array(Math.ceil(count * 1.25) * SLOT_WORDS);
    }
    const scratch = this.#scratch;
    const capacity = this.capacity(page);
    let to = 0;
    for (let position = 0; position < capacity; position += CHUNK_SLOTS) {
      const slot = this.slotAt(page, position);
      const slab = this.#pool.slabs[slot >>> SLAB_SHIFT]!;
      const start = (slot & SLAB_MASK) * SLOT_WORDS;
      for (let from = start; from < start + CHUNK_SLOTS * SLOT_WORDS; from += SLOT_WORDS) {
        if (slab[from + SEGMENT_WORD] === 0) continue;
        scratch[to] = slab[from]!;
        scratch[to + 1] = slab[from + 1]!;
        scratch[to + 2] = slab[from + 2]!;
        scratch[to + 3] = slab[from + 3]!;
        to += SLOT_WORDS;
      }
    }
    return scratch;
  }

  /** Makes packed slots the content of a page, over at least `chunksMin` chunks. */
  #layout(page: number, words: Int32Array, count: number, chunksMin: number): void {
    const homes = (chunksMin << CHUNK_SHIFT) - slackOf(chunksMin);
    const chunks = Math.max(chunksMin, Math.ceil(positionsOf(words, count, homes) / CHUNK_SLOTS));
    // All that may fail for want of memory comes first.
    while (this.#table.chunkCounts[page]! < chunks) this.#addChunk(page);
    this.#releaseChunks(page, chunks);
    for (let position = 0; position < chunks << CHUNK_SHIFT; position += CHUNK_SLOTS) {
      this.#pool.wipe(this.slotAt(page, position) >>> CHUNK_SHIFT);
    }
    this.#table.homes[page] = homes;
    this.#spread(page, words, count, homes);
  }

  /** Writes packed slots into the empty chunks of a page. */
  #spread(page: number, words: Int32Array, count: number, homes: number): void {
    const end = count * SLOT_WORDS;
    let position = 0;
    let from = 0;
    while (from < end) {
      position = Math.max(position, homeOf(words[from]! >>> 0, homes));
      const slot = this.slotAt(page, position);
      const slab = this.#pool.slabs[slot >>> SLAB_SHIFT]!;
      /** Where position 0 would be in the slab, were the page contiguous there. */
      const origin = (slot & SLAB_MASK) - position;
      const chunkEnd = (position | CHUNK_MASK) + 1;
      while (position < chunkEnd) {
        const to = (origin + position) * SLOT_WORDS;
        slab[to] = words[from]!;
        slab[to + 1] = words[from + 1]!;
        slab[to + 2] = words[from + 2]!;
        slab[to + 3] = words[from + 3]!;
        from += SLOT_WORDS;
        if (from === end) break;
        position = Math.max(position + 1, homeOf(words[from]! >>> 0, homes));
      }
    }
  }

  #addChunk(page: number): void {
    const table = this.#table;
    table.reserve(page);
    table.push(page, this.#pool.acquire((page << 16) | table.chunkCounts[page]!));
  }

  /** Gives back chunks from the end of a page until it has `keep`. */
  #releaseChunks(page: number, keep: number): void {
    const table = this.#table;
    while (table.chunkCounts[page]! > keep) {
      const chunk = table.pop(page);
      const moved = this.#pool.release(chunk);
      if (moved !== -1) table.renumber(moved >>> 16, moved & 0xffff, chunk);
    }
    if (keep === 0) table.homes[page] = 0;
  }
}

/** Where the probe for a tag (unsigned) starts; monotonic in the tag. */
function homeOf(tag: number, homes: number): number {
  return (tag * homes / TAGS) | 0;
}

/** Positions that packed slots need: each run reaches as far as its slots push it. */
function positionsOf(words: Int32Array, count: number, homes: number): number {
  let positions = 0;
  for (let i = 0; i < count; i += 1) {
    const pushed = homeOf(words[i * SLOT_WORDS]! >>> 0, homes) + count - i;
    if (pushed > positions) positions = pushed;
  }
  return positions;
}

/** Positions after the last home, for the run of slots there: 8 of one chunk, 32 of a page. */
function slackOf(chunks: number): number {
  return Math.min(CHUNK_SLOTS, 4 + 4 * chunks);
}

/** Chunks for a page that is filled at once. */
function chunksFor(count: number): number {
  return Math.max(1, Math.ceil(count / LOAD_NEW / CHUNK_SLOTS));
}
