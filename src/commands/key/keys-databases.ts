/** Databases as a whole: choosing, counting, emptying and exchanging them. */

import { defineCommands, type Context, type WriteContext } from '../command.ts';
import { parseDbIndex, possibleDbIndex } from './keys-common.ts';
import { DB_OUT_OF_RANGE, SYNTAX } from '../reply-errors.ts';

const INVALID_FIRST = 'ERR invalid first DB index';
const INVALID_SECOND = 'ERR invalid second DB index';

function select(ctx: Context): void {
  const { args, limits, reply, session } = ctx;
  const index = parseDbIndex(args, 1, limits);
  if (typeof index === 'string') return reply.error(index);
  session.dbIndex = index;
  reply.ok();
}

/** Keys that expired and were not removed yet are counted, as in Redis. */
function dbsize(ctx: WriteContext): void {
  ctx.reply.integer(ctx.db.count());
}

/**
 * ASYNC and SYNC take the same short time: the database gets a fresh space of keys, and the records
 * of the old one are left to the compactor.
 */
function isFlush({ args }: WriteContext): boolean {
  return args.count === 1 || (args.count === 2 && (args.is(1, 'ASYNC') || args.is(1, 'SYNC')));
}

function flushdb(ctx: WriteContext): void {
  if (!isFlush(ctx)) return ctx.reply.error(SYNTAX);
  ctx.keyspace.flush(ctx.db.index);
  ctx.reply.ok();
}

function flushall(ctx: WriteContext): void {
  if (!isFlush(ctx)) return ctx.reply.error(SYNTAX);
  ctx.keyspace.flushAll();
  ctx.reply.ok();
}

function swapdb(ctx: WriteContext): void {
  const { args, keyspace, limits, reply } = ctx;
  const first = parseDbIndex(args, 1, limits);
  if (typeof first === 'string' && first !== DB_OUT_OF_RANGE) return reply.error(INVALID_FIRST);
  const second = parseDbIndex(args, 2, limits);
  if (typeof second === 'string' && second !== DB_OUT_OF_RANGE) return reply.error(INVALID_SECOND);
  if (typeof first === 'string' || typeof second === 'string') return reply.error(DB_OUT_OF_RANGE);
  if (first !== second) keyspace.swap(first, second);
  reply.ok();
}

export const keyDatabaseCommands = defineCommands([
  {
    name: 'select', group: 'connection', since: '1.0.0', arity: 2,
    flags: ['loading', 'stale', 'fast'], complexity: 'O(1)', execute: select,
    selects: (args) => [possibleDbIndex(args, 1)],
    summary: 'Chooses the database of this connection.',
  },
  {
    name: 'dbsize', group: 'server', since: '1.0.0', arity: 1, flags: ['readonly', 'fast'],
    categories: ['keyspace'], complexity: 'O(1)', execute: dbsize,
    summary: 'Replies the number of keys in the database.',
  },
  {
    name: 'flushdb', group: 'server', since: '1.0.0', arity: -1, flags: ['write', 'frees'],
    categories: ['keyspace', 'dangerous'], complexity: 'O(1)', apply: flushdb,
    summary: 'Removes all keys of the database.',
  },
  {
    name: 'flushall', group: 'server', since: '1.0.0', arity: -1, flags: ['write', 'frees'],
    categories: ['keyspace', 'dangerous'], complexity: 'O(1)', apply: flushall,
    summary: 'Removes all keys of all databases.',
  },
  {
    name: 'swapdb', group: 'server', since: '4.0.0', arity: 3, flags: ['write', 'fast'],
    categories: ['keyspace', 'dangerous'], complexity: 'O(1)', apply: swapdb,
    selects: (args) => [possibleDbIndex(args, 1), possibleDbIndex(args, 2)],
    summary: 'Exchanges two databases for all connections.',
  },
]);
