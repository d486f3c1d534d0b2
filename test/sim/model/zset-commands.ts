/**
 * Sorted sets. Scores are such that every version of Redis prints them alike: multiples of a
 * quarter, and infinities.
 */

import { CommandError, WRONG_TYPE, type Execution } from './execution.ts';
import { some, type Expectation } from './expectation.ts';
import { read, write, type ModelCommand } from './model-command.ts';
import { mustLong, mustNumber, syntaxError } from './parse.ts';
import {
  array, bulk, bytesOf, integer, itemsOf, NIL, NIL_ARRAY, type Reply,
} from './reply.ts';
import { SortedSet, type Scored } from './sorted-set-value.ts';
import { isSet } from './value.ts';

const EMPTY = new SortedSet();
const NOT_POSITIVE = 'ERR value is out of range, must be positive';

function setOf(execution: Execution, key: string): SortedSet {
  return execution.findSortedSet(key) ?? EMPTY;
}

function mustScore(text: string, error = 'ERR value is not a valid float'): number {
  const infinite = /^([+-]?)inf$/i.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new CommandError(error);
  return Number(text) + 0;
}

function textOf(score: number): string {
  if (score === Infinity) return 'inf';
  return score === -Infinity ? '-inf' : `${score}`;
}

function scoreReply({ protocol }: Execution, score: number | undefined): Reply {
  if (score === undefined) return NIL;
  return protocol === 3 ? { kind: 'double', text: textOf(score) } : bulk(textOf(score));
}

/** Pairs are arrays in RESP3, if `inPairs` in both. */
function members(
  execution: Execution, found: readonly Scored[], withScores: boolean, inPairs = false,
): Reply {
  if (!withScores) return array(found.map(([member]) => bulk(member)));
  const pairs = found.map(([member, score]) => [bulk(member), scoreReply(execution, score)]);
  return array(inPairs || execution.protocol === 3 ? pairs.map(array) : pairs.flat());
}

// ---- Scores -------------------------------------------------------------------------------------

const ADD_OPTIONS = new Set(['NX', 'XX', 'GT', 'LT', 'CH', 'INCR']);

function add(execution: Execution, args: readonly string[]): Reply {
  const options = new Set<string>();
  let at = 2;
  for (; ADD_OPTIONS.has((args[at] ?? '').toUpperCase()); at++) options.add(args[at]!.toUpperCase());
  return setScores(execution, args[1] ?? '', options, args.slice(at));
}

function increment(execution: Execution, args: readonly string[]): Reply {
  return setScores(execution, args[1] ?? '', new Set(['INCR']), args.slice(2));
}

function setScores(
  execution: Execution, key: string, options: ReadonlySet<string>, rest: readonly string[],
): Reply {
  const [nx, xx, gt, lt] = ['NX', 'XX', 'GT', 'LT'].map((each) => options.has(each));
  if (rest.length === 0 || rest.length % 2 === 1) syntaxError();
  if (nx === true && xx === true) {
    throw new CommandError('ERR XX and NX options at the same time are not compatible');
  }
  if ([nx, gt, lt].filter((each) => each === true).length > 1) {
    throw new CommandError(
      'ERR GT, LT, and/or NX options at the same time are not compatible');
  }
  const isIncrement = options.has('INCR');
  if (isIncrement && rest.length > 2) {
    throw new CommandError('ERR INCR option supports a single increment-element pair');
  }
  const given = rest.filter((_, i) => i % 2 === 0).map((text) => mustScore(text));
  let set = setOf(execution, key);
  let [added, updated] = [0, 0];
  let last: number | undefined;
  for (const [i, number] of given.entries()) {
    const member = rest[2 * i + 1]!;
    const before = set.scores.get(member);
    const score = isIncrement && before !== undefined ? before + number : number;
    if (before === undefined ? xx : nx) continue;
    if (Number.isNaN(score)) {
      throw new CommandError('ERR resulting score is not a number (NaN)');
    }
    if (before !== undefined && ((gt && score <= before) || (lt && score >= before))) continue;
    last = score;
    if (before === score) continue;
    if (before === undefined) added++;
    else updated++;
    set = set.with([[member, score]]);
  }
  if (added + updated > 0) execution.change(key, set);
  if (isIncrement) return scoreReply(execution, last);
  return integer(options.has('CH') ? added + updated : added);
}

// ---- Ranges -------------------------------------------------------------------------------------

function byRank(set: SortedSet, startText: string, endText: string): readonly Scored[] {
  const [start, end] = [mustNumber(startText), mustNumber(endText)];
  return sliceByRank(set.ordered, start, end);
}

function sliceByRank(all: readonly Scored[], start: number, end: number): readonly Scored[] {
  const from = Math.max(0, start < 0 ? all.length + start : start);
  const to = end < 0 ? all.length + end : end;
  return all.slice(from, Math.max(from, to + 1));
}

function bound(text: string): { readonly score: number; readonly isOpen: boolean } {
  const isOpen = text.startsWith('(');
  return { score: mustScore(isOpen ? text.slice(1) : text, 'ERR min or max is not a float'), isOpen };
}

function withinScores(minText: string, maxText: string): (scored: Scored) => boolean {
  const [min, max] = [bound(minText), bound(maxText)];
  return ([, score]) =>
    (min.isOpen ? score > min.score : score >= min.score) &&
    (max.isOpen ? score < max.score : score <= max.score);
}

interface RangeOptions {
  isByScore: boolean;
  isReverse: boolean;
  withScores: boolean;
  offset: number;
  limit: number;
}

/** What ZRANGE's words behind the bounds say; of members the model knows no ranges. */
function rangeOptions(words: readonly string[], isStore: boolean): RangeOptions {
  const options = { isByScore: false, isReverse: false, withScores: false, offset: 0, limit: -1 };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!.toUpperCase();
    if (word === 'WITHSCORES' && !isStore) options.withScores = true;
    else if (word === 'LIMIT' && i + 2 < words.length) {
      [options.offset, options.limit] = [mustNumber(words[i + 1]!), mustNumber(words[i + 2]!)];
      i += 2;
    } else if (word === 'REV' && !options.isReverse) options.isReverse = true;
    else if (word === 'BYSCORE' && !options.isByScore) options.isByScore = true;
    else syntaxError();
  }
  if (options.limit !== -1 && !options.isByScore) {
    throw new CommandError(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX');
  }
  return options;
}

/** Reads the bounds before the key is looked at, as Redis does. */
function rangeOf(
  execution: Execution, key: string, [first = '', last = '']: readonly string[],
  { isByScore, isReverse, limit, offset }: RangeOptions,
): readonly Scored[] {
  const [min, max] = isReverse ? [last, first] : [first, last];
  const isWithin = isByScore ? withinScores(min, max) : () => true;
  if (!isByScore) byRank(EMPTY, first, last);
  const { ordered } = setOf(execution, key);
  const all = isReverse ? ordered.toReversed() : ordered;
  if (!isByScore) return sliceByRank(all, Number(first), Number(last));
  const within = all.filter(isWithin);
  if (offset < 0) return [];
  return within.slice(offset, limit < 0 ? undefined : offset + limit);
}

function range(execution: Execution, args: readonly string[]): Reply {
  const options = rangeOptions(args.slice(4), false);
  const found = rangeOf(execution, args[1] ?? '', args.slice(2, 4), options);
  return members(execution, found, options.withScores);
}

function storeRange(execution: Execution, args: readonly string[]): number {
  const options = rangeOptions(args.slice(5), true);
  return store(execution, args[1] ?? '', rangeOf(execution, args[2] ?? '', args.slice(3, 5), options));
}

function store(execution: Execution, target: string, found: readonly Scored[]): number {
  if (execution.find(target) !== undefined) execution.remove(target);
  if (found.length > 0) execution.change(target, new SortedSet(found));
  return found.length;
}

function count(execution: Execution, [, key = '', min = '', max = '']: readonly string[]): number {
  const isWithin = withinScores(min, max);
  return setOf(execution, key).ordered.filter(isWithin).length;
}

function rank(isReverse: boolean): (execution: Execution, args: readonly string[]) => Reply {
  return (execution, [, key = '', member = '']) => {
    const set = setOf(execution, key);
    const at = set.ordered.findIndex(([each]) => each === member);
    if (at < 0) return NIL;
    return integer(isReverse ? set.size - 1 - at : at);
  };
}

// ---- Removing -----------------------------------------------------------------------------------

function removeAll(execution: Execution, key: string, gone: readonly Scored[]): number {
  if (gone.length > 0) {
    execution.change(key, setOf(execution, key).without(gone.map(([member]) => member)));
  }
  return gone.length;
}

function remove(execution: Execution, [, key = '', ...names]: readonly string[]): number {
  const named = new Set(names);
  return removeAll(execution, key,
    setOf(execution, key).ordered.filter(([member]) => named.has(member)));
}

function removeRanks(execution: Execution, [, key = '', start = '', end = '']: readonly string[]):
number {
  byRank(EMPTY, start, end);
  return removeAll(execution, key, byRank(setOf(execution, key), start, end));
}

function removeScores(execution: Execution, [, key = '', min = '', max = '']: readonly string[]):
number {
  const isWithin = withinScores(min, max);
  return removeAll(execution, key, setOf(execution, key).ordered.filter(isWithin));
}

function pop(isMax: boolean): (execution: Execution, args: readonly string[]) => Reply {
  return (execution, args) => {
    const [, key = '', text] = args;
    if (args.length > 3) syntaxError();
    const wanted = text === undefined ? 1n : mustLong(text, NOT_POSITIVE);
    if (wanted < 0n) throw new CommandError(NOT_POSITIVE);
    const { ordered } = setOf(execution, key);
    const taken = (isMax ? ordered.toReversed() : ordered).slice(0, Number(wanted));
    removeAll(execution, key, taken);
    const pairs = taken.map(([member, score]) => [bulk(member), scoreReply(execution, score)]);
    const inPairs = text !== undefined && execution.protocol === 3;
    return array(inPairs ? pairs.map(array) : pairs.flat());
  };
}

/** ZMPOP 2 a b MIN COUNT 3: from the first that there is. */
function popFirst(execution: Execution, args: readonly string[]): Reply {
  const numkeys = Number(args[1]);
  const [where = '', , text = '1'] = args.slice(2 + numkeys);
  for (const key of args.slice(2, 2 + numkeys)) {
    const { ordered } = setOf(execution, key);
    if (ordered.length === 0) continue;
    const isMax = where.toUpperCase() === 'MAX';
    const taken = (isMax ? ordered.toReversed() : ordered).slice(0, Number(text));
    removeAll(execution, key, taken);
    return array([bulk(key), members(execution, taken, true, true)]);
  }
  return execution.protocol === 3 ? NIL : NIL_ARRAY;
}

// ---- Several ------------------------------------------------------------------------------------

/** Sets count as sorted sets of which all scores are 1. */
function source(execution: Execution, key: string): SortedSet {
  const value = execution.find(key)?.value ?? EMPTY;
  if (value instanceof SortedSet) return value;
  if (isSet(value)) return new SortedSet([...value].map((member) => [member, 1]));
  throw new CommandError(WRONG_TYPE);
}

const AGGREGATES: Readonly<Record<string, (a: number, b: number) => number>> = {
  SUM: (a, b) => (Number.isNaN(a + b) ? 0 : a + b), MIN: Math.min, MAX: Math.max,
};

interface Combination {
  readonly sources: readonly SortedSet[];
  readonly weights: readonly number[];
  readonly aggregate: (a: number, b: number) => number;
  readonly withScores: boolean;
}

/** `numkeys key ... WEIGHTS ... AGGREGATE how WITHSCORES`, as random commands write it. */
function combination(execution: Execution, args: readonly string[]): Combination {
  const numkeys = Number(args[0]);
  const sources = args.slice(1, 1 + numkeys).map((key) => source(execution, key));
  const words = args.slice(1 + numkeys);
  const weightsAt = words.indexOf('WEIGHTS');
  const weights = sources.map((_, i) => (weightsAt < 0 ? 1 : Number(words[weightsAt + 1 + i])));
  const how = words.indexOf('AGGREGATE') < 0 ? 'SUM' : words[words.indexOf('AGGREGATE') + 1]!;
  return { sources, weights, aggregate: AGGREGATES[how]!, withScores: words.includes('WITHSCORES') };
}

type Combine = (combination: Combination) => SortedSet;

function weighted(score: number, weight: number): number {
  return Number.isNaN(score * weight) ? 0 : score * weight;
}

const union: Combine = ({ aggregate, sources, weights }) => {
  const all = new Map<string, number>();
  for (const [i, set] of sources.entries()) {
    for (const [member, score] of set.scores) {
      const own = weighted(score, weights[i]!);
      const before = all.get(member);
      all.set(member, before === undefined ? own : aggregate(before, own));
    }
  }
  return new SortedSet(all);
};

const intersection: Combine = (combined) => {
  const { sources } = combined;
  const all = union(combined);
  return new SortedSet([...all.scores].filter(([member]) =>
    sources.every((set) => set.scores.has(member))));
};

const difference: Combine = ({ sources: [first = EMPTY, ...others] }) =>
  first.without(others.flatMap((set) => [...set.scores.keys()]));

function reply(combine: Combine): (execution: Execution, args: readonly string[]) => Reply {
  return (execution, args) => {
    const combined = combination(execution, args.slice(1));
    return members(execution, combine(combined).ordered, combined.withScores);
  };
}

function storing(combine: Combine): (execution: Execution, args: readonly string[]) => number {
  return (execution, args) =>
    store(execution, args[1] ?? '', combine(combination(execution, args.slice(2))).ordered);
}

function countCommon(execution: Execution, args: readonly string[]): number {
  const { size } = intersection(combination(execution, args.slice(1)));
  const limitAt = args.indexOf('LIMIT');
  const limit = limitAt < 0 ? 0 : Number(args[limitAt + 1]);
  return limit > 0 ? Math.min(limit, size) : size;
}

// ---- Chance -------------------------------------------------------------------------------------

function chooseSome(execution: Execution, [, key = '', text]: readonly string[]): Expectation {
  const wanted = text === undefined ? 1 : Number(mustLong(text));
  const { scores, size } = setOf(execution, key);
  const number = size === 0 ? 0 : wanted < 0 ? -wanted : Math.min(wanted, size);
  return some(() => `${number} of ${size} members of ${key}`, (found) => {
    if (text === undefined) {
      const one = bytesOf(found);
      return one === undefined ? number === 0 && found.kind === NIL.kind : scores.has(one);
    }
    const names = itemsOf(found)?.map((item) => bytesOf(item) ?? '') ?? [];
    if (names.length !== number || !names.every((name) => scores.has(name))) return false;
    return wanted < 0 || new Set(names).size === number;
  });
}

export const zsetCommands: readonly ModelCommand[] = [
  write('ZADD', -4, 'first', add),
  write('ZINCRBY', 4, 'first', increment),
  write('ZREM', -3, 'first', remove),
  write('ZREMRANGEBYRANK', 4, 'first', removeRanks),
  write('ZREMRANGEBYSCORE', 4, 'first', removeScores),
  write('ZPOPMIN', -2, 'first', pop(false)),
  write('ZPOPMAX', -2, 'first', pop(true)),
  write('ZMPOP', -4, 'counted', popFirst),
  write('ZRANGESTORE', -5, 'two', storeRange),
  write('ZUNIONSTORE', -4, 'storeCounted', storing(union)),
  write('ZINTERSTORE', -4, 'storeCounted', storing(intersection)),
  write('ZDIFFSTORE', -4, 'storeCounted', storing(difference)),
  read('ZUNION', -3, 'counted', reply(union)),
  read('ZINTER', -3, 'counted', reply(intersection)),
  read('ZDIFF', -3, 'counted', reply(difference)),
  read('ZINTERCARD', -3, 'counted', countCommon),
  read('ZCARD', 2, 'first', (execution, [, key = '']) => setOf(execution, key).size),
  read('ZSCORE', 3, 'first', (execution, [, key = '', member = '']) =>
    scoreReply(execution, setOf(execution, key).scores.get(member))),
  read('ZMSCORE', -3, 'first', (execution, [, key = '', ...names]) => {
    const { scores } = setOf(execution, key);
    return array(names.map((member) => scoreReply(execution, scores.get(member))));
  }),
  read('ZRANK', 3, 'first', rank(false)),
  read('ZREVRANK', 3, 'first', rank(true)),
  read('ZCOUNT', 4, 'first', count),
  read('ZRANGE', -4, 'first', range),
  read('ZRANDMEMBER', -2, 'first', chooseSome),
];
