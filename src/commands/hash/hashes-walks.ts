/**
 * Hashes as a whole: all fields, some by chance, and one page after the other.
 *
 * A hash that calls itself a listpack is scanned in one call, as in Redis; larger ones from the
 * last position down to the first (hash-view.ts says why that misses nothing).
 */

import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import { INT64_MAX, INT64_MIN, type Int64 } from '../../lib/int64.ts';
import { defineCommands, type Context, type Flag } from '../command.ts';
import { ONE_KEY, hashEncoding, readHash } from './hash-access.ts';
import { scanCollection, type ScannedCollection } from '../collection-scan.ts';
import { RANDOM_PICKS_MAX, pickPositions } from '../random-picks.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';
import type { ConfigPort } from '../server-port.ts';

const READING: readonly Flag[] = Object.freeze(['readonly']);
const OUT_OF_RANGE = 'ERR value is out of range';
const COUNT_OUT_OF_RANGE = `${OUT_OF_RANGE}, value must between -${INT64_MAX} and ${INT64_MAX}`;

/** Largest count of pairs: each is two elements. */
const HALF_MAX = INT64_MAX / 2n;

// ---- All ----------------------------------------------------------------------------------------

function hgetall(ctx: Context): void {
  const hash = readHash(ctx);
  if (hash === undefined) return;
  const size = hash?.size ?? 0;
  ctx.reply.map(size);
  for (let rank = 0; rank < size; rank++) replyPair(ctx, hash!, hash!.nth(rank));
}

function hkeys(ctx: Context): void {
  const hash = readHash(ctx);
  if (hash === undefined) return;
  const size = hash?.size ?? 0;
  ctx.reply.array(size);
  for (let rank = 0; rank < size; rank++) ctx.reply.bulkRange(hash!.fieldAt(hash!.nth(rank)));
}

function hvals(ctx: Context): void {
  const hash = readHash(ctx);
  if (hash === undefined) return;
  const size = hash?.size ?? 0;
  ctx.reply.array(size);
  for (let rank = 0; rank < size; rank++) ctx.reply.bulkRange(hash!.valueAt(hash!.nth(rank)));
}

function replyPair({ reply }: Context, hash: HashView, at: number): void {
  reply.bulkRange(hash.fieldAt(at));
  reply.bulkRange(hash.valueAt(at));
}

// ---- By chance ----------------------------------------------------------------------------------

function hrandfield(ctx: Context): void {
  const { args, random, reply } = ctx;
  if (args.count > 2) return hrandfieldMany(ctx);
  const hash = readHash(ctx);
  if (hash === undefined) return;
  if (hash === null) return reply.nil();
  reply.bulkRange(hash.fieldAt(hash.nth(random.below(hash.size))));
}

function hrandfieldMany(ctx: Context): void {
  const { args, reply } = ctx;
  const count = args.int64(2);
  if (count === undefined) return reply.error(NOT_AN_INTEGER);
  if (count === INT64_MIN) return reply.error(COUNT_OUT_OF_RANGE);
  const withValues = args.count > 3;
  if (args.count > 4 || (withValues && !args.is(3, 'WITHVALUES'))) return reply.error(SYNTAX);
  if (withValues && (count > HALF_MAX || count < -HALF_MAX)) return reply.error(OUT_OF_RANGE);
  const hash = readHash(ctx);
  if (hash === undefined) return;
  if (hash === null) return reply.emptyArray();
  if (isTooMany(count, withValues)) return reply.error(OUT_OF_RANGE);
  replyPicked(ctx, hash, pickPositions(ctx.random, hash.size, Number(count)), withValues);
}

/** Only a negative count, which may pick a field again, can ask for more than the hash has. */
function isTooMany(count: Int64, withValues: boolean): boolean {
  return -Number(count) * (withValues ? 2 : 1) > RANDOM_PICKS_MAX;
}

function replyPicked(
  ctx: Context, hash: HashView, ranks: Float64Array, withValues: boolean,
): void {
  const { reply } = ctx;
  const inPairs = withValues && reply.protocol === 3;
  reply.array(withValues && !inPairs ? ranks.length * 2 : ranks.length);
  for (const rank of ranks) {
    const at = hash.nth(rank);
    if (inPairs) reply.array(2);
    if (withValues) replyPair(ctx, hash, at);
    else reply.bulkRange(hash.fieldAt(at));
  }
}

// ---- Page by page -------------------------------------------------------------------------------

const SCANNED: ScannedCollection<HashView> = Object.freeze({
  read: readHash,
  isWhole: (hash: HashView, config: ConfigPort) => hashEncoding(hash, config) !== 'hashtable',
  page: (hash: HashView, cursor: number, count: number) => hash.scan(cursor, count),
  nameAt: (hash: HashView, at: number) => hash.fieldAt(at),
  width: 2,
  mayLeaveOutValues: true,
  replyAt: replyPair,
});

function hscan(ctx: Context): void {
  scanCollection(ctx, SCANNED);
}

export const hashWalkCommands = defineCommands([
  {
    name: 'hgetall', group: 'hash', since: '2.0.0', arity: 2, flags: READING, keys: ONE_KEY,
    complexity: 'O(N) in the size of the hash', execute: hgetall,
    summary: 'Replies all fields of a hash with their values.',
  },
  {
    name: 'hkeys', group: 'hash', since: '2.0.0', arity: 2, flags: READING, keys: ONE_KEY,
    complexity: 'O(N) in the size of the hash', execute: hkeys,
    summary: 'Replies all fields of a hash.',
  },
  {
    name: 'hvals', group: 'hash', since: '2.0.0', arity: 2, flags: READING, keys: ONE_KEY,
    complexity: 'O(N) in the size of the hash', execute: hvals,
    summary: 'Replies the values of all fields of a hash.',
  },
  {
    name: 'hrandfield', group: 'hash', since: '6.2.0', arity: -2, flags: READING, keys: ONE_KEY,
    complexity: 'O(N) in the number of fields replied', execute: hrandfield,
    summary: 'Replies fields of a hash chosen by chance; a negative count allows repetitions.',
  },
  {
    name: 'hscan', group: 'hash', since: '2.8.0', arity: -3, flags: READING, keys: ONE_KEY,
    complexity: 'O(1) for each call with the default count', execute: hscan,
    summary: 'Replies a page of the fields of a hash with their values, and the next cursor.',
  },
]);
