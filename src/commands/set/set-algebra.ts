/**
 * What sets have in common, what any of them has, and what only the first has.
 *
 * A result is stored by the members, not by positions, and only when all sources were read: the
 * target may be one of them.
 */

import { HashBlock } from '../../keyspace/collection/hash/hash-block.ts';
import { HASH_SET } from '../../keyspace/collection/hash/hash-delta.ts';
import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import { DeltaWriter } from '../../keyspace/pieces.ts';
import { SET } from '../../keyspace/value-type.ts';
import { ByteRange } from '../../lib/byte-range.ts';
import { defineCommands, type Context, type WriteContext } from '../command.ts';
import { MemberBatch, isInBlocks } from '../member-batch.ts';
import { SYNTAX } from '../reply-errors.ts';
import { SetMaker, positionsOf, readSet, sortByInteger } from './set-access.ts';

const ALL_KEYS = Object.freeze({ first: 1, last: -1, step: 1 });
const OF_ALL_MEMBERS = 'O(N) in the number of members of all sets';

/** Sets at the keys from argument `first` up to `end`; null where there is none. */
type Sources = readonly (HashView | null)[];

/** Undefined after an error: each key is looked at, also when the result is known before. */
function readSets(ctx: WriteContext, first: number, end: number): Sources | undefined {
  const sets: (HashView | null)[] = [];
  for (let i = first; i < end; i++) {
    const set = readSet(ctx, i);
    if (set === undefined) return undefined;
    sets.push(set);
  }
  return sets;
}

// ---- Intersection -------------------------------------------------------------------------------

/** The smallest set, and the others; undefined when one is empty. */
function bySize(sets: Sources): readonly [HashView, ...HashView[]] | undefined {
  const there = sets.filter((set) => set !== null);
  if (there.length < sets.length) return undefined;
  return there.toSorted((a, b) => a.size - b.size) as [HashView, ...HashView[]];
}

/** Of those at `positions` of the first set, the ones that all others have; at most `limit`. */
function common(
  [first, ...others]: readonly [HashView, ...HashView[]], positions: Iterable<number>,
  limit = Infinity,
): number[] {
  return chosen(first, others.filter((set) => set !== first), positions, true, limit);
}

/**
 * Of those at `positions` of a set, the ones that each other set has, or that none of them has; at
 * most `limit`.
 */
function chosen(
  first: HashView, others: readonly HashView[], positions: Iterable<number>, isCommon: boolean,
  limit = Infinity,
): number[] {
  if (others.some(isInBlocks)) return chosenInBatches(first, others, positions, isCommon, limit);
  const found: number[] = [];
  for (const at of positions) {
    if (found.length >= limit) break;
    const member = first.fieldAt(at);
    if (others.every((set) => set.has(member) === isCommon)) found.push(at);
  }
  return found;
}

function chosenInBatches(
  first: HashView, others: readonly HashView[], positions: Iterable<number>, isCommon: boolean,
  limit: number,
): number[] {
  const found: number[] = [];
  const batch = new MemberBatch();
  let taken: number[] = [];
  const choose = (): void => {
    for (const set of others) {
      batch.each(set, (member, number) => {
        if (set.has(member) !== isCommon) batch.drop(number);
      });
    }
    for (const number of batch.left()) found.push(taken[number]!);
    batch.clear();
    taken = [];
  };
  for (const at of positions) {
    batch.add(first.fieldAt(at));
    taken.push(at);
    if (!batch.isFull) continue;
    choose();
    if (found.length >= limit) break;
  }
  choose();
  return found.slice(0, limit);
}

function* allPositions({ size }: HashView): Generator<number> {
  for (let at = 0; at < size; at++) yield at;
}

function sinter(ctx: Context): void {
  const sets = readSets(ctx, 1, ctx.args.count);
  if (sets === undefined) return;
  const sorted = bySize(sets);
  if (sorted === undefined) return ctx.reply.set(0);
  replyMembers(ctx, sorted[0], common(sorted, positionsOf(sorted[0], ctx.server.config)));
}

function sintercard(ctx: Context): void {
  const { args, reply } = ctx;
  const numkeys = args.int64(1);
  if (numkeys === undefined || numkeys < 1) {
    return reply.error('ERR numkeys should be greater than 0');
  }
  if (numkeys > args.count - 2) {
    return reply.error('ERR Number of keys can\'t be greater than number of args');
  }
  const end = 2 + Number(numkeys);
  let limit = 0;
  for (let i = end; i < args.count; i += 2) {
    if (!args.is(i, 'LIMIT') || i + 1 >= args.count) return reply.error(SYNTAX);
    const asked = args.int64(i + 1);
    if (asked === undefined || asked < 0) return reply.error('ERR LIMIT can\'t be negative');
    limit = Number(asked);
  }
  const sets = readSets(ctx, 2, end);
  if (sets === undefined) return;
  const sorted = bySize(sets);
  if (sorted === undefined) return reply.integer(0);
  reply.integer(common(sorted, allPositions(sorted[0]), limit === 0 ? Infinity : limit).length);
}

function sinterstore(ctx: WriteContext): void {
  const sets = readSets(ctx, 2, ctx.args.count);
  if (sets === undefined) return;
  const result = new SetMaker();
  const sorted = bySize(sets);
  if (sorted !== undefined) {
    const [first] = sorted;
    for (const at of common(sorted, allPositions(first))) result.add(first.fieldAt(at));
  }
  store(ctx, result, 'sinterstore');
}

// ---- Difference ---------------------------------------------------------------------------------

/** Positions of the first set whose members no other has. */
function different([first, ...others]: Sources): number[] {
  if (first === null || first === undefined || others.includes(first)) return [];
  return chosen(first, others.filter((set) => set !== null), allPositions(first), false);
}

function sdiff(ctx: Context): void {
  const sets = readSets(ctx, 1, ctx.args.count);
  if (sets === undefined) return;
  const found = different(sets);
  if (found.length === 0) return ctx.reply.set(0);
  const first = sets[0] as HashView;
  replyMembers(ctx, first, inOrder(ctx, first, found));
}

function sdiffstore(ctx: WriteContext): void {
  const sets = readSets(ctx, 2, ctx.args.count);
  if (sets === undefined) return;
  const result = new SetMaker();
  for (const at of different(sets)) result.add((sets[0] as HashView).fieldAt(at));
  store(ctx, result, 'sdiffstore');
}

// ---- Union --------------------------------------------------------------------------------------

const EMPTY = new ByteRange(Buffer.alloc(0));
const delta = new DeltaWriter();

/** Gives each member that any set has to `add`, once; returns a set of them all. */
function unite(sets: Sources, add: (member: ByteRange) => void): HashBlock {
  const all = new HashBlock(SET);
  for (const set of sets) {
    if (set === null) continue;
    for (let at = 0; at < set.size; at++) {
      const member = set.fieldAt(at);
      if (all.has(member)) continue;
      delta.begin(HASH_SET);
      delta.range(member);
      delta.range(EMPTY);
      const { buf, start, end } = delta.finish();
      all.applyDelta(buf, start, end);
      add(member);
    }
  }
  return all;
}

function sunion(ctx: Context): void {
  const sets = readSets(ctx, 1, ctx.args.count);
  if (sets === undefined) return;
  const all = unite(sets, () => undefined);
  replyMembers(ctx, all, inOrder(ctx, all, [...allPositions(all)]));
}

function sunionstore(ctx: WriteContext): void {
  const sets = readSets(ctx, 2, ctx.args.count);
  if (sets === undefined) return;
  const result = new SetMaker();
  unite(sets, (member) => result.add(member));
  store(ctx, result, 'sunionstore');
}

// ---- Replies ------------------------------------------------------------------------------------

/** A result that Redis would make an intset of is replied as one. */
function inOrder(
  { server }: Context, set: HashView, positions: readonly number[],
): readonly number[] {
  const isSmall = positions.length <= Number(server.config.get('set-max-intset-entries'));
  return isSmall ? sortByInteger(set, positions) : positions;
}

function replyMembers({ reply }: Context, set: HashView, positions: readonly number[]): void {
  reply.set(positions.length);
  for (const at of positions) reply.bulkRange(set.fieldAt(at));
}

function store(ctx: WriteContext, result: SetMaker, event: string): void {
  result.store(ctx, ctx.args.at(1), event);
  ctx.reply.integer(result.size);
}

export const setAlgebraCommands = defineCommands([
  {
    name: 'sinter', group: 'set', since: '1.0.0', arity: -2, flags: ['readonly'], keys: ALL_KEYS,
    complexity: 'O(N*M) in the size of the smallest set and the number of sets', execute: sinter,
    summary: 'Replies the members that all of several sets have.',
  },
  {
    name: 'sintercard', group: 'set', since: '7.0.0', arity: -3, flags: ['readonly', 'movablekeys'],
    countAt: 1,
    complexity: 'O(N*M) in the size of the smallest set and the number of sets',
    execute: sintercard,
    summary: 'Replies how many members all of several sets have, up to a limit.',
  },
  {
    name: 'sinterstore', group: 'set', since: '1.0.0', arity: -3, flags: ['write', 'denyoom'],
    keys: ALL_KEYS, complexity: 'O(N*M) in the size of the smallest set and the number of sets',
    apply: sinterstore,
    summary: 'Stores the members that all of several sets have; replies how many they are.',
  },
  {
    name: 'sdiff', group: 'set', since: '1.0.0', arity: -2, flags: ['readonly'], keys: ALL_KEYS,
    complexity: OF_ALL_MEMBERS, execute: sdiff,
    summary: 'Replies the members of the first set that no other set has.',
  },
  {
    name: 'sdiffstore', group: 'set', since: '1.0.0', arity: -3, flags: ['write', 'denyoom'],
    keys: ALL_KEYS, complexity: OF_ALL_MEMBERS, apply: sdiffstore,
    summary: 'Stores the members of the first set that no other has; replies how many they are.',
  },
  {
    name: 'sunion', group: 'set', since: '1.0.0', arity: -2, flags: ['readonly'], keys: ALL_KEYS,
    complexity: OF_ALL_MEMBERS, execute: sunion,
    summary: 'Replies the members that any of several sets has.',
  },
  {
    name: 'sunionstore', group: 'set', since: '1.0.0', arity: -3, flags: ['write', 'denyoom'],
    keys: ALL_KEYS, complexity: OF_ALL_MEMBERS, apply: sunionstore,
    summary: 'Stores the members that any of several sets has; replies how many they are.',
  },
]);
