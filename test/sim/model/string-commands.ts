/** Strings: whole values, with and without expiry. */

import type { Expiry } from './value.ts';
import { CommandError, type Execution } from './execution.ts';
import type { Expectation } from './expectation.ts';
import { bytesOfHyperLogLog } from './hyperloglog-commands.ts';
import { HyperLogLog } from './hyperloglog-value.ts';
import { read, write, type ModelCommand } from './model-command.ts';
import { parseExpireTime, syntaxError, wrongArity, type Unit } from './parse.ts';
import { array, bulk, NIL, OK, type Reply } from './reply.ts';

interface SetOptions {
  readonly isNx: boolean;
  readonly isXx: boolean;
  readonly wantsOld: boolean;
  readonly keepsExpiry: boolean;
  readonly persists: boolean;
  readonly time: { readonly unit: Unit; readonly text: string } | undefined;
}

const UNITS: ReadonlySet<string> = new Set(['EX', 'PX', 'EXAT', 'PXAT']);
const NO_OPTIONS: SetOptions = {
  isNx: false, isXx: false, wantsOld: false, keepsExpiry: false, persists: false, time: undefined,
};

/** One option of SET or GETEX added to those before it. */
function addOption(
  options: SetOptions, word: string, value: string | undefined, command: 'set' | 'getex',
): SetOptions {
  const { time, keepsExpiry, persists } = options;
  const isSet = command === 'set';
  if (UNITS.has(word)) {
    const isFree = !keepsExpiry && !persists && (time === undefined || time.unit === word);
    if (!isFree || value === undefined) syntaxError();
    return { ...options, time: { unit: word as Unit, text: value } };
  }
  if (word === 'NX' && isSet && !options.isXx) return { ...options, isNx: true };
  if (word === 'XX' && isSet && !options.isNx) return { ...options, isXx: true };
  if (word === 'GET' && isSet) return { ...options, wantsOld: true };
  if (word === 'KEEPTTL' && isSet && !persists && time === undefined) {
    return { ...options, keepsExpiry: true };
  }
  if (word === 'PERSIST' && !isSet && !keepsExpiry && time === undefined) {
    return { ...options, persists: true };
  }
  return syntaxError();
}

function parseOptions(
  args: readonly string[], from: number, command: 'set' | 'getex',
): SetOptions {
  let options = NO_OPTIONS;
  for (let i = from; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    options = addOption(options, word, args[i + 1], command);
    if (UNITS.has(word)) i++;
  }
  return options;
}

function expiryOf(
  execution: Execution, { time }: SetOptions, command: string,
): Expiry | undefined {
  if (time === undefined) return undefined;
  const ms = parseExpireTime(time.text, time.unit, command);
  if (time.unit === 'EX' || time.unit === 'PX') return execution.after(ms);
  return { earliestMs: ms, latestMs: ms };
}

function bulkOrNil(text: string | undefined): Reply {
  return text === undefined ? NIL : bulk(text);
}

function get(execution: Execution, [, key = '']: readonly string[]): Expectation | Reply {
  const value = execution.find(key)?.value;
  if (value instanceof HyperLogLog) return bytesOfHyperLogLog(value);
  return bulkOrNil(execution.findString(key));
}

function set(execution: Execution, args: readonly string[]): Reply {
  const [, key = '', value = ''] = args;
  const options = parseOptions(args, 3, 'set');
  const expiry = expiryOf(execution, options, 'set');
  const old = options.wantsOld ? bulkOrNil(execution.findString(key)) : undefined;
  const isThere = execution.has(key);
  if ((options.isNx && isThere) || (options.isXx && !isThere)) return old ?? NIL;
  if (options.keepsExpiry) execution.change(key, value);
  else execution.put(key, value, expiry);
  return old ?? OK;
}

function setWithTime(unit: Unit, command: string) {
  return (execution: Execution, args: readonly string[]): Reply => {
    const [, key = '', time = '', value = ''] = args;
    execution.put(key, value, execution.after(parseExpireTime(time, unit, command)));
    return OK;
  };
}

function setIfAbsent(execution: Execution, [, key = '', value = '']: readonly string[]): number {
  if (execution.has(key)) return 0;
  execution.put(key, value);
  return 1;
}

function getAndSet(execution: Execution, [, key = '', value = '']: readonly string[]): Reply {
  const old = bulkOrNil(execution.findString(key));
  execution.put(key, value);
  return old;
}

function getAndDelete(execution: Execution, [, key = '']: readonly string[]): Reply {
  const old = execution.findString(key);
  if (old === undefined) return NIL;
  execution.remove(key);
  return bulk(old);
}

function getAndExpire(execution: Execution, args: readonly string[]): Reply {
  const [, key = ''] = args;
  const options = parseOptions(args, 2, 'getex');
  const old = execution.findString(key);
  if (old === undefined) return NIL;
  const expiry = expiryOf(execution, options, 'getex');
  if (expiry !== undefined) execution.expire(key, expiry);
  else if (options.persists && execution.find(key)?.expiry !== undefined) {
    execution.expire(key, undefined);
  }
  return bulk(old);
}

function getMany(execution: Execution, args: readonly string[]): Reply {
  return array(args.slice(1).map((key) => {
    const value = execution.find(key)?.value;
    return typeof value === 'string' ? bulk(value) : NIL;
  }));
}

function pairsOf(args: readonly string[], command: string): [string, string][] {
  if (args.length % 2 === 0) throw new CommandError(wrongArity(command));
  const pairs: [string, string][] = [];
  for (let i = 1; i < args.length; i += 2) pairs.push([args[i]!, args[i + 1]!]);
  return pairs;
}

function setMany(execution: Execution, args: readonly string[]): Reply {
  for (const [key, value] of pairsOf(args, 'mset')) execution.put(key, value);
  return OK;
}

function setManyIfAbsent(execution: Execution, args: readonly string[]): number {
  const pairs = pairsOf(args, 'msetnx');
  for (const [key] of pairs) if (execution.has(key)) return 0;
  for (const [key, value] of pairs) execution.put(key, value);
  return 1;
}

export const stringCommands: readonly ModelCommand[] = [
  read('GET', 2, 'first', get),
  read('STRLEN', 2, 'first', (execution, [, key = '']) => execution.findString(key)?.length ?? 0),
  read('MGET', -2, 'all', getMany),
  write('SET', -3, 'first', set),
  write('SETNX', 3, 'first', setIfAbsent),
  write('SETEX', 4, 'first', setWithTime('EX', 'setex')),
  write('PSETEX', 4, 'first', setWithTime('PX', 'psetex')),
  write('GETSET', 3, 'first', getAndSet),
  write('GETDEL', 2, 'first', getAndDelete),
  write('GETEX', -2, 'first', getAndExpire),
  write('MSET', -3, 'pairs', setMany),
  write('MSETNX', -3, 'pairs', setManyIfAbsent),
];
