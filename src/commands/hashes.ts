/**
 * Hashes by field: setting, getting and removing.
 *
 * An HSET is one delta, whatever the number of its fields, and an HDEL lists only fields that were
 * there: a delta holds results.
 */

import { HASH_REMOVE, HASH_SET, type HashValue } from '../keyspace/hash-value.ts';
import type { ByteRange } from '../lib/byte-range.ts';
import { defineCommands, type Context, type Flag } from './command.ts';
import { ONE_KEY, boundError, findHash, hashDelta, readHash, setFields } from './hash-access.ts';
import { wrongArity } from './reply-errors.ts';
import { bulkLatin1 } from './reply-latin1.ts';

const READING: readonly Flag[] = Object.freeze(['readonly', 'fast']);
const SETTING: readonly Flag[] = Object.freeze(['write', 'denyoom', 'fast']);

// ---- Setting ------------------------------------------------------------------------------------

/** Sets the pairs from argument 2 on; the number of new fields, or undefined after an error. */
function setPairs(ctx: Context, command: string): number | undefined {
  const { args, db, reply } = ctx;
  if (args.count % 2 !== 0) return void reply.error(wrongArity(command));
  const hash = findHash(ctx);
  if (hash === undefined) return undefined;
  const refused = boundError(ctx, hash);
  if (refused !== undefined) return void reply.error(refused);
  const before = hash === null ? 0 : hash.size;
  const after = setFields(ctx, hash, deltaOfPairs(ctx)).size;
  db.notify('h', 'hset', args.at(1));
  return after - before;
}

function deltaOfPairs({ args }: Context): ByteRange {
  hashDelta.begin(HASH_SET);
  for (let i = 2; i < args.count; i++) hashDelta.bytes(args.buf, args.start(i), args.end(i));
  return hashDelta.finish();
}

function hset(ctx: Context): void {
  const added = setPairs(ctx, 'hset');
  if (added !== undefined) ctx.reply.integer(added);
}

function hmset(ctx: Context): void {
  if (setPairs(ctx, 'hmset') !== undefined) ctx.reply.ok();
}

function hsetnx(ctx: Context): void {
  const { args, db, reply } = ctx;
  const hash = findHash(ctx);
  if (hash === undefined) return;
  const refused = boundError(ctx, hash);
  if (refused !== undefined) return reply.error(refused);
  if (hash !== null && hash.has(args.latin1(2))) return reply.integer(0);
  setFields(ctx, hash, deltaOfPairs(ctx));
  db.notify('h', 'hset', args.at(1));
  reply.integer(1);
}

// ---- Getting ------------------------------------------------------------------------------------

function replyValue(ctx: Context, hash: HashValue | null, field: number): void {
  const value = hash?.get(ctx.args.latin1(field));
  if (value === undefined) ctx.reply.nil();
  else bulkLatin1(ctx.reply, value);
}

function hget(ctx: Context): void {
  const hash = readHash(ctx);
  if (hash !== undefined) replyValue(ctx, hash, 2);
}

function hmget(ctx: Context): void {
  const { args, reply } = ctx;
  const hash = readHash(ctx);
  if (hash === undefined) return;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) replyValue(ctx, hash, i);
}

function hexists(ctx: Context): void {
  const hash = readHash(ctx);
  if (hash !== undefined) ctx.reply.integer(hash?.has(ctx.args.latin1(2)) === true ? 1 : 0);
}

function hstrlen(ctx: Context): void {
  const hash = readHash(ctx);
  if (hash !== undefined) ctx.reply.integer(hash?.get(ctx.args.latin1(2))?.length ?? 0);
}

function hlen(ctx: Context): void {
  const hash = readHash(ctx);
  if (hash !== undefined) ctx.reply.integer(hash?.size ?? 0);
}

// ---- Removing -----------------------------------------------------------------------------------

function hdel(ctx: Context): void {
  const { args, db, reply } = ctx;
  const hash = findHash(ctx);
  if (hash === undefined) return;
  const fields = hash === null ? [] : fieldsPresent(ctx, hash);
  reply.integer(fields.length);
  if (hash === null || fields.length === 0) return;
  hashDelta.begin(HASH_REMOVE);
  for (const field of fields) hashDelta.latin1(field);
  const key = args.at(1);
  db.change(key, hash, hashDelta.finish());
  db.notify('h', 'hdel', key);
  if (hash.size === 0) db.notify('g', 'del', key);
}

/** The fields from argument 2 on that the hash has, each once. */
function fieldsPresent({ args }: Context, hash: HashValue): readonly string[] {
  if (args.count === 3) {
    const field = args.latin1(2);
    return hash.has(field) ? [field] : [];
  }
  const present = new Set<string>();
  for (let i = 2; i < args.count; i++) {
    const field = args.latin1(i);
    if (hash.has(field)) present.add(field);
  }
  return [...present];
}

export const hashCommands = defineCommands([
  {
    name: 'hset', group: 'hash', since: '2.0.0', arity: -4, flags: SETTING, keys: ONE_KEY,
    complexity: 'O(N) in the number of fields', execute: hset,
    summary: 'Sets fields of a hash; replies how many of them are new.',
  },
  {
    name: 'hmset', group: 'hash', since: '2.0.0', arity: -4, flags: SETTING, keys: ONE_KEY,
    complexity: 'O(N) in the number of fields', execute: hmset,
    summary: 'Sets fields of a hash, as HSET does; replies OK.',
  },
  {
    name: 'hsetnx', group: 'hash', since: '2.0.0', arity: 4, flags: SETTING, keys: ONE_KEY,
    complexity: 'O(1)', execute: hsetnx,
    summary: 'Sets a field of a hash if the field does not exist.',
  },
  {
    name: 'hget', group: 'hash', since: '2.0.0', arity: 3, flags: READING, keys: ONE_KEY,
    complexity: 'O(1)', execute: hget,
    summary: 'Replies the value of a field of a hash.',
  },
  {
    name: 'hmget', group: 'hash', since: '2.0.0', arity: -3, flags: READING, keys: ONE_KEY,
    complexity: 'O(N) in the number of fields', execute: hmget,
    summary: 'Replies the values of several fields of a hash.',
  },
  {
    name: 'hexists', group: 'hash', since: '2.0.0', arity: 3, flags: READING, keys: ONE_KEY,
    complexity: 'O(1)', execute: hexists,
    summary: 'Replies whether a hash has a field.',
  },
  {
    name: 'hstrlen', group: 'hash', since: '3.2.0', arity: 3, flags: READING, keys: ONE_KEY,
    complexity: 'O(1)', execute: hstrlen,
    summary: 'Replies the number of bytes of the value of a field.',
  },
  {
    name: 'hlen', group: 'hash', since: '2.0.0', arity: 2, flags: READING, keys: ONE_KEY,
    complexity: 'O(1)', execute: hlen,
    summary: 'Replies the number of fields of a hash.',
  },
  {
    name: 'hdel', group: 'hash', since: '2.0.0', arity: -3, flags: ['write', 'fast'], keys: ONE_KEY,
    complexity: 'O(N) in the number of fields', execute: hdel,
    summary: 'Removes fields of a hash; the key goes with its last field.',
  },
]);
