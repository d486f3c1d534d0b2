/**
 * The bounds of ranges of sorted sets, as commands write them, and the ranks that are within them:
 *
 *     0 -1         ranks, from the end if negative
 *     1.5 (2  -inf +inf    scores; behind a parenthesis: not this one
 *     [a (b  -  +          members, where all scores are equal
 */

import type { ZsetView } from '../../keyspace/collection/zset/zset-view.ts';
import { ByteRange } from '../../lib/byte-range.ts';
import { parseDoubleOfC } from '../../lib/parse-double.ts';
import type { Args } from '../../protocol/args.ts';
import { NOT_AN_INTEGER } from '../reply-errors.ts';

/** Ranks from `first` on, up to `end`; none if that is not above. */
export interface Ranks {
  readonly first: number;
  readonly end: number;
}

/** Finds the ranks of a range in a sorted set. */
export type FindRanks = (zset: ZsetView) => Ranks;

const NOT_SCORES = 'ERR min or max is not a float';
const NOT_MEMBERS = 'ERR min or max not valid string range item';

const OPEN = 0x28;
const CLOSED = 0x5b;
const LEAST = 0x2d;
const MOST = 0x2b;

/** Each of them returns the text of an error if an argument is no bound. */
export function parseRanks(args: Args, first: number, last: number): FindRanks | string {
  const [start, end] = [args.int64(first), args.int64(last)];
  if (start === undefined || end === undefined) return NOT_AN_INTEGER;
  return ({ size }) => ({
    first: Math.max(0, fromEnd(Number(start), size)),
    end: Math.min(size, fromEnd(Number(end), size) + 1),
  });
}

function fromEnd(rank: number, size: number): number {
  return rank < 0 ? size + rank : rank;
}

interface ScoreBound {
  readonly score: number;
  readonly isOpen: boolean;
}

export function parseScores(args: Args, minAt: number, maxAt: number): FindRanks | string {
  const [min, max] = [parseScore(args, minAt), parseScore(args, maxAt)];
  if (min === undefined || max === undefined) return NOT_SCORES;
  return (zset) => ({
    first: zset.rankOfScore(min.score, min.isOpen), end: zset.rankOfScore(max.score, !max.isOpen),
  });
}

function parseScore(args: Args, at: number): ScoreBound | undefined {
  const [start, end] = [args.start(at), args.end(at)];
  const isOpen = end > start && args.buf[start] === OPEN;
  const score = parseDoubleOfC(args.buf, isOpen ? start + 1 : start, end);
  return score === undefined ? undefined : { score, isOpen };
}

interface MemberBound {
  /** Undefined: below or above all. */
  readonly member: ByteRange | undefined;
  readonly isAboveAll: boolean;
  readonly isOpen: boolean;
}

export function parseMembers(args: Args, minAt: number, maxAt: number): FindRanks | string {
  const [min, max] = [parseMember(args, minAt), parseMember(args, maxAt)];
  if (min === undefined || max === undefined) return NOT_MEMBERS;
  return (zset) => ({
    first: rankOfBound(zset, min, min.isOpen), end: rankOfBound(zset, max, !max.isOpen),
  });
}

function parseMember(args: Args, at: number): MemberBound | undefined {
  const [start, end] = [args.start(at), args.end(at)];
  if (end === start) return undefined;
  const kind = args.buf[start];
  if (kind === OPEN || kind === CLOSED) {
    const member = new ByteRange(args.buf, start + 1, end);
    return { member, isAboveAll: false, isOpen: kind === OPEN };
  }
  // Redis looks at a C string here.
  const isAlone = end === start + 1 || args.buf[start + 1] === 0;
  if (!isAlone || (kind !== LEAST && kind !== MOST)) return undefined;
  return { member: undefined, isAboveAll: kind === MOST, isOpen: true };
}

function rankOfBound(
  zset: ZsetView, { isAboveAll, member }: MemberBound, isBehind: boolean,
): number {
  if (member === undefined) return isAboveAll ? zset.size : 0;
  return zset.rankOfMember(member, isBehind);
}
