/**
 * How the blocks of a large list are cut and joined. What is pushed at an end leaves blocks behind
 * that are nearly full, and not full: else a list whose end goes back and forth between two blocks
 * would have one cut, and written, each time.
 */

import { NO_SEPARATORS } from '../separators.ts';
import type { BlockPart, BlockShape } from '../large-edit.ts';
import { ListBlock } from './list-block.ts';
import { LIST_HEAD_BYTES_MAX } from './packed-list.ts';

/** How full a block is that is left behind. */
const LEFT_BEHIND = 7 / 8;

type ListPart = BlockPart<ListBlock, undefined>;

function cut(
  block: ListBlock, bytesMax: number, isFirst: boolean, isLast: boolean,
): readonly ListPart[] {
  const max = bytesMax - LIST_HEAD_BYTES_MAX;
  const isAtEnd = isFirst || isLast;
  const bytes = block.pieces().length;
  const wanted = isAtEnd ? max * LEFT_BEHIND : Math.min(bytes, max) / 2;
  return partsOf(block, cutsOf(block, wanted, max, isFirst && !isLast));
}

/** The block cut before the elements of some indexes, which go up. */
export function partsOf(block: ListBlock, cuts: readonly number[]): readonly ListPart[] {
  return [0, ...cuts].map((first, i) => {
    const { buf, start, end } = block.pieces(first, cuts[i] ?? block.size);
    return { start: undefined, block: ListBlock.ofPieces(buf, start, end) };
  });
}

/**
 * Where to cut, so that parts have at least the wanted bytes and at most `max`, if elements allow
 * it; what is left over is at the end, or at the beginning.
 */
function cutsOf(block: ListBlock, wanted: number, max: number, isLeftOverFirst: boolean): number[] {
  const { size } = block;
  const cuts: number[] = [];
  let filled = 0;
  for (let i = 0; i < size; i++) {
    const index = isLeftOverFirst ? size - 1 - i : i;
    const bytes = block.pieceBytes(index);
    if (filled > 0 && (filled >= wanted || filled + bytes > max)) {
      cuts.push(isLeftOverFirst ? index + 1 : index);
      filled = 0;
    }
    filled += bytes;
  }
  return isLeftOverFirst ? cuts.toReversed() : cuts;
}

function join(first: ListBlock, behind: ListBlock): ListBlock {
  const pieces = Buffer.concat([first.pieces().view(), behind.pieces().view()]);
  return ListBlock.ofPieces(pieces, 0, pieces.length);
}

export const LIST_SHAPE: BlockShape<ListBlock, undefined> = Object.freeze({
  separators: NO_SEPARATORS, cut, join,
});
