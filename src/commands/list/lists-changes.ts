/** Lists anywhere: finding elements, and changing, adding and taking them where they are. */

import { LIST_INSERT, LIST_REMOVE, LIST_SET } from '../../keyspace/collection/list/list-delta.ts';
import type { ListView } from '../../keyspace/collection/list/list-view.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import { INT64_MAX, INT64_MIN, type Int64 } from '../../lib/int64.ts';
import { defineCommands, type WriteContext } from '../command.ts';
import { NOT_AN_INTEGER, NO_SUCH_KEY, OUT_OF_RANGE, SYNTAX } from '../reply-errors.ts';
import {
  ADDING, ONE_KEY, READING, boundError, changeList, findList, indexFromLeft, listDelta, notifyTaken,
  readList, spanOf, takeOff,
} from './list-access.ts';

const NO_MINIMUM =
  `ERR value is out of range, value must between -${INT64_MAX} and ${INT64_MAX}`;
const RANK_ZERO = 'ERR RANK can\'t be zero: use 1 to start from the first match, 2 from the ' +
  'second ... or use negative to start from the end of the list';
const COUNT_NEGATIVE = 'ERR COUNT can\'t be negative';
const MAXLEN_NEGATIVE = 'ERR MAXLEN can\'t be negative';

// ---- At an index --------------------------------------------------------------------------------

function lset(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const list = findList(ctx);
  if (list === undefined) return;
  if (list === null) return reply.error(NO_SUCH_KEY);
  const wanted = args.int64(2);
  if (wanted === undefined) return reply.error(NOT_AN_INTEGER);
  const index = indexFromLeft(wanted, list.size);
  if (index < 0 || index >= list.size) return reply.error(OUT_OF_RANGE);
  changeAt(ctx, LIST_SET, index, args.at(3));
  reply.ok();
  db.notify('l', 'lset', args.at(1));
}

function linsert(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const isBehind = args.is(2, 'AFTER');
  if (!isBehind && !args.is(2, 'BEFORE')) return reply.error(SYNTAX);
  const list = findList(ctx);
  if (list === undefined) return;
  if (list === null) return reply.integer(0);
  const pivot = indexOfElement(list, args.at(3));
  if (pivot < 0) return reply.integer(-1);
  const refused = boundError(list, 1);
  if (refused !== undefined) return reply.error(refused);
  const size = list.size + 1;
  changeAt(ctx, LIST_INSERT, isBehind ? pivot + 1 : pivot, args.at(4));
  db.notify('l', 'linsert', args.at(1));
  reply.integer(size);
}

function indexOfElement(list: ListView, { buf, start, end }: ByteRange): number {
  const { size } = list;
  for (let index = 0; index < size; index++) {
    if (list.at(index).equals(buf, start, end)) return index;
  }
  return -1;
}

function changeAt(ctx: WriteContext, op: number, index: number, element: ByteRange): void {
  listDelta.begin(op);
  listDelta.number(index);
  listDelta.range(element);
  changeList(ctx, ctx.args.at(1), listDelta.finish());
}

// ---- Taking -------------------------------------------------------------------------------------

function lrem(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const count = args.int64(2);
  if (count === undefined) return reply.error(NOT_AN_INTEGER);
  const list = findList(ctx);
  if (list === undefined) return;
  if (list === null) return reply.integer(0);
  const key = args.at(1);
  const indexes = indexesOf(list, args.at(3), Number(count));
  reply.integer(indexes.length);
  if (indexes.length === 0) return;
  const isGone = indexes.length === list.size;
  if (isGone) db.remove(key);
  else changeList(ctx, key, deltaOfRemoval(indexes));
  notifyTaken(db, key, 'lrem', isGone);
}

/** Where the element is, going up: so many from the left, or from the right; 0: all. */
function indexesOf(list: ListView, { buf, start, end }: ByteRange, count: number): number[] {
  const { size } = list;
  const max = count === 0 ? Infinity : Math.abs(count);
  const indexes: number[] = [];
  for (let i = 0; i < size && indexes.length < max; i++) {
    const index = count < 0 ? size - 1 - i : i;
    if (list.at(index).equals(buf, start, end)) indexes.push(index);
  }
  return count < 0 ? indexes.toReversed() : indexes;
}

function deltaOfRemoval(indexes: readonly number[]): ByteRange {
  listDelta.begin(LIST_REMOVE);
  let before = 0;
  for (const index of indexes) {
    listDelta.number(index - before);
    before = index;
  }
  return listDelta.finish();
}

function ltrim(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const start = args.int64(2);
  const stop = args.int64(3);
  if (start === undefined || stop === undefined) return reply.error(NOT_AN_INTEGER);
  const list = findList(ctx);
  if (list === undefined) return;
  reply.ok();
  if (list === null) return;
  const key = args.at(1);
  const { first, count } = spanOf(start, stop, list.size);
  if (count === 0) takeOff(ctx, key, list, list.size, 0);
  else if (count < list.size) takeOff(ctx, key, list, first, list.size - first - count);
  // Redis tells of it also when nothing was taken.
  notifyTaken(db, key, 'ltrim', count === 0);
}

// ---- Finding ------------------------------------------------------------------------------------

interface Search {
  /** How many matches to leave out, and how many to reply. */
  readonly skip: number;
  readonly count: number;
  readonly isArray: boolean;
  /** How many elements to compare. */
  readonly compared: number;
  readonly isBackward: boolean;
}

function lpos(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const search = parseSearch(ctx);
  if (typeof search === 'string') return reply.error(search);
  const list = readList(ctx);
  if (list === undefined) return;
  const found = list === null ? [] : matchesOf(list, args.at(2), search);
  if (search.isArray) {
    reply.array(found.length);
    for (const index of found) reply.integer(index);
  } else if (found.length === 0) reply.nil();
  else reply.integer(found[0]!);
}

function matchesOf(
  list: ListView, { buf, start, end }: ByteRange,
  { skip, count, compared, isBackward }: Search,
): number[] {
  const { size } = list;
  const limit = Math.min(size, compared);
  const found: number[] = [];
  let left = skip;
  for (let i = 0; i < limit && found.length < count; i++) {
    const index = isBackward ? size - 1 - i : i;
    if (!list.at(index).equals(buf, start, end)) continue;
    if (left > 0) left--;
    else found.push(index);
  }
  return found;
}

/** The options of LPOS, or the text of the error. */
function parseSearch({ args }: WriteContext): Search | string {
  let rank = 1;
  let count: number | undefined;
  let compared = Infinity;
  for (let i = 3; i < args.count; i += 2) {
    if (i + 1 === args.count) return SYNTAX;
    const value = args.int64(i + 1);
    if (args.is(i, 'RANK')) {
      const refused = rankError(value);
      if (refused !== undefined) return refused;
      rank = Number(value);
    } else if (args.is(i, 'COUNT')) {
      if (value === undefined || value < 0) return COUNT_NEGATIVE;
      count = Number(value);
    } else if (args.is(i, 'MAXLEN')) {
      if (value === undefined || value < 0) return MAXLEN_NEGATIVE;
      compared = value === 0 ? Infinity : Number(value);
    } else return SYNTAX;
  }
  return {
    skip: Math.abs(rank) - 1, isBackward: rank < 0, compared, isArray: count !== undefined,
    count: count === 0 ? Infinity : count ?? 1,
  };
}

function rankError(rank: Int64 | undefined): string | undefined {
  if (rank === undefined) return NOT_AN_INTEGER;
  if (rank === INT64_MIN) return NO_MINIMUM;
  return rank === 0 ? RANK_ZERO : undefined;
}

const IN_SIZE = 'O(N) in the size of the list';

export const listChangeCommands = defineCommands([
  {
    name: 'lset', group: 'list', since: '1.0.0', arity: 4, flags: ADDING, keys: ONE_KEY,
    brief: true,
    complexity: 'O(log N) in the size of the list', apply: lset,
    summary: 'Replaces the element of a list at an index.',
  },
  {
    name: 'linsert', group: 'list', since: '2.2.0', arity: 5, flags: ADDING, keys: ONE_KEY,
    complexity: 'O(N) in the elements before the pivot', apply: linsert,
    summary: 'Adds an element to a list before or after another element.',
  },
  {
    name: 'lrem', group: 'list', since: '1.0.0', arity: 4, flags: ['write'], keys: ONE_KEY,
    complexity: IN_SIZE, apply: lrem,
    summary: 'Removes elements of a list that are equal to one; replies how many.',
  },
  {
    name: 'ltrim', group: 'list', since: '1.0.0', arity: 4, flags: ['write'], keys: ONE_KEY,
    complexity: 'O(N) in the number of elements removed', apply: ltrim,
    summary: 'Removes the elements at both ends of a list that are not between two indexes.',
  },
  {
    name: 'lpos', group: 'list', since: '6.0.6', arity: -3, flags: READING, keys: ONE_KEY,
    complexity: IN_SIZE, execute: lpos,
    summary: 'Replies the indexes of elements of a list that are equal to one.',
  },
]);
