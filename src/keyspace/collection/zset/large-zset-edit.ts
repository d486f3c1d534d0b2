/**
 * How a delta of a sorted set changes a large one: a change of a score is a change in the first
 * directory, and a removal and an insertion in the second.
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import { DeltaWriter, PieceReader } from '../../pieces.ts';
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

function setAll(edit: LargeEdit, large: LargeZset, delta: ByteRange): void {
  const { members, order } = large;
  const pieces = new PieceReader(delta.buf, delta.start + 1, delta.end);
  while (pieces.hasMore) {
    const from = pieces.at;
    pieces.next();
    const { buf, start, end } = pieces;
    pieces.next();
    const score = buf.readDoubleLE(pieces.start);
    const hash = members.hashOf(buf, start, end);
    const entry = members.entryOf(hash);
    const before = scoreIn(large, entry, hash, buf, start, end);
    if (before !== undefined && Object.is(before, score)) continue;
    edit.change(members.directory, entry, ZSET_SET, buf, from, pieces.at);
    if (before === undefined) edit.maybeSplit(members.directory, entry, members.shape);
    else removeFromOrder(edit, large, before, buf, start, end);
    const place = entryOfPair(order.starts, score, buf, start, end);
    edit.change(order, place, ZSET_SET, buf, from, pieces.at);
    edit.maybeSplit(order, place, SORTED_SHAPE);
  }
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

/** Members of one block of the order that go, in the order of the delta. */
interface Going {
  entry: number;
  readonly members: { readonly score: number; readonly start: number; readonly end: number }[];
}

/**
 * Neighbours that one delta removes leave the order together: a block all of which goes is taken
 * away without being read.
 */
function removeAll(edit: LargeEdit, large: LargeZset, delta: ByteRange): void {
  const { members, order } = large;
  const { buf } = delta;
  const going: Going = { entry: -1, members: [] };
  const pieces = new PieceReader(buf, delta.start + 1, delta.end);
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
    const place = entryOfPair(order.starts, score, buf, start, end);
    if (place !== going.entry) {
      const length = order.length;
      endGoing(edit, large, buf, going);
      going.entry = order.length === length
        ? place : entryOfPair(order.starts, score, buf, start, end);
    }
    going.members.push({ score, start, end });
  }
  endGoing(edit, large, buf, going);
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
