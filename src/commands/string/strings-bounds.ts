/**
 * Bounds of strings that several families check: positions that count from either end.
 */

import type { Int64 } from '../../lib/int64.ts';

/** Inclusive positions; empty when `first` is above `last`. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/**
 * Positions as GETRANGE, BITCOUNT and BITPOS take them, -1 being the last, cut to what is there.
 * Doubles are exact enough beyond 2^53: nothing is that long, and the result is cut anyway.
 */
export function spanOf(first: Int64, last: Int64, length: number): Span {
  const from = Number(first);
  const to = Number(last);
  return {
    first: Math.max(0, from < 0 ? length + from : from),
    last: Math.min(length - 1, Math.max(0, to < 0 ? length + to : to)),
  };
}

/** Both count from the end and are the wrong way round: Redis calls that empty before it cuts. */
export function isReversed(first: Int64, last: Int64): boolean {
  return first < 0 && last < 0 && first > last;
}
