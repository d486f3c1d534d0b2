/**
 * A medium sorted set: a hash from members to scores (hash-block.ts), and beside it the members in
 * order (sorted-block.ts), which is made when a rank is asked for. A large one has many of both.
 *
 * Its base is in order, so that it is a small one as it stands when it has become short.
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import { compareBytes } from '../../../lib/compare-bytes.ts';
import { varintBytes, writeVarint } from '../../../lib/varint.ts';
import type { LiveValue, Snapshot } from '../../live-value.ts';
import { PieceReader } from '../../pieces.ts';
import { ZSET } from '../../value-type.ts';
import { HashBlock } from '../hash/hash-block.ts';
import type { HashPage } from '../hash/hash-view.ts';
import { onePage } from '../one-page.ts';
import { SortedBlock } from './sorted-block.ts';
import { ZSET_SET } from './zset-delta.ts';
import { scanByHash, type VisitMember, type ZsetView } from './zset-view.ts';

/** RAM of one beside its two parts. */
const EMPTY_BYTES = 100;

/** Deltas that are longer than half of the set and this make the order again. */
const BULK_BYTES_MIN = 1024;

const NO_BYTES = Buffer.alloc(0);

export class ZsetBlock implements LiveValue, ZsetView {
  readonly type = ZSET;
  /** From members to scores. Positions mean nothing. */
  readonly scores: HashBlock;
  #order: SortedBlock | undefined;
  readonly #member = new ByteRange(NO_BYTES);

  constructor(scores: HashBlock) {
    this.scores = scores;
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(buf: Buffer, start: number, end: number): ZsetBlock {
    return new ZsetBlock(HashBlock.ofBase(ZSET, buf, start, end));
  }

  get size(): number {
    return this.scores.size;
  }

  get longest(): number {
    return this.scores.longest;
  }

  get peak(): number {
    return this.scores.peak;
  }

  get baseBytes(): number {
    return this.scores.baseBytes;
  }

  get memoryBytes(): number {
    return EMPTY_BYTES + this.scores.memoryBytes + (this.#order?.memoryBytes ?? this.baseBytes);
  }

  /** The members in order; borrowed until the next change. */
  get order(): SortedBlock {
    this.#order ??= orderOf(this.scores);
    return this.#order;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  scoreOf(member: ByteRange): number | undefined {
    const score = this.scores.get(member);
    return score === undefined ? undefined : doubleAt(score);
  }

  rankOf(member: ByteRange): number {
    const score = this.scoreOf(member);
    if (score === undefined) return -1;
    return this.order.indexOf(score, member.buf, member.start, member.end);
  }

  rankOfScore(score: number, isOpen: boolean): number {
    return this.order.countBelowScore(score, isOpen);
  }

  rankOfMember(member: ByteRange, isOpen: boolean): number {
    return this.order.countBelowMember(member, isOpen);
  }

  walk(rank: number, count: number, step: 1 | -1, visit: VisitMember): void {
    const { order } = this;
    const member = new ByteRange(NO_BYTES);
    for (let at = rank, left = count; left > 0; left--, at += step) {
      visit(order.memberInto(at, member), order.scoreAt(at));
    }
  }

  scan(cursor: number, count: number): HashPage {
    return scanByHash(this, cursor, count);
  }

  scannedAt(position: number): ByteRange {
    return this.order.memberAt(position);
  }

  scannedScoreAt(position: number): number {
    return this.order.scoreAt(position);
  }

  // ---- Changing ---------------------------------------------------------------------------------

  applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void {
    const order = this.#order;
    if (order !== undefined) {
      if (end - start > BULK_BYTES_MIN + this.baseBytes / 2) this.#order = undefined;
      else if (buf[start] === ZSET_SET) this.#setInOrder(order, buf, start, end);
      else this.#removeFromOrder(order, buf, start, end);
    }
    this.scores.applyDelta(buf, start, end, words);
  }

  #setInOrder(order: SortedBlock, buf: Buffer, start: number, end: number): void {
    const pieces = new PieceReader(buf, start + 1, end);
    while (pieces.hasMore) {
      const member = this.#nextMember(pieces);
      pieces.next();
      const score = buf.readDoubleLE(pieces.start);
      const before = this.scoreOf(member);
      if (before !== undefined) {
        if (Object.is(before, score)) continue;
        order.remove(buf, member.start, member.end, before);
      }
      order.insert(buf, member.start, member.end, score);
    }
  }

  #removeFromOrder(order: SortedBlock, buf: Buffer, start: number, end: number): void {
    const pieces = new PieceReader(buf, start + 1, end);
    while (pieces.hasMore) {
      const member = this.#nextMember(pieces);
      const score = this.scoreOf(member);
      // Of one that is not there the hash says it.
      if (score !== undefined) order.remove(buf, member.start, member.end, score);
    }
  }

  #nextMember(pieces: PieceReader): ByteRange {
    const member = this.#member;
    pieces.next();
    member.buf = pieces.buf;
    member.start = pieces.start;
    member.end = pieces.end;
    return member;
  }

  copy(): ZsetBlock {
    return new ZsetBlock(this.scores.copy());
  }

  encodeBase(): Buffer {
    const { longest, peak } = this;
    const base = Buffer.allocUnsafe(this.baseBytes);
    const at = writeVarint(base, writeVarint(base, 0, longest), peak);
    if (base.length - at !== this.order.baseBytes) {
      throw new Error(`assertion failed: an order of ${this.order.baseBytes} bytes of pairs, ` +
        `and ${base.length - varintBytes(longest) - varintBytes(peak)} of them by member`);
    }
    this.order.writePairs(base, at);
    return base;
  }

  /** In one page: only one with a huge member is larger than a block. */
  snapshot(): Snapshot {
    return onePage(this.encodeBase());
  }
}

/** The score that a value of a hash of scores is. */
export function doubleAt({ buf, start, words }: ByteRange): number {
  return words === undefined ? buf.readDoubleLE(start) : words.getFloat64(start, true);
}

/** The members of a hash of scores in order. */
export function orderOf(hash: HashBlock): SortedBlock {
  const { size } = hash;
  const scores = Float64Array.from({ length: size }, (_, at) => doubleAt(hash.valueAt(at)));
  const members = Array.from({ length: size }, (_, at) => hash.fieldAt(at));
  const positions = Uint32Array.from({ length: size }, (_, at) => at);
  positions.sort((a, b) => scores[a]! - scores[b]! || compareRanges(members[a]!, members[b]!));
  const order = new SortedBlock(hash.baseBytes, size);
  for (const at of positions) {
    const { buf, start, end } = members[at]!;
    order.append(buf, start, end, scores[at]!);
  }
  return order;
}

function compareRanges(a: ByteRange, b: ByteRange): number {
  return compareBytes(a.buf, a.start, a.end, b.buf, b.start, b.end);
}
