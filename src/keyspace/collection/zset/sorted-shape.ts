/** How the blocks of the order of a large sorted set are cut and joined. */

import { ByteRange } from '../../../lib/byte-range.ts';
import type { BlockPart, BlockShape } from '../large-edit.ts';
import { FIRST_START, SCORE_STARTS, startBetween, type ScoreStart } from './score-starts.ts';
import { SortedBlock } from './sorted-block.ts';
import { SCORE_PIECE_BYTES } from './zset-delta.ts';

/** Members from `first` on, up to `end`, and their bytes. */
interface Part {
  readonly first: number;
  end: number;
  bytes: number;
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
    const joined = SortedBlock.withRoom(
      first.memberBytes + behind.memberBytes, first.size + behind.size);
    appendAll(joined, first, 0, first.size);
    appendAll(joined, behind, 0, behind.size);
    return joined;
  },
});

/** Parts of at most `bytesMax` bytes, or one member, that end as soon as they have `fillBytes`. */
function partsOf(block: SortedBlock, bytesMax: number, fillBytes: number): Part[] {
  const parts: Part[] = [];
  let part: Part | undefined;
  for (let index = 0; index < block.size; index++) {
    const bytes = block.pairBytes(index);
    if (part === undefined || part.bytes >= fillBytes || part.bytes + bytes > bytesMax) {
      part = { first: index, end: index, bytes: 0 };
      parts.push(part);
    }
    part.end = index + 1;
    part.bytes += bytes;
  }
  return parts;
}

function blockPart(
  block: SortedBlock, { bytes, end, first }: Part,
): BlockPart<SortedBlock, ScoreStart> {
  const members = end - first;
  const part = SortedBlock.withRoom(bytes - members * SCORE_PIECE_BYTES, members);
  appendAll(part, block, first, end);
  return { block: part, start: first === 0 ? FIRST_START : startOf(block, first) };
}

function startOf(block: SortedBlock, index: number): ScoreStart {
  const before: ByteRange = block.memberAt(index - 1);
  return startBetween(
    before, block.scoreAt(index - 1), block.memberAt(index), block.scoreAt(index));
}

const scratch = new ByteRange(Buffer.alloc(0));

function appendAll(to: SortedBlock, from: SortedBlock, first: number, end: number): void {
  for (let index = first; index < end; index++) {
    const member = from.memberInto(index, scratch);
    to.append(member.buf, member.start, member.end, from.scoreAt(index));
  }
}
