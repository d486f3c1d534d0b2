/**
 * Pairs of fields and values side by side as they are packed in a record, where each of them
 * begins, and a table from fields to positions once there are more than a few.
 *
 *     #buf     04 name 03 Ada | 03 age 02 36 | ...       #words   table | starts by position
 *
 * A pair is changed in place where its length stays; else its new bytes go to the end, and the old
 * ones are dead until a quarter of the bytes is: then the pairs are written again, by position. So
 * a change costs no more than a copy of the pair, now and then of the block.
 *
 * What positions are: hash-view.ts.
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import { isSameBytes } from '../../../lib/compare-bytes.ts';
import type { KeyHash } from '../../../lib/key-hash.ts';
import { KiB } from '../../../lib/size-units.ts';
import { copyBytes, viewOf, type Bytes } from '../../../lib/views.ts';
import type { PieceReader } from '../../pieces.ts';
import {
  POSITION_MASK, closeUpTable, enterField, leaveField, placesFor, tagOf,
} from './field-table.ts';
import { ZSET } from '../../value-type.ts';
import { fieldHasher } from './field-hasher.ts';
import { notedLength, type HashType } from './hash-delta.ts';

/**
 * A hash with more fields than this has a table. Measured: walking 16 fields of 10 bytes takes as
 * long as one look-up in a table.
 */
export const HASH_INDEXED_FIELDS_MIN = 16;

/**
 * Up to so many fields a removal keeps the order of the others, which takes time proportional to
 * them. The default of `hash-max-listpack-entries`, up to which Redis keeps it too.
 */
export const HASH_ORDERED_FIELDS_MAX = 512;

/** RAM of a hash beside its memory, by measurement: the object, a Buffer, an array, a view. */
const EMPTY_BYTES = 560;

/**
 * Room for bytes to come: an eighth of what is there, and up to this for fewer fields. With more it
 * is no block but the result of a union, or of an earlier version: it must grow in proportion.
 */
const ROOM_BYTES_MAX = 8 * KiB;
const MANY_FIELDS = 16_384;

export function roomBytesFor(bytes: number): number {
  return Math.min(bytes >>> 3, ROOM_BYTES_MAX);
}

/** With so many words more than its fields need, a hash has smaller ones made. */
const SPARE_WORDS = 128;

export class HashPairs {
  readonly type: HashType;
  /** See HashView; set here alone. */
  longest = 0;
  peak = 0;
  readonly #hasher: KeyHash;
  #buf: Buffer;
  #view: DataView;
  /** Bytes of `#buf` in use, dead ones included, and how many are dead. */
  #used = 0;
  #dead = 0;
  /** The pairs lie in the order of their positions, without dead bytes between them. */
  #isInOrder = true;
  #size = 0;
  /** The table, if there is one, and behind it where each pair begins. */
  #words = new Uint32Array(0);
  #tablePlaces = 0;
  /** Of the pair that was located last. */
  #fieldStart = 0;
  #fieldEnd = 0;
  #valueStart = 0;
  #valueEnd = 0;
  /** How many bytes the length took that was read last. */
  #lengthBytes = 0;

  /** Without fields; has room for so many bytes of pairs that will come soon. */
  constructor(type: HashType, roomBytes: number, hasher = fieldHasher()) {
    this.type = type;
    this.#hasher = hasher;
    this.#buf = Buffer.allocUnsafeSlow(roomBytes);
    this.#view = viewOf(this.#buf);
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return EMPTY_BYTES + this.#buf.length + 4 * this.#words.length;
  }

  /** Without dead ones. */
  protected get pairBytes(): number {
    return this.#used - this.#dead;
  }

  protected get hasher(): KeyHash {
    return this.#hasher;
  }

  find({ buf, start, end }: ByteRange): number {
    return this.#find(buf, start, end, this.#hashOf(buf, start, end));
  }

  /** As `find`, with the hash of the field by this hash's hasher. */
  findHashed({ buf, start, end }: ByteRange, hash: number): number {
    return this.#find(buf, start, end, hash);
  }

  has(field: ByteRange): boolean {
    return this.find(field) >= 0;
  }

  /**
   * Reads what `findHashed` will read, so that several look-ups wait for memory side by side: first
   * the table, then the pair. The results mean nothing.
   */
  touchTable(hash: number): number {
    return this.#tablePlaces === 0 ? 0 : this.#words[hash & (this.#tablePlaces - 1)]!;
  }

  touchPair(hash: number): number {
    const position = (this.touchTable(hash) & POSITION_MASK) - 1;
    return position < 0 ? 0 : this.#buf[this.#words[this.#tablePlaces + position]!]!;
  }

  fieldAt(position: number): ByteRange {
    this.#locate(position);
    return new ByteRange(this.#buf, this.#fieldStart, this.#fieldEnd, this.#view);
  }

  /** The value as it is packed, with the expiry in front if there is one. */
  storedValueAt(position: number): ByteRange {
    this.#locate(position);
    return this.foundValue();
  }

  /** The same of the field that was found last, or is at the position that was asked for last. */
  protected foundValue(): ByteRange {
    return new ByteRange(this.#buf, this.#valueStart, this.#valueEnd, this.#view);
  }

  /** It once was a hash with so long a piece, and so many fields. */
  noteHistory(longest: number, peak: number): void {
    this.longest = Math.max(this.longest, longest);
    this.peak = Math.max(this.peak, peak);
  }

  // ---- Finding ----------------------------------------------------------------------------------

  #hashOf(buf: Buffer, start: number, end: number): number {
    if (this.#tablePlaces === 0) return 0;
    this.#hasher.hash(buf, start, end);
    return this.#hasher.lo;
  }

  /** The position of a field, which is located then, or -1. */
  #find(buf: Buffer, start: number, end: number, hash: number): number {
    if (this.#tablePlaces === 0) return this.#walk(buf, start, end);
    const mask = this.#tablePlaces - 1;
    const words = this.#words;
    const tag = tagOf(hash);
    for (let place = hash & mask; words[place] !== 0; place = (place + 1) & mask) {
      const word = words[place]!;
      if (word >>> 24 !== tag) continue;
      const position = (word & POSITION_MASK) - 1;
      this.#locate(position);
      if (this.#isField(buf, start, end)) return position;
    }
    return -1;
  }

  #walk(buf: Buffer, start: number, end: number): number {
    for (let position = 0; position < this.#size; position++) {
      this.#locate(position);
      if (this.#isField(buf, start, end)) return position;
    }
    return -1;
  }

  #isField(buf: Buffer, start: number, end: number): boolean {
    return isSameBytes(this.#buf, this.#fieldStart, this.#fieldEnd, buf, start, end);
  }

  #locate(position: number): void {
    if (position >= 0 && position < this.#size) {
      return this.#locateAt(this.#words[this.#tablePlaces + position]!);
    }
    throw new Error(`assertion failed: a hash of ${this.#size} has no position ${position}`);
  }

  #locateAt(start: number): void {
    const fieldBytes = this.#lengthAt(start);
    this.#fieldStart = start + this.#lengthBytes;
    this.#fieldEnd = this.#fieldStart + fieldBytes;
    const valueBytes = this.#lengthAt(this.#fieldEnd);
    this.#valueStart = this.#fieldEnd + this.#lengthBytes;
    this.#valueEnd = this.#valueStart + valueBytes;
  }

  #lengthAt(at: number): number {
    const buf = this.#buf;
    const low = buf[at]!;
    if (low < 0x80) {
      this.#lengthBytes = 1;
      return low;
    }
    let value = low & 0x7f;
    let scale = 0x80;
    let bytes = 1;
    for (let byte = 0x80; byte >= 0x80; scale *= 0x80) {
      byte = buf[at + bytes++]!;
      value += (byte & 0x7f) * scale;
    }
    this.#lengthBytes = bytes;
    return value;
  }

  // ---- Setting ----------------------------------------------------------------------------------

  /** Sets the pairs that are pieces of `from`. */
  protected setAll(reader: PieceReader, from: Bytes): void {
    while (reader.hasMore) {
      const pairStart = reader.at;
      reader.next();
      const { start, end } = reader;
      reader.next();
      const noted = notedLength(this.type, reader.buf, start, end, reader.end - reader.start);
      if (noted > this.longest) this.longest = noted;
      const hash = this.#hashOf(from.buf, start, end);
      const position = this.#find(from.buf, start, end, hash);
      if (position >= 0) this.#replace(position, from, pairStart, reader.end);
      else this.#add(from, pairStart, reader.end, hash);
    }
  }

  #add(from: Bytes, start: number, end: number, hash: number): void {
    const position = this.#size;
    const hadTable = this.#tablePlaces > 0;
    this.#reserve(end - start, position + 1);
    this.#words[this.#tablePlaces + position] = this.#append(from, start, end);
    this.#size = position + 1;
    this.peak = Math.max(this.peak, this.#size);
    if (hadTable) this.#enter(hash, position);
    else if (this.#tablePlaces > 0) this.#enter(this.#hashAt(position), position);
  }

  /** The field is located. */
  #replace(position: number, from: Bytes, start: number, end: number): void {
    const at = this.#words[this.#tablePlaces + position]!;
    const bytes = this.#valueEnd - at;
    if (bytes === end - start) {
      copyBytes(from, start, this.#buf, this.#view, at, bytes);
      return;
    }
    this.#reserve(end - start, this.#size);
    this.#words[this.#tablePlaces + position] = this.#append(from, start, end);
    this.#isInOrder = false;
    this.#dead += bytes;
    this.#maybeRepack();
  }

  /** Copies a pair to the end and returns where it is. There is room. */
  #append(from: Bytes, start: number, end: number): number {
    const at = this.#used;
    copyBytes(from, start, this.#buf, this.#view, at, end - start);
    this.#used += end - start;
    return at;
  }

  #maybeRepack(): void {
    if (this.#dead > this.#used / 4) this.#repack(0);
  }

  /** Makes room for so many bytes more, and for so many positions in all. */
  #reserve(bytes: number, positions: number): void {
    if (this.#used + bytes > this.#buf.length) this.#repack(bytes);
    const capacity = this.#words.length - this.#tablePlaces;
    if (positions > capacity) this.#resizeWords(positions);
  }

  /** Writes the pairs again, in the order of their positions, with room for so many bytes more. */
  #repack(roomBytes: number): void {
    const live = this.#used - this.#dead;
    const room = Math.max(32, this.#size < MANY_FIELDS ? roomBytesFor(live) : live >>> 3);
    const buf = Buffer.allocUnsafeSlow(live + Math.max(roomBytes, room));
    this.writePairs(buf, 0);
    this.#buf = buf;
    this.#view = viewOf(buf);
    this.#used = live;
    this.#dead = 0;
    this.#isInOrder = true;
    this.#setStarts();
  }

  /** All pairs, by position. */
  protected writePairs(into: Buffer, at: number): void {
    if (this.#isInOrder && this.#dead === 0) {
      this.#buf.copy(into, at, 0, this.#used);
      return;
    }
    const base = this.#tablePlaces;
    for (let position = 0; position < this.#size; position++) {
      const start = this.#words[base + position]!;
      this.#locateAt(start);
      this.#buf.copy(into, at, start, this.#valueEnd);
      at += this.#valueEnd - start;
    }
  }

  /** The pairs are in order: finds where each begins. */
  #setStarts(): void {
    const base = this.#tablePlaces;
    let at = 0;
    for (let position = 0; position < this.#size; position++) {
      this.#words[base + position] = at;
      this.#locateAt(at);
      at = this.#valueEnd;
    }
  }

  /** Takes packed pairs, none of which comes twice, for those that it has. */
  protected adopt(buf: Buffer, start: number, end: number): void {
    if (this.#buf.length < end - start || this.#used > 0) {
      this.#buf = Buffer.allocUnsafeSlow(end - start + roomBytesFor(end - start));
      this.#view = viewOf(this.#buf);
      this.#dead = this.#tablePlaces = 0;
      this.#isInOrder = true;
    }
    buf.copy(this.#buf, 0, start, end);
    this.#used = end - start;
    let count = 0;
    this.#valueEnd = 0;
    for (let at = 0; at < this.#used; at = this.#valueEnd, count++) this.#locateAt(at);
    if (this.#valueEnd > this.#used) throw new Error(`assertion failed: a pair of ${end - start}`);
    this.#size = this.peak = count;
    this.#words = new Uint32Array(count);
    this.#setStarts();
    if (count > HASH_INDEXED_FIELDS_MIN) this.#resizeWords(count);
  }

  // ---- The table --------------------------------------------------------------------------------

  /** A table and starts for so many positions and some more; enters all positions. */
  #resizeWords(positions: number): void {
    const starts = this.#words.subarray(this.#tablePlaces, this.#tablePlaces + this.#size);
    const roomy = positions + (positions >>> 2) + 2;
    let places = 0;
    let capacity = Math.min(roomy, HASH_INDEXED_FIELDS_MIN);
    if (positions > HASH_INDEXED_FIELDS_MIN) {
      places = placesFor(positions);
      capacity = Math.min(roomy, places / 2);
    }
    const words = new Uint32Array(places + capacity);
    words.set(starts, places);
    this.#words = words;
    this.#tablePlaces = places;
    this.#enterAll();
  }

  #enterAll(): void {
    if (this.#tablePlaces === 0) return;
    this.#words.fill(0, 0, this.#tablePlaces);
    for (let at = 0; at < this.#size; at++) this.#enter(this.#hashAt(at), at);
  }

  #enter(hash: number, position: number): void {
    enterField(this.#words, this.#tablePlaces, hash, position);
  }

  // ---- Removing ---------------------------------------------------------------------------------

  removeFields(reader: PieceReader): void {
    const isOrdered = this.#tablePlaces === 0 ||
      (this.type !== ZSET && this.#size <= HASH_ORDERED_FIELDS_MAX);
    const gaps: number[] = [];
    while (reader.hasMore) {
      reader.next();
      const { buf, start, end } = reader;
      const position = this.#find(buf, start, end, this.#hashOf(buf, start, end));
      if (position < 0 || gaps.includes(position)) {
        throw new Error('assertion failed: a delta removes a field that is not there');
      }
      const bytes = this.#valueEnd - this.#words[this.#tablePlaces + position]!;
      if (isOrdered) {
        gaps.push(position);
        this.#dead += bytes;
      } else this.#removeBySwap(position, bytes);
    }
    if (gaps.length === 1) this.#closeUpOne(gaps[0]!);
    if (gaps.length > 1) this.#closeUp(gaps);
    this.#maybeRepack();
    if (this.#words.length > SPARE_WORDS + 8 * this.#size) this.#resizeWords(this.#size);
  }

  #closeUpOne(gap: number): void {
    const base = this.#tablePlaces;
    const words = this.#words;
    if (base > 0) this.#leave(gap);
    words.copyWithin(base + gap, base + gap + 1, base + this.#size);
    this.#size--;
    closeUpTable(words, base, gap);
  }

  /** Takes the starts at some positions out; those behind move up. */
  #closeUp(gaps: readonly number[]): void {
    const base = this.#tablePlaces;
    const isGap = new Set(gaps);
    let to = 0;
    for (let from = 0; from < this.#size; from++) {
      if (!isGap.has(from)) this.#words[base + to++] = this.#words[base + from]!;
    }
    this.#size = to;
    this.#enterAll();
  }

  /** Takes a pair out of a hash of many fields: the last one moves to its place. */
  #removeBySwap(position: number, bytes: number): void {
    const base = this.#tablePlaces;
    const last = this.#size - 1;
    this.#leave(position);
    if (position !== last) {
      const hash = this.#leave(last);
      this.#words[base + position] = this.#words[base + last]!;
      this.#enter(hash, position);
      this.#isInOrder = false;
    }
    this.#size = last;
    this.#dead += bytes;
  }

  /** Takes a position out of the table; returns the hash of its field. */
  #leave(position: number): number {
    const hash = this.#hashAt(position);
    leaveField(this.#words, this.#tablePlaces, hash, position, (other) => this.#hashAt(other));
    return hash;
  }

  #hashAt(position: number): number {
    this.#locate(position);
    return this.#hashOf(this.#buf, this.#fieldStart, this.#fieldEnd);
  }
}
