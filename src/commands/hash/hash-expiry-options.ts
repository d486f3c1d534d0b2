/** What commands on the expiry of fields are told: a condition, and which fields. */

import type { Args } from '../../protocol/args.ts';
import type { Int64 } from '../../lib/int64.ts';
import type { TimeForm } from '../expire-options.ts';
import { NOT_AN_INTEGER, invalidExpireTime } from '../reply-errors.ts';

/** The latest expiry of a field, as in Redis: 46 bits, the year 4199. */
export const FIELD_EXPIRE_AT_MS_MAX = 2 ** 46 - 1;

const NO_FIELDS = 'ERR Mandatory argument FIELDS is missing or not at the right position';
const WRONG_COUNT = 'ERR The `numfields` parameter must match the number of arguments';
const NEGATIVE_TIME = 'ERR invalid expire time, must be >= 0';

/** What is said of a number of fields that is none: by commands that set expiries, and others. */
export const COUNT_OF_SETTERS = 'ERR Parameter `numFields` should be greater than 0';
export const COUNT_OF_OTHERS = 'ERR Number of fields must be a positive integer';

const CONDITIONS = ['NX', 'XX', 'GT', 'LT'] as const;

export type Condition = (typeof CONDITIONS)[number];

/** The condition in argument `i`, if there is one. */
export function conditionAt(args: Args, i: number): Condition | undefined {
  return CONDITIONS.find((condition) => args.is(i, condition));
}

/** A field without expiry lives for ever, which is longer than any time. */
export function isMet(
  condition: Condition | undefined, currentMs: number, wantedMs: number,
): boolean {
  const current = currentMs === 0 ? Infinity : currentMs;
  switch (condition) {
    case undefined: return true;
    case 'NX': return currentMs === 0;
    case 'XX': return currentMs !== 0;
    case 'GT': return wantedMs > current;
    case 'LT': return wantedMs < current;
    default: return condition satisfies never;
  }
}

/** `FIELDS count field ...` from argument `at` on, to the end: the first field, or an error. */
export function parseFields(args: Args, at: number, countError: string): number | string {
  if (at >= args.count || !args.is(at, 'FIELDS')) return NO_FIELDS;
  const count = at + 1 < args.count ? args.int64(at + 1) : undefined;
  if (count === undefined || count < 1) return countError;
  const first = at + 2;
  return Number(count) === args.count - first ? first : WRONG_COUNT;
}

/** Milliseconds since the epoch of the time in argument 2, or the text of the error. */
export function fieldExpireAtOf(
  args: Args, form: TimeForm, nowMs: number, command: string,
): number | string {
  const time: Int64 | undefined = args.int64(2);
  if (time === undefined) return NOT_AN_INTEGER;
  if (time < 0) return NEGATIVE_TIME;
  const expireAtMs = Number(time) * form.unitMs + (form.relative ? nowMs : 0);
  return expireAtMs <= FIELD_EXPIRE_AT_MS_MAX ? expireAtMs : invalidExpireTime(command);
}
