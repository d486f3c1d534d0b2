/**
 * Members in the order of (score, member): a block of the order of a large sorted set, and the
 * whole order of a medium one.
 *
 *     #buf      03 bob | 03 ann | 03 eve ...      pieces, in the order in which they came
 *     #scores   1        1        7.5             in the order of (score, member)
 *     #starts   4        0        8               where the member's piece begins, likewise
 *
 * A search looks at scores side by side, and at members where scores are equal. The bytes of one
 * that was removed are dead until a quarter of the bytes is: then they are written again.
 *
 *     base:  member | score | member | score ...   in order; see zset-delta.ts for its deltas
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import { compareBytes } from '../../../lib/compare-bytes.ts';
import { KiB } from '../../../lib/size-units.ts';
import { readVarint, varintBytes, writeVarint } from '../../../lib/varint.ts';
import { viewOf } from '../../../lib/views.ts';
import { PieceReader, pieceBytes, type DeltaWriter } from '../../pieces.ts';
import type { Block } from '../block-slot.ts';
import { SCORE_BYTES, SCORE_PIECE_BYTES, ZSET_REMOVE, ZSET_SET } from './zset-delta.ts';

/** RAM of one beside its memory: the object, a Buffer, two arrays, a view. */
const EMPTY_BYTES = 600;

/** Room for bytes to come: an eighth of what is there, up to this. */
const ROOM_BYTES_MAX = 8 * KiB;

const CAPACITY_MIN = 8;
const NO_BYTES = Buffer.alloc(0);

export class SortedBlock implements Block {
  #buf: Buffer = NO_BYTES;
  /** Bytes of `#buf` in use, dead ones included, and how many are dead. */
  #used = 0;
  #dead = 0;
  #size = 0;
  #scores = new Float64Array(0);
  #starts = new Uint32Array(0);
  /** Of the member that was located last. */
  #memberStart = 0;
  #memberEnd = 0;

  /** Has room for so many bytes of members, and so many of them. */
  constructor(roomBytes = 0, roomMembers = 0) {
    this.#buf = Buffer.allocUnsafeSlow(roomBytes);
    this.#scores = new Float64Array(roomMembers);
    this.#starts = new Uint32Array(roomMembers);
  }

  /** For so many bytes of members, and as many of them, and some to come. */
  static withRoom(memberBytes: number, members: number): SortedBlock {
    return new SortedBlock(memberBytes + roomFor(memberBytes), members + (members >>> 3));
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(buf: Buffer, start: number, end: number): SortedBlock {
    const words = viewOf(buf);
    const reader = new PieceReader(buf, start, end);
    let count = 0;
    for (; reader.hasMore; count++) {
      reader.next();
      reader.next();
    }
    const block = SortedBlock.withRoom(end - start - count * SCORE_PIECE_BYTES, count);
    const pairs = new PieceReader(buf, start, end);
    while (pairs.hasMore) {
      pairs.next();
      const { start: memberStart, end: memberEnd } = pairs;
      pairs.next();
      block.append(buf, memberStart, memberEnd, words.getFloat64(pairs.start, true));
    }
    return block;
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return EMPTY_BYTES + this.#buf.length + this.#scores.byteLength + this.#starts.byteLength;
  }

  get baseBytes(): number {
    return this.memberBytes + this.#size * SCORE_PIECE_BYTES;
  }

  /** Bytes of the members with their lengths. */
  get memberBytes(): number {
    return this.#used - this.#dead;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  scoreAt(index: number): number {
    return this.#scores[this.#mustHave(index)]!;
  }

  memberAt(index: number): ByteRange {
    return this.memberInto(index, new ByteRange(NO_BYTES));
  }

  /** Points a range at a member: borrowed until the next change. */
  memberInto(index: number, range: ByteRange): ByteRange {
    this.#locate(this.#mustHave(index));
    range.buf = this.#buf;
    range.words = undefined;
    range.start = this.#memberStart;
    range.end = this.#memberEnd;
    return range;
  }

  /** Adds the pair at an index to pieces. */
  writePair(index: number, writer: DeltaWriter): void {
    this.#locate(this.#mustHave(index));
    writer.bytes(this.#buf, this.#memberStart, this.#memberEnd);
    writer.double(this.#scores[index]!);
  }

  /** Bytes that a pair takes in a base. */
  pairBytes(index: number): number {
    this.#locate(this.#mustHave(index));
    return pieceBytes(this.#memberEnd - this.#memberStart) + SCORE_PIECE_BYTES;
  }

  /** How many members come before (score, member). */
  countBelow(score: number, buf: Buffer, start: number, end: number): number {
    const scores = this.#scores;
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = scores[middle]!;
      const isBelow = other === score ? this.#compare(middle, buf, start, end) < 0 : other < score;
      if (isBelow) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many have a score below this one, or not above it. */
  countBelowScore(score: number, withEqual: boolean): number {
    const scores = this.#scores;
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = scores[middle]!;
      if (other < score || (withEqual && other === score)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many members come before this one, or not behind it, where all scores are equal. */
  countBelowMember({ buf, start, end }: ByteRange, withEqual: boolean): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(middle, buf, start, end);
      if (order < 0 || (withEqual && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of a pair that is there. */
  indexOf(score: number, buf: Buffer, start: number, end: number): number {
    const index = this.countBelow(score, buf, start, end);
    if (index < this.#size && this.#scores[index] === score &&
      this.#compare(index, buf, start, end) === 0) return index;
    throw new Error(`assertion failed: a member of score ${score} is not in its place`);
  }

  #compare(index: number, buf: Buffer, start: number, end: number): number {
    this.#locate(index);
    return compareBytes(this.#buf, this.#memberStart, this.#memberEnd, buf, start, end);
  }

  #locate(index: number): void {
    const at = this.#starts[index]!;
    const low = this.#buf[at]!;
    if (low < 0x80) {
      this.#memberStart = at + 1;
      this.#memberEnd = at + 1 + low;
      return;
    }
    const length = readVarint(this.#buf, at, this.#used);
    this.#memberStart = at + varintBytes(length);
    this.#memberEnd = this.#memberStart + length;
  }

  #mustHave(index: number): number {
    if (index >= 0 && index < this.#size) return index;
    throw new Error(`assertion failed: an order of ${this.#size} members has no index ${index}`);
  }

  // ---- Changing ---------------------------------------------------------------------------------

  /** A delta of one pair (zset-delta.ts): the score's piece is at its end. */
  applyDelta(buf: Buffer, start: number, end: number): void {
    const op = buf[start];
    const length = readVarint(buf, start + 1, end);
    const memberStart = start + 1 + varintBytes(length);
    const memberEnd = memberStart + length;
    if (memberEnd + SCORE_PIECE_BYTES !== end || buf[memberEnd] !== SCORE_BYTES) {
      throw new Error(`assertion failed: ${end - start} bytes for a member of ${length}`);
    }
    const score = buf.readDoubleLE(memberEnd + 1);
    if (op === ZSET_SET) this.insert(buf, memberStart, memberEnd, score);
    else if (op === ZSET_REMOVE) this.remove(buf, memberStart, memberEnd, score);
    else throw new Error(`assertion failed: a delta of an order begins with ${op}`);
  }

  insert(buf: Buffer, start: number, end: number, score: number): void {
    this.#insertAt(this.countBelow(score, buf, start, end), buf, start, end, score);
  }

  /** Adds a member that comes behind all others. */
  append(buf: Buffer, start: number, end: number, score: number): void {
    this.#insertAt(this.#size, buf, start, end, score);
  }

  #insertAt(index: number, buf: Buffer, start: number, end: number, score: number): void {
    const size = this.#size;
    this.#reserve(pieceBytes(end - start));
    if (index < size) {
      this.#scores.copyWithin(index + 1, index, size);
      this.#starts.copyWithin(index + 1, index, size);
    }
    this.#scores[index] = score;
    this.#starts[index] = this.#used;
    this.#used = putPiece(this.#buf, this.#used, buf, start, end);
    this.#size = size + 1;
  }

  remove(buf: Buffer, start: number, end: number, score: number): void {
    const index = this.indexOf(score, buf, start, end);
    this.#dead += pieceBytes(end - start);
    this.#scores.copyWithin(index, index + 1, this.#size);
    this.#starts.copyWithin(index, index + 1, this.#size);
    this.#size--;
    if (this.#dead > this.#used / 4) this.#repack(0);
    if (this.#scores.length > 4 * this.#size + CAPACITY_MIN) this.#resize(this.#size);
  }

  /** Makes room for a member of so many bytes. */
  #reserve(bytes: number): void {
    if (this.#used + bytes > this.#buf.length) {
      if (this.#dead > this.#used / 8) this.#repack(bytes);
      else this.#grow(bytes);
    }
    if (this.#size >= this.#scores.length) this.#resize(this.#size + 1);
  }

  /** In one piece, with what is dead. */
  #grow(bytes: number): void {
    const buf = Buffer.allocUnsafeSlow(this.#used + Math.max(bytes, roomFor(this.#used)));
    this.#buf.copy(buf, 0, 0, this.#used);
    this.#buf = buf;
  }

  #resize(members: number): void {
    const capacity = members + (members >>> 3) + CAPACITY_MIN;
    const scores = new Float64Array(capacity);
    scores.set(this.#scores.subarray(0, this.#size));
    const starts = new Uint32Array(capacity);
    starts.set(this.#starts.subarray(0, this.#size));
    this.#scores = scores;
    this.#starts = starts;
  }

  /** Writes the members again, in order, with room for so many bytes more. */
  #repack(roomBytes: number): void {
    const live = this.#used - this.#dead;
    const buf = Buffer.allocUnsafeSlow(live + Math.max(roomBytes, roomFor(live)));
    let at = 0;
    for (let index = 0; index < this.#size; index++) {
      const start = this.#starts[index]!;
      this.#locate(index);
      this.#starts[index] = at;
      at = putBytes(buf, at, this.#buf, start, this.#memberEnd);
    }
    this.#buf = buf;
    this.#used = live;
    this.#dead = 0;
  }

  encodeBase(): Buffer {
    const base = Buffer.allocUnsafe(this.baseBytes);
    this.writePairs(base, 0);
    return base;
  }

  /** Writes all pairs in order. */
  writePairs(into: Buffer, at: number): void {
    for (let index = 0; index < this.#size; index++) {
      const start = this.#starts[index]!;
      this.#locate(index);
      at = putBytes(into, at, this.#buf, start, this.#memberEnd);
      into[at] = SCORE_BYTES;
      at = into.writeDoubleLE(this.#scores[index]!, at + 1);
    }
  }
}

function roomFor(bytes: number): number {
  return Math.max(32, Math.min(bytes >>> 3, ROOM_BYTES_MAX));
}

/** Members of so many bytes and more are copied by a call out of JavaScript. */
const COPY_IN_LOOP_BYTES_MAX = 40;

function putPiece(into: Buffer, at: number, from: Buffer, start: number, end: number): number {
  return putBytes(into, writeVarint(into, at, end - start), from, start, end);
}

/** Returns the offset behind. */
function putBytes(into: Buffer, at: number, from: Buffer, start: number, end: number): number {
  if (end - start > COPY_IN_LOOP_BYTES_MAX) return at + from.copy(into, at, start, end);
  let to = at;
  for (let i = start; i < end; i++) into[to++] = from[i]!;
  return to;
}
