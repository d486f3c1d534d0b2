/**
 * What sorted sets and sets have together, in common, and one alone: ZUNION, ZINTER, ZDIFF, and
 * their like that store the result or count it.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { compareBytes } from '../../lib/compare-bytes.ts';
import type { Int64 } from '../../lib/int64.ts';
import { parseDouble } from '../../lib/parse-double.ts';
import type { Args } from '../../protocol/args.ts';
import { defineCommands, type Command, type Context, type Flag, type WriteContext }
  from '../command.ts';
import { MemberBatch } from '../member-batch.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';
import { ONE_KEY, ZsetMaker, beginScored, replyScored } from './zset-access.ts';
import type { VisitMember } from '../../keyspace/collection/zset/zset-view.ts';
import { readSources, type Source } from './zset-sources.ts';

const READING: readonly Flag[] = Object.freeze(['readonly', 'movablekeys']);
const STORING: readonly Flag[] = Object.freeze(['write', 'denyoom', 'movablekeys']);
const COST = 'O(N)+O(M*log(M)) for N members of all sources and M of the result';

type Operation = 'union' | 'inter' | 'diff';
type Aggregate = (score: number, other: number) => number;

/** Infinities of both signs make 0. */
const sum: Aggregate = (score, other) => orZero(score + other);
const least: Aggregate = (score, other) => other < score ? other : score;
const most: Aggregate = (score, other) => other > score ? other : score;

function orZero(score: number): number {
  return score !== score ? 0 : score;
}

// ---- The request --------------------------------------------------------------------------------

/** What a command does, and which argument has the number of its keys. */
interface Form {
  readonly operation: Operation;
  readonly name: string;
  readonly countAt: number;
  readonly isStore: boolean;
  readonly isCount: boolean;
}

interface Request {
  weights: readonly number[];
  aggregate: Aggregate;
  withScores: boolean;
  /** Of members to count; 0: all. */
  limit: Int64;
}

/** How many keys there are, or the text of an error. */
function parseNumkeys({ args }: WriteContext, { countAt, name }: Form): number | string {
  const numkeys = args.int64(countAt);
  if (numkeys === undefined) return NOT_AN_INTEGER;
  if (numkeys < 1) return `ERR at least 1 input key is needed for '${name}' command`;
  return numkeys > args.count - countAt - 1 ? SYNTAX : Number(numkeys);
}

function parseOptions(
  args: Args, first: number, numkeys: number, form: Form,
): Request | string {
  const request: Request =
    { weights: Array.from({ length: numkeys }, () => 1), aggregate: sum, withScores: false,
      limit: 0 };
  for (let at = first; at < args.count; at++) {
    const used = noteOption(args, at, form, request);
    if (typeof used === 'string') return used;
    at += used;
  }
  return request;
}

/** How many arguments more the option has, or the text of an error. */
function noteOption(args: Args, at: number, form: Form, request: Request): number | string {
  const left = args.count - at - 1;
  const hasScores = form.operation !== 'diff' && !form.isCount;
  const { length } = request.weights;
  if (hasScores && left >= length && args.is(at, 'WEIGHTS')) {
    return noteWeights(args, at + 1, request);
  }
  if (hasScores && left >= 1 && args.is(at, 'AGGREGATE')) {
    return noteAggregate(args, at + 1, request);
  }
  if (!form.isStore && !form.isCount && args.is(at, 'WITHSCORES')) {
    request.withScores = true;
    return 0;
  }
  if (!form.isCount || left < 1 || !args.is(at, 'LIMIT')) return SYNTAX;
  const limit = args.int64(at + 1);
  if (limit === undefined || limit < 0) return "ERR LIMIT can't be negative";
  request.limit = limit;
  return 1;
}

function noteWeights(args: Args, first: number, request: Request): number | string {
  const weights: number[] = [];
  for (let at = first; weights.length < request.weights.length; at++) {
    const weight = parseDouble(args.buf, args.start(at), args.end(at));
    if (weight === undefined) return 'ERR weight value is not a float';
    weights.push(weight);
  }
  request.weights = weights;
  return weights.length;
}

function noteAggregate(args: Args, at: number, request: Request): number | string {
  if (args.is(at, 'SUM')) request.aggregate = sum;
  else if (args.is(at, 'MIN')) request.aggregate = least;
  else if (args.is(at, 'MAX')) request.aggregate = most;
  else return SYNTAX;
  return 1;
}

// ---- The result ---------------------------------------------------------------------------------

interface Weighted {
  readonly source: Source;
  readonly weight: number;
}

/** Scores by member, one character for a byte. */
type Result = Map<string, number>;

/** Smallest first, as Redis takes them: sums of floats depend on the order. */
function combine(
  operation: Operation, sources: readonly Source[], { aggregate, weights }: Request,
): Result {
  if (operation === 'diff') return difference(sources);
  const weighted = sources.map((source, at) => ({ source, weight: weights[at]! }));
  weighted.sort((a, b) => a.source.size - b.source.size);
  return operation === 'union' ? union(weighted, aggregate) : intersection(weighted, aggregate);
}

function union(weighted: readonly Weighted[], aggregate: Aggregate): Result {
  const result: Result = new Map();
  for (const { source, weight } of weighted) {
    source.each((member, score) => {
      const name = member.latin1();
      const before = result.get(name);
      const own = orZero(score * weight);
      result.set(name, before === undefined ? own : aggregate(before, own));
    });
  }
  return result;
}

function intersection(weighted: readonly Weighted[], aggregate: Aggregate): Result {
  const result: Result = new Map();
  through(weighted, inAll(aggregate), (member, score) => result.set(member.latin1(), score));
  return result;
}

function inAll(aggregate: Aggregate): Next {
  return ({ source, weight }, member, score) => {
    const other = source.scoreOf(member);
    return other === undefined ? undefined : aggregate(score, other * weight);
  };
}

function difference(sources: readonly Source[]): Result {
  const result: Result = new Map();
  const inNoOther: Next = ({ source }, member, score) =>
    source.scoreOf(member) === undefined ? score : undefined;
  through(sources.map(unweighted), inNoOther, (member, score) =>
    result.set(member.latin1(), score));
  return result;
}

function unweighted(source: Source): Weighted {
  return { source, weight: 1 };
}

/** The score that a member comes to have by another source, or undefined: it is taken away. */
type Next = (other: Weighted, member: ByteRange, score: number) => number | undefined;

/**
 * Visits members of the first source that none of the others takes away, until `isEnough`. Many are
 * looked up together (member-batch.ts).
 */
function through(
  [first, ...others]: readonly Weighted[], next: Next, visit: VisitMember,
  isEnough: () => boolean = () => false,
): void {
  const batch = new MemberBatch();
  const scores: number[] = [];
  const take = (): void => {
    for (const other of others) {
      batch.each(other.source.members, (member, number) => {
        const score = next(other, member, scores[number]!);
        if (score === undefined) batch.drop(number);
        else scores[number] = score;
      });
    }
    for (const number of batch.left()) visit(batch.member(number), scores[number]!);
    batch.clear();
    scores.length = 0;
  };
  first!.source.each((member, score) => {
    if (isEnough()) return;
    batch.add(member);
    scores.push(orZero(score * first!.weight));
    if (batch.isFull) take();
  });
  take();
}

interface Scored {
  readonly member: ByteRange;
  readonly score: number;
}

function inOrder(result: Result): Scored[] {
  const all = Array.from(result, ([name, score]) =>
    ({ member: new ByteRange(Buffer.from(name, 'latin1')), score }));
  return all.sort((a, b) => a.score - b.score || compareRanges(a.member, b.member));
}

function compareRanges(a: ByteRange, b: ByteRange): number {
  return compareBytes(a.buf, a.start, a.end, b.buf, b.start, b.end);
}

// ---- Commands -----------------------------------------------------------------------------------

/** The sources and options; undefined after an error. */
function readRequest(
  ctx: WriteContext, form: Form,
): { readonly sources: readonly Source[]; readonly request: Request } | undefined {
  const numkeys = parseNumkeys(ctx, form);
  if (typeof numkeys === 'string') return void ctx.reply.error(numkeys);
  const first = form.countAt + 1;
  const sources = readSources(ctx, first, numkeys);
  if (sources === undefined) return undefined;
  const request = parseOptions(ctx.args, first + numkeys, numkeys, form);
  if (typeof request === 'string') return void ctx.reply.error(request);
  return { sources, request };
}

function replyResult(ctx: Context, form: Form): void {
  const read = readRequest(ctx, form);
  if (read === undefined) return;
  const { reply } = ctx;
  const { request, sources } = read;
  const members = inOrder(combine(form.operation, sources, request));
  if (request.withScores) beginScored(reply, members.length);
  else reply.array(members.length);
  for (const { member, score } of members) {
    if (request.withScores) replyScored(reply, member, score);
    else reply.bulkRange(member);
  }
}

function storeResult(ctx: WriteContext, form: Form): void {
  const read = readRequest(ctx, form);
  if (read === undefined) return;
  const result = new ZsetMaker();
  for (const { member, score } of inOrder(combine(form.operation, read.sources, read.request))) {
    result.add(member, score);
  }
  result.store(ctx, ctx.args.at(1), form.name);
}

function zintercard(ctx: Context): void {
  const read = readRequest(ctx, COUNTED);
  if (read === undefined) return;
  const weighted = read.sources.toSorted((a, b) => a.size - b.size).map(unweighted);
  const limit = Number(read.request.limit);
  let count = 0;
  const isEnough = (): boolean => limit !== 0 && count >= limit;
  through(weighted, inAll(sum), () => count++, isEnough);
  ctx.reply.integer(limit === 0 ? count : Math.min(count, limit));
}

const COUNTED: Form =
  { operation: 'inter', name: 'zintercard', countAt: 1, isStore: false, isCount: true };

function replying(operation: Operation, summary: string): Command {
  const form: Form =
    { operation, name: `z${operation}`, countAt: 1, isStore: false, isCount: false };
  return {
    name: form.name, group: 'sorted-set', since: '6.2.0', arity: -3, flags: READING, countAt: 1,
    complexity: COST, summary, execute: (ctx) => replyResult(ctx, form),
  };
}

function storing(operation: Operation, since: string, summary: string): Command {
  const form: Form =
    { operation, name: `z${operation}store`, countAt: 2, isStore: true, isCount: false };
  return {
    name: form.name, group: 'sorted-set', since, arity: -4, flags: STORING, keys: ONE_KEY,
    countAt: 2, complexity: COST, summary, apply: (ctx) => storeResult(ctx, form),
  };
}

export const zsetAlgebraCommands = defineCommands([
  replying('union', 'Replies the members that any of several sorted sets has.'),
  storing('union', '2.0.0', 'Stores the members that any of several sorted sets has.'),
  replying('inter', 'Replies the members that several sorted sets have in common.'),
  storing('inter', '2.0.0', 'Stores the members that several sorted sets have in common.'),
  replying('diff', 'Replies the members of the first sorted set that the others do not have.'),
  storing('diff', '6.2.0', 'Stores the members of the first sorted set that the others lack.'),
  {
    name: 'zintercard', group: 'sorted-set', since: '7.0.0', arity: -3, flags: READING,
    countAt: 1, execute: zintercard,
    complexity: 'O(N*K) for N members of the smallest of K sorted sets',
    summary: 'Replies how many members several sorted sets have in common.',
  },
]);
