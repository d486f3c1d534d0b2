/** Timeouts as arguments: whole milliseconds, not negative. */

import type { Args } from '../protocol/args.ts';

const NOT_AN_INTEGER = 'ERR timeout is not an integer or out of range';
const NEGATIVE = 'ERR timeout is negative';
const TOO_LONG = 'ERR timeout is out of range';

/** The timeout, or the text of the error. */
export function parseTimeoutMs(args: Args, i: number): number | string {
  const timeout = args.int64(i);
  if (timeout === undefined) return NOT_AN_INTEGER;
  if (timeout < 0) return NEGATIVE;
  return typeof timeout === 'number' ? timeout : TOO_LONG;
}
