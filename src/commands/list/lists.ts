/** Lists at their ends: pushing, popping, and looking at what is there. */

import type { ListView } from '../../keyspace/collection/list/list-view.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import { defineCommands, type WriteContext, type Flag } from '../command.ts';
import { NOT_AN_INTEGER, wrongArity } from '../reply-errors.ts';
import {
  ADDING, LEFT, ONE_KEY, READING, RIGHT, boundError, findList, indexFromLeft, listDelta, popFrom,
  pushDelta, readList, replyElements, spanOf, type End,
} from './list-access.ts';

const PUSHING: readonly Flag[] = Object.freeze([...ADDING, 'fast']);
const POPPING: readonly Flag[] = Object.freeze(['write', 'fast']);
const NOT_POSITIVE = 'ERR value is out of range, must be positive';

// ---- Pushing ------------------------------------------------------------------------------------

function push(ctx: WriteContext, end: End, onlyToList: boolean): void {
  const { args, reply } = ctx;
  const list = findList(ctx);
  if (list === undefined) return;
  if (list === null && onlyToList) return reply.integer(0);
  const added = args.count - 2;
  const refused = boundError(list, added);
  if (refused !== undefined) return reply.error(refused);
  const size = (list?.size ?? 0) + added;
  pushDelta(ctx, args.at(1), list, end, deltaOfArguments(ctx, end));
  reply.integer(size);
}

/** Pushes the arguments from 2 on. */
function deltaOfArguments({ args }: WriteContext, end: End): ByteRange {
  listDelta.begin(end.push);
  for (let i = 2; i < args.count; i++) listDelta.bytes(args.buf, args.start(i), args.end(i));
  return listDelta.finish();
}

// ---- Popping ------------------------------------------------------------------------------------

function pop(ctx: WriteContext, end: End): void {
  const { args, reply } = ctx;
  if (args.count > 3) return reply.error(wrongArity(end.popped));
  if (args.count === 3) return popMany(ctx, end);
  const list = findList(ctx);
  if (list === undefined) return;
  if (list === null) return reply.nil();
  reply.bulkRange(list.at(end.isLeft ? 0 : list.size - 1));
  popFrom(ctx, args.at(1), list, end, 1);
}

function popMany(ctx: WriteContext, end: End): void {
  const { args, reply } = ctx;
  const count = args.int64(2);
  if (count === undefined || count < 0) return reply.error(NOT_POSITIVE);
  const list = findList(ctx);
  if (list === undefined) return;
  if (list === null) return reply.nilArray();
  const popped = Math.min(Number(count), list.size);
  replyFromEnd(ctx, list, end, popped);
  if (popped > 0) popFrom(ctx, args.at(1), list, end, popped);
}

/** So many elements from an end on. */
export function replyFromEnd(ctx: WriteContext, list: ListView, end: End, count: number): void {
  replyElements(ctx, list, end.isLeft ? 0 : list.size - 1, count, end.isLeft);
}

// ---- Looking ------------------------------------------------------------------------------------

function llen(ctx: WriteContext): void {
  const list = readList(ctx);
  if (list !== undefined) ctx.reply.integer(list?.size ?? 0);
}

function lrange(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const start = args.int64(2);
  const stop = args.int64(3);
  if (start === undefined || stop === undefined) return reply.error(NOT_AN_INTEGER);
  const list = readList(ctx);
  if (list === undefined) return;
  if (list === null) return reply.emptyArray();
  const { first, count } = spanOf(start, stop, list.size);
  replyElements(ctx, list, first, count, true);
}

function lindex(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const list = readList(ctx);
  if (list === undefined) return;
  if (list === null) return reply.nil();
  const wanted = args.int64(2);
  if (wanted === undefined) return reply.error(NOT_AN_INTEGER);
  const index = indexFromLeft(wanted, list.size);
  if (index < 0 || index >= list.size) reply.nil();
  else reply.bulkRange(list.at(index));
}

const EACH = 'O(N) in the number of elements';

export const listCommands = defineCommands([
  {
    name: 'lpush', group: 'list', since: '1.0.0', arity: -3, flags: PUSHING, keys: ONE_KEY,
    complexity: EACH, apply: (ctx) => push(ctx, LEFT, false),
    summary: 'Adds elements at the left end of a list, one after the other; replies its length.',
  },
  {
    name: 'rpush', group: 'list', since: '1.0.0', arity: -3, flags: PUSHING, keys: ONE_KEY,
    complexity: EACH, apply: (ctx) => push(ctx, RIGHT, false),
    summary: 'Adds elements at the right end of a list; replies its length.',
  },
  {
    name: 'lpushx', group: 'list', since: '2.2.0', arity: -3, flags: PUSHING, keys: ONE_KEY,
    complexity: EACH, apply: (ctx) => push(ctx, LEFT, true),
    summary: 'Adds elements at the left end of a list if the list exists.',
  },
  {
    name: 'rpushx', group: 'list', since: '2.2.0', arity: -3, flags: PUSHING, keys: ONE_KEY,
    complexity: EACH, apply: (ctx) => push(ctx, RIGHT, true),
    summary: 'Adds elements at the right end of a list if the list exists.',
  },
  {
    name: 'lpop', group: 'list', since: '1.0.0', arity: -2, flags: POPPING, keys: ONE_KEY,
    complexity: EACH, apply: (ctx) => pop(ctx, LEFT),
    summary: 'Takes elements off the left end of a list; the key goes with its last element.',
  },
  {
    name: 'rpop', group: 'list', since: '1.0.0', arity: -2, flags: POPPING, keys: ONE_KEY,
    complexity: EACH, apply: (ctx) => pop(ctx, RIGHT),
    summary: 'Takes elements off the right end of a list; the key goes with its last element.',
  },
  {
    name: 'llen', group: 'list', since: '1.0.0', arity: 2, flags: ['readonly', 'fast'],
    keys: ONE_KEY, complexity: 'O(1)', execute: llen,
    summary: 'Replies the number of elements of a list.',
  },
  {
    name: 'lrange', group: 'list', since: '1.0.0', arity: 4, flags: READING, keys: ONE_KEY,
    brief: true,
    complexity: 'O(log S + N) in the size of the list and the number of elements replied',
    execute: lrange,
    summary: 'Replies the elements of a list from one index to another; -1 is the last.',
  },
  {
    name: 'lindex', group: 'list', since: '1.0.0', arity: 3, flags: READING, keys: ONE_KEY,
    brief: true,
    complexity: 'O(log N) in the size of the list', execute: lindex,
    summary: 'Replies the element of a list at an index; -1 is the last.',
  },
]);
