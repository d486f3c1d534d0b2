/**
 * Up to 2^9 pairs of a hash in one piece of memory: no object for a pair.
 *
 *     starts   [ 0, 12, 61, ... ]           where the pair of each place begins
 *     buf      | field | value | field | value | ... | dead | field | value |   room   |
 *                                                                           `used`
 *
 * A pair lies there as it does in deltas and bases (pieces.ts): applying one and writing one are
 * copies. A pair of the same length is written over the old one. Another goes to the end and leaves
 * the old bytes dead; when there is no room the page is written anew without them, in larger memory
 * if it must be. So a change costs O(its bytes) on average, and O(the page's) at most. A long pair
 * has memory of its own.
 *
 * Rejected: arrays of strings. Each field and each value is an object then, 60 bytes more and a
 * cache miss more for each, and V8's collector stops the server for as long as it takes to visit
 * them all.
 */

import { readVarint, varintBytes } from '../lib/varint.ts';
import { copyBytes, viewOf, type Bytes } from '../lib/views.ts';
import { KiB } from '../lib/size-units.ts';

/**
 * Longer pairs have memory of their own, so a page has 2 MB of pairs at most: what a change copies
 * while a snapshot is there, or when it has no room (0.3 ms).
 */
export const HASH_PAIR_INLINE_BYTES_MAX = 4 * KiB;

/** In `#starts`: the pair has memory of its own; there is no pair at this place. */
const IS_LONG = -1;
const IS_GONE = -2;

const CACHE_LINE_BYTES = 64;
const CAPACITY_MIN = 64;
/** From this length on a call of Buffer.compare beats a loop. */
const COMPARED_BYTES_MIN = 64;

/** RAM of a page by measurement: beside its bytes, and of each place. */
const PAGE_BYTES = 400;
const PLACE_BYTES = 8;

/** Where a pair is. Filled by `PairPage.locate` and borrowed until the page changes. */
export class PairAt {
  buf: Buffer = Buffer.alloc(0);
  /** Over all of `buf`, if the page has made one. */
  words: DataView | undefined;
  start = 0;
  fieldStart = 0;
  fieldEnd = 0;
  valueStart = 0;
  end = 0;

  /** Reads the lengths of the pair that begins at buf[start]. */
  read(buf: Buffer, words: DataView | undefined, start: number): void {
    const fieldLength = readVarint(buf, start, buf.length);
    this.buf = buf;
    this.words = words;
    this.start = start;
    this.fieldStart = start + varintBytes(fieldLength);
    this.fieldEnd = this.fieldStart + fieldLength;
    const valueLength = readVarint(buf, this.fieldEnd, buf.length);
    this.valueStart = this.fieldEnd + varintBytes(valueLength);
    this.end = this.valueStart + valueLength;
  }
}

const located = new PairAt();

export class PairPage {
  /** See PairPages. */
  readonly epoch: number;
  #buf: Buffer;
  /** Over `#buf`; made when the page is first changed. */
  #view: DataView | undefined;
  #used = 0;
  /** Bytes below `#used` that belong to no pair. */
  #dead = 0;
  /** The pairs that are not long lie in the order of their places. */
  #isOrdered = true;
  #starts: number[];
  /** Long pairs by place. */
  #long: Map<number, Buffer> | undefined;
  #longBytes = 0;

  constructor(capacity: number, epoch: number, starts: number[] = []) {
    this.epoch = epoch;
    this.#buf = Buffer.allocUnsafeSlow(Math.max(CAPACITY_MIN, capacity));
    this.#starts = starts;
  }

  get size(): number {
    return this.#starts.length;
  }

  get pairBytes(): number {
    return this.#used - this.#dead + this.#longBytes;
  }

  get memoryBytes(): number {
    return PAGE_BYTES + this.#starts.length * PLACE_BYTES + this.#buf.length + this.#longBytes;
  }

  locate(place: number, into: PairAt): void {
    const start = this.#starts[place] as number;
    if (start === IS_LONG) into.read(this.#long!.get(place)!, undefined, 0);
    else into.read(this.#buf, this.#view, start);
  }

  /** Whether the pair at `place` has the field buf[start, end). */
  hasField(place: number, buf: Buffer, start: number, end: number): boolean {
    let at = this.#starts[place] as number;
    let own = this.#buf;
    if (at === IS_LONG) {
      own = this.#long!.get(place)!;
      at = 0;
    }
    const length = end - start;
    if (readVarint(own, at, own.length) !== length) return false;
    at += varintBytes(length);
    if (length >= COMPARED_BYTES_MIN) return own.compare(buf, start, end, at, at + length) === 0;
    for (let i = start; i < end; i++, at++) if (own[at] !== buf[i]) return false;
    return true;
  }

  /** Where the pair at `place` begins; negative if that is elsewhere. */
  startAt(place: number): number {
    return this.#starts[place] as number;
  }

  touch(place: number): number {
    const start = this.#starts[place] as number;
    const { length } = this.#buf;
    if (start < 0) return 0;
    const next = Math.min(start + CACHE_LINE_BYTES, length - 1);
    return (this.#buf[start] as number) ^ (this.#buf[next] as number);
  }

  bytesAt(place: number): number {
    this.locate(place, located);
    return located.end - located.start;
  }

  /** Sets the pair at `place`, or adds it behind the last one; from[start, end) is copied. */
  set(place: number, from: Bytes, start: number, end: number): void {
    const bytes = end - start;
    if (place < this.#starts.length) {
      const at = this.#starts[place] as number;
      if (at !== IS_LONG && this.bytesAt(place) === bytes) {
        return copyBytes(from, start, this.#buf, this.#viewed(), at, bytes);
      }
      this.#drop(place);
    }
    if (bytes > HASH_PAIR_INLINE_BYTES_MAX) return this.#setLong(place, from.buf, start, end);
    this.#reserve(bytes);
    if (place < this.#starts.length - 1) this.#isOrdered = false;
    copyBytes(from, start, this.#buf, this.#viewed(), this.#used, bytes);
    this.#starts[place] = this.#used;
    this.#used += bytes;
  }

  /** Takes out the pairs at ascending places; those behind close up. */
  closeUp(gaps: readonly number[]): void {
    for (const place of gaps) this.#drop(place);
    let to = gaps[0] ?? 0;
    for (let place = to; place < this.#starts.length; place++) {
      const start = this.#starts[place] as number;
      if (start === IS_GONE) continue;
      if (start === IS_LONG) this.#moveLong(place, to);
      this.#starts[to++] = start;
    }
    this.#starts.length = to;
  }

  /** Takes out the last pair. */
  pop(): void {
    this.#drop(this.#starts.length - 1);
    this.#starts.pop();
  }

  /** The same pairs in memory of their own. */
  copy(epoch: number): PairPage {
    const copy = new PairPage(this.#buf.length, epoch, [...this.#starts]);
    this.#buf.copy(copy.#buf, 0, 0, this.#used);
    copy.#used = this.#used;
    copy.#dead = this.#dead;
    copy.#isOrdered = this.#isOrdered;
    // Long pairs are never written over.
    if (this.#long !== undefined) copy.#long = new Map(this.#long);
    copy.#longBytes = this.#longBytes;
    return copy;
  }

  /** Writes the pairs at the places from `from` to `to`; returns the offset behind them. */
  write(from: number, to: number, into: Buffer, offset: number): number {
    const isDense = this.#isOrdered && this.#dead === 0 && this.#long === undefined;
    if (isDense && from === 0 && to === this.#starts.length) {
      return offset + this.#buf.copy(into, offset, 0, this.#used);
    }
    let at = offset;
    for (let place = from; place < to; place++) {
      this.locate(place, located);
      at += located.buf.copy(into, at, located.start, located.end);
    }
    return at;
  }

  #viewed(): DataView {
    return this.#view ??= viewOf(this.#buf);
  }

  #setLong(place: number, buf: Buffer, start: number, end: number): void {
    const own = Buffer.allocUnsafeSlow(end - start);
    buf.copy(own, 0, start, end);
    this.#long ??= new Map();
    this.#long.set(place, own);
    this.#longBytes += own.length;
    this.#starts[place] = IS_LONG;
  }

  #moveLong(from: number, to: number): void {
    const own = this.#long!.get(from)!;
    this.#long!.delete(from);
    this.#long!.set(to, own);
  }

  /** Gives up the bytes of a pair; its place is empty. */
  #drop(place: number): void {
    const bytes = this.bytesAt(place);
    const start = this.#starts[place] as number;
    this.#starts[place] = IS_GONE;
    if (start === IS_LONG) {
      this.#long!.delete(place);
      if (this.#long!.size === 0) this.#long = undefined;
      this.#longBytes -= bytes;
    } else if (start + bytes === this.#used) this.#used = start;
    else this.#dead += bytes;
  }

  /** Sees to it that there is room for `bytes` more. */
  #reserve(bytes: number): void {
    const capacity = this.#buf.length;
    if (this.#used + bytes <= capacity) return;
    const wanted = this.#used - this.#dead + bytes;
    this.#rewrite(wanted <= capacity * 0.75 ? capacity : wanted + (wanted >>> 1));
  }

  #rewrite(capacity: number): void {
    const larger = Buffer.allocUnsafeSlow(capacity);
    if (this.#dead === 0) this.#buf.copy(larger, 0, 0, this.#used);
    else this.#used = this.#gather(larger);
    this.#dead = 0;
    this.#buf = larger;
    this.#view = undefined;
  }

  /** Copies the pairs to `into` in order, without what is dead; returns their bytes. */
  #gather(into: Buffer): number {
    let at = 0;
    for (let place = 0; place < this.#starts.length; place++) {
      if ((this.#starts[place] as number) < 0) continue;
      this.locate(place, located);
      located.buf.copy(into, at, located.start, located.end);
      this.#starts[place] = at;
      at += located.end - located.start;
    }
    this.#isOrdered = true;
    return at;
  }
}
