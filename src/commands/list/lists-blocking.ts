/**
 * Commands that wait for an element when there is none. What they do then, and where they may wait
 * at all, is the engine's business (WriteContext.waitForKeys).
 */

import { WRONG_TYPE } from '../../keyspace/database.ts';
import { listOf } from '../../keyspace/collection/list/list-type.ts';
import { LIST } from '../../keyspace/value-type.ts';
import { defineCommands, type Flag, type KeyWait, type WriteContext } from '../command.ts';
import { SYNTAX } from '../reply-errors.ts';
import { timeoutSecondsOf } from '../timeouts.ts';
import { LEFT, RIGHT, endOf, findList, popFrom, type End } from './list-access.ts';
import { TWO_KEYS, moveElement, parseFirstPop, popFirstOf } from './lists-moves.ts';

const POPPING: readonly Flag[] = Object.freeze(['write', 'blocking']);
const MOVING: readonly Flag[] = Object.freeze(['write', 'denyoom', 'blocking']);
/** All but the timeout. */
const KEYS_AND_TIMEOUT = Object.freeze({ first: 1, last: -2, step: 1 });

const countElements: KeyWait['countReady'] = (db, key) => {
  const found = db.findCollection(key, LIST);
  return found === undefined || found === WRONG_TYPE ? 0 : listOf(found).size;
};

function waitForLists(ctx: WriteContext, first: number, end: number, timeoutMs: number): void {
  ctx.waitForKeys({ first, end, timeoutMs, countReady: countElements });
}

function blpop(ctx: WriteContext, from: End): void {
  const { args, reply } = ctx;
  const end = args.count - 1;
  const timeoutMs = timeoutSecondsOf(ctx, end);
  if (timeoutMs === undefined) return;
  for (let key = 1; key < end; key++) {
    const list = findList(ctx, key);
    if (list === undefined) return;
    if (list === null) continue;
    reply.array(2);
    reply.bulkRange(args.at(key));
    reply.bulkRange(list.at(from.isLeft ? 0 : list.size - 1));
    return popFrom(ctx, args.at(key), list, from, 1);
  }
  reply.nilArray();
  waitForLists(ctx, 1, end, timeoutMs);
}

function blmove(ctx: WriteContext): void {
  const from = endOf(ctx.args, 3);
  const to = endOf(ctx.args, 4);
  if (from === undefined || to === undefined) ctx.reply.error(SYNTAX);
  else moveOrWait(ctx, from, to);
}

function moveOrWait(ctx: WriteContext, from: End, to: End): void {
  const timeoutMs = timeoutSecondsOf(ctx, ctx.args.count - 1);
  if (timeoutMs === undefined) return;
  const isMissing = moveElement(ctx, from, to);
  if (isMissing) waitForLists(ctx, 1, 2, timeoutMs);
}

function blmpop(ctx: WriteContext): void {
  const options = parseFirstPop(ctx.args, 2);
  if (typeof options === 'string') return ctx.reply.error(options);
  const timeoutMs = timeoutSecondsOf(ctx, 1);
  if (timeoutMs === undefined) return;
  const isMissing = popFirstOf(ctx, 3, options);
  if (isMissing) waitForLists(ctx, 3, options.keysEnd, timeoutMs);
}

const ONE_ELEMENT = 'O(N) in the number of keys';

export const listBlockingCommands = defineCommands([
  {
    name: 'blpop', group: 'list', since: '2.0.0', arity: -3, flags: POPPING,
    keys: KEYS_AND_TIMEOUT, complexity: ONE_ELEMENT, apply: (ctx) => blpop(ctx, LEFT),
    summary: 'Takes the left element off the first list that exists, or waits for one.',
  },
  {
    name: 'brpop', group: 'list', since: '2.0.0', arity: -3, flags: POPPING,
    keys: KEYS_AND_TIMEOUT, complexity: ONE_ELEMENT, apply: (ctx) => blpop(ctx, RIGHT),
    summary: 'Takes the right element off the first list that exists, or waits for one.',
  },
  {
    name: 'blmove', group: 'list', since: '6.2.0', arity: 6, flags: MOVING, keys: TWO_KEYS,
    complexity: 'O(1)', apply: blmove,
    summary: 'Takes an element off a list, or waits for one, and adds it to another list.',
  },
  {
    name: 'brpoplpush', group: 'list', since: '2.2.0', arity: 4, flags: MOVING, keys: TWO_KEYS,
    complexity: 'O(1)', apply: (ctx) => moveOrWait(ctx, RIGHT, LEFT),
    summary: 'Takes the last element off a list, or waits for one, and adds it first to another.',
  },
  {
    name: 'blmpop', group: 'list', since: '7.0.0', arity: -5,
    flags: ['write', 'blocking', 'movablekeys'], countAt: 2,
    complexity: 'O(N + M) in the number of keys and of elements replied', apply: blmpop,
    summary: 'Takes elements off the first list that exists among several keys, or waits for one.',
  },
]);
