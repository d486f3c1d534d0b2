/**
 * Lists as a type of collections.
 *
 * | size | is | changed by |
 * |---|---|---|
 * | small | its record (packed-list.ts) | writing it again |
 * | medium | a structure in RAM (list-block.ts) | a delta |
 * | large | a directory in RAM, and blocks that come and go (large-list.ts) | a delta |
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import type { LiveValue } from '../../live-value.ts';
import type { Found } from '../../storage.ts';
import { LIST } from '../../value-type.ts';
import type { CollectionType, LargeMaker } from '../collection-type.ts';
import type { LargeCollection } from '../large-collection.ts';
import type { LargeEdit } from '../large-edit.ts';
import { LargeList } from './large-list.ts';
import { ListBlock } from './list-block.ts';
import { changeLargeList } from './list-edit.ts';
import { LIST_SHAPE } from './list-shape.ts';
import type { ListView } from './list-view.ts';
import { PackedList, PackedListWriter } from './packed-list.ts';

export const LISTS: CollectionType = Object.freeze({
  type: LIST,
  packedWriter: new PackedListWriter(),
  toMedium: (packed: ByteRange | null) =>
    packed === null ? new ListBlock() : ListBlock.ofBase(packed.buf, packed.start, packed.end),
  toLarge: (medium: LiveValue, maker: LargeMaker) => toLarge(medium as ListBlock, maker),
  changeLarge: (edit: LargeEdit, large: LargeCollection, delta: ByteRange) =>
    changeLargeList(edit, large as LargeList, delta),
  toMediumAgain: (large: LargeCollection) => toMediumAgain(large as LargeList),
});

/** The list that was found, of whatever size. */
export function listOf({ live, value }: Found): ListView {
  return live === undefined ? new PackedList(value) : live as ListBlock | LargeList;
}

function toLarge(list: ListBlock, { limits, newId, place }: LargeMaker): LargeList {
  const parts = LIST_SHAPE.cut(list, limits.blockBytesMax, true, true);
  const entries = parts.map(({ block, start }, at) => ({ start, block: at, count: block.size }));
  const large = new LargeList(place, newId(), { entries, nextBlock: parts.length, sequence: 0 });
  parts.forEach(({ block }, entry) => large.directory.rewriteBlock(entry, block));
  return large;
}

function toMediumAgain(large: LargeList): ListBlock {
  const list = large.directory.block(0).copy();
  list.noteLarge();
  return list;
}
