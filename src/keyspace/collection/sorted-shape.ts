/** How the blocks of the order of a large sorted set are cut and joined. */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { BlockPart, BlockShape } from './large-edit.ts';
import { FIRST_START, SCORE_STARTS, startBetween, type ScoreStart } from './score-starts.ts';
import { SortedBlock } from './sorted-block.ts';

/** Members from `first` on, up to `end`. */
interface Part {
  readonly first: number;
  end: number;
}

export const SORTED_SHAPE: BlockShape<SortedBlock, ScoreStart> = Object.freeze({
  separators: SCORE_STARTS,
  /**
   * In halves; the last block so that the first part stays nearly full: scores often go up with
   * time.
   */
  cut: (block: SortedBlock, bytesMax: number, _isFirst: boolean, isLast: boolean) =>
    partsOf(block, bytesMax, isLast ? bytesMax * 7 / 8 : bytesMax / 2)
      .map((part) => blockPart(block, part)),
  join: (first: SortedBlock, behind: SortedBlock) => {
    const joined = new SortedBlock(first.baseBytes + behind.baseBytes, first.size + behind.size);
    appendAll(joined, first, 0, first.size);
    appendAll(joined, behind, 0, behind.size);
    return joined;
  },
});

/** Parts of at most `bytesMax` bytes, or one member, that end as soon as they have `fillBytes`. */
function partsOf(block: SortedBlock, bytesMax: number, fillBytes: number): Part[] {
  const parts: Part[] = [];
  let filled = Infinity;
  for (let index = 0; index < block.size; index++) {
    const bytes = block.pairBytes(index);
    if (filled >= fillBytes || filled + bytes > bytesMax) {
      parts.push({ first: index, end: index });
      filled = 0;
    }
    parts.at(-1)!.end = index + 1;
    filled += bytes;
  }
  return parts;
}

function blockPart(block: SortedBlock, { end, first }: Part): BlockPart<SortedBlock, ScoreStart> {
  const part = new SortedBlock(0, end - first);
  appendAll(part, block, first, end);
  return { block: part, start: first === 0 ? FIRST_START : startOf(block, first) };
}

function startOf(block: SortedBlock, index: number): ScoreStart {
  const before: ByteRange = block.memberAt(index - 1);
  return startBetween(
    before, block.scoreAt(index - 1), block.memberAt(index), block.scoreAt(index));
}

function appendAll(to: SortedBlock, from: SortedBlock, first: number, end: number): void {
  for (let index = first; index < end; index++) {
    const member = from.memberAt(index);
    to.append(member.buf, member.start, member.end, from.scoreAt(index));
  }
}
