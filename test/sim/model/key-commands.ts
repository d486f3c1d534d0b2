/** Keys of any type: whether they are there, where they are, and when they end. */

import type { Entry } from './entry.ts';
import type { Expiry } from './value.ts';
import { CommandError, type Execution } from './execution.ts';
import { exactly, integerBetween, type Expectation } from './expectation.ts';
import { read, write, type ModelCommand } from './model-command.ts';
import { LONG_MAX, LONG_MIN, mustLong, mustNumber, syntaxError } from './parse.ts';
import { integer, OK, type Reply } from './reply.ts';

const NO_SUCH_KEY = 'ERR no such key';
const SAME_OBJECTS = 'ERR source and destination objects are the same';
const DB_OUT_OF_RANGE = 'ERR DB index is out of range';

function count(execution: Execution, [, ...keys]: readonly string[]): number {
  return keys.filter((key) => execution.has(key)).length;
}

function remove(execution: Execution, [, ...keys]: readonly string[]): number {
  let removed = 0;
  for (const key of keys) {
    if (!execution.has(key)) continue;
    execution.remove(key);
    removed++;
  }
  return removed;
}

// ---- Moves --------------------------------------------------------------------------------------

/** Puts the source in the place of the target; undefined when both are one. */
function rename(execution: Execution, from: string, to: string, mayReplace: boolean): boolean {
  const entry = execution.find(from);
  if (entry === undefined) throw new CommandError(NO_SUCH_KEY);
  if (from === to) return mayReplace;
  if (!mayReplace && execution.has(to)) return false;
  execution.putEntry(to, entry);
  execution.remove(from);
  return true;
}

export function mustDatabase(execution: Execution, text: string): number {
  const db = mustNumber(text);
  if (db < -(2 ** 31) || db >= 2 ** 31) {
    throw new CommandError('ERR value is not an integer or out of range');
  }
  if (db < 0 || db >= execution.model.databases) throw new CommandError(DB_OUT_OF_RANGE);
  return db;
}

function parseCopyOptions(
  execution: Execution, args: readonly string[],
): { db: number; mayReplace: boolean } {
  let { db } = execution;
  let mayReplace = false;
  for (let i = 3; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    if (word === 'REPLACE') mayReplace = true;
    else if (word === 'DB' && i + 1 < args.length) db = mustDatabase(execution, args[++i]!);
    else syntaxError();
  }
  return { db, mayReplace };
}

function copy(execution: Execution, args: readonly string[]): number {
  const [, from = '', to = ''] = args;
  const { db, mayReplace } = parseCopyOptions(execution, args);
  if (db === execution.db && from === to) throw new CommandError(SAME_OBJECTS);
  const entry = execution.find(from);
  if (entry === undefined || (execution.has(to, db) && !mayReplace)) return 0;
  execution.putEntry(to, entry, db);
  return 1;
}

function move(execution: Execution, [, key = '', dbText = '']: readonly string[]): number {
  const db = mustDatabase(execution, dbText);
  if (db === execution.db) throw new CommandError(SAME_OBJECTS);
  const entry = execution.find(key);
  if (entry === undefined || execution.has(key, db)) return 0;
  execution.putEntry(key, entry, db);
  execution.remove(key);
  return 1;
}

// ---- Setting the expiry -------------------------------------------------------------------------

export interface ExpireOptions {
  readonly isNx: boolean;
  readonly isXx: boolean;
  readonly isGt: boolean;
  readonly isLt: boolean;
}

function parseExpireOptions(args: readonly string[]): ExpireOptions {
  const words = args.slice(3).map((arg) => arg.toUpperCase());
  for (const [i, word] of words.entries()) {
    if (!['NX', 'XX', 'GT', 'LT'].includes(word)) {
      throw new CommandError(`ERR Unsupported option ${args[i + 3]}`);
    }
  }
  const [isNx, isXx, isGt, isLt] = ['NX', 'XX', 'GT', 'LT'].map((word) => words.includes(word));
  const options = { isNx: !!isNx, isXx: !!isXx, isGt: !!isGt, isLt: !!isLt };
  if (isNx && (isXx || isGt || isLt)) {
    throw new CommandError('ERR NX and XX, GT or LT options at the same time are not compatible');
  }
  if (isGt && isLt) {
    throw new CommandError('ERR GT and LT options at the same time are not compatible');
  }
  return options;
}

/** Whether the first is before the second; the same, or not known, is one of both. */
function isBefore(execution: Execution, one: Expiry, other: Expiry): boolean {
  if (one.latestMs < other.earliestMs) return true;
  if (one.earliestMs >= other.latestMs) return false;
  return execution.choices.choose();
}

export function mayExpire(
  execution: Execution, options: ExpireOptions, old: Expiry | undefined, expiry: Expiry,
): boolean {
  if (options.isNx && old !== undefined) return false;
  if (options.isXx && old === undefined) return false;
  if (options.isGt && (old === undefined || !isBefore(execution, old, expiry))) return false;
  return !(options.isLt && old !== undefined && !isBefore(execution, expiry, old));
}

function expire(command: string, unitMs: bigint, isAbsolute: boolean) {
  return (execution: Execution, args: readonly string[]): number => {
    const [, key = '', text = ''] = args;
    const options = parseExpireOptions(args);
    const value = mustLong(text);
    if (value > LONG_MAX / unitMs || value < LONG_MIN / unitMs) invalidTime(command);
    const ms = value * unitMs;
    const base = BigInt(Math.floor(isAbsolute ? 0 : execution.window.earliestMs));
    if (ms > LONG_MAX - base) invalidTime(command);
    const when = Number(ms);
    const expiry = isAbsolute ? { earliestMs: when, latestMs: when } : execution.after(when);
    const entry = execution.find(key);
    if (entry === undefined || !mayExpire(execution, options, entry.expiry, expiry)) return 0;
    if (!isAbsolute && when <= 0) execution.remove(key);
    else execution.expire(key, expiry);
    return 1;
  };
}

function invalidTime(command: string): never {
  throw new CommandError(`ERR invalid expire time in '${command}' command`);
}

function persist(execution: Execution, [, key = '']: readonly string[]): number {
  if (execution.find(key)?.expiry === undefined) return 0;
  execution.expire(key, undefined);
  return 1;
}

// ---- Asking for the expiry ----------------------------------------------------------------------

export const toMs = (ms: number): number => ms;
const toSeconds = (ms: number): number => Math.floor((ms + 500) / 1000);

export type TimesOf = (execution: Execution, expiry: Expiry) => Expiry;

/** Left over, as a window: its end minus the time at which it is asked. */
export const timeLeft: TimesOf = ({ window }, { earliestMs, latestMs }) => ({
  earliestMs: Math.max(0, earliestMs - window.latestMs),
  latestMs: Math.max(0, latestMs - window.earliestMs),
});

export const timeItself: TimesOf = (_, expiry) => expiry;

function ask(times: TimesOf, round: (ms: number) => number) {
  return (execution: Execution, [, key = '']: readonly string[]): Expectation => {
    const entry = execution.find(key);
    if (entry === undefined) return exactly(integer(-2));
    if (entry.expiry === undefined) return exactly(integer(-1));
    const { earliestMs, latestMs } = times(execution, entry.expiry);
    return integerBetween(round(earliestMs), round(latestMs), (value) => {
      if (round === toMs) learnExpiry(execution, key, entry, times, value);
    });
  };
}

/** A reply in ms tells more about when the key ends. */
function learnExpiry(
  { db, model, window }: Execution, key: string, entry: Entry, times: TimesOf, value: number,
): void {
  const { expiry } = entry;
  if (expiry === undefined || expiry.earliestMs === expiry.latestMs) return;
  if (value === 0 && times === timeLeft) return;
  const [first, last] = times === timeLeft ? [window.earliestMs, window.latestMs] : [0, 0];
  const earliestMs = Math.max(expiry.earliestMs, value + first);
  const latestMs = Math.min(expiry.latestMs, value + last);
  if (model.get(db, key) !== entry) return;
  model.learn(db, key, entry.withExpiry({ earliestMs, latestMs }));
}

function typeOf(execution: Execution, [, key = '']: readonly string[]): Reply {
  return { kind: 'simple', text: execution.find(key)?.type ?? 'none' };
}

export const keyCommands: readonly ModelCommand[] = [
  read('EXISTS', -2, 'all', count),
  read('TOUCH', -2, 'all', count),
  read('TYPE', 2, 'first', typeOf),
  read('TTL', 2, 'first', ask(timeLeft, toSeconds)),
  read('PTTL', 2, 'first', ask(timeLeft, toMs)),
  read('EXPIRETIME', 2, 'first', ask(timeItself, toSeconds)),
  read('PEXPIRETIME', 2, 'first', ask(timeItself, toMs)),
  write('DEL', -2, 'all', remove),
  write('UNLINK', -2, 'all', remove),
  write('RENAME', 3, 'two', (execution, [, from = '', to = '']) => {
    rename(execution, from, to, true);
    return OK;
  }),
  write('RENAMENX', 3, 'two', (execution, [, from = '', to = '']) =>
    (rename(execution, from, to, false) ? 1 : 0)),
  write('COPY', -3, 'two', copy),
  write('MOVE', 3, 'first', move),
  write('PERSIST', 2, 'first', persist),
  write('EXPIRE', -3, 'first', expire('expire', 1000n, false)),
  write('PEXPIRE', -3, 'first', expire('pexpire', 1n, false)),
  write('EXPIREAT', -3, 'first', expire('expireat', 1000n, true)),
  write('PEXPIREAT', -3, 'first', expire('pexpireat', 1n, true)),
];
