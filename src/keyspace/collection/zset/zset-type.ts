/**
 * Sorted sets as a type of collections.
 *
 * | size | is | changed by |
 * |---|---|---|
 * | small | its record, in order (packed-zset.ts) | writing it again |
 * | medium | a hash to scores and an order, in RAM (zset-block.ts) | a delta |
 * | large | two directories in RAM, and blocks that come and go (large-zset.ts) | a delta |
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import type { LiveValue } from '../../live-value.ts';
import { ZSET } from '../../value-type.ts';
import type { CollectionType, LargeMaker } from '../collection-type.ts';
import { HashBlock } from '../hash/hash-block.ts';
import { cutHashed } from '../hash/hashed-blocks.ts';
import type { LargeCollection } from '../large-collection.ts';
import type { LargeEdit } from '../large-edit.ts';
import { LargeZset } from './large-zset.ts';
import { changeLargeZset } from './large-zset-edit.ts';
import { PackedZset, PackedZsetWriter } from './packed-zset.ts';
import { SORTED_SHAPE } from './sorted-shape.ts';
import { FIRST_START } from './score-starts.ts';
import type { Found } from '../../storage.ts';
import { ZsetBlock } from './zset-block.ts';
import type { ZsetView } from './zset-view.ts';

export const ZSETS: CollectionType = Object.freeze({
  type: ZSET,
  packedWriter: new PackedZsetWriter(),
  toMedium: (packed: ByteRange | null, roomBytes: number) => packed === null
    ? new ZsetBlock(new HashBlock(ZSET, roomBytes))
    : ZsetBlock.ofBase(packed.buf, packed.start, packed.end),
  toLarge: (medium: LiveValue, maker: LargeMaker) => toLarge(medium as ZsetBlock, maker),
  changeLarge: (edit: LargeEdit, large: LargeCollection, delta: ByteRange) =>
    changeLargeZset(edit, large as LargeZset, delta),
  toMediumAgain: (large: LargeCollection) => toMediumAgain(large as LargeZset),
});

/** The sorted set that was found, of whatever size. */
export function zsetOf({ live, value }: Found): ZsetView {
  return live === undefined ? new PackedZset(value) : live as ZsetBlock | LargeZset;
}

function toLarge(zset: ZsetBlock, { limits, newId, place, random }: LargeMaker): LargeZset {
  const { blockBytesMax } = limits;
  const byHash = cutHashed(zset.scores, blockBytesMax, random);
  const inOrder = SORTED_SHAPE.cut(zset.order, blockBytesMax, false, false);
  const entries = inOrder.map(({ block, start }, at) =>
    ({ start: at === 0 ? FIRST_START : start, block: at, count: block.size }));
  const base = { entries, nextBlock: inOrder.length, sequence: 0 };
  const large = new LargeZset(
    place, byHash.head, { id: newId(), base: byHash.base }, { id: newId(), base });
  byHash.parts.forEach(({ block }, entry) => large.members.directory.rewriteBlock(entry, block));
  inOrder.forEach(({ block }, entry) => large.order.rewriteBlock(entry, block));
  return large;
}

function toMediumAgain(large: LargeZset): ZsetBlock {
  const scores = large.members.directory.block(0).copy();
  scores.noteHistory(large.head.longest, large.head.peak);
  return new ZsetBlock(scores);
}
