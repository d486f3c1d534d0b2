/**
 * Setting scores: ZADD and ZINCRBY. One delta for a command, which holds the scores that members
 * come to have, never increments, and names each member once.
 */

import { ZSET_SET } from '../../keyspace/collection/zset/zset-delta.ts';
import type { ZsetView } from '../../keyspace/collection/zset/zset-view.ts';
import { parseDouble } from '../../lib/parse-double.ts';
import type { Args } from '../../protocol/args.ts';
import { defineCommands, type Flag, type WriteContext } from '../command.ts';
import { NOT_A_FLOAT, SYNTAX } from '../reply-errors.ts';
import { ONE_KEY, applySet, boundError, findZset, zsetDelta } from './zset-access.ts';

const SETTING: readonly Flag[] = Object.freeze(['write', 'denyoom', 'fast']);
const NX_AND_XX = 'ERR XX and NX options at the same time are not compatible';
const GT_AND_LT = 'ERR GT, LT, and/or NX options at the same time are not compatible';
const ONE_INCREMENT = 'ERR INCR option supports a single increment-element pair';
const NOT_A_NUMBER = 'ERR resulting score is not a number (NaN)';

/** What decides which scores are set, and what is replied. */
export interface ScoreOptions {
  readonly nx: boolean;
  readonly xx: boolean;
  readonly gt: boolean;
  readonly lt: boolean;
  readonly ch: boolean;
  readonly incr: boolean;
  /** The argument with the first member, and how many there are from one to the next. */
  readonly firstMember: number;
  readonly step: number;
}

type Options = { -readonly [K in keyof ScoreOptions]: ScoreOptions[K] };

function zadd(ctx: WriteContext): void {
  setScores(ctx, false);
}

/** Redis looks for options here too. */
function zincrby(ctx: WriteContext): void {
  setScores(ctx, true);
}

function setScores(ctx: WriteContext, incr: boolean): void {
  const { args, reply } = ctx;
  const options = parseOptions(args, incr);
  if (typeof options === 'string') return reply.error(options);
  const scores = parseScores(args, options.firstMember - 1);
  if (scores === undefined) return reply.error(NOT_A_FLOAT);
  setMembers(ctx, options, scores);
}

/** Sets the scores of the members in the arguments, and replies. */
export function setMembers(
  ctx: WriteContext, options: ScoreOptions, scores: readonly number[],
): void {
  const { args, reply } = ctx;
  const zset = findZset(ctx);
  if (zset === undefined) return;
  const refused = boundError((zset?.size ?? 0) + scores.length);
  if (refused !== undefined) return reply.error(refused);
  const outcome = scores.length === 1
    ? setOne(ctx, zset, options, scores[0]!) : setMany(ctx, zset, options, scores);
  if (outcome === undefined) return reply.error(NOT_A_NUMBER);
  const { added, score, updated } = outcome;
  if (added + updated > 0) {
    applySet(ctx, args.at(1), zset === null, options.incr ? 'zincr' : 'zadd');
  }
  if (!options.incr) return reply.integer(options.ch ? added + updated : added);
  if (score === undefined) reply.nil();
  else reply.double(score);
}

function parseOptions(args: Args, incr: boolean): Options | string {
  const options: Options =
    { nx: false, xx: false, gt: false, lt: false, ch: false, incr, firstMember: 0, step: 2 };
  let first = 2;
  while (first < args.count && noteOption(args, first, options)) first++;
  options.firstMember = first + 1;
  const { gt, lt, nx, xx } = options;
  const left = args.count - first;
  if (left === 0 || left % 2 !== 0) return SYNTAX;
  if (nx && xx) return NX_AND_XX;
  if ((gt && nx) || (lt && nx) || (gt && lt)) return GT_AND_LT;
  return options.incr && left > 2 ? ONE_INCREMENT : options;
}

/** False if the argument is no option. */
function noteOption(args: Args, at: number, options: Options): boolean {
  if (args.is(at, 'NX')) options.nx = true;
  else if (args.is(at, 'XX')) options.xx = true;
  else if (args.is(at, 'GT')) options.gt = true;
  else if (args.is(at, 'LT')) options.lt = true;
  else if (args.is(at, 'CH')) options.ch = true;
  else if (args.is(at, 'INCR')) options.incr = true;
  else return false;
  return true;
}

function parseScores(args: Args, first: number): number[] | undefined {
  const scores: number[] = [];
  for (let at = first; at < args.count; at += 2) {
    const score = parseDouble(args.buf, args.start(at), args.end(at));
    if (score === undefined) return undefined;
    scores.push(score);
  }
  return scores;
}

// ---- What becomes of the members ----------------------------------------------------------------

interface Outcome {
  readonly added: number;
  readonly updated: number;
  /** Of the last member that the options did not exclude. */
  readonly score: number | undefined;
}

/** The score that a member comes to have; undefined: its options leave it alone. May be NaN. */
function scoreAfter(
  { gt, incr, lt, nx, xx }: ScoreOptions, before: number | undefined, given: number,
): number | undefined {
  if (before === undefined) return xx ? undefined : given;
  if (nx) return undefined;
  const score = incr ? before + given : given;
  const isExcluded = (lt && score >= before) || (gt && score <= before);
  return isExcluded ? undefined : score;
}

/** Makes the delta; undefined if the score is not a number. */
function setOne(
  { args }: WriteContext, zset: ZsetView | null, options: ScoreOptions, given: number,
): Outcome | undefined {
  const member = options.firstMember;
  const before = zset?.scoreOf(args.at(member));
  const score = scoreAfter(options, before, given);
  if (score === undefined) return { added: 0, updated: 0, score };
  if (score !== score) return undefined;
  zsetDelta.begin(ZSET_SET);
  zsetDelta.set(args.buf, args.start(member), args.end(member), score);
  if (before === undefined) return { added: 1, updated: 0, score };
  return { added: 0, updated: score === before ? 0 : 1, score };
}

/** A member that is named twice is set twice, and the last score counts. */
function setMany(
  { args }: WriteContext, zset: ZsetView | null, options: ScoreOptions, given: readonly number[],
): Outcome {
  const changed = new Map<string, { readonly at: number; readonly score: number }>();
  let [added, updated] = [0, 0];
  for (let i = 0; i < given.length; i++) {
    const at = options.firstMember + i * options.step;
    const name = args.latin1(at);
    const before = changed.get(name)?.score ?? zset?.scoreOf(args.at(at));
    const score = scoreAfter(options, before, given[i]!);
    if (score === undefined || score === before) continue;
    if (before === undefined) added++;
    else updated++;
    changed.set(name, { at, score });
  }
  zsetDelta.begin(ZSET_SET);
  for (const { at, score } of changed.values()) {
    zsetDelta.set(args.buf, args.start(at), args.end(at), score);
  }
  return { added, updated, score: undefined };
}

export const zsetScoreCommands = defineCommands([
  {
    name: 'zadd', group: 'sorted-set', since: '1.2.0', arity: -4, flags: SETTING, keys: ONE_KEY,
    fields: { first: 3, last: -1, step: 2 }, apply: zadd,
    complexity: 'O(log(N)) for each member, with N members in the sorted set',
    summary: 'Sets the scores of members of a sorted set; replies how many of them are new.',
  },
  {
    name: 'zincrby', group: 'sorted-set', since: '1.2.0', arity: 4, flags: SETTING, keys: ONE_KEY,
    fields: { first: 3, last: 3, step: 1 }, apply: zincrby,
    complexity: 'O(log(N)) with N members in the sorted set',
    summary: 'Adds a number to the score of a member of a sorted set; an absent one has 0.',
  },
]);
