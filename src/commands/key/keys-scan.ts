/**
 * Looking through the keys of a database: KEYS, SCAN, RANDOMKEY.
 *
 * They run in steps, because the names of keys are in the log and other clients go on between two
 * pages. So KEYS is not a snapshot: a key that is there from its begin to its end is in the reply,
 * one that comes or goes meanwhile may be. Expired keys are passed over, not removed.
 *
 * A key that cannot be read is an error that names file and offset, never a list without it. After
 * an error of SCAN the client can call again with the same cursor.
 */

import type { ScanPage, ScannedKey } from '../../keyspace/storage.ts';
import type { Database } from '../../keyspace/database.ts';
import { HASH, typeOfName } from '../../keyspace/value-type.ts';
import { compileGlob } from '../../lib/glob.ts';
import { REPLY_BYTES_MAX } from '../../protocol/limits.ts';
import type { ReplyWriter } from '../../protocol/reply-encoder.ts';
import {
  defineCommands, type Context, type Flag, type Provided, type Steps, type Want,
} from '../command.ts';
import { INVALID_CURSOR, NOVALUES_OF_OTHERS } from '../reply-errors.ts';
import { parseCursor, parseScanOptions, type ScanOptions } from '../scan-options.ts';

/** Keys asked of the storage at a time by KEYS and by SCAN with a large COUNT: well below 1 ms. */
const SCAN_PAGE_KEYS = 1000;

/** COUNT of one SCAN is cut to this: it is a hint, and the reply is gathered in RAM. */
const SCAN_COUNT_MAX = 1_000_000;

/** Random keys that RANDOMKEY tries before it looks for any key that has not expired. */
const RANDOM_KEY_TRIES_MAX = 100;

const READING: readonly Flag[] = Object.freeze(['readonly']);
const TOO_MANY_KEYS = 'ERR too many keys for one reply, use SCAN';

/** What a key's bulk has beside its bytes: at most 13, but for keys that no one would list. */
const BULK_EXTRA_BYTES = 13;

type KeyFilter = (key: ScannedKey) => boolean;

// ---- KEYS ---------------------------------------------------------------------------------------

function* keys(ctx: Context): Steps {
  const { args, db, keyspace, reply } = ctx;
  const matches = compileGlob(args.view(1));
  const changesBefore = keyspace.changes;
  const found: Buffer[] = [];
  let bytes = 0;
  let cursor = 0;
  do {
    const page = mustBePage(yield scanWant(db, cursor, SCAN_PAGE_KEYS));
    for (const each of page.keys) {
      const { key } = each;
      if (!matches(key, 0, key.length) || isGone(ctx, each)) continue;
      found.push(key);
      bytes += key.length + BULK_EXTRA_BYTES;
    }
    if (bytes > REPLY_BYTES_MAX) return reply.error(TOO_MANY_KEYS);
    cursor = page.cursor;
  } while (cursor !== 0);
  replyKeys(reply, keyspace.changes === changesBefore ? found : distinct(found));
}

/** A scan may meet a key twice when the database changes under it. */
function distinct(keysFound: readonly Buffer[]): readonly Buffer[] {
  const byName = new Map<string, Buffer>();
  for (const key of keysFound) byName.set(key.toString('latin1'), key);
  return [...byName.values()];
}

// ---- SCAN ---------------------------------------------------------------------------------------

function* scan(ctx: Context): Steps {
  const { args, db, reply } = ctx;
  let cursor = parseCursor(args, 1);
  if (cursor === undefined) return reply.error(INVALID_CURSOR);
  const options = parseScanOptions(args, 2, true);
  if (typeof options === 'string') return reply.error(options);
  if (options.withoutValues) return reply.error(NOVALUES_OF_OTHERS);
  const isWanted = filterOf(options);
  const found: Buffer[] = [];
  let left = Math.min(options.count, SCAN_COUNT_MAX);
  do {
    const asked = Math.min(left, SCAN_PAGE_KEYS);
    const page = mustBePage(yield scanWant(db, cursor, asked));
    for (const each of page.keys) {
      if (isWanted(each) && !isGone(ctx, each)) found.push(each.key);
    }
    cursor = page.cursor;
    left -= Math.max(asked, page.keys.length);
  } while (cursor !== 0 && left > 0);
  reply.array(2);
  reply.bulkText(String(cursor));
  replyKeys(reply, found);
}

/** A name that is no type matches nothing, as in Redis. */
function filterOf({ matches, typeName }: ScanOptions): KeyFilter {
  const type = typeName === undefined ? undefined : typeOfName(typeName);
  return (each) => (typeName === undefined || each.type === type)
    && (matches === undefined || matches(each.key, 0, each.key.length));
}

// ---- RANDOMKEY ----------------------------------------------------------------------------------

function* randomkey(ctx: Context): Steps {
  const { db, reply } = ctx;
  for (let tries = 0; tries < RANDOM_KEY_TRIES_MAX; tries++) {
    const chosen = mustBeKey(yield { kind: 'randomKey', db });
    if (chosen === undefined) return reply.nil();
    if (!isGone(ctx, chosen)) return reply.bulk(chosen.key);
  }
  // Nearly all keys have expired and wait for their removal: any other key will do.
  let cursor = 0;
  do {
    const page = mustBePage(yield scanWant(db, cursor, SCAN_PAGE_KEYS));
    const alive = page.keys.find((key) => !isGone(ctx, key));
    if (alive !== undefined) return reply.bulk(alive.key);
    cursor = page.cursor;
  } while (cursor !== 0);
  reply.nil();
}

// ---- Shared -------------------------------------------------------------------------------------

function scanWant(db: Database, cursor: number, count: number): Want {
  return { kind: 'scan', db, cursor, count };
}

/** The key has expired, or all that it holds. What was read for the one before is let go. */
function isGone({ db, keyspace, now }: Context, key: ScannedKey): boolean {
  if (key.expireAt !== 0 && key.expireAt <= now) return true;
  if (key.type !== HASH) return false;
  keyspace.storage.begin();
  return db.isEmptied(key.key, now);
}

function replyKeys(reply: ReplyWriter, keysFound: readonly Buffer[]): void {
  reply.array(keysFound.length);
  for (const key of keysFound) reply.bulk(key);
}

function mustBePage(provided: Provided): ScanPage {
  if (typeof provided === 'object' && 'keys' in provided) return provided;
  throw new Error('assertion failed: a scan was not given a page');
}

function mustBeKey(provided: Provided): ScannedKey | undefined {
  if (provided === undefined) return undefined;
  if (typeof provided === 'object' && 'key' in provided) return provided;
  throw new Error('assertion failed: a random key was not given a key');
}

export const keyScanCommands = defineCommands([
  {
    name: 'keys', group: 'generic', since: '1.0.0', arity: 2, flags: READING, steps: keys,
    categories: ['keyspace', 'dangerous'],
    complexity: 'O(N) in the number of keys in the database',
    summary: 'Replies all keys that match a pattern. Other clients go on meanwhile.',
  },
  {
    name: 'scan', group: 'generic', since: '2.8.0', arity: -2, flags: READING, steps: scan,
    complexity: 'O(1) for each call with the default count',
    summary: 'Replies a page of the keys of the database, and the next cursor.',
  },
  {
    name: 'randomkey', group: 'generic', since: '1.0.0', arity: 1, flags: READING,
    steps: randomkey, complexity: 'O(1)',
    summary: 'Replies a key chosen by chance.',
  },
]);
