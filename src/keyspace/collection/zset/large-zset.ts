/**
 * A large sorted set: the members with their scores in blocks by the salted hash of the member
 * (hashed-blocks.ts), and the same pairs in blocks in the order of (score, member)
 * (sorted-block.ts). Both directories count all members.
 *
 *     directory 0   by hash:   member -> score          ZSCORE
 *     directory 1   in order:  (score, member)          ZRANGE, ZRANK by the counts of its entries
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import type { DeltaWriter } from '../../pieces.ts';
import { ZSET } from '../../value-type.ts';
import { BlockDirectory } from '../block-directory.ts';
import { readDirectory, type DirectoryBase } from '../directory-options.ts';
import type { BlockPort } from '../block-port.ts';
import {
  HashedBlocks, readHashedHead, writeHashedHead, type HashedHead,
} from '../hash/hashed-blocks.ts';
import type { HashPage } from '../hash/hash-view.ts';
import { LargeCollection, readLargeBase, type BlockPlace } from '../large-collection.ts';
import {
  SCORE_STARTS, entryOfMember, entryOfPair, entryOfScore, type ScoreStart,
} from './score-starts.ts';
import { NUMBERS } from '../separators.ts';
import { SortedBlock } from './sorted-block.ts';
import { doubleAt } from './zset-block.ts';
import type { VisitMember, ZsetView } from './zset-view.ts';

const MEMBERS_TAG = 0;
const ORDER_TAG = 1;

const NO_BYTES = Buffer.alloc(0);

/** A directory and the id of its blocks. */
interface Directory<S> {
  readonly id: number;
  readonly base: DirectoryBase<S>;
}

export class LargeZset extends LargeCollection implements ZsetView {
  readonly type = ZSET;
  readonly head: HashedHead;
  readonly members: HashedBlocks;
  readonly order: BlockDirectory<SortedBlock, ScoreStart>;
  readonly directories: readonly BlockDirectory[];

  constructor(
    place: BlockPlace, head: HashedHead, members: Directory<number>, order: Directory<ScoreStart>,
  ) {
    super(place);
    this.head = head;
    this.members = new HashedBlocks(ZSET, place, head, members.id, members.base, MEMBERS_TAG);
    this.order = new BlockDirectory({
      separators: SCORE_STARTS, port: place.port, space: place.space, id: order.id, tag: ORDER_TAG,
      ...order.base, decode: (buf, start, end) => SortedBlock.ofBase(buf, start, end),
    });
    this.directories = [this.members.directory as BlockDirectory, this.order as BlockDirectory];
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(port: BlockPort, buf: Buffer, start: number, end: number): LargeZset {
    const { place, reader } = readLargeBase(port, buf, start, end);
    const head = readHashedHead(reader);
    const members = { id: reader.number(), base: readDirectory(reader, NUMBERS) };
    const order = { id: reader.number(), base: readDirectory(reader, SCORE_STARTS) };
    return new LargeZset(place, head, members, order);
  }

  copyTo(place: BlockPlace, newId: () => number): LargeZset {
    const { head, members, order } = this;
    const copy = new LargeZset(
      place, head, { id: newId(), base: members.directory.baseOfCopy() },
      { id: newId(), base: order.baseOfCopy() });
    copy.members.directory.copyBlocksOf(members.directory);
    copy.order.copyBlocksOf(order);
    return copy;
  }

  protected writeHead(writer: DeltaWriter): void {
    writeHashedHead(writer, this.head);
  }

  // ---- Reading ----------------------------------------------------------------------------------

  get longest(): number {
    return this.head.longest;
  }

  /** So that it is never one that a scan gives in one page. */
  get peak(): number {
    return Infinity;
  }

  scoreOf(member: ByteRange): number | undefined {
    const score = this.members.get(member);
    return score === undefined ? undefined : doubleAt(score);
  }

  orderOf({ buf, end, start }: ByteRange): number {
    return this.members.hashOf(buf, start, end);
  }

  rankOf(member: ByteRange): number {
    const score = this.scoreOf(member);
    if (score === undefined) return -1;
    const { buf, start, end } = member;
    const entry = entryOfPair(this.order.starts, score, buf, start, end);
    const index = this.order.block(entry).indexOf(score, buf, start, end);
    return this.order.countBefore(entry) + index;
  }

  rankOfScore(score: number, isOpen: boolean): number {
    const entry = entryOfScore(this.order.starts, score, isOpen);
    const index = this.order.block(entry).countBelowScore(score, isOpen);
    return this.order.countBefore(entry) + index;
  }

  rankOfMember(member: ByteRange, isOpen: boolean): number {
    const entry = entryOfMember(this.order.starts, member);
    const index = this.order.block(entry).countBelowMember(member, isOpen);
    return this.order.countBefore(entry) + index;
  }

  walk(rank: number, count: number, step: 1 | -1, visit: VisitMember): void {
    if (count <= 0) return;
    const { order } = this;
    const member = new ByteRange(NO_BYTES);
    let entry = order.entryAt(rank);
    let block = order.block(entry);
    let index = rank - order.countBefore(entry);
    for (let left = count; left > 0; left--, index += step) {
      if (index < 0 || index >= block.size) {
        entry += step;
        block = order.block(entry);
        index = step > 0 ? 0 : block.size - 1;
      }
      visit(block.memberInto(index, member), block.scoreAt(index));
    }
  }

  lookAhead(buf: Buffer, starts: Int32Array, ends: Int32Array, count: number): void {
    this.members.lookAhead(buf, starts, ends, count);
  }

  scan(cursor: number, count: number): HashPage {
    return this.members.scan(cursor, count);
  }

  scannedAt(position: number): ByteRange {
    return this.members.fieldAt(position);
  }

  scannedScoreAt(position: number): number {
    return doubleAt(this.members.valueAt(position));
  }

  // ---- Changing ---------------------------------------------------------------------------------

  override applyDelta(buf: Buffer, start: number, end: number): void {
    this.members.forgetPositions();
    super.applyDelta(buf, start, end);
  }
}
