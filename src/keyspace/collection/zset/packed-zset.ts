/**
 * A small sorted set, read in place from its record and changed by writing it again: it has no
 * object and no memory of its own between two commands.
 *
 *     longest | peak | member | score | member | score ...      in the order of (score, member)
 *
 * The same bytes are the base of a medium one (zset-block.ts). A look-up walks the pairs:
 * PACKED_BYTES_MAX bounds how far.
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import { compareBytes, isSameBytes } from '../../../lib/compare-bytes.ts';
import { varintBytes, writeVarint } from '../../../lib/varint.ts';
import { copyBytes, viewOf, type Bytes } from '../../../lib/views.ts';
import { PACKED_BYTES_MAX } from '../../limits.ts';
import { PieceReader } from '../../pieces.ts';
import type { PackedWriter } from '../collection-type.ts';
import type { HashPage } from '../hash/hash-view.ts';
import { SCORE_BYTES, SCORE_PIECE_BYTES, ZSET_REMOVE, ZSET_SET } from './zset-delta.ts';
import { scanByHash, type VisitMember, type ZsetView } from './zset-view.ts';

/** Walks pairs. */
class PairReader {
  buf: Buffer;
  /** Over all of `buf`, if there is one. */
  readonly #words: DataView | undefined;
  /** Where the next pair begins. */
  at: number;
  limit: number;
  pairStart = 0;
  memberStart = 0;
  memberEnd = 0;

  constructor(buf: Buffer, words: DataView | undefined, start: number, limit: number) {
    this.buf = buf;
    this.#words = words;
    this.at = start;
    this.limit = limit;
  }

  /** Moves to the next pair; false behind the last one. */
  next(): boolean {
    const { at, buf, limit } = this;
    if (at >= limit) return false;
    this.pairStart = at;
    let length = buf[at]!;
    this.memberStart = at + 1;
    if (length >= 0x80) {
      length = (length & 0x7f) + buf[at + 1]! * 0x80;
      this.memberStart = at + 2;
    }
    this.memberEnd = this.memberStart + length;
    this.at = this.memberEnd + SCORE_PIECE_BYTES;
    if (this.at > limit || buf[this.memberEnd] !== SCORE_BYTES) {
      throw new Error(`assertion failed: a pair at ${at} of ${limit}`);
    }
    return true;
  }

  score(): number {
    const at = this.memberEnd + 1;
    return this.#words === undefined
      ? this.buf.readDoubleLE(at) : this.#words.getFloat64(at, true);
  }

  hasMember(buf: Buffer, start: number, end: number): boolean {
    return isSameBytes(this.buf, this.memberStart, this.memberEnd, buf, start, end);
  }

  compareMember(buf: Buffer, start: number, end: number): number {
    return compareBytes(this.buf, this.memberStart, this.memberEnd, buf, start, end);
  }
}

export class PackedZset implements ZsetView {
  readonly longest: number;
  readonly peak: number;
  readonly #start: number;
  readonly #pair: PairReader;
  /** Where the pairs begin, by rank; made when a rank is asked for. */
  #starts: number[] | undefined;

  /** Over borrowed bytes. */
  constructor({ buf, start, end, words }: ByteRange) {
    const head = new PieceReader(buf, start, end);
    this.longest = head.number();
    this.peak = head.number();
    this.#start = head.at;
    this.#pair = new PairReader(buf, words, this.#start, end);
  }

  get size(): number {
    if (this.#starts !== undefined) return this.#starts.length;
    let count = 0;
    for (const pair = this.#first(); pair.next();) count++;
    return count;
  }

  scoreOf(member: ByteRange): number | undefined {
    return this.rankOf(member) < 0 ? undefined : this.#pair.score();
  }

  rankOf({ buf, start, end }: ByteRange): number {
    const pair = this.#first();
    for (let rank = 0; pair.next(); rank++) if (pair.hasMember(buf, start, end)) return rank;
    return -1;
  }

  rankOfScore(score: number, isOpen: boolean): number {
    const pair = this.#first();
    let rank = 0;
    while (pair.next()) {
      const other = pair.score();
      if (other > score || (!isOpen && other === score)) break;
      rank++;
    }
    return rank;
  }

  rankOfMember({ buf, start, end }: ByteRange, isOpen: boolean): number {
    const pair = this.#first();
    let rank = 0;
    while (pair.next()) {
      const order = pair.compareMember(buf, start, end);
      if (order > 0 || (!isOpen && order === 0)) break;
      rank++;
    }
    return rank;
  }

  walk(rank: number, count: number, step: 1 | -1, visit: VisitMember): void {
    const member = new ByteRange(this.#pair.buf);
    for (let at = rank, left = count; left > 0; left--, at += step) {
      const { memberEnd, memberStart } = this.#locate(at);
      member.start = memberStart;
      member.end = memberEnd;
      visit(member, this.#pair.score());
    }
  }

  scan(cursor: number, count: number): HashPage {
    return scanByHash(this, cursor, count);
  }

  scannedAt(position: number): ByteRange {
    const { buf, memberEnd, memberStart } = this.#locate(position);
    return new ByteRange(buf, memberStart, memberEnd);
  }

  scannedScoreAt(position: number): number {
    return this.#locate(position).score();
  }

  #first(): PairReader {
    this.#pair.at = this.#start;
    return this.#pair;
  }

  #locate(rank: number): PairReader {
    const start = this.#pairStarts()[rank];
    if (start === undefined) {
      throw new Error(`assertion failed: a sorted set has no rank ${rank}`);
    }
    this.#pair.at = start;
    this.#pair.next();
    return this.#pair;
  }

  #pairStarts(): readonly number[] {
    if (this.#starts !== undefined) return this.#starts;
    const starts: number[] = [];
    for (const pair = this.#first(); pair.next();) starts.push(pair.pairStart);
    this.#starts = starts;
    return starts;
  }
}

/** Bytes of what is in front of the pairs, at most: two varints below 2^53. */
const HEAD_BYTES_MAX = 16;

/**
 * Makes the bytes of a changed small sorted set, one at a time, in memory that it keeps. What
 * `change` gives is borrowed until the next call.
 */
export class PackedZsetWriter implements PackedWriter {
  readonly #buf = Buffer.alloc(HEAD_BYTES_MAX + PACKED_BYTES_MAX);
  readonly #words = viewOf(this.#buf);
  readonly #pair = new PairReader(
    this.#buf, this.#words, HEAD_BYTES_MAX, HEAD_BYTES_MAX);
  readonly #range = new ByteRange(this.#buf, 0, 0, this.#words);
  #end = HEAD_BYTES_MAX;
  #longest = 0;
  #peak = 0;
  growth = 0;
  isEmpty = false;

  change(packed: ByteRange | null, delta: ByteRange): ByteRange | undefined {
    const pairsAt = packed === null ? 0 : this.#readHead(packed);
    const pairsBytes = packed === null ? 0 : packed.end - pairsAt;
    const op = delta.buf[delta.start];
    const grown = pairsBytes + (op === ZSET_REMOVE ? 0 : delta.length);
    if (grown > PACKED_BYTES_MAX - HEAD_BYTES_MAX) return undefined;
    if (packed === null) this.#longest = this.#peak = 0;
    else copyBytes(packed, pairsAt, this.#buf, this.#words, HEAD_BYTES_MAX, pairsBytes);
    this.#end = HEAD_BYTES_MAX + pairsBytes;
    this.growth = 0;
    const pieces = new PieceReader(delta.buf, delta.start + 1, delta.end);
    if (op === ZSET_REMOVE) this.#removeAll(pieces);
    else if (op === ZSET_SET) this.#setAll(pieces, delta);
    else throw new Error(`assertion failed: a delta begins with ${op}`);
    this.isEmpty = this.#end === HEAD_BYTES_MAX;
    return this.#finish();
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
      const pairAt = pieces.at;
      pieces.next();
      const { start, end } = pieces;
      pieces.next();
      if (end - start > this.#longest) this.#longest = end - start;
      this.#set(pieces, from, pairAt, start, end);
    }
  }

  /** Sets a member to the score that the reader is at; the pair begins at `pairAt`. */
  #set(pieces: PieceReader, from: Bytes, pairAt: number, start: number, end: number): void {
    const { buf } = pieces;
    const score = buf.readDoubleLE(pieces.start);
    const pairBytes = pieces.end - pairAt;
    const pair = this.#first();
    let insertAt = -1;
    let foundAt = -1;
    let size = 0;
    for (; pair.next(); size++) {
      const order = pair.compareMember(buf, start, end);
      const other = pair.score();
      if (order === 0) {
        if (Object.is(other, score)) return;
        foundAt = pair.pairStart;
      } else if (insertAt < 0 && (other > score || (other === score && order > 0))) {
        insertAt = pair.pairStart;
      }
    }
    if (insertAt < 0) insertAt = this.#end;
    if (foundAt >= 0) {
      this.#move(foundAt + pairBytes, foundAt);
      if (insertAt > foundAt) insertAt -= pairBytes;
    } else this.#noteAdded(size);
    this.#move(insertAt, insertAt + pairBytes);
    copyBytes(from, pairAt, this.#buf, this.#words, insertAt, pairBytes);
  }

  /** The peak is that of pairs that one delta has added so far, as with a medium one. */
  #noteAdded(before: number): void {
    this.growth++;
    if (before >= this.#peak) this.#peak = before + 1;
  }

  #removeAll(pieces: PieceReader): void {
    while (pieces.hasMore) {
      pieces.next();
      const pair = this.#first();
      let isThere = false;
      while (!isThere && pair.next()) {
        isThere = pair.hasMember(pieces.buf, pieces.start, pieces.end);
      }
      if (!isThere) throw new Error('assertion failed: a delta removes a member that is not there');
      this.#move(pair.at, pair.pairStart);
      this.growth--;
    }
  }

  #first(): PairReader {
    const pair = this.#pair;
    pair.at = HEAD_BYTES_MAX;
    pair.limit = this.#end;
    return pair;
  }

  /** Moves everything from one offset on to another one. */
  #move(from: number, to: number): void {
    if (from !== to) this.#buf.copyWithin(to, from, this.#end);
    this.#end += to - from;
  }

  #finish(): ByteRange {
    const headBytes = varintBytes(this.#longest) + varintBytes(this.#peak);
    const start = HEAD_BYTES_MAX - headBytes;
    writeVarint(this.#buf, writeVarint(this.#buf, start, this.#longest), this.#peak);
    this.#range.start = start;
    this.#range.end = this.#end;
    return this.#range;
  }
}
