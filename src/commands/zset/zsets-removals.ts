/**
 * Members that go next to each other: ranges, and the lowest or highest ones. The delta lists the
 * members; a sorted set all of which goes is removed as a key.
 */

import { ZSET_REMOVE } from '../../keyspace/collection/zset/zset-delta.ts';
import type { ZsetView } from '../../keyspace/collection/zset/zset-view.ts';
import type { Int64 } from '../../lib/int64.ts';
import type { Args } from '../../protocol/args.ts';
import { defineCommands, type Flag, type WriteContext } from '../command.ts';
import { SYNTAX } from '../reply-errors.ts';
import {
  ONE_KEY, applyRemoval, findZset, removeAll, removeRange, zsetDelta, type Walk,
} from './zset-access.ts';
import { parseMembers, parseRanks, parseScores, type FindRanks } from './zset-bounds.ts';

const WRITING: readonly Flag[] = Object.freeze(['write']);
const POPPING: readonly Flag[] = Object.freeze(['write', 'fast']);
const COST = 'O(log(N)+M) for M members removed of N in the sorted set';
const NOT_POSITIVE = 'ERR value is out of range, must be positive';
const NO_KEYS = 'ERR numkeys should be greater than 0';
const NO_COUNT = 'ERR count should be greater than 0';

// ---- Ranges -------------------------------------------------------------------------------------

function zremrangebyrank(ctx: WriteContext): void {
  removeWithin(ctx, parseRanks(ctx.args, 2, 3), 'zremrangebyrank');
}

function zremrangebyscore(ctx: WriteContext): void {
  removeWithin(ctx, parseScores(ctx.args, 2, 3), 'zremrangebyscore');
}

function zremrangebylex(ctx: WriteContext): void {
  removeWithin(ctx, parseMembers(ctx.args, 2, 3), 'zremrangebylex');
}

function removeWithin(ctx: WriteContext, find: FindRanks | string, event: string): void {
  const { args, reply } = ctx;
  if (typeof find === 'string') return reply.error(find);
  const zset = findZset(ctx);
  if (zset === undefined) return;
  if (zset === null) return reply.integer(0);
  const { first, end } = find(zset);
  const count = Math.max(0, end - first);
  reply.integer(count);
  removeRange(ctx, args.at(1), zset, { rank: first, count, step: 1 }, event);
}

// ---- The lowest and the highest -----------------------------------------------------------------

function zpopmin(ctx: WriteContext): void {
  pop(ctx, false);
}

function zpopmax(ctx: WriteContext): void {
  pop(ctx, true);
}

function pop(ctx: WriteContext, isMax: boolean): void {
  const { args, reply } = ctx;
  if (args.count > 3) return reply.error(SYNTAX);
  const count = args.count === 3 ? args.int64(2) : 1;
  if (count === undefined || count < 0) return reply.error(NOT_POSITIVE);
  const zset = findZset(ctx);
  if (zset === undefined) return;
  if (zset === null || count === 0) return reply.emptyArray();
  const walk = walkFromEnd(zset, Number(count), isMax);
  const inPairs = args.count === 3 && reply.protocol === 3;
  reply.array(inPairs ? walk.count : 2 * walk.count);
  popWalk(ctx, 1, zset, walk, inPairs);
}

export function walkFromEnd({ size }: ZsetView, count: number, isMax: boolean): Walk {
  return { rank: isMax ? size - 1 : 0, count: Math.min(count, size), step: isMax ? -1 : 1 };
}

/** Replies members and removes them. `inPairs`: a member and its score are an array. */
export function popWalk(
  ctx: WriteContext, keyAt: number, zset: ZsetView, { count, rank, step }: Walk, inPairs: boolean,
): void {
  const { args, reply } = ctx;
  zsetDelta.begin(ZSET_REMOVE);
  zset.walk(rank, count, step, (member, score) => {
    zsetDelta.remove(member.buf, member.start, member.end);
    if (inPairs) reply.array(2);
    reply.bulkRange(member);
    reply.double(score);
  });
  const key = args.at(keyAt);
  const event = step < 0 ? 'zpopmax' : 'zpopmin';
  if (count === zset.size) removeAll(ctx, key, event);
  else applyRemoval(ctx, key, event);
}

export interface MultiPop {
  readonly numkeys: number;
  readonly isMax: boolean;
  readonly count: number;
}

function zmpop(ctx: WriteContext): void {
  const parsed = parseMultiPop(ctx.args, 1);
  if (typeof parsed === 'string') ctx.reply.error(parsed);
  else popFirstOf(ctx, 2, parsed);
}

/** Of the keys from an argument on. True when there is no member, and nil is replied. */
export function popFirstOf(
  ctx: WriteContext, firstKey: number, { numkeys, count, isMax }: MultiPop,
): boolean {
  const { args, reply } = ctx;
  for (let keyAt = firstKey; keyAt < firstKey + numkeys; keyAt++) {
    const zset = findZset(ctx, keyAt);
    if (zset === undefined) return false;
    if (zset === null) continue;
    const walk = walkFromEnd(zset, count, isMax);
    reply.array(2);
    reply.bulkRange(args.at(keyAt));
    reply.array(walk.count);
    popWalk(ctx, keyAt, zset, walk, true);
    return false;
  }
  reply.nilArray();
  return true;
}

/** What follows from the argument `numkeysAt` on; or the text of the error. */
export function parseMultiPop(args: Args, numkeysAt: number): MultiPop | string {
  const numkeys = args.int64(numkeysAt);
  if (numkeys === undefined || numkeys < 1) return NO_KEYS;
  if (numkeys > args.count - numkeysAt - 2) return SYNTAX;
  const whereAt = numkeysAt + 1 + Number(numkeys);
  const isMax = args.is(whereAt, 'MAX');
  if (!isMax && !args.is(whereAt, 'MIN')) return SYNTAX;
  let count: Int64 | undefined;
  for (let at = whereAt + 1; at < args.count; at += 2) {
    if (count !== undefined || !args.is(at, 'COUNT') || at + 1 === args.count) return SYNTAX;
    count = args.int64(at + 1);
    if (count === undefined || count < 1) return NO_COUNT;
  }
  return { numkeys: Number(numkeys), isMax, count: Number(count ?? 1) };
}

const REMOVAL = { group: 'sorted-set', flags: WRITING, keys: ONE_KEY, complexity: COST } as const;

export const zsetRemovalCommands = defineCommands([
  {
    ...REMOVAL, name: 'zremrangebyrank', since: '2.0.0', arity: 4, apply: zremrangebyrank,
    summary: 'Removes members of a sorted set within a range of ranks.',
  },
  {
    ...REMOVAL, name: 'zremrangebyscore', since: '1.2.0', arity: 4, apply: zremrangebyscore,
    summary: 'Removes members of a sorted set within a range of scores.',
  },
  {
    ...REMOVAL, name: 'zremrangebylex', since: '2.8.9', arity: 4, apply: zremrangebylex,
    summary: 'Removes members within a range of members, where all scores are equal.',
  },
  {
    ...REMOVAL, name: 'zpopmin', since: '5.0.0', arity: -2, flags: POPPING, apply: zpopmin,
    summary: 'Removes the members of a sorted set with the lowest scores, and replies them.',
  },
  {
    ...REMOVAL, name: 'zpopmax', since: '5.0.0', arity: -2, flags: POPPING, apply: zpopmax,
    summary: 'Removes the members of a sorted set with the highest scores, and replies them.',
  },
  {
    name: 'zmpop', group: 'sorted-set', since: '7.0.0', arity: -4,
    flags: ['write', 'movablekeys'], countAt: 1, apply: zmpop,
    complexity: 'O(K)+O(log(N)*M) for K keys and M members removed of N in the sorted set',
    summary: 'Removes members from the first sorted set that is not empty, and replies them.',
  },
]);
