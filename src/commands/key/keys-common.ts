/** What several commands on keys of any type share. */

import { NEED_KEY, type Found } from '../../keyspace/storage.ts';
import { DATABASES_MAX } from '../../config/limits.ts';
import type { Args } from '../../protocol/args.ts';
import type { RequestLimits, WriteContext } from '../command.ts';
import { DB_OUT_OF_RANGE, NOT_AN_INTEGER } from '../reply-errors.ts';

export const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });
export const ALL_KEYS = Object.freeze({ first: 1, last: -1, step: 1 });

const INT32_MAX = 2 ** 31 - 1;
const NOT_AN_INT32 = 'ERR value is out of range, value must between -2147483648 and 2147483647';

/**
 * The entry of the key in argument `i`, without its value. Counted as a hit or a miss like any
 * read, but not as a use: TTL or TYPE leave OBJECT IDLETIME as it is, as in Redis.
 */
export function peek(ctx: WriteContext, i: number): Found | undefined {
  const { args, db, keyspace } = ctx;
  const key = args.at(i);
  const found = db.find(key, NEED_KEY);
  if (found !== undefined) {
    keyspace.stats.hits++;
    return found;
  }
  keyspace.stats.misses++;
  db.notify('m', 'keymiss', key);
  return undefined;
}

/** Number of a database, or the text of the error. */
export function parseDbIndex(args: Args, i: number, limits: RequestLimits): number | string {
  const index = args.int64(i);
  if (index === undefined) return NOT_AN_INTEGER;
  if (index > INT32_MAX || index < -INT32_MAX - 1) return NOT_AN_INT32;
  return index >= 0 && index < limits.databases ? Number(index) : DB_OUT_OF_RANGE;
}

/** The database in argument `i` if there can be one: for finding the keys of a request. */
export function possibleDbIndex(args: Args, i: number): number | undefined {
  const index = i < args.count ? args.int(i) : undefined;
  return index !== undefined && index >= 0 && index < DATABASES_MAX ? index : undefined;
}
