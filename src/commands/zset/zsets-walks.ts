/** Sorted sets as a whole: members by chance, and one page after the other. */

import type { ZsetView } from '../../keyspace/collection/zset/zset-view.ts';
import { formatDouble, formatPrecise } from '../../lib/format-double.ts';
import { INT64_MAX, INT64_MIN, type Int64 } from '../../lib/int64.ts';
import { scanCollection, type ScannedCollection } from '../collection-scan.ts';
import { defineCommands, type Context, type Flag } from '../command.ts';
import { RANDOM_PICKS_MAX, pickPositions } from '../random-picks.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';
import type { ConfigPort } from '../server-port.ts';
import { ONE_KEY, beginScored, readZset, replyScored, zsetEncoding } from './zset-access.ts';

const READING: readonly Flag[] = Object.freeze(['readonly']);
const OUT_OF_RANGE = 'ERR value is out of range';
const COUNT_OUT_OF_RANGE = `${OUT_OF_RANGE}, value must between -${INT64_MAX} and ${INT64_MAX}`;

/** Largest count of pairs: each is two elements. */
const HALF_MAX = INT64_MAX / 2n;

// ---- By chance ----------------------------------------------------------------------------------

function zrandmember(ctx: Context): void {
  const { args, random, reply } = ctx;
  if (args.count > 2) return zrandmemberMany(ctx);
  const zset = readZset(ctx);
  if (zset === undefined) return;
  if (zset === null) return reply.nil();
  zset.walk(random.below(zset.size), 1, 1, (member) => reply.bulkRange(member));
}

function zrandmemberMany(ctx: Context): void {
  const { args, random, reply } = ctx;
  const count = args.int64(2);
  if (count === undefined) return reply.error(NOT_AN_INTEGER);
  if (count === INT64_MIN) return reply.error(COUNT_OUT_OF_RANGE);
  const withScores = args.count > 3;
  if (args.count > 4 || (withScores && !args.is(3, 'WITHSCORES'))) return reply.error(SYNTAX);
  if (withScores && (count > HALF_MAX || count < -HALF_MAX)) return reply.error(OUT_OF_RANGE);
  const zset = readZset(ctx);
  if (zset === undefined) return;
  if (zset === null) return reply.emptyArray();
  if (isTooMany(count, withScores)) return reply.error(OUT_OF_RANGE);
  const ranks = pickPositions(random, zset.size, Number(count));
  if (withScores) beginScored(reply, ranks.length);
  else reply.array(ranks.length);
  for (const rank of ranks) {
    zset.walk(rank, 1, 1, (member, score) => {
      if (withScores) replyScored(reply, member, score);
      else reply.bulkRange(member);
    });
  }
}

/** Only a negative count, which may pick a member again, can ask for more than there are. */
function isTooMany(count: Int64, withScores: boolean): boolean {
  return -Number(count) * (withScores ? 2 : 1) > RANDOM_PICKS_MAX;
}

// ---- Page by page -------------------------------------------------------------------------------

const SCANNED: ScannedCollection<ZsetView> = Object.freeze({
  read: readZset,
  isWhole: (zset: ZsetView, config: ConfigPort) => zsetEncoding(zset, config) === 'listpack',
  page: (zset: ZsetView, cursor: number, count: number) => zset.scan(cursor, count),
  nameAt: (zset: ZsetView, at: number) => zset.scannedAt(at),
  width: 2,
  replyAt: ({ reply, server }: Context, zset: ZsetView, at: number) => {
    const score = zset.scannedScoreAt(at);
    const isWhole = zsetEncoding(zset, server.config) === 'listpack';
    reply.bulkRange(zset.scannedAt(at));
    reply.bulkText(isWhole ? formatDouble(score) : formatPrecise(score));
  },
});

function zscan(ctx: Context): void {
  scanCollection(ctx, SCANNED);
}

export const zsetWalkCommands = defineCommands([
  {
    name: 'zrandmember', group: 'sorted-set', since: '6.2.0', arity: -2, flags: READING,
    keys: ONE_KEY, complexity: 'O(N) in the number of members replied', execute: zrandmember,
    summary: 'Replies members of a sorted set chosen by chance; ' +
      'a negative count allows repetitions.',
  },
  {
    name: 'zscan', group: 'sorted-set', since: '2.8.0', arity: -3, flags: READING, keys: ONE_KEY,
    complexity: 'O(1) for each call with the default count', execute: zscan,
    summary: 'Replies a page of the members of a sorted set with their scores, ' +
      'and the next cursor.',
  },
]);
