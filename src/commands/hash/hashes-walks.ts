/**
 * Hashes as a whole: all fields, some by chance, and one page after the other.
 *
 * A hash that calls itself a listpack is scanned in one call, as in Redis; larger ones from the
 * last position down to the first (hash-block.ts says why that misses nothing).
 */

import type { HashView } from '../../keyspace/collection/hash-view.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import type { GlobMatcher } from '../../lib/glob.ts';
import { INT64_MAX, INT64_MIN, type Int64 } from '../../lib/int64.ts';
import type { Random } from '../../lib/random.ts';
import { defineCommands, type Context, type Flag } from '../command.ts';
import { ONE_KEY, hashEncoding, readHash } from './hash-access.ts';
import { INVALID_CURSOR, NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';
import { parseCursor, parseScanOptions } from '../scan-options.ts';

/** Elements that one HRANDFIELD with a negative count may reply: a second of work, 100 MB. */
export const RANDOM_PICKS_MAX = 10_000_000;

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
  for (let at = 0; at < size; at++) replyPair(ctx, hash as HashView, at);
}

function hkeys(ctx: Context): void {
  const hash = readHash(ctx);
  if (hash === undefined) return;
  const size = hash?.size ?? 0;
  ctx.reply.array(size);
  for (let at = 0; at < size; at++) ctx.reply.bulkRange((hash as HashView).fieldAt(at));
}

function hvals(ctx: Context): void {
  const hash = readHash(ctx);
  if (hash === undefined) return;
  const size = hash?.size ?? 0;
  ctx.reply.array(size);
  for (let at = 0; at < size; at++) ctx.reply.bulkRange((hash as HashView).valueAt(at));
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
  reply.bulkRange(hash.fieldAt(random.below(hash.size)));
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
  replyPicked(ctx, hash, pick(ctx.random, hash.size, Number(count)), withValues);
}

/** Only a negative count, which may pick a field again, can ask for more than the hash has. */
function isTooMany(count: Int64, withValues: boolean): boolean {
  return -Number(count) * (withValues ? 2 : 1) > RANDOM_PICKS_MAX;
}

function pick(random: Random, size: number, count: number): Uint32Array {
  if (count < 0) return Uint32Array.from({ length: -count }, () => random.below(size));
  if (count >= size) return Uint32Array.from({ length: size }, (_, at) => at);
  return Uint32Array.from(distinct(random, size, count));
}

/** `count` different numbers below `size`, all choices equally likely, in O(count) (Floyd). */
function distinct(random: Random, size: number, count: number): Set<number> {
  const chosen = new Set<number>();
  for (let end = size - count; end < size; end++) {
    const one = random.below(end + 1);
    chosen.add(chosen.has(one) ? end : one);
  }
  return chosen;
}

function replyPicked(
  ctx: Context, hash: HashView, positions: Uint32Array, withValues: boolean,
): void {
  const { reply } = ctx;
  const inPairs = withValues && reply.protocol === 3;
  reply.array(withValues && !inPairs ? positions.length * 2 : positions.length);
  for (const at of positions) {
    if (inPairs) reply.array(2);
    if (withValues) replyPair(ctx, hash, at);
    else reply.bulkRange(hash.fieldAt(at));
  }
}

// ---- Page by page -------------------------------------------------------------------------------

function hscan(ctx: Context): void {
  const { args, reply, server } = ctx;
  const cursor = parseCursor(args, 2);
  if (cursor === undefined) return reply.error(INVALID_CURSOR);
  const hash = readHash(ctx);
  if (hash === undefined) return;
  if (hash === null) return replyPage(ctx, 0, hash, []);
  const options = parseScanOptions(args, 3, false);
  if (typeof options === 'string') return reply.error(options);
  const isWhole = hashEncoding(hash, server.config) === 'listpack';
  const page = isWhole ? hash.scan(0, Infinity) : hash.scan(cursor, options.count);
  replyPage(ctx, page.cursor, hash, matching(hash, page.positions, options.matches));
}

/** Positions whose fields match. */
function matching(
  hash: HashView, positions: readonly number[], matches: GlobMatcher | undefined,
): readonly number[] {
  if (matches === undefined) return positions;
  return positions.filter((at) => isMatch(matches, hash.fieldAt(at)));
}

function isMatch(matches: GlobMatcher, { buf, start, end }: ByteRange): boolean {
  return matches(buf, start, end);
}

function replyPage(
  ctx: Context, cursor: number, hash: HashView | null, positions: readonly number[],
): void {
  const { reply } = ctx;
  reply.array(2);
  reply.bulkText(String(cursor));
  reply.array(positions.length * 2);
  for (const at of positions) replyPair(ctx, hash as HashView, at);
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
