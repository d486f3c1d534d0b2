/**
 * Fills a key index from slots in the order of their hashes, as hints give them: one pass for
 * each page instead of one probe for each key. Slots that the index has already stay; where tags
 * are equal, they come before the new ones.
 *
 * Like `insert`, it knows no keys: of several records of one key the caller adds the newest only.
 * Nothing of the last page is in the index before `finish`, and nothing else may change the index
 * in between. A hash below its predecessor is a bug of the caller: RangeError.
 */
import {
  EXPIRY_WORD, PLACE_WORD, SEGMENT_WORD, SLOT_WORDS, TAG_WORD, packExpiry, packPlace, packSegment,
} from './index-slot.ts';
import type { KeyIndex } from './key-index.ts';

const FIRST_SLOTS = 1024;

export class SortedLoader {
  readonly #index: KeyIndex;
  #words = new Uint32Array(FIRST_SLOTS * SLOT_WORDS);
  #length = 0;
  #page = 0;
  #tag = 0;

  constructor(index: KeyIndex) {
    this.#index = index;
  }

  /** The fields of KeyIndex.insert. Order: page of hi, then lo as an unsigned number. */
  add(hi: number, lo: number, type: number, segment: number, offsetBytes: number,
    sizeClass: number, expirySeconds: number): void {
    const page = this.#index.pageOfHash(hi);
    const tag = lo >>> 0;
    if (page < this.#page || (page === this.#page && tag < this.#tag)) {
      throw new RangeError(`sorted loader: page ${page} tag ${tag} after ` +
        `page ${this.#page} tag ${this.#tag}`);
    }
    const place = packPlace(type, offsetBytes);
    const segmentWord = packSegment(segment, sizeClass);
    const expiry = packExpiry(expirySeconds);
    if (page !== this.#page) this.#flush();
    if (this.#length === this.#words.length) this.#widen();
    this.#words[this.#length + TAG_WORD] = tag;
    this.#words[this.#length + PLACE_WORD] = place;
    this.#words[this.#length + SEGMENT_WORD] = segmentWord;
    this.#words[this.#length + EXPIRY_WORD] = expiry;
    this.#length += SLOT_WORDS;
    this.#page = page;
    this.#tag = tag;
  }

  /** Puts the last page into the index. The loader can be used again, from the first hash. */
  finish(): void {
    this.#flush();
    this.#page = 0;
    this.#tag = 0;
  }

  #flush(): void {
    if (this.#length === 0) return;
    const added = this.#words.subarray(0, this.#length);
    const present = this.#index.dumpPage(this.#page);
    this.#index.loadPage(this.#page, present.length === 0 ? added : merge(present, added));
    this.#length = 0;
  }

  #widen(): void {
    const wider = new Uint32Array(this.#words.length * 2);
    wider.set(this.#words);
    this.#words = wider;
  }
}

function merge(present: Uint32Array, added: Uint32Array): Uint32Array {
  const merged = new Uint32Array(present.length + added.length);
  let left = 0;
  let right = 0;
  for (let to = 0; to < merged.length; to += SLOT_WORDS) {
    const takesLeft = right === added.length ||
      (left < present.length && present[left]! <= added[right]!);
    const source = takesLeft ? present : added;
    const from = takesLeft ? left : right;
    for (let word = 0; word < SLOT_WORDS; word += 1) merged[to + word] = source[from + word]!;
    if (takesLeft) left += SLOT_WORDS;
    else right += SLOT_WORDS;
  }
  return merged;
}
