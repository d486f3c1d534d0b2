/**
 * The options that say how long a string lives: EX, PX, EXAT, PXAT and KEEPTTL of SET, and those of
 * GETEX with PERSIST; and the one place where a relative time becomes an absolute one.
 *
 * At most one of them may be given, though the same one may come twice: then the last counts, as
 * in Redis. A wrong option is a syntax error before the key is looked at; a wrong time is judged by
 * `expireAtOf`, which GETEX calls later than SET.
 */

import { EXPIRE_AT_MS_MAX } from './limits.ts';
import type { Args } from '../protocol/args.ts';
import { NOT_AN_INTEGER, invalidExpireTime } from './reply-errors.ts';

/** How a time is written: its unit, and whether it counts from now or from the epoch. */
export interface TimeForm {
  readonly word: string;
  readonly unitMs: 1 | 1000;
  readonly relative: boolean;
}

export const EX: TimeForm = Object.freeze({ word: 'EX', unitMs: 1000, relative: true });
export const PX: TimeForm = Object.freeze({ word: 'PX', unitMs: 1, relative: true });
export const EXAT: TimeForm = Object.freeze({ word: 'EXAT', unitMs: 1000, relative: false });
export const PXAT: TimeForm = Object.freeze({ word: 'PXAT', unitMs: 1, relative: false });

const TIME_FORMS = [EX, PX, EXAT, PXAT] as const;

/** What happens to the expiry; a form with the position of its time, or a word. */
export type Lifetime = 'unset' | 'keep' | 'persist' | TimeForm;

export interface SetOptions {
  nx: boolean;
  xx: boolean;
  get: boolean;
  lifetime: Lifetime;
  /** Position of the time among the arguments, when `lifetime` is a form. */
  timeAt: number;
}

/** The options of SET from argument `first` on; undefined is a syntax error. */
export function parseSetOptions(args: Args, first: number): SetOptions | undefined {
  const options: SetOptions = { nx: false, xx: false, get: false, lifetime: 'unset', timeAt: 0 };
  for (let i = first; i < args.count; i++) {
    if (args.is(i, 'NX')) options.nx = true;
    else if (args.is(i, 'XX')) options.xx = true;
    else if (args.is(i, 'GET')) options.get = true;
    else if (args.is(i, 'KEEPTTL')) {
      if (!choose(options, 'keep')) return undefined;
    } else if (takeTime(options, args, i)) i++;
    else return undefined;
  }
  return options.nx && options.xx ? undefined : options;
}

export interface GetExOptions {
  lifetime: Lifetime;
  timeAt: number;
}

/** The options of GETEX from argument `first` on; undefined is a syntax error. */
export function parseGetExOptions(args: Args, first: number): GetExOptions | undefined {
  const options: GetExOptions = { lifetime: 'unset', timeAt: 0 };
  for (let i = first; i < args.count; i++) {
    if (args.is(i, 'PERSIST')) {
      if (!choose(options, 'persist')) return undefined;
    } else if (takeTime(options, args, i)) i++;
    else return undefined;
  }
  return options;
}

/**
 * Milliseconds since the epoch for the time in argument `i`, above 0; or the text of the error,
 * which is also the reply to a time beyond what a record can hold: never another time in silence.
 */
export function expireAtOf(
  args: Args, i: number, form: TimeForm, nowMs: number, command: string,
): number | string {
  const time = args.int64(i);
  if (time === undefined) return NOT_AN_INTEGER;
  if (time <= 0) return invalidExpireTime(command);
  const fromMs = form.relative ? nowMs : 0;
  const expireAt = Number(time) * form.unitMs + fromMs;
  return expireAt <= EXPIRE_AT_MS_MAX ? expireAt : invalidExpireTime(command);
}

function takeTime(options: GetExOptions, args: Args, i: number): boolean {
  if (i + 1 >= args.count) return false;
  const form = TIME_FORMS.find((candidate) => args.is(i, candidate.word));
  if (form === undefined || !choose(options, form)) return false;
  options.timeAt = i + 1;
  return true;
}

/** False when another lifetime was chosen before. */
function choose(options: GetExOptions, lifetime: Lifetime): boolean {
  if (options.lifetime !== 'unset' && options.lifetime !== lifetime) return false;
  options.lifetime = lifetime;
  return true;
}
