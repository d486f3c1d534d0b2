/**
 * A small hash or set, read in place from its record and changed by writing it again: it has no
 * object and no memory of its own between two commands.
 *
 *     longest | peak | field | value | field | value ...        the base of a hash (hash-delta.ts)
 *
 * Fields are in the order of insertion. A look-up walks them: PACKED_BYTES_MAX bounds how far. One
 * with fields that expire is changed by making a block of it.
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import { isSameBytes } from '../../../lib/compare-bytes.ts';
import { readVarint, varintBytes, writeVarint } from '../../../lib/varint.ts';
import { copyBytes, viewOf, type Bytes } from '../../../lib/views.ts';
import type { PackedWriter } from '../collection-type.ts';
import { expiredByTimes, timesOf, type FieldTimes } from './field-times.ts';
import { HashBlock } from './hash-block.ts';
import {
  HASH_REMOVE, HASH_SET, hashHeadBytes, notedLength, type HashType,
} from './hash-delta.ts';
import { scanDown, type HashPage, type WholeHash } from './hash-view.ts';
import { PACKED_BYTES_MAX } from '../../limits.ts';
import { PieceReader } from '../../pieces.ts';
import { valueBehindExpiry } from './timed-pairs.ts';

/** Whether a small hash has fields that expire, without reading more than its head. */
export function isTimedPacked({ buf, start, end }: ByteRange): boolean {
  const peakAt = valueBehindExpiry(buf, start);
  return peakAt + 1 < end && buf[peakAt] === 0;
}

export class PackedHash implements WholeHash {
  readonly partCount = 1;
  readonly buf: Buffer;
  /** Over all of `buf`, if there is one. */
  readonly words: DataView | undefined;
  /** Where the pairs begin and end. */
  readonly start: number;
  readonly end: number;
  readonly longest: number;
  readonly peak: number;
  /** Its values have their expiry in front. */
  readonly isTimed: boolean;
  #times: FieldTimes | undefined;
  #size = -1;
  /** The pair that was located last: its position, where it begins, and its two pieces. */
  #position = -1;
  readonly #pair: PairReader;

  /** Over borrowed bytes. */
  constructor({ buf, start, end, words }: ByteRange) {
    const head = new PieceReader(buf, start, end);
    this.buf = buf;
    this.words = words;
    this.longest = head.number();
    const peak = head.number();
    this.isTimed = peak === 0 && head.hasMore;
    this.peak = this.isTimed ? head.number() : peak;
    this.start = head.at;
    this.end = end;
    this.#pair = new PairReader(buf, this.start, end);
  }

  /** Bytes of all of it. */
  get baseBytes(): number {
    return this.end - this.start + hashHeadBytes(this.longest, this.peak, this.isTimed);
  }

  get size(): number {
    if (this.#size < 0) this.#size = this.#count();
    return this.#size;
  }

  find({ buf, start, end }: ByteRange): number {
    const pair = this.#pair;
    pair.at = this.start;
    for (let position = 0; pair.next(); position++) {
      if (!pair.hasField(buf, start, end)) continue;
      this.#position = position;
      return position;
    }
    this.#position = -1;
    return -1;
  }

  get(field: ByteRange): ByteRange | undefined {
    return this.find(field) < 0 ? undefined : this.#value();
  }

  has(field: ByteRange): boolean {
    return this.find(field) >= 0;
  }

  fieldAt(position: number): ByteRange {
    this.#locate(position);
    const { buf, fieldStart, fieldEnd } = this.#pair;
    return new ByteRange(buf, fieldStart, fieldEnd);
  }

  valueAt(position: number): ByteRange {
    this.#locate(position);
    return this.#value();
  }

  nth(rank: number): number {
    return rank;
  }

  scan(cursor: number, count: number): HashPage {
    return scanDown(this.size, cursor, count);
  }

  #value(): ByteRange {
    const { buf, valueStart, at } = this.#pair;
    return new ByteRange(
      buf, this.isTimed ? valueBehindExpiry(buf, valueStart) : valueStart, at);
  }

  // ---- Fields that expire -----------------------------------------------------------------------

  get wholeSize(): number {
    return this.size;
  }

  get soonestMs(): number {
    return this.isTimed ? this.#findTimes().soonestMs : Infinity;
  }

  expiryAt(position: number): number {
    if (!this.isTimed) return 0;
    this.#locate(position);
    return readVarint(this.buf, this.#pair.valueStart, this.#pair.at);
  }

  partFirst(): number {
    return 0;
  }

  partSize(): number {
    return this.size;
  }

  partSoonestMs(): number {
    return this.soonestMs;
  }

  expiredIn(_part: number, nowMs: number): number {
    const known = expiredByTimes(this.isTimed ? this.#findTimes() : undefined, nowMs);
    if (known !== undefined) return known;
    return this.#expiries().filter((expiryMs) => expiryMs > 0 && expiryMs <= nowMs).length;
  }

  refreshTimes(): void {}

  #findTimes(): FieldTimes {
    this.#times ??= timesOf(this.#expiries());
    if (this.#times === undefined) throw new Error('assertion failed: no field expires');
    return this.#times;
  }

  #expiries(): number[] {
    return Array.from({ length: this.size }, (_, position) => this.expiryAt(position));
  }

  // ---- Walking ----------------------------------------------------------------------------------

  #count(): number {
    const pair = new PairReader(this.buf, this.start, this.end);
    let count = 0;
    while (pair.next()) count++;
    return count;
  }

  /** Walks on from the last position, or from the first one if that is behind. */
  #locate(position: number): void {
    const pair = this.#pair;
    if (this.#position < 0 || position < this.#position) {
      this.#position = -1;
      pair.at = this.start;
    }
    for (; this.#position < position; this.#position++) {
      if (!pair.next()) throw new Error(`assertion failed: a hash has no position ${position}`);
    }
  }
}

/** Walks pairs. */
class PairReader {
  buf: Buffer;
  /** Where the next pair begins, which is where the value of this one ends. */
  at: number;
  limit: number;
  pairStart = 0;
  fieldStart = 0;
  fieldEnd = 0;
  /** Where the length of the value stands, and the value. */
  valueAt = 0;
  valueStart = 0;

  constructor(buf: Buffer, start: number, limit: number) {
    this.buf = buf;
    this.at = start;
    this.limit = limit;
  }

  /** Moves to the next pair; false behind the last one. */
  next(): boolean {
    if (this.at >= this.limit) return false;
    this.pairStart = this.at;
    const fieldBytes = this.#length(this.at);
    this.fieldStart = this.at;
    this.fieldEnd = this.valueAt = this.at + fieldBytes;
    const valueBytes = this.#length(this.fieldEnd);
    this.valueStart = this.at;
    this.at += valueBytes;
    if (this.at > this.limit) {
      throw new Error(`assertion failed: a pair at ${this.pairStart} of ${this.limit}`);
    }
    return true;
  }

  hasField(buf: Buffer, start: number, end: number): boolean {
    return isSameBytes(this.buf, this.fieldStart, this.fieldEnd, buf, start, end);
  }

  /** Reads a length of at most two bytes at `from`, and moves `at` behind it. */
  #length(from: number): number {
    const low = this.buf[from]!;
    if (low < 0x80) {
      this.at = from + 1;
      return low;
    }
    this.at = from + 2;
    return (low & 0x7f) + this.buf[from + 1]! * 0x80;
  }
}

/** Bytes of what is in front of the pairs, at most: two varints below 2^49, and one of 0. */
export const HASH_HEAD_BYTES_MAX = 16;

/**
 * Makes the bytes of a changed small hash, one at a time, in memory that it keeps. What `change`
 * gives is borrowed until the next call.
 */
export class PackedHashWriter implements PackedWriter {
  readonly #type: HashType;
  readonly #buf = Buffer.alloc(HASH_HEAD_BYTES_MAX + PACKED_BYTES_MAX);
  readonly #words = viewOf(this.#buf);
  readonly #pair = new PairReader(this.#buf, HASH_HEAD_BYTES_MAX, HASH_HEAD_BYTES_MAX);
  readonly #range = new ByteRange(this.#buf, 0, 0, this.#words);
  #end = HASH_HEAD_BYTES_MAX;
  #longest = 0;
  #peak = 0;
  growth = 0;
  isEmpty = false;

  constructor(type: HashType) {
    this.#type = type;
  }

  change(packed: ByteRange | null, delta: ByteRange): ByteRange | undefined {
    const op = delta.buf[delta.start];
    const isTimed = packed !== null && isTimedPacked(packed);
    if (isTimed || (op !== HASH_SET && op !== HASH_REMOVE)) return this.#changeTimed(packed, delta);
    const pairsAt = packed === null ? 0 : this.#readHead(packed);
    const pairsBytes = packed === null ? 0 : packed.end - pairsAt;
    const isRemoval = op === HASH_REMOVE;
    const grown = pairsBytes + (isRemoval ? 0 : delta.length);
    if (grown > PACKED_BYTES_MAX - HASH_HEAD_BYTES_MAX) return undefined;
    if (packed === null) this.#longest = this.#peak = 0;
    else this.#copy(packed, pairsAt, HASH_HEAD_BYTES_MAX, pairsBytes);
    this.#end = HASH_HEAD_BYTES_MAX + pairsBytes;
    this.growth = 0;
    const pieces = new PieceReader(delta.buf, delta.start + 1, delta.end);
    if (isRemoval) this.#removeAll(pieces);
    else this.#setAll(pieces, delta);
    this.isEmpty = this.#end === HASH_HEAD_BYTES_MAX;
    return this.#finish();
  }

  /** As a block does it: fewer hashes have fields that expire than have to be fast. */
  #changeTimed(packed: ByteRange | null, delta: ByteRange): ByteRange | undefined {
    const block = packed === null
      ? new HashBlock(this.#type)
      : HashBlock.ofBase(this.#type, packed.buf, packed.start, packed.end);
    const before = block.size;
    block.applyDelta(delta.buf, delta.start, delta.end, delta.words);
    if (block.baseBytes > PACKED_BYTES_MAX) return undefined;
    this.growth = block.size - before;
    this.isEmpty = block.size === 0;
    return new ByteRange(block.encodeBase());
  }

  /** Returns where the pairs begin. */
  #readHead({ buf, start, end }: ByteRange): number {
    const head = new PieceReader(buf, start, end);
    this.#longest = head.number();
    this.#peak = head.number();
    return head.at;
  }

  #setAll(pieces: PieceReader, from: Bytes): void {
    while (pieces.hasMore) {
      const pairStart = pieces.at;
      pieces.next();
      const { start, end } = pieces;
      const valueAt = pieces.at;
      pieces.next();
      const valueBytes = pieces.end - pieces.start;
      const noted = notedLength(this.#type, pieces.buf, start, end, valueBytes);
      if (noted > this.#longest) this.#longest = noted;
      const size = this.#find(pieces.buf, start, end);
      if (size < 0) this.#replaceValue(from, valueAt, pieces.end);
      else this.#append(from, pairStart, pieces.end, size);
    }
  }

  /** -1 with the pair at the field, or how many pairs there are without it. */
  #find(buf: Buffer, start: number, end: number): number {
    const pair = this.#pair;
    pair.at = HASH_HEAD_BYTES_MAX;
    pair.limit = this.#end;
    let count = 0;
    for (; pair.next(); count++) if (pair.hasField(buf, start, end)) return -1;
    return count;
  }

  #append(from: Bytes, start: number, end: number, size: number): void {
    this.#copy(from, start, this.#end, end - start);
    this.#end += end - start;
    this.growth++;
    if (size >= this.#peak) this.#peak = size + 1;
  }

  /** The bytes have the value's length in front. */
  #replaceValue(from: Bytes, start: number, end: number): void {
    const { valueAt, at } = this.#pair;
    this.#move(at, valueAt + end - start);
    this.#copy(from, start, valueAt, end - start);
  }

  #removeAll(pieces: PieceReader): void {
    while (pieces.hasMore) {
      pieces.next();
      if (this.#find(pieces.buf, pieces.start, pieces.end) >= 0) {
        throw new Error('assertion failed: a delta removes a field that is not there');
      }
      this.#move(this.#pair.at, this.#pair.pairStart);
      this.growth--;
    }
  }

  #copy(from: Bytes, start: number, at: number, length: number): void {
    copyBytes(from, start, this.#buf, this.#words, at, length);
  }

  /** Moves everything from one offset on to another one. */
  #move(from: number, to: number): void {
    if (from !== to) this.#buf.copyWithin(to, from, this.#end);
    this.#end += to - from;
  }

  #finish(): ByteRange {
    const headBytes = varintBytes(this.#longest) + varintBytes(this.#peak);
    const start = HASH_HEAD_BYTES_MAX - headBytes;
    writeVarint(this.#buf, writeVarint(this.#buf, start, this.#longest), this.#peak);
    this.#range.start = start;
    this.#range.end = this.#end;
    return this.#range;
  }
}
