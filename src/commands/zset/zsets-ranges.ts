/**
 * Ranges of sorted sets: ZRANGE in all its ways, its older forms, and ZRANGESTORE. All of them
 * become a rank, a number of members and a direction before a member is looked at.
 */

import type { ZsetView } from '../../keyspace/collection/zset/zset-view.ts';
import type { Args } from '../../protocol/args.ts';
import { defineCommands, type Context, type Flag, type WriteContext } from '../command.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';
import { ONE_KEY, ZsetMaker, readZset, replyWalk, type Walk } from './zset-access.ts';
import { parseMembers, parseRanks, parseScores, type FindRanks } from './zset-bounds.ts';

const READING: readonly Flag[] = Object.freeze(['readonly']);
const TWO_KEYS = Object.freeze({ first: 1, last: 2, step: 1 });
const COST = 'O(log(N)+M) for M members replied of N in the sorted set';
const LIMIT_OF_RANKS =
  'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX';
const SCORES_OF_MEMBERS =
  'ERR syntax error, WITHSCORES not supported in combination with BYLEX';

type By = 'rank' | 'score' | 'member';

/** What the name of the command says; undefined: options say it. */
interface Form {
  readonly by?: By;
  readonly isReverse?: boolean;
  readonly isStore?: true;
}

interface Range {
  readonly by: By;
  readonly find: FindRanks;
  readonly isReverse: boolean;
  readonly withScores: boolean;
  readonly offset: number;
  /** -1: all. */
  readonly limit: number;
}

interface Options {
  by: By | undefined;
  isReverse: boolean | undefined;
  withScores: boolean;
  offset: number;
  limit: number;
}

/** The range in the arguments behind the one with the key, or the text of an error. */
function parseRange(args: Args, keyAt: number, form: Form): Range | string {
  const options: Options =
    { by: form.by, isReverse: form.isReverse, withScores: false, offset: 0, limit: -1 };
  for (let at = keyAt + 3; at < args.count; at++) {
    const used = noteOption(args, at, form, options);
    if (typeof used === 'string') return used;
    at += used;
  }
  const { by = 'rank', isReverse = false, withScores, offset, limit } = options;
  if (limit !== -1 && by === 'rank') return LIMIT_OF_RANKS;
  if (withScores && by === 'member') return SCORES_OF_MEMBERS;
  const find = parseBounds(args, keyAt + 1, by, isReverse);
  return typeof find === 'string' ? find : { by, find, isReverse, withScores, offset, limit };
}

/** How many arguments more the option has, or the text of an error. */
function noteOption(args: Args, at: number, form: Form, options: Options): number | string {
  if (form.isStore === undefined && args.is(at, 'WITHSCORES')) options.withScores = true;
  else if (args.is(at, 'LIMIT') && at + 2 < args.count) return noteLimit(args, at, options);
  else if (options.isReverse === undefined && args.is(at, 'REV')) options.isReverse = true;
  else if (options.by === undefined && args.is(at, 'BYLEX')) options.by = 'member';
  else if (options.by === undefined && args.is(at, 'BYSCORE')) options.by = 'score';
  else return SYNTAX;
  return 0;
}

function noteLimit(args: Args, at: number, options: Options): number | string {
  const [offset, limit] = [args.int64(at + 1), args.int64(at + 2)];
  if (offset === undefined || limit === undefined) return NOT_AN_INTEGER;
  options.offset = Number(offset);
  options.limit = Number(limit);
  return 2;
}

/** A range of scores or members from the highest on is written with its upper bound first. */
function parseBounds(
  args: Args, first: number, by: By, isReverse: boolean,
): FindRanks | string {
  if (by === 'rank') return parseRanks(args, first, first + 1);
  const [min, max] = isReverse ? [first + 1, first] : [first, first + 1];
  return by === 'score' ? parseScores(args, min, max) : parseMembers(args, min, max);
}

/** Ranks count from the highest score on, and nothing is before an offset that is negative. */
function walkOf(zset: ZsetView, { by, find, isReverse, limit, offset }: Range): Walk {
  const { first, end } = find(zset);
  const length = Math.max(0, end - first);
  const skipped = offset < 0 ? length : Math.min(offset, length);
  const count = limit < 0 ? length - skipped : Math.min(limit, length - skipped);
  if (!isReverse) return { rank: first + skipped, count, step: 1 };
  const highest = by === 'rank' ? zset.size - 1 - first : end - 1;
  return { rank: highest - skipped, count, step: -1 };
}

// ---- Commands -----------------------------------------------------------------------------------

function replyRange(ctx: Context, form: Form): void {
  const { args, reply } = ctx;
  const range = parseRange(args, 1, form);
  if (typeof range === 'string') return reply.error(range);
  const zset = readZset(ctx);
  if (zset === undefined) return;
  if (zset === null) return reply.emptyArray();
  replyWalk(reply, zset, walkOf(zset, range), range.withScores);
}

function zrangestore(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const range = parseRange(args, 2, { isStore: true });
  if (typeof range === 'string') return reply.error(range);
  const zset = readZset(ctx, 2);
  if (zset === undefined) return;
  const result = new ZsetMaker();
  if (zset !== null) {
    const { count, rank, step } = walkOf(zset, range);
    zset.walk(rank, count, step, (member, score) => result.add(member, score));
  }
  result.store(ctx, args.at(1), 'zrangestore');
}

/** A form of ZRANGE with a name of its own. */
function rangeCommand(form: Form): (ctx: Context) => void {
  return (ctx) => replyRange(ctx, form);
}

const RANGE = { group: 'sorted-set', flags: READING, keys: ONE_KEY, complexity: COST } as const;

export const zsetRangeCommands = defineCommands([
  {
    ...RANGE, name: 'zrange', since: '1.2.0', arity: -4, execute: rangeCommand({}),
    summary: 'Replies members of a sorted set within a range of ranks, scores or members.',
  },
  {
    ...RANGE, name: 'zrevrange', since: '1.2.0', arity: -4,
    execute: rangeCommand({ by: 'rank', isReverse: true }),
    summary: 'Replies members of a sorted set within a range of ranks, highest score first.',
  },
  {
    ...RANGE, name: 'zrangebyscore', since: '1.0.5', arity: -4,
    execute: rangeCommand({ by: 'score', isReverse: false }),
    summary: 'Replies members of a sorted set within a range of scores.',
  },
  {
    ...RANGE, name: 'zrevrangebyscore', since: '2.2.0', arity: -4,
    execute: rangeCommand({ by: 'score', isReverse: true }),
    summary: 'Replies members of a sorted set within a range of scores, highest first.',
  },
  {
    ...RANGE, name: 'zrangebylex', since: '2.8.9', arity: -4,
    execute: rangeCommand({ by: 'member', isReverse: false }),
    summary: 'Replies members within a range of members, where all scores are equal.',
  },
  {
    ...RANGE, name: 'zrevrangebylex', since: '2.8.9', arity: -4,
    execute: rangeCommand({ by: 'member', isReverse: true }),
    summary: 'Replies members within a range of members, last first, where all scores are equal.',
  },
  {
    ...RANGE, name: 'zrangestore', since: '6.2.0', arity: -5, flags: ['write', 'denyoom'],
    keys: TWO_KEYS, apply: zrangestore,
    complexity: 'O(log(N)+M) for M members stored of N in the sorted set',
    summary: 'Stores members of a sorted set within a range at a key; replies how many.',
  },
]);
