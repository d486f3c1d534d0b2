/**
 * The key index of one keyspace: hash of a key -> place of its record. It holds no keys: an equal
 * hash proves nothing, the caller compares the whole key in the record, and findNext gives the next
 * candidate. No JavaScript object per key: 16-byte slots (index-slot.ts), 19 to 21.5 bytes a key in
 * all above 600 000 keys, and below 20 from 2.5 to 20 million (bench/key-index.ts).
 *
 * The top bits of the hash choose a page; in a page the slots are in the order of their tags
 * (index-pages.ts). That order does not depend on the size of anything, so a scan cursor, which is
 * page and tag, survives growth and deletion, and a dump is sorted. One page grows at a time, which
 * bounds the longest insert.
 *
 * Hashes: of `hi` the low 16 bits count; `lo` is the 32-bit tag, signed or unsigned (a signed one
 * spares V8 a heap number where a call is not inlined). A slot handle is valid until the next
 * insert, insertChained, remove, loadPage or clear.
 *
 * It fails with RangeError: for a field out of range, which is a bug, or when there is no memory;
 * the slots are as they were before then.
 */
import { IndexPages } from './index-pages.ts';
import {
  EXPIRY_WORD, PLACE_WORD, SEGMENT_WORD, SLOT_WORDS, TAG_WORD, chainIdOf, packChainPlace,
  packChainSegment, packExpiry, packPlace, packSegment, placeIsChained, placeOffsetBytes, placeType,
  segmentNumber, segmentSizeClass,
} from './index-slot.ts';

/**
 * Pages of one key index, as a power of two. Fewer make one page's growth long: at 20 million
 * keys 2^12 pages hold 4900 slots each, and moving those takes about 0.1 ms. More make a small
 * database large, because a page in use takes at least one chunk of 512 bytes.
 */
export const INDEX_PAGE_BITS_DEFAULT = 12;

/** The directory takes at most the 16 bits that a key's hash has beside the 32-bit tag. */
const INDEX_PAGE_BITS_MAX = 16;

const HASH_HI_BITS = 16;
const TAGS = 2 ** 32;

/** Draws before randomSlot walks on instead. */
const RANDOM_DRAWS_MAX = 1024;

export class KeyIndex {
  readonly pageCount: number;
  /** Changes whenever a slot handle may have become invalid. */
  version = 0;
  readonly #hiShift: number;
  /** Undefined while there is no slot: an empty database costs nothing. */
  #pages: IndexPages | undefined;
  #size = 0;
  #expiring = 0;
  /** No slot expires before this second: what is due needs no walk until then. */
  #soonest = Infinity;

  /** 2^pageBits pages; a dump can be loaded only into an index with the same number. */
  constructor(pageBits: number = INDEX_PAGE_BITS_DEFAULT) {
    if (!(Number.isInteger(pageBits) && pageBits >= 0 && pageBits <= INDEX_PAGE_BITS_MAX)) {
      throw new RangeError(`index page bits ${pageBits}, allowed 0 to ${INDEX_PAGE_BITS_MAX}`);
    }
    this.pageCount = 2 ** pageBits;
    this.#hiShift = HASH_HI_BITS - pageBits;
  }

  /** Slots in use. */
  get size(): number {
    return this.#size;
  }

  /** Slots in use that have an expiry. */
  get expiringCount(): number {
    return this.#expiring;
  }

  /** RAM that the index holds, its reserve included. */
  get bytes(): number {
    return this.#pages?.bytes ?? 0;
  }

  // ---- Lookup ----------------------------------------------------------------------------------

  /** The first slot with this hash, or -1. */
  find(hi: number, lo: number): number {
    if (this.#pages === undefined) return -1;
    return this.#pages.find(this.pageOfHash(hi), lo | 0);
  }

  /** Where `find` will begin: for `touch`. */
  homeSlot(hi: number, lo: number): number {
    return this.#pages === undefined ? 0 : this.#pages.homeSlot(this.pageOfHash(hi), lo | 0);
  }

  /** Reads the memory of slots side by side; the result means nothing. */
  touch(slots: Int32Array, count: number): number {
    return this.#pages === undefined ? 0 : this.#pages.touch(slots, count);
  }

  /** The next slot with the same hash as this one, or -1. */
  findNext(slot: number): number {
    const pages = this.#mustPages();
    const page = pages.pageOf(slot);
    const position = pages.positionOf(slot) + 1;
    if (position >= pages.capacity(page)) return -1;
    const next = pages.slotAt(page, position);
    const isSame = pages.word(next, TAG_WORD) === pages.word(slot, TAG_WORD);
    return isSame && pages.isUsed(next) ? next : -1;
  }

  // ---- Fields of a slot ------------------------------------------------------------------------

  /** The page of a hash, 0 to pageCount - 1. */
  pageOfHash(hi: number): number {
    return (hi & 0xffff) >>> this.#hiShift;
  }

  pageOf(slot: number): number {
    return this.#mustPages().pageOf(slot);
  }

  /** With loOf, a hash that finds the slot again; of hi only the bits that choose the page. */
  hiOf(slot: number): number {
    return this.pageOf(slot) << this.#hiShift;
  }

  /** The tag, unsigned. */
  loOf(slot: number): number {
    return this.#word(slot, TAG_WORD) >>> 0;
  }

  typeOf(slot: number): number {
    return placeType(this.#word(slot, PLACE_WORD));
  }

  /** Where the record starts in its segment, in bytes; meaningless if the slot is chained. */
  offsetOf(slot: number): number {
    return placeOffsetBytes(this.#word(slot, PLACE_WORD));
  }

  /** The segment slot, from 1; meaningless if the slot is chained. */
  segmentOf(slot: number): number {
    return segmentNumber(this.#word(slot, SEGMENT_WORD));
  }

  /** See size-class.ts. */
  sizeClassOf(slot: number): number {
    return segmentSizeClass(this.#word(slot, SEGMENT_WORD));
  }

  isChained(slot: number): boolean {
    return placeIsChained(this.#word(slot, PLACE_WORD));
  }

  /** The chain id of a chained slot. */
  chainOf(slot: number): number {
    return chainIdOf(this.#word(slot, PLACE_WORD), this.#word(slot, SEGMENT_WORD));
  }

  /** Seconds since the epoch, rounded up (index-slot.ts, expirySecondsOfMs); 0 = never. */
  expirySecondsOf(slot: number): number {
    return this.#word(slot, EXPIRY_WORD) >>> 0;
  }

  // ---- Changes ---------------------------------------------------------------------------------

  /** Adds a slot, after those with the same hash. Offset in bytes, expiry in seconds or 0. */
  insert(hi: number, lo: number, type: number, segment: number, offsetBytes: number,
    sizeClass: number, expirySeconds: number): number {
    const place = packPlace(type, offsetBytes);
    const segmentWord = packSegment(segment, sizeClass);
    return this.#insert(this.pageOfHash(hi), lo | 0, place, segmentWord, packExpiry(expirySeconds));
  }

  /** Adds a slot that holds a chain id (46 bits) instead of a place. */
  insertChained(hi: number, lo: number, type: number, chainId: number, sizeClass: number,
    expirySeconds: number): number {
    const place = packChainPlace(type, chainId);
    const segmentWord = packChainSegment(chainId, sizeClass);
    return this.#insert(this.pageOfHash(hi), lo | 0, place, segmentWord, packExpiry(expirySeconds));
  }

  /**
   * Replaces everything but the hash; the slot points to a record from now on. Gives what was there
   * as `copySlot` does.
   */
  exchange(slot: number, type: number, segment: number, offsetBytes: number, sizeClass: number,
    expirySeconds: number, words: Int32Array, at: number): void {
    const place = packPlace(type, offsetBytes);
    const segmentWord = packSegment(segment, sizeClass);
    const expiry = packExpiry(expirySeconds);
    const before = this.#mustPages().exchangeSlot(slot, place, segmentWord, expiry, words, at);
    this.#noteExpiry(before, expiry);
  }

  /** Copies everything but the hash to words[at ...]: three words, the second never 0. */
  copySlot(slot: number, words: Int32Array, at: number): void {
    this.#mustPages().copySlot(slot, words, at);
  }

  /** Puts back what `copySlot` gave. */
  restoreSlot(slot: number, words: Int32Array, at: number): void {
    const expiry = words[at + 2]!;
    const before = this.#mustPages().replaceSlot(slot, words[at]!, words[at + 1]!, expiry);
    this.#noteExpiry(before, expiry);
  }

  /** Adds a slot with what `copySlot` gave. */
  insertSlot(hi: number, lo: number, words: Int32Array, at: number): number {
    const [place, segment, expiry] = [words[at]!, words[at + 1]!, words[at + 2]!];
    return this.#insert(this.pageOfHash(hi), lo | 0, place, segment, expiry);
  }

  /** Points the slot to another record of the same type and expiry. */
  setPlace(slot: number, segment: number, offsetBytes: number, sizeClass: number): void {
    const place = packPlace(this.typeOf(slot), offsetBytes);
    this.#setWords(slot, place, packSegment(segment, sizeClass));
  }

  /** Makes the slot hold a chain id; type and expiry stay. */
  setChain(slot: number, chainId: number, sizeClass: number): void {
    const place = packChainPlace(this.typeOf(slot), chainId);
    this.#setWords(slot, place, packChainSegment(chainId, sizeClass));
  }

  setExpiry(slot: number, expirySeconds: number): void {
    const expiry = packExpiry(expirySeconds);
    this.#noteExpiry(this.#word(slot, EXPIRY_WORD), expiry);
    this.#mustPages().setWord(slot, EXPIRY_WORD, expiry);
  }

  remove(slot: number): void {
    this.version += 1;
    this.#size -= 1;
    this.#noteExpiry(this.#word(slot, EXPIRY_WORD), 0);
    this.#mustPages().remove(slot);
  }

  /** Forgets every slot and gives the memory back. */
  clear(): void {
    this.version += 1;
    this.#pages = undefined;
    this.#size = 0;
    this.#expiring = 0;
    this.#soonest = Infinity;
  }

  // ---- Walks -----------------------------------------------------------------------------------

  /**
   * Visits at least `count` slots (fewer at the end) from a cursor on and returns the next cursor,
   * or 0 at the end; start with 0. Slots with equal hashes are never split, so a slot that stays
   * from the first call to the last is visited exactly once, whatever comes and goes between the
   * calls. Cursors are below 2^48; one that was never returned is as good as any. `visit` must
   * not change the index.
   */
  scan(cursor: number, count: number, visit: (slot: number) => void): number {
    const pages = this.#pages;
    if (pages === undefined || !(cursor >= 0)) return 0;
    let fromTag = cursor % TAGS;
    let visited = 0;
    for (let page = Math.floor(cursor / TAGS); page < this.pageCount; page += 1) {
      const capacity = pages.capacity(page);
      let last = -1;
      for (let position = pages.home(page, fromTag); position < capacity; position += 1) {
        const slot = pages.slotAt(page, position);
        const tag = pages.word(slot, TAG_WORD) >>> 0;
        if (tag < fromTag || !pages.isUsed(slot)) continue;
        if (visited >= count && tag !== last) return page * TAGS + tag;
        visit(slot);
        visited += 1;
        last = tag;
      }
      fromTag = 0;
    }
    return 0;
  }

  /** A slot chosen uniformly, or -1 if there is none. `random` gives numbers from 0 below 1. */
  randomSlot(random: () => number): number {
    const pages = this.#pages;
    if (pages === undefined || this.#size === 0) return -1;
    const slots = pages.slotCount;
    let slot = 0;
    for (let draw = 0; draw < RANDOM_DRAWS_MAX; draw += 1) {
      slot = Math.floor(random() * slots);
      if (pages.isUsed(slot)) return slot;
    }
    // Not reached by a uniform generator: 1/32 of the slots are in use, usually far more.
    while (!pages.isUsed(slot)) slot = (slot + 1) % slots;
    return slot;
  }

  /**
   * Walks at most `slotsMax` slots from a position and visits those whose expiry is at or before
   * `nowSeconds`; returns the position to go on from, which wraps around. Changes between two calls
   * may make it miss or repeat a slot in one round. `visit` must not change the index.
   */
  sampleExpiring(position: number, slotsMax: number, nowSeconds: number,
    visit: (slot: number) => void): number {
    const pages = this.#pages;
    if (pages === undefined || this.#expiring === 0) return 0;
    const slots = pages.slotCount;
    let slot = position < slots ? position : 0;
    if (nowSeconds < this.#soonest) return slot;
    let soonest = Infinity;
    for (let left = Math.min(slotsMax, slots); left > 0; left -= 1) {
      const expiry = pages.word(slot, EXPIRY_WORD) >>> 0;
      if (expiry !== 0 && pages.isUsed(slot)) {
        soonest = Math.min(soonest, expiry);
        if (expiry <= nowSeconds) visit(slot);
      }
      slot = slot + 1 === slots ? 0 : slot + 1;
    }
    if (slotsMax >= slots) this.#soonest = soonest;
    return slot;
  }

  // ---- Dump and load ---------------------------------------------------------------------------

  /** Slots of a page. */
  pageSize(page: number): number {
    return this.#pages?.count(page) ?? 0;
  }

  /**
   * The slots of a page, four words each (index-slot.ts), ascending by tag. The view is valid until
   * the next call of any method that changes or dumps: copy it or write it out at once.
   */
  dumpPage(page: number): Uint32Array {
    const words = this.#pages?.pack(page);
    if (words === undefined) return new Uint32Array(0);
    return new Uint32Array(words.buffer, words.byteOffset, words.length);
  }

  /**
   * Replaces a page by slots in the form that dumpPage gives, which must not be a live view of it.
   * Throws RangeError if a slot is not in use or not in order.
   */
  loadPage(page: number, words: Uint32Array): void {
    if (!(page >= 0 && page < this.pageCount)) throw new RangeError(`key index: no page ${page}`);
    this.version += 1;
    const source = new Int32Array(words.buffer, words.byteOffset, words.length);
    const expiring = checkSlots(source);
    const pages = this.#open();
    const size = this.#size + source.length / SLOT_WORDS - pages.count(page);
    const gone = this.#expiring === 0 ? 0 : countExpiring(pages.pack(page));
    pages.replace(page, source);
    this.#size = size;
    this.#expiring += expiring - gone;
    if (expiring > 0) this.#soonest = 0;
  }

  // ---- Inside ----------------------------------------------------------------------------------

  #insert(page: number, tag: number, place: number, segmentWord: number, expiry: number): number {
    this.version += 1;
    const slot = this.#open().insert(page, tag, place, segmentWord, expiry);
    this.#size += 1;
    this.#noteExpiry(0, expiry);
    return slot;
  }

  #noteExpiry(before: number, after: number): void {
    if (before === after) return;
    this.#expiring += Number(after !== 0) - Number(before !== 0);
    if (after !== 0) this.#soonest = Math.min(this.#soonest, after >>> 0);
  }

  #open(): IndexPages {
    this.#pages ??= new IndexPages(this.pageCount);
    return this.#pages;
  }

  /** The pages, for a caller that holds a slot handle. */
  #mustPages(): IndexPages {
    if (this.#pages === undefined) throw new RangeError('key index: a slot of an empty index');
    return this.#pages;
  }

  #word(slot: number, word: number): number {
    return this.#mustPages().word(slot, word);
  }

  #setWords(slot: number, place: number, segmentWord: number): void {
    const pages = this.#mustPages();
    pages.setWord(slot, PLACE_WORD, place);
    pages.setWord(slot, SEGMENT_WORD, segmentWord);
  }
}

/** Throws if packed slots are not in use or not in order; returns how many have an expiry. */
function checkSlots(words: Int32Array): number {
  if (words.length % SLOT_WORDS !== 0) {
    throw new RangeError(`key index: ${words.length} words are no whole number of slots`);
  }
  let previous = 0;
  for (let at = 0; at < words.length; at += SLOT_WORDS) {
    const tag = words[at + TAG_WORD]! >>> 0;
    if (tag < previous || words[at + SEGMENT_WORD]! >= 0) {
      throw new RangeError(`key index: slot ${at / SLOT_WORDS} is out of order or not in use`);
    }
    previous = tag;
  }
  return countExpiring(words);
}

function countExpiring(words: Int32Array): number {
  let expiring = 0;
  for (let at = EXPIRY_WORD; at < words.length; at += SLOT_WORDS) {
    if (words[at] !== 0) expiring += 1;
  }
  return expiring;
}
