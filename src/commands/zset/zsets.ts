/** Members of sorted sets one by one, and how many there are. */

import { ZSET_REMOVE } from '../../keyspace/collection/zset/zset-delta.ts';
import type { ZsetView } from '../../keyspace/collection/zset/zset-view.ts';
import { defineCommands, type Context, type Flag, type WriteContext } from '../command.ts';
import { SYNTAX, wrongArity } from '../reply-errors.ts';
import {
  ONE_KEY, applyRemoval, findZset, readZset, removeAll, zsetDelta,
} from './zset-access.ts';
import { parseMembers, parseScores, type FindRanks } from './zset-bounds.ts';

const READING: readonly Flag[] = Object.freeze(['readonly', 'fast']);
const ONE_MEMBER = Object.freeze({ first: 2, last: 2, step: 1 });
const ALL_MEMBERS = Object.freeze({ first: 2, last: -1, step: 1 });
const LOGARITHMIC = 'O(log(N)) with N members in the sorted set';

// ---- Reading ------------------------------------------------------------------------------------

function replyScore(ctx: Context, zset: ZsetView | null, member: number): void {
  const score = zset?.scoreOf(ctx.args.at(member));
  if (score === undefined) ctx.reply.nil();
  else ctx.reply.double(score);
}

function zscore(ctx: Context): void {
  const zset = readZset(ctx);
  if (zset !== undefined) replyScore(ctx, zset, 2);
}

function zmscore(ctx: Context): void {
  const { args, reply } = ctx;
  const zset = readZset(ctx);
  if (zset === undefined) return;
  reply.array(args.count - 2);
  for (let member = 2; member < args.count; member++) replyScore(ctx, zset, member);
}

function zcard(ctx: Context): void {
  const zset = readZset(ctx);
  if (zset !== undefined) ctx.reply.integer(zset?.size ?? 0);
}

function zcount(ctx: Context): void {
  replyCount(ctx, parseScores(ctx.args, 2, 3));
}

function zlexcount(ctx: Context): void {
  replyCount(ctx, parseMembers(ctx.args, 2, 3));
}

function replyCount(ctx: Context, find: FindRanks | string): void {
  if (typeof find === 'string') return ctx.reply.error(find);
  const zset = readZset(ctx);
  if (zset === undefined) return;
  if (zset === null) return ctx.reply.integer(0);
  const { first, end } = find(zset);
  ctx.reply.integer(Math.max(0, end - first));
}

function zrank(ctx: Context): void {
  replyRank(ctx, false);
}

function zrevrank(ctx: Context): void {
  replyRank(ctx, true);
}

function replyRank(ctx: Context, isReverse: boolean): void {
  const { args, reply } = ctx;
  if (args.count > 4) return reply.error(wrongArity(isReverse ? 'zrevrank' : 'zrank'));
  const withScore = args.count > 3;
  if (withScore && !args.is(3, 'WITHSCORE')) return reply.error(SYNTAX);
  const zset = readZset(ctx);
  if (zset === undefined) return;
  const member = args.at(2);
  const rank = zset?.rankOf(member) ?? -1;
  if (zset === null || rank < 0) {
    if (withScore) reply.nilArray();
    else reply.nil();
    return;
  }
  if (withScore) reply.array(2);
  reply.integer(isReverse ? zset.size - 1 - rank : rank);
  if (withScore) reply.double(zset.scoreOf(member)!);
}

// ---- Removing -----------------------------------------------------------------------------------

function zrem(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const zset = findZset(ctx);
  if (zset === undefined) return;
  const removed = zset === null ? 0 : writeMembersPresent(ctx, zset);
  reply.integer(removed);
  if (zset === null || removed === 0) return;
  if (removed === zset.size) removeAll(ctx, args.at(1), 'zrem');
  else applyRemoval(ctx, args.at(1), 'zrem');
}

/** Makes a delta of the members that are there, each once; how many. */
function writeMembersPresent({ args }: WriteContext, zset: ZsetView): number {
  const named = new Set<string>();
  zsetDelta.begin(ZSET_REMOVE);
  for (let at = 2; at < args.count; at++) {
    if (zset.scoreOf(args.at(at)) === undefined) continue;
    if (args.count > 3) {
      const name = args.latin1(at);
      if (named.has(name)) continue;
      named.add(name);
    }
    zsetDelta.remove(args.buf, args.start(at), args.end(at));
  }
  return zsetDelta.count;
}

export const zsetCommands = defineCommands([
  {
    name: 'zrem', group: 'sorted-set', since: '1.2.0', arity: -3, flags: ['write', 'fast'],
    keys: ONE_KEY, fields: ALL_MEMBERS, apply: zrem,
    complexity: 'O(M*log(N)) for M members of N in the sorted set',
    summary: 'Removes members of a sorted set; the key goes with its last member.',
  },
  {
    name: 'zscore', group: 'sorted-set', since: '1.2.0', arity: 3, flags: READING, keys: ONE_KEY,
    fields: ONE_MEMBER, complexity: 'O(1)', execute: zscore,
    summary: 'Replies the score of a member of a sorted set.',
  },
  {
    name: 'zmscore', group: 'sorted-set', since: '6.2.0', arity: -3, flags: READING, keys: ONE_KEY,
    fields: ALL_MEMBERS, complexity: 'O(N) in the number of members asked for', execute: zmscore,
    summary: 'Replies the scores of several members of a sorted set.',
  },
  {
    name: 'zcard', group: 'sorted-set', since: '1.2.0', arity: 2, flags: READING, keys: ONE_KEY,
    complexity: 'O(1)', execute: zcard,
    summary: 'Replies the number of members of a sorted set.',
  },
  {
    name: 'zcount', group: 'sorted-set', since: '2.0.0', arity: 4, flags: READING, keys: ONE_KEY,
    complexity: LOGARITHMIC, execute: zcount,
    summary: 'Replies how many members of a sorted set have a score within a range.',
  },
  {
    name: 'zlexcount', group: 'sorted-set', since: '2.8.9', arity: 4, flags: READING,
    keys: ONE_KEY, complexity: LOGARITHMIC, execute: zlexcount,
    summary: 'Replies how many members are within a range, where all scores are equal.',
  },
  {
    name: 'zrank', group: 'sorted-set', since: '2.0.0', arity: -3, flags: READING, keys: ONE_KEY,
    fields: ONE_MEMBER, complexity: LOGARITHMIC, execute: zrank,
    summary: 'Replies the rank of a member of a sorted set, lowest score first.',
  },
  {
    name: 'zrevrank', group: 'sorted-set', since: '2.0.0', arity: -3, flags: READING,
    keys: ONE_KEY, fields: ONE_MEMBER, complexity: LOGARITHMIC, execute: zrevrank,
    summary: 'Replies the rank of a member of a sorted set, highest score first.',
  },
]);
