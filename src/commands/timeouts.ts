/** Timeouts as arguments: whole milliseconds, or seconds with a fraction; not negative. */

import { parseLongDouble } from '../lib/long-double.ts';
import type { Args } from '../protocol/args.ts';
import type { WriteContext } from './command.ts';

const NOT_AN_INTEGER = 'ERR timeout is not an integer or out of range';
const NEGATIVE = 'ERR timeout is negative';
const NOT_A_FLOAT = 'ERR timeout is not a float or out of range';
const TOO_LONG = 'ERR timeout is out of range';

const INT64_MAX = 2n ** 63n - 1n;

/** The timeout, or the text of the error. */
export function parseTimeoutMs(args: Args, i: number): number | string {
  const timeout = args.int64(i);
  if (timeout === undefined) return NOT_AN_INTEGER;
  if (timeout < 0) return NEGATIVE;
  return typeof timeout === 'number' ? timeout : TOO_LONG;
}

/**
 * Of seconds the milliseconds, rounded up, or the text of the error. `nowMs`: when it begins; it
 * must end within 63 bits.
 */
export function parseTimeoutSeconds(args: Args, i: number, nowMs: number): number | string {
  const seconds = parseLongDouble(args.buf, args.start(i), args.end(i));
  if (seconds === undefined) return NOT_A_FLOAT;
  if (!seconds.finite) return seconds.negative ? NEGATIVE : TOO_LONG;
  const ms = ceilMilliseconds(seconds.mantissa, seconds.exponent);
  if (ms < 0n) return NEGATIVE;
  return ms > INT64_MAX - BigInt(nowMs) ? TOO_LONG : Number(ms);
}

/** As parseTimeoutSeconds; undefined when the error is replied. */
export function timeoutSecondsOf(
  { args, now, reply }: WriteContext, i: number,
): number | undefined {
  const timeoutMs = parseTimeoutSeconds(args, i, now);
  return typeof timeoutMs === 'number' ? timeoutMs : void reply.error(timeoutMs);
}

/** Of mantissa × 2^exponent seconds. */
function ceilMilliseconds(mantissa: bigint, exponent: number): bigint {
  const scaled = mantissa * 1000n;
  return exponent >= 0 ? scaled << BigInt(exponent) : -(-scaled >> BigInt(-exponent));
}
