/** Lists: their elements are in the order in which they were put. */

import type { List } from './value.ts';
import { CommandError, type Execution } from './execution.ts';
import { read, write, type ModelCommand } from './model-command.ts';
import {
  LONG_MAX, mustLong, mustNumber, NOT_AN_INTEGER, parseLong, syntaxError, wrongArity,
} from './parse.ts';
import { array, bulk, integer, NIL, NIL_ARRAY, OK, type Reply } from './reply.ts';

type Side = 'LEFT' | 'RIGHT';

const NO_SUCH_KEY = 'ERR no such key';
const INDEX_OUT_OF_RANGE = 'ERR index out of range';
const NOT_POSITIVE = 'ERR value is out of range, must be positive';

function elementsOf(execution: Execution, key: string): List {
  return execution.findList(key) ?? [];
}

function bulks(list: List): Reply {
  return array(list.map(bulk));
}

function mustSide(text: string): Side {
  const side = text.toUpperCase();
  if (side !== 'LEFT' && side !== 'RIGHT') syntaxError();
  return side as Side;
}

function noArray({ protocol }: Execution): Reply {
  return protocol === 3 ? NIL : NIL_ARRAY;
}

/** A number that must not be below a least one; every other text has the same error. */
function mustBeAtLeast(least: bigint, text: string, error: string): number {
  const value = parseLong(text);
  if (value === undefined || value < least) throw new CommandError(error);
  return Number(value);
}

// ---- Pushing and popping ------------------------------------------------------------------------

function push(side: Side, onlyToList: boolean) {
  return (execution: Execution, [, key = '', ...added]: readonly string[]): number => {
    const list = execution.findList(key);
    if (list === undefined && onlyToList) return 0;
    let pushed = list ?? [];
    for (const element of added) pushed = withElement(pushed, side, element);
    execution.change(key, pushed);
    return pushed.length;
  };
}

function withElement(list: List, side: Side, element: string): List {
  return side === 'LEFT' ? [element, ...list] : [...list, element];
}

/** Takes up to `count` elements; they come in the order in which they are taken. */
function take(execution: Execution, key: string, list: List, side: Side, count: number): List {
  const taken = Math.min(count, list.length);
  const rest = side === 'LEFT' ? list.slice(taken) : list.slice(0, list.length - taken);
  if (taken > 0) execution.change(key, rest);
  return side === 'LEFT' ? list.slice(0, taken) : list.slice(rest.length).toReversed();
}

function pop(name: string, side: Side) {
  return (execution: Execution, args: readonly string[]): Reply => {
    const [, key = '', countText] = args;
    if (args.length > 3) throw new CommandError(wrongArity(name));
    const count = countText === undefined ? 1 : mustBeAtLeast(0n, countText, NOT_POSITIVE);
    const list = execution.findList(key);
    if (list === undefined) return countText === undefined ? NIL : noArray(execution);
    const taken = take(execution, key, list, side, count);
    return countText === undefined ? bulk(taken[0] ?? '') : bulks(taken);
  };
}

function moveOne(execution: Execution, from: string, to: string, out: Side, into: Side): Reply {
  const source = execution.findList(from);
  if (source === undefined) return NIL;
  execution.findList(to);
  const element = source.at(out === 'LEFT' ? 0 : -1) ?? '';
  if (from === to) {
    const rest = out === 'LEFT' ? source.slice(1) : source.slice(0, -1);
    execution.change(from, withElement(rest, into, element));
  } else {
    take(execution, from, source, out, 1);
    execution.change(to, withElement(elementsOf(execution, to), into, element));
  }
  return bulk(element);
}

function popFromFirst(execution: Execution, args: readonly string[]): Reply {
  const numkeys = mustBeAtLeast(1n, args[1] ?? '', 'ERR numkeys should be greater than 0');
  const behind = args.slice(2 + numkeys);
  if (behind.length === 0) syntaxError();
  const side = mustSide(behind[0] ?? '');
  let count = 1;
  if (behind.length > 1) {
    if (behind[1]?.toUpperCase() !== 'COUNT' || behind[2] === undefined) syntaxError();
    count = mustBeAtLeast(1n, behind[2] ?? '', 'ERR count should be greater than 0');
    if (behind.length > 3) syntaxError();
  }
  for (const key of args.slice(2, 2 + numkeys)) {
    const list = execution.findList(key);
    if (list === undefined) continue;
    return array([bulk(key), bulks(take(execution, key, list, side, count))]);
  }
  return noArray(execution);
}

// ---- Indexes ------------------------------------------------------------------------------------

/** From the left; one that counts from the right may come out below 0. */
function fromLeft(index: number, list: List): number {
  return index < 0 ? index + list.length : index;
}

/** The part from one index to another, both included. */
function partOf(list: List, start: number, stop: number): List {
  const first = Math.max(0, fromLeft(start, list));
  return list.slice(first, Math.max(first, fromLeft(stop, list) + 1));
}

function range(execution: Execution, [, key = '', start = '', stop = '']: readonly string[]): Reply {
  const [first, last] = [mustNumber(start), mustNumber(stop)];
  return bulks(partOf(elementsOf(execution, key), first, last));
}

function trim(execution: Execution, [, key = '', start = '', stop = '']: readonly string[]): Reply {
  const [first, last] = [mustNumber(start), mustNumber(stop)];
  const list = execution.findList(key);
  if (list === undefined) return OK;
  const part = partOf(list, first, last);
  if (part.length < list.length) execution.change(key, part);
  // Redis counts it as a change for WATCH; a server that makes none need not.
  else execution.model.touch(execution.db, key, 'maybe');
  return OK;
}

function elementAt(execution: Execution, [, key = '', text = '']: readonly string[]): Reply {
  const list = execution.findList(key);
  if (list === undefined) return NIL;
  const element = list[fromLeft(mustNumber(text), list)];
  return element === undefined ? NIL : bulk(element);
}

function setAt(execution: Execution, args: readonly string[]): Reply {
  const [, key = '', text = '', element = ''] = args;
  const list = execution.findList(key);
  if (list === undefined) throw new CommandError(NO_SUCH_KEY);
  const index = fromLeft(mustNumber(text), list);
  if (index < 0 || index >= list.length) throw new CommandError(INDEX_OUT_OF_RANGE);
  execution.change(key, list.map((old, i) => (i === index ? element : old)));
  return OK;
}

// ---- Elements -----------------------------------------------------------------------------------

function insert(execution: Execution, args: readonly string[]): number {
  const [, key = '', where = '', pivot = '', element = ''] = args;
  const word = where.toUpperCase();
  if (word !== 'BEFORE' && word !== 'AFTER') syntaxError();
  const list = execution.findList(key);
  if (list === undefined) return 0;
  const at = list.indexOf(pivot);
  if (at < 0) return -1;
  const index = word === 'AFTER' ? at + 1 : at;
  execution.change(key, [...list.slice(0, index), element, ...list.slice(index)]);
  return list.length + 1;
}

function removeEqual(execution: Execution, args: readonly string[]): number {
  const [, key = '', countText = '', element = ''] = args;
  const count = mustNumber(countText);
  const list = elementsOf(execution, key);
  const inOrder = count < 0 ? list.toReversed() : list;
  let left = count === 0 ? Infinity : Math.abs(count);
  const kept = inOrder.filter((one) => one !== element || left-- <= 0);
  if (kept.length < list.length) execution.change(key, count < 0 ? kept.toReversed() : kept);
  return list.length - kept.length;
}

interface Wanted {
  rank: number;
  count: number | undefined;
  compared: number;
}

function parseWanted(args: readonly string[]): Wanted {
  const wanted: Wanted = { rank: 1, count: undefined, compared: 0 };
  for (let i = 3; i < args.length; i += 2) {
    const text = args[i + 1];
    if (text === undefined) syntaxError();
    switch (args[i]!.toUpperCase()) {
      case 'RANK': wanted.rank = mustRank(text!); break;
      case 'COUNT': wanted.count = mustBeAtLeast(0n, text!, "ERR COUNT can't be negative"); break;
      case 'MAXLEN':
        wanted.compared = mustBeAtLeast(0n, text!, "ERR MAXLEN can't be negative");
        break;
      default: syntaxError();
    }
  }
  return wanted;
}

function mustRank(text: string): number {
  const rank = mustLong(text, NOT_AN_INTEGER);
  if (rank === 0n) {
    throw new CommandError("ERR RANK can't be zero: use 1 to start from the first match, 2 from " +
      'the second ... or use negative to start from the end of the list');
  }
  return rank < -LONG_MAX ? -Number(LONG_MAX) : Number(rank);
}

function positions(execution: Execution, args: readonly string[]): Reply {
  const { rank, count, compared } = parseWanted(args);
  const [, key = '', element = ''] = args;
  const list = elementsOf(execution, key);
  const indexes = list.map((_, index) => index);
  const inOrder = rank < 0 ? indexes.toReversed() : indexes;
  const found = (compared === 0 ? inOrder : inOrder.slice(0, compared))
    .filter((index) => list[index] === element).slice(Math.abs(rank) - 1);
  if (count !== undefined) {
    return array((count === 0 ? found : found.slice(0, count)).map((index) => integer(index)));
  }
  return found[0] === undefined ? NIL : integer(found[0]);
}

export const listCommands: readonly ModelCommand[] = [
  write('LPUSH', -3, 'first', push('LEFT', false)),
  write('RPUSH', -3, 'first', push('RIGHT', false)),
  write('LPUSHX', -3, 'first', push('LEFT', true)),
  write('RPUSHX', -3, 'first', push('RIGHT', true)),
  write('LPOP', -2, 'first', pop('lpop', 'LEFT')),
  write('RPOP', -2, 'first', pop('rpop', 'RIGHT')),
  write('LMOVE', 5, 'two', (execution, [, from = '', to = '', out = '', into = '']) => {
    const [first, second] = [mustSide(out), mustSide(into)];
    return moveOne(execution, from, to, first, second);
  }),
  write('RPOPLPUSH', 3, 'two', (execution, [, from = '', to = '']) =>
    moveOne(execution, from, to, 'RIGHT', 'LEFT')),
  write('LMPOP', -4, 'counted', popFromFirst),
  write('LTRIM', 4, 'first', trim),
  write('LSET', 4, 'first', setAt),
  write('LINSERT', 5, 'first', insert),
  write('LREM', 4, 'first', removeEqual),
  read('LLEN', 2, 'first', (execution, [, key = '']) => elementsOf(execution, key).length),
  read('LRANGE', 4, 'first', range),
  read('LINDEX', 3, 'first', elementAt),
  read('LPOS', -3, 'first', positions),
];
