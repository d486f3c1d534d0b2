/**
 * Where the blocks of the order of a large sorted set start: at a score and a member, of which the
 * shortest beginning is kept that is still above all that comes before. The start of the first
 * block means nothing.
 *
 *     member piece | score piece       the member as one character for each byte
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import type { DeltaWriter, PieceReader } from '../../pieces.ts';
import type { Separators } from '../separators.ts';

export interface ScoreStart {
  readonly score: number;
  readonly member: string;
}

export const FIRST_START: ScoreStart = Object.freeze({ score: -Infinity, member: '' });

export const SCORE_STARTS: Separators<ScoreStart> = Object.freeze({
  write: (writer: DeltaWriter, { member, score }: ScoreStart) => {
    writer.latin1(member);
    writer.double(score);
  },
  read: (reader: PieceReader) => {
    reader.next();
    const member = reader.buf.toString('latin1', reader.start, reader.end);
    reader.next();
    return { member, score: reader.buf.readDoubleLE(reader.start) };
  },
});

/** The shortest start that is above one pair and not above another one, which is behind it. */
export function startBetween(
  before: ByteRange, scoreBefore: number, first: ByteRange, score: number,
): ScoreStart {
  if (scoreBefore < score) return { score, member: '' };
  const { buf, start, end } = first;
  let at = start;
  for (let other = before.start; other < before.end && at < end; other++, at++) {
    if (buf[at] !== before.buf[other]) break;
  }
  return { score, member: buf.toString('latin1', start, Math.min(at + 1, end)) };
}

/** The last entry that does not start behind (score, member), or the first one. */
export function entryOfPair(
  starts: readonly ScoreStart[], score: number, buf: Buffer, start: number, end: number,
): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const other = starts[middle]!;
    const isBehind = other.score === score
      ? !isNotBehind(other.member, buf, start, end) : other.score > score;
    if (isBehind) high = middle - 1;
    else low = middle;
  }
  return low;
}

/** The entry with the first score that is at least this one, or above it; or the entry before. */
export function entryOfScore(
  starts: readonly ScoreStart[], score: number, isOpen: boolean,
): number {
  return lastEntry(starts, (other) => other.score < score || (isOpen && other.score === score));
}

/** Likewise for a member, where all scores are equal. */
export function entryOfMember(
  starts: readonly ScoreStart[], { buf, start, end }: ByteRange,
): number {
  return lastEntry(starts, (other) => isNotBehind(other.member, buf, start, end));
}

function lastEntry(
  starts: readonly ScoreStart[], isNotAbove: (start: ScoreStart) => boolean,
): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (isNotAbove(starts[middle]!)) low = middle;
    else high = middle - 1;
  }
  return low;
}

function isNotBehind(text: string, buf: Buffer, start: number, end: number): boolean {
  const common = Math.min(text.length, end - start);
  for (let i = 0; i < common; i++) {
    const difference = text.charCodeAt(i) - buf[start + i]!;
    if (difference !== 0) return difference < 0;
  }
  return text.length <= end - start;
}
