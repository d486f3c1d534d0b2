/**
 * Hashes by field: setting, getting and removing.
 *
 * An HSET is one delta, whatever the number of its fields, and an HDEL lists only fields that were
 * there: a delta holds results.
 */

import { HASH_REMOVE, HASH_SET } from '../../keyspace/collection/hash/hash-delta.ts';
import { HASHES } from '../../keyspace/collection/hash/hash-type.ts';
import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import { defineCommands, type WriteContext, type Flag } from '../command.ts';
import { ONE_KEY, boundError, findHash, hashDelta, readHash, setFields } from './hash-access.ts';
import { wrongArity } from '../reply-errors.ts';

const READING: readonly Flag[] = Object.freeze(['readonly', 'fast']);
const ONE_FIELD = Object.freeze({ first: 2, last: 2, step: 1 });
const ALL_FIELDS = Object.freeze({ first: 2, last: -1, step: 1 });
const PAIRS = Object.freeze({ first: 2, last: -1, step: 2 });
const SETTING: readonly Flag[] = Object.freeze(['write', 'denyoom', 'fast']);

// ---- Setting ------------------------------------------------------------------------------------

/** Sets the pairs from argument 2 on; the number of new fields, or undefined after an error. */
function setPairs(ctx: WriteContext, command: string): number | undefined {
  const { args, db, reply } = ctx;
  if (args.count % 2 !== 0) return void reply.error(wrongArity(command));
  const hash = findHash(ctx, { first: 2, end: args.count, step: 2 });
  if (hash === undefined) return undefined;
  const refused = boundError(ctx, hash);
  if (refused !== undefined) return void reply.error(refused);
  const added = setFields(ctx, hash, deltaOfPairs(ctx));
  db.notify('h', 'hset', args.at(1));
  return added;
}

function deltaOfPairs({ args }: WriteContext): ByteRange {
  hashDelta.begin(HASH_SET);
  for (let i = 2; i < args.count; i++) hashDelta.bytes(args.buf, args.start(i), args.end(i));
  return hashDelta.finish();
}

function hset(ctx: WriteContext): void {
  const added = setPairs(ctx, 'hset');
  if (added !== undefined) ctx.reply.integer(added);
}

function hmset(ctx: WriteContext): void {
  if (setPairs(ctx, 'hmset') !== undefined) ctx.reply.ok();
}

function hsetnx(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const hash = findHash(ctx, { first: 2, end: 3, step: 1 });
  if (hash === undefined) return;
  const refused = boundError(ctx, hash);
  if (refused !== undefined) return reply.error(refused);
  if (hash !== null && hash.has(args.at(2))) return reply.integer(0);
  setFields(ctx, hash, deltaOfPairs(ctx));
  db.notify('h', 'hset', args.at(1));
  reply.integer(1);
}

// ---- Getting ------------------------------------------------------------------------------------

function replyValue(ctx: WriteContext, hash: HashView | null, field: number): void {
  const value = hash?.get(ctx.args.at(field));
  if (value === undefined) ctx.reply.nil();
  else ctx.reply.bulkRange(value);
}

function hget(ctx: WriteContext): void {
  const hash = readHash(ctx);
  if (hash !== undefined) replyValue(ctx, hash, 2);
}

function hmget(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const hash = readHash(ctx);
  if (hash === undefined) return;
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) replyValue(ctx, hash, i);
}

function hexists(ctx: WriteContext): void {
  const hash = readHash(ctx);
  if (hash !== undefined) ctx.reply.integer(hash?.has(ctx.args.at(2)) === true ? 1 : 0);
}

function hstrlen(ctx: WriteContext): void {
  const hash = readHash(ctx);
  if (hash !== undefined) ctx.reply.integer(hash?.get(ctx.args.at(2))?.length ?? 0);
}

function hlen(ctx: WriteContext): void {
  const hash = readHash(ctx);
  if (hash !== undefined) ctx.reply.integer(hash?.size ?? 0);
}

// ---- Removing -----------------------------------------------------------------------------------

function hdel(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const hash = findHash(ctx, { first: 2, end: args.count, step: 1 });
  if (hash === undefined) return;
  hashDelta.begin(HASH_REMOVE);
  const removed = hash === null ? 0 : writeFieldsPresent(ctx, hash);
  reply.integer(removed);
  if (hash === null || removed === 0) return;
  const key = args.at(1);
  const { wholeSize } = hash;
  db.changeCollection(key, HASHES, hashDelta.finish(), ctx.random);
  db.notify('h', 'hdel', key);
  if (removed === wholeSize) db.notify('g', 'del', key);
}

/** Adds to the delta the fields from argument 2 on that the hash has, each once; how many. */
function writeFieldsPresent({ args }: WriteContext, hash: HashView): number {
  const present = new Set<number>();
  for (let i = 2; i < args.count; i++) {
    const field = args.at(i);
    const at = hash.find(field);
    if (at < 0 || present.has(at)) continue;
    present.add(at);
    hashDelta.range(field);
  }
  return present.size;
}

export const hashCommands = defineCommands([
  {
    name: 'hset', group: 'hash', since: '2.0.0', arity: -4, flags: SETTING, keys: ONE_KEY,
    fields: PAIRS, complexity: 'O(N) in the number of fields', apply: hset,
    summary: 'Sets fields of a hash; replies how many of them are new.',
  },
  {
    name: 'hmset', group: 'hash', since: '2.0.0', arity: -4, flags: SETTING, keys: ONE_KEY,
    fields: PAIRS, complexity: 'O(N) in the number of fields', apply: hmset,
    summary: 'Sets fields of a hash, as HSET does; replies OK.',
  },
  {
    name: 'hsetnx', group: 'hash', since: '2.0.0', arity: 4, flags: SETTING, keys: ONE_KEY,
    fields: ONE_FIELD, complexity: 'O(1)', apply: hsetnx,
    summary: 'Sets a field of a hash if the field does not exist.',
  },
  {
    name: 'hget', group: 'hash', since: '2.0.0', arity: 3, flags: READING, keys: ONE_KEY,
    fields: ONE_FIELD, complexity: 'O(1)', execute: hget,
    summary: 'Replies the value of a field of a hash.',
  },
  {
    name: 'hmget', group: 'hash', since: '2.0.0', arity: -3, flags: READING, keys: ONE_KEY,
    fields: ALL_FIELDS, complexity: 'O(N) in the number of fields', execute: hmget,
    summary: 'Replies the values of several fields of a hash.',
  },
  {
    name: 'hexists', group: 'hash', since: '2.0.0', arity: 3, flags: READING, keys: ONE_KEY,
    fields: ONE_FIELD, complexity: 'O(1)', execute: hexists,
    summary: 'Replies whether a hash has a field.',
  },
  {
    name: 'hstrlen', group: 'hash', since: '3.2.0', arity: 3, flags: READING, keys: ONE_KEY,
    fields: ONE_FIELD, complexity: 'O(1)', execute: hstrlen,
    summary: 'Replies the number of bytes of the value of a field.',
  },
  {
    name: 'hlen', group: 'hash', since: '2.0.0', arity: 2, flags: READING, keys: ONE_KEY,
    complexity: 'O(1)', execute: hlen,
    summary: 'Replies the number of fields of a hash.',
  },
  {
    name: 'hdel', group: 'hash', since: '2.0.0', arity: -3, flags: ['write', 'fast'], keys: ONE_KEY,
    fields: ALL_FIELDS, complexity: 'O(N) in the number of fields', apply: hdel,
    summary: 'Removes fields of a hash; the key goes with its last field.',
  },
]);
