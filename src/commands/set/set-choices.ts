/** Members of a set by chance, and page by page. */

import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import { INT64_MAX, INT64_MIN } from '../../lib/int64.ts';
import { scanCollection, type ScannedCollection } from '../collection-scan.ts';
import { defineCommands, type Context, type WriteContext } from '../command.ts';
import { RANDOM_PICKS_MAX, pickPositions } from '../random-picks.ts';
import { NOT_AN_INTEGER } from '../reply-errors.ts';
import type { ConfigPort } from '../server-port.ts';
import {
  ONE_KEY, applyRemoval, beginRemoval, findSet, positionsOf, readSet, removeMember, setEncoding,
} from './set-access.ts';

const OUT_OF_RANGE = 'ERR value is out of range';
const MUST_BE_POSITIVE = `${OUT_OF_RANGE}, must be positive`;
const COUNT_OUT_OF_RANGE = `${OUT_OF_RANGE}, value must between -${INT64_MAX} and ${INT64_MAX}`;

// ---- Taking -------------------------------------------------------------------------------------

function spop(ctx: WriteContext): void {
  const { args, random, reply } = ctx;
  if (args.count > 2) return spopMany(ctx);
  const set = findSet(ctx);
  if (set === undefined) return;
  if (set === null) return reply.nil();
  beginRemoval();
  takeAt(ctx, set, random.below(set.size));
  applyRemoval(ctx, args.at(1), 'spop', set.size === 1);
}

function spopMany(ctx: WriteContext): void {
  const { args, db, random, reply } = ctx;
  if (args.count > 3) return reply.error('ERR syntax error');
  const count = args.int64(2);
  if (count === undefined || count < 0) return reply.error(MUST_BE_POSITIVE);
  const set = findSet(ctx);
  if (set === undefined) return;
  if (set === null || count === 0) return reply.set(0);
  const { size } = set;
  const positions = pickPositions(random, size, Number(count));
  reply.set(positions.length);
  beginRemoval();
  for (const at of positions) takeAt(ctx, set, at);
  if (positions.length < size) return applyRemoval(ctx, args.at(1), 'spop', false);
  const key = args.at(1);
  db.remove(key);
  db.notify('s', 'spop', key);
  db.notify('g', 'del', key);
}

/** Replies a member and adds it to the delta. */
function takeAt({ reply }: WriteContext, set: HashView, at: number): void {
  const member = set.fieldAt(at);
  reply.bulkRange(member);
  removeMember(member);
}

// ---- Choosing -----------------------------------------------------------------------------------

function srandmember(ctx: Context): void {
  const { args, random, reply } = ctx;
  if (args.count > 2) return srandmemberMany(ctx);
  const set = readSet(ctx);
  if (set === undefined) return;
  if (set === null) return reply.nil();
  reply.bulkRange(set.fieldAt(random.below(set.size)));
}

function srandmemberMany(ctx: Context): void {
  const { args, random, reply, server } = ctx;
  if (args.count > 3) return reply.error('ERR syntax error');
  const count = args.int64(2);
  if (count === undefined) return reply.error(NOT_AN_INTEGER);
  if (count === INT64_MIN) return reply.error(COUNT_OUT_OF_RANGE);
  if (-Number(count) > RANDOM_PICKS_MAX) return reply.error(OUT_OF_RANGE);
  const set = readSet(ctx);
  if (set === undefined) return;
  if (set === null) return reply.emptyArray();
  const positions = count >= set.size
    ? positionsOf(set, server.config) : pickPositions(random, set.size, Number(count));
  reply.array(positions.length);
  for (const at of positions) reply.bulkRange(set.fieldAt(at));
}

// ---- Page by page -------------------------------------------------------------------------------

const SCANNED: ScannedCollection<HashView> = Object.freeze({
  read: (ctx: Context) => readSet(ctx),
  isWhole: (set: HashView, config: ConfigPort) => setEncoding(set, config) !== 'hashtable',
  page: (set: HashView, cursor: number, count: number) => set.scan(cursor, count),
  nameAt: (set: HashView, at: number) => set.fieldAt(at),
  width: 1,
  replyAt: ({ reply }: Context, set: HashView, at: number) => reply.bulkRange(set.fieldAt(at)),
});

function sscan(ctx: Context): void {
  scanCollection(ctx, SCANNED);
}

export const setChoiceCommands = defineCommands([
  {
    name: 'spop', group: 'set', since: '1.0.0', arity: -2, flags: ['write', 'fast'],
    keys: ONE_KEY, complexity: 'O(N) in the number of members replied', apply: spop,
    summary: 'Takes members chosen by chance out of a set; the key goes with its last member.',
  },
  {
    name: 'srandmember', group: 'set', since: '1.0.0', arity: -2, flags: ['readonly'],
    keys: ONE_KEY, complexity: 'O(N) in the number of members replied', execute: srandmember,
    summary: 'Replies members of a set chosen by chance; a negative count allows repetitions.',
  },
  {
    name: 'sscan', group: 'set', since: '2.8.0', arity: -3, flags: ['readonly'], keys: ONE_KEY,
    complexity: 'O(1) for each call with the default count', execute: sscan,
    summary: 'Replies a page of the members of a set, and the next cursor.',
  },
]);
