/**
 * How a delta of a sorted set changes a large one: a change of a score is a change in the first
 * directory, and a removal and an insertion in the second.
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import { compareBytes } from '../../../lib/compare-bytes.ts';
import { DeltaWriter, PieceReader } from '../../pieces.ts';
import { inOrderOfBlocks } from '../delta-order.ts';
import type { LargeEdit } from '../large-edit.ts';
import type { LargeZset } from './large-zset.ts';
import { entryOfPair } from './score-starts.ts';
import { SORTED_SHAPE } from './sorted-shape.ts';
import { doubleAt } from './zset-block.ts';
import { ZSET_REMOVE, ZSET_SET } from './zset-delta.ts';

const NO_BYTES = Buffer.alloc(0);

export function changeLargeZset(edit: LargeEdit, large: LargeZset, delta: ByteRange): void {
  const op = delta.buf[delta.start];
  if (op === ZSET_SET) setAll(edit, large, delta);
  else if (op === ZSET_REMOVE) removeAll(edit, large, delta);
  else throw new Error(`assertion failed: a delta of a sorted set begins with ${op}`);
}

// ---- Setting ------------------------------------------------------------------------------------

/** A member, which is at [start, end) of the bytes of a delta, and its score. */
interface Scored {
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** One that comes to have that score, and all that the delta says of it. */
interface Move extends Scored {
  readonly unitStart: number;
  readonly unitEnd: number;
  /** Undefined for a new one. */
  before: number | undefined;
}

/** First the members, by their hashes, then the order, by the scores: each block is read once. */
function setAll(edit: LargeEdit, large: LargeZset, delta: ByteRange): void {
  const moves: Move[] = [];
  const { buf, end: limit, start: first } = byHash(large, delta, true);
  const pieces = new PieceReader(buf, first + 1, limit);
  while (pieces.hasMore) {
    const unitStart = pieces.at;
    pieces.next();
    const { start, end } = pieces;
    pieces.next();
    const score = buf.readDoubleLE(pieces.start);
    const move: Move = { start, end, unitStart, unitEnd: pieces.at, score, before: undefined };
    const isMoved = setMember(edit, large, buf, move);
    if (isMoved) moves.push(move);
  }
  sortByScore(moves, buf);
  for (const move of moves) setInOrder(edit, large, buf, move);
}

/** Notes the score that it had; false if that is the same. */
function setMember(edit: LargeEdit, large: LargeZset, buf: Buffer, move: Move): boolean {
  const { members } = large;
  const { end, score, start, unitEnd, unitStart } = move;
  const hash = members.hashOf(buf, start, end);
  const entry = members.entryOf(hash);
  const before = scoreIn(large, entry, hash, buf, start, end);
  if (before !== undefined && Object.is(before, score)) return false;
  move.before = before;
  edit.change(members.directory, entry, ZSET_SET, buf, unitStart, unitEnd);
  if (before === undefined) edit.maybeSplit(members.directory, entry, members.shape);
  return true;
}

function setInOrder(
  edit: LargeEdit, large: LargeZset, buf: Buffer,
  { before, end, score, start, unitEnd, unitStart }: Move,
): void {
  const { order } = large;
  if (before !== undefined) removeFromOrder(edit, large, before, buf, start, end);
  const place = entryOfPair(order.starts, score, buf, start, end);
  edit.change(order, place, ZSET_SET, buf, unitStart, unitEnd);
  edit.maybeSplit(order, place, SORTED_SHAPE);
}

function sortByScore(some: Scored[], buf: Buffer): void {
  if (some.length < 2) return;
  some.sort((a, b) => a.score - b.score || compareBytes(buf, a.start, a.end, buf, b.start, b.end));
}

function byHash({ members }: LargeZset, delta: ByteRange, hasScores: boolean): ByteRange {
  const passRest = (reader: PieceReader): void => {
    if (hasScores) reader.next();
  };
  return inOrderOfBlocks(delta, passRest, (buf, start, end) => members.hashOf(buf, start, end));
}

const member = new ByteRange(NO_BYTES);

function scoreIn(
  { members }: LargeZset, entry: number, hash: number, buf: Buffer, start: number, end: number,
): number | undefined {
  const block = members.directory.blockToChange(entry);
  member.buf = buf;
  member.start = start;
  member.end = end;
  const at = block.findHashed(member, hash);
  return at < 0 ? undefined : doubleAt(block.valueAt(at));
}

const pair = new DeltaWriter();

function removeFromOrder(
  edit: LargeEdit, { order }: LargeZset, score: number, buf: Buffer, start: number, end: number,
): void {
  const entry = entryOfPair(order.starts, score, buf, start, end);
  pair.restart();
  pair.bytes(buf, start, end);
  pair.double(score);
  const bytes = pair.finish();
  edit.change(order, entry, ZSET_REMOVE, bytes.buf, bytes.start, bytes.end);
  edit.maybeJoin(order, entry, SORTED_SHAPE);
}

// ---- Removing -----------------------------------------------------------------------------------

/** Members of one block of the order that go. */
interface Going {
  entry: number;
  readonly members: Scored[];
}

/**
 * As `setAll`. Neighbours that one delta removes leave the order together: a block all of which
 * goes is taken away without being read.
 */
function removeAll(edit: LargeEdit, large: LargeZset, delta: ByteRange): void {
  const { order } = large;
  const ordered = byHash(large, delta, false);
  const leavers = removeMembers(edit, large, ordered);
  const { buf } = ordered;
  const going: Going = { entry: -1, members: [] };
  for (const leaver of leavers) {
    const { end, score, start } = leaver;
    const place = entryOfPair(order.starts, score, buf, start, end);
    if (place !== going.entry) {
      const length = order.length;
      endGoing(edit, large, buf, going);
      going.entry = order.length === length
        ? place : entryOfPair(order.starts, score, buf, start, end);
    }
    going.members.push(leaver);
  }
  endGoing(edit, large, buf, going);
}

/** From the first directory. Returns them in the order of the second one. */
function removeMembers(
  edit: LargeEdit, large: LargeZset, { buf, end: limit, start: first }: ByteRange,
): readonly Scored[] {
  const { members } = large;
  const leavers: Scored[] = [];
  const pieces = new PieceReader(buf, first + 1, limit);
  while (pieces.hasMore) {
    const from = pieces.at;
    pieces.next();
    const { start, end } = pieces;
    const hash = members.hashOf(buf, start, end);
    const entry = members.entryOf(hash);
    const score = scoreIn(large, entry, hash, buf, start, end);
    if (score === undefined) {
      throw new Error('assertion failed: a delta removes a member that is not there');
    }
    edit.change(members.directory, entry, ZSET_REMOVE, buf, from, pieces.at);
    edit.maybeJoin(members.directory, entry, members.shape);
    leavers.push({ score, start, end });
  }
  sortByScore(leavers, buf);
  return leavers;
}

function endGoing(edit: LargeEdit, large: LargeZset, buf: Buffer, going: Going): void {
  const { entry, members } = going;
  const { order } = large;
  if (members.length > 1 && order.length > 1 && members.length === order.countOf(entry)) {
    edit.drop(order, entry);
  } else {
    for (const { score, start, end } of members) {
      removeFromOrder(edit, large, score, buf, start, end);
    }
  }
  members.length = 0;
}
