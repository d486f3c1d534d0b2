/**
 * When fields of hashes expire, as random commands use it:
 *
 *     HPEXPIRE key time [NX | XX | GT | LT] FIELDS count field ...
 *     HPERSIST | HPTTL key FIELDS count field ...
 */

import { CommandError, type Execution } from './execution.ts';
import { exactly, integerBetween, type Expectation } from './expectation.ts';
import {
  mayExpire, timeItself, timeLeft, toMs, type ExpireOptions, type TimesOf,
} from './key-commands.ts';
import { read, write, type ModelCommand } from './model-command.ts';
import { mustLong } from './parse.ts';
import { integer } from './reply.ts';
import type { Expiry } from './value.ts';

const NO_FIELD = -2;
const NO_EXPIRY = -1;
const NOT_MET = 0;
const DONE = 1;
const REMOVED = 2;

/** The fields behind `FIELDS count` at the argument `at`. */
function namesFrom(args: readonly string[], at: number): readonly string[] {
  const names = args.slice(at + 2);
  if (args[at]?.toUpperCase() !== 'FIELDS' || Number(args[at + 1]) !== names.length) {
    throw new Error(`the model does not know ${args.slice(0, at + 2).join(' ')}`);
  }
  return names;
}

function optionsOf(word = ''): ExpireOptions | undefined {
  const [isNx, isXx, isGt, isLt] = ['NX', 'XX', 'GT', 'LT'].map((each) => word === each);
  const isNone = !isNx && !isXx && !isGt && !isLt;
  return isNone ? undefined : { isNx: !!isNx, isXx: !!isXx, isGt: !!isGt, isLt: !!isLt };
}

const ALWAYS: ExpireOptions = { isNx: false, isXx: false, isGt: false, isLt: false };

function expire(unitMs: number, isAbsolute: boolean) {
  return (execution: Execution, args: readonly string[]): Expectation => {
    const [, key = '', text = '', word] = args;
    execution.findHash(key);
    const time = Number(mustLong(text));
    if (time < 0) throw new CommandError('ERR invalid expire time, must be >= 0');
    const options = optionsOf(word);
    const names = namesFrom(args, options === undefined ? 3 : 4);
    const ms = time * unitMs;
    const expiry = isAbsolute ? { earliestMs: ms, latestMs: ms } : execution.after(ms);
    const isPast = isAbsolute ? isReached(execution, ms) : ms === 0;
    return each(names.map((name) => expireOne(execution, key, name, options, expiry, isPast)));
  };
}

/** Whether a time is not behind that of the command. */
function isReached({ choices, window }: Execution, ms: number): boolean {
  if (ms <= window.earliestMs) return true;
  return ms <= window.latestMs && choices.choose();
}

function expireOne(
  execution: Execution, key: string, name: string, options: ExpireOptions | undefined,
  expiry: Expiry, isPast: boolean,
): number {
  const fields = execution.hashToChange(key, [name]);
  const field = fields.get(name);
  if (field === undefined) return NO_FIELD;
  if (!mayExpire(execution, options ?? ALWAYS, field.expiry, expiry)) return NOT_MET;
  if (isPast) fields.delete(name);
  else fields.set(name, { ...field, expiry });
  execution.change(key, fields);
  return isPast ? REMOVED : DONE;
}

function persist(execution: Execution, args: readonly string[]): Expectation {
  const [, key = ''] = args;
  execution.findHash(key);
  return each(namesFrom(args, 2).map((name) => {
    const fields = execution.hashToChange(key, [name]);
    const field = fields.get(name);
    if (field === undefined) return NO_FIELD;
    if (field.expiry === undefined) return NO_EXPIRY;
    execution.change(key, fields.set(name, { text: field.text }));
    return DONE;
  }));
}

function ask(times: TimesOf, round: (ms: number) => number) {
  return (execution: Execution, args: readonly string[]): Expectation => {
    const hash = execution.findHash(args[1] ?? '');
    const items = namesFrom(args, 2).map((name): Expectation => {
      const field = hash?.get(name);
      if (field === undefined) return exactly(integer(NO_FIELD));
      if (field.expiry === undefined) return exactly(integer(NO_EXPIRY));
      const { earliestMs, latestMs } = times(execution, field.expiry);
      return integerBetween(round(earliestMs), round(latestMs));
    });
    return { kind: 'each', items };
  };
}

function each(replies: readonly number[]): Expectation {
  return { kind: 'each', items: replies.map((reply) => exactly(integer(reply))) };
}

const toSeconds = (ms: number): number => Math.ceil(ms / 1000);

export const hashExpiryCommands: readonly ModelCommand[] = [
  write('HEXPIRE', -6, 'first', expire(1000, false)),
  write('HPEXPIRE', -6, 'first', expire(1, false)),
  write('HEXPIREAT', -6, 'first', expire(1000, true)),
  write('HPEXPIREAT', -6, 'first', expire(1, true)),
  write('HPERSIST', -5, 'first', persist),
  read('HTTL', -5, 'first', ask(timeLeft, toSeconds)),
  read('HPTTL', -5, 'first', ask(timeLeft, toMs)),
  read('HEXPIRETIME', -5, 'first', ask(timeItself, toSeconds)),
  read('HPEXPIRETIME', -5, 'first', ask(timeItself, toMs)),
];
