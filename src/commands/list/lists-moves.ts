/** Elements that go from one list to another, and popping from the first list that has some. */

import type { ListView } from '../../keyspace/collection/list/list-view.ts';
import type { Args } from '../../protocol/args.ts';
import { defineCommands, type WriteContext } from '../command.ts';
import { SYNTAX } from '../reply-errors.ts';
import {
  ADDING, LEFT, RIGHT, boundError, endOf, findList, listDelta, popFrom, pushDelta, type End,
} from './list-access.ts';
import { replyFromEnd } from './lists.ts';

export const TWO_KEYS = Object.freeze({ first: 1, last: 2, step: 1 });
const NUMKEYS_ZERO = 'ERR numkeys should be greater than 0';
const COUNT_ZERO = 'ERR count should be greater than 0';

// ---- From one to another ------------------------------------------------------------------------

function lmove(ctx: WriteContext): void {
  const from = endOf(ctx.args, 3);
  const to = endOf(ctx.args, 4);
  if (from === undefined || to === undefined) ctx.reply.error(SYNTAX);
  else moveElement(ctx, from, to);
}

/** From the list at argument 1 to that at 2. True when there is no element, and nil is replied. */
export function moveElement(ctx: WriteContext, from: End, to: End): boolean {
  const { reply } = ctx;
  const source = findList(ctx, 1);
  if (source === undefined) return false;
  if (source === null) {
    reply.nil();
    return true;
  }
  const destination = findList(ctx, 2);
  if (destination === undefined) return false;
  const refused = boundError(destination, 1);
  if (refused === undefined) moveBetween(ctx, source, from, destination, to);
  else reply.error(refused);
  return false;
}

function moveBetween(
  ctx: WriteContext, source: ListView, from: End, destination: ListView | null, to: End,
): void {
  const { args, reply } = ctx;
  const element = source.at(from.isLeft ? 0 : source.size - 1);
  reply.bulkRange(element);
  listDelta.begin(to.push);
  listDelta.range(element);
  // Pushed first: a list of one element that is moved to itself is never gone.
  pushDelta(ctx, args.at(2), destination, to, listDelta.finish());
  // It is found again: pushing to the same list has made another one of it.
  const rest = findList(ctx, 1);
  if (rest === undefined || rest === null) throw new Error('assertion failed: a list has gone');
  popFrom(ctx, args.at(1), rest, from, 1);
}

// ---- From the first -----------------------------------------------------------------------------

export interface FirstPop {
  /** Keys are the arguments behind `numkeys`, to one before this. */
  readonly keysEnd: number;
  readonly end: End;
  readonly count: number;
}

function lmpop(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const options = parseFirstPop(args, 1);
  if (typeof options === 'string') return reply.error(options);
  popFirstOf(ctx, 2, options);
}

/** Of the keys from an argument on. True when there is no element, and nil is replied. */
export function popFirstOf(ctx: WriteContext, firstKey: number, options: FirstPop): boolean {
  for (let key = firstKey; key < options.keysEnd; key++) {
    const list = findList(ctx, key);
    if (list === undefined) return false;
    if (list === null) continue;
    popFirst(ctx, key, list, options);
    return false;
  }
  ctx.reply.nilArray();
  return true;
}

function popFirst(
  ctx: WriteContext, keyArg: number, list: ListView, { end, count }: FirstPop,
): void {
  const key = ctx.args.at(keyArg);
  const popped = Math.min(count, list.size);
  ctx.reply.array(2);
  ctx.reply.bulkRange(key);
  replyFromEnd(ctx, list, end, popped);
  popFrom(ctx, key, list, end, popped);
}

/** What follows from the argument `at` on, `numkeys`; or the text of the error. */
export function parseFirstPop(args: Args, at: number): FirstPop | string {
  const numkeys = args.int64(at);
  if (numkeys === undefined || numkeys < 1) return NUMKEYS_ZERO;
  const keysEnd = Number(numkeys) + at + 1;
  if (keysEnd >= args.count) return SYNTAX;
  const end = endOf(args, keysEnd);
  if (end === undefined) return SYNTAX;
  if (args.count === keysEnd + 1) return { keysEnd, end, count: 1 };
  if (args.count === keysEnd + 2 || !args.is(keysEnd + 1, 'COUNT')) return SYNTAX;
  const count = args.int64(keysEnd + 2);
  if (count === undefined || count < 1) return COUNT_ZERO;
  return args.count > keysEnd + 3 ? SYNTAX : { keysEnd, end, count: Number(count) };
}

export const listMoveCommands = defineCommands([
  {
    name: 'lmove', group: 'list', since: '6.2.0', arity: 5, flags: ADDING, keys: TWO_KEYS,
    brief: true,
    complexity: 'O(1)', apply: lmove,
    summary: 'Takes an element off an end of a list and adds it at an end of another one.',
  },
  {
    name: 'rpoplpush', group: 'list', since: '1.2.0', arity: 3, flags: ADDING, keys: TWO_KEYS,
    brief: true,
    complexity: 'O(1)', apply: (ctx) => void moveElement(ctx, RIGHT, LEFT),
    summary: 'Takes the last element off a list and adds it as the first of another one.',
  },
  {
    name: 'lmpop', group: 'list', since: '7.0.0', arity: -4, flags: ['write', 'movablekeys'],
    countAt: 1,
    complexity: 'O(N + M) in the number of keys and of elements replied', apply: lmpop,
    summary: 'Takes elements off an end of the first list that exists among several keys.',
  },
]);
