/**
 * Strings as a whole: getting and setting one value or many.
 *
 * GET, SET, MGET and MSET are what most servers do most of the time, so values go from the request
 * to the storage and from the storage to the reply as ranges: nothing becomes an object here.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { Args } from '../../protocol/args.ts';
import { WRONG_TYPE } from '../../keyspace/database.ts';
import { NEED_KEY, NEED_VALUE, type Need, type Found } from '../../keyspace/storage.ts';
import { defineCommands, type WriteContext } from '../command.ts';
import {
  EX, PX, expireAtOf, parseGetExOptions, parseSetOptions, type SetOptions, type TimeForm,
} from '../expire-options.ts';
import { SYNTAX, WRONG_TYPE_TEXT, wrongArity } from '../reply-errors.ts';

const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });
const KEYS_AND_VALUES = Object.freeze({ first: 1, last: -1, step: 2 });

// ---- Getting ------------------------------------------------------------------------------------

/** Replies a string or nil; false when it replied that the key holds another type. */
function replyString(ctx: WriteContext, found: Found | undefined | typeof WRONG_TYPE): boolean {
  if (found === WRONG_TYPE) {
    ctx.reply.error(WRONG_TYPE_TEXT);
    return false;
  }
  if (found === undefined) ctx.reply.nil();
  else ctx.reply.bulkRange(found.value);
  return true;
}

function get(ctx: WriteContext): void {
  replyString(ctx, ctx.db.readString(ctx.args.at(1)));
}

function mget(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  reply.array(args.count - 1);
  for (let i = 1; i < args.count && !reply.isTooLarge; i++) {
    const found = db.readString(args.at(i));
    if (found === undefined || found === WRONG_TYPE) reply.nil();
    else reply.bulkRange(found.value);
    // Many values together may be many times what may be in RAM.
    db.endReads();
  }
}

function strlen(ctx: WriteContext): void {
  const found = ctx.db.readString(ctx.args.at(1));
  if (found === WRONG_TYPE) return ctx.reply.error(WRONG_TYPE_TEXT);
  ctx.reply.integer(found === undefined ? 0 : found.value.length);
}

function getdel(ctx: WriteContext): void {
  const key = ctx.args.at(1);
  const found = ctx.db.readString(key);
  if (!replyString(ctx, found) || found === undefined) return;
  ctx.db.remove(key);
  ctx.db.notify('g', 'del', key);
}

function getex(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const options = parseGetExOptions(args, 2);
  if (options === undefined) return reply.error(SYNTAX);
  const key = args.at(1);
  const found = db.readString(key);
  const { lifetime, timeAt } = options;
  if (typeof lifetime === 'string' || found === undefined || found === WRONG_TYPE) {
    const expires = found !== undefined && found !== WRONG_TYPE && found.expireAt !== 0;
    replyString(ctx, found);
    if (lifetime === 'persist' && expires) changeExpiry(ctx, key, 0, 'persist');
    return;
  }
  const expireAt = expireAtOf(args, timeAt, lifetime, ctx.now, 'getex');
  if (typeof expireAt === 'string') return reply.error(expireAt);
  replyString(ctx, found);
  if (expireAt > ctx.now) return changeExpiry(ctx, key, expireAt, 'expire');
  db.remove(key);
  db.notify('g', 'del', key);
}

function changeExpiry(ctx: WriteContext, key: ByteRange, expireAt: number, event: string): void {
  ctx.db.setExpiry(key, expireAt);
  ctx.db.notify('g', event, key);
}

// ---- Setting ------------------------------------------------------------------------------------

/** Sets a string and tells who listens; `existed` is what a find in this command gave. */
function store(
  ctx: WriteContext, key: ByteRange, value: ByteRange, expireAt: number, existed: boolean,
): void {
  ctx.db.put(key, value, expireAt);
  if (!existed) ctx.db.notify('n', 'new', key);
  ctx.db.notify('$', 'set', key);
}

function set(ctx: WriteContext): void {
  const { args, db } = ctx;
  if (args.count > 3) return setWithOptions(ctx);
  const key = args.at(1);
  store(ctx, key, args.at(2), 0, db.has(key));
  ctx.reply.ok();
}

/** An overwrite asks the disk only whether the key is there, unless the old value is wanted. */
function needOfSet(args: Args): Need {
  return args.count > 3 && parseSetOptions(args, 3)?.get === true ? NEED_VALUE : NEED_KEY;
}

function setWithOptions(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const options = parseSetOptions(args, 3);
  if (options === undefined) return reply.error(SYNTAX);
  const expireAt = timeOf(ctx, options);
  if (typeof expireAt === 'string') return reply.error(expireAt);
  const key = args.at(1);
  const found = options.get ? ctx.db.readString(key) : ctx.db.find(key, NEED_KEY);
  if (options.get && !replyString(ctx, found)) return;
  if (found === WRONG_TYPE) return;
  if (found === undefined ? options.xx : options.nx) {
    if (!options.get) reply.nil();
    return;
  }
  const kept = options.lifetime === 'keep' && found !== undefined ? found.expireAt : expireAt;
  store(ctx, key, args.at(2), kept, found !== undefined);
  if (typeof options.lifetime !== 'string') ctx.db.notify('g', 'expire', key);
  if (!options.get) reply.ok();
}

/** When the value that SET sets will expire, 0 = never; or the text of an error. */
function timeOf(ctx: WriteContext, options: SetOptions): number | string {
  const { lifetime, timeAt } = options;
  if (typeof lifetime === 'string') return 0;
  return expireAtOf(ctx.args, timeAt, lifetime, ctx.now, 'set');
}

function setnx(ctx: WriteContext): void {
  const key = ctx.args.at(1);
  if (ctx.db.has(key)) return ctx.reply.integer(0);
  store(ctx, key, ctx.args.at(2), 0, false);
  ctx.reply.integer(1);
}

function setExpiring(ctx: WriteContext, form: TimeForm, command: string): void {
  const { args, db, reply } = ctx;
  const expireAt = expireAtOf(args, 2, form, ctx.now, command);
  if (typeof expireAt === 'string') return reply.error(expireAt);
  const key = args.at(1);
  store(ctx, key, args.at(3), expireAt, db.has(key));
  db.notify('g', 'expire', key);
  reply.ok();
}

function getset(ctx: WriteContext): void {
  const key = ctx.args.at(1);
  const found = ctx.db.readString(key);
  if (!replyString(ctx, found)) return;
  store(ctx, key, ctx.args.at(2), 0, found !== undefined);
}

function mset(ctx: WriteContext): void {
  if (ctx.args.count % 2 === 0) return ctx.reply.error(wrongArity('mset'));
  setAll(ctx);
  ctx.reply.ok();
}

function msetnx(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  if (args.count % 2 === 0) return reply.error(wrongArity('msetnx'));
  for (let i = 1; i < args.count; i += 2) if (db.has(args.at(i))) return reply.integer(0);
  setAll(ctx);
  reply.integer(1);
}

function setAll(ctx: WriteContext): void {
  const { args, db } = ctx;
  for (let i = 1; i < args.count; i += 2) {
    const key = args.at(i);
    store(ctx, key, args.at(i + 1), 0, db.has(key));
  }
}

export const stringCommands = defineCommands([
  {
    name: 'get', group: 'string', since: '1.0.0', arity: 2, flags: ['readonly', 'fast'],
    keys: ONE_KEY, complexity: 'O(1)', execute: get,
    summary: 'Replies the string at a key.',
  },
  {
    // NEED_VALUE, though only GET among the options reads the old value.
    name: 'set', group: 'string', since: '1.0.0', arity: -3, flags: ['write', 'denyoom'],
    brief: true, keys: ONE_KEY, need: needOfSet, complexity: 'O(1)', apply: set,
    summary: 'Sets a key to a string, whatever it held; on conditions and with an expiry if asked.',
  },
  {
    name: 'setnx', group: 'string', since: '1.0.0', arity: 3, flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY, need: NEED_KEY, complexity: 'O(1)', apply: setnx,
    summary: 'Sets a key to a string if the key does not exist.',
  },
  {
    name: 'setex', group: 'string', since: '2.0.0', arity: 4, flags: ['write', 'denyoom'],
    brief: true, keys: ONE_KEY, need: NEED_KEY, complexity: 'O(1)',
    apply: (ctx) => setExpiring(ctx, EX, 'setex'),
    summary: 'Sets a key to a string that expires after some seconds.',
  },
  {
    name: 'psetex', group: 'string', since: '2.6.0', arity: 4, flags: ['write', 'denyoom'],
    brief: true, keys: ONE_KEY, need: NEED_KEY, complexity: 'O(1)',
    apply: (ctx) => setExpiring(ctx, PX, 'psetex'),
    summary: 'Sets a key to a string that expires after some milliseconds.',
  },
  {
    name: 'getset', group: 'string', since: '1.0.0', arity: 3, flags: ['write', 'denyoom', 'fast'],
    keys: ONE_KEY, complexity: 'O(1)', apply: getset,
    summary: 'Sets a key to a string and replies the string that it held before.',
  },
  {
    name: 'getdel', group: 'string', since: '6.2.0', arity: 2, flags: ['write', 'fast', 'frees'],
    keys: ONE_KEY, complexity: 'O(1)', apply: getdel,
    summary: 'Replies the string at a key and deletes the key.',
  },
  {
    name: 'getex', group: 'string', since: '6.2.0', arity: -2, flags: ['write', 'fast'],
    keys: ONE_KEY, complexity: 'O(1)', apply: getex,
    summary: 'Replies the string at a key and changes when the key expires.',
  },
  {
    name: 'strlen', group: 'string', since: '2.2.0', arity: 2, flags: ['readonly', 'fast'],
    keys: ONE_KEY, complexity: 'O(1)', execute: strlen,
    summary: 'Replies the number of bytes of a string.',
  },
  {
    name: 'mget', group: 'string', since: '1.0.0', arity: -2, flags: ['readonly', 'fast'],
    keys: { first: 1, last: -1, step: 1 }, complexity: 'O(N) in the number of keys', execute: mget,
    repliesStrings: true,
    summary: 'Replies the strings at several keys.',
  },
  {
    name: 'mset', group: 'string', since: '1.0.1', arity: -3, flags: ['write', 'denyoom'],
    brief: true, keys: KEYS_AND_VALUES, need: NEED_KEY, apply: mset,
    complexity: 'O(N) in the number of keys',
    summary: 'Sets several keys to strings, all at once.',
  },
  {
    name: 'msetnx', group: 'string', since: '1.0.1', arity: -3, flags: ['write', 'denyoom'],
    brief: true, keys: KEYS_AND_VALUES, need: NEED_KEY, complexity: 'O(N) in the number of keys',
    apply: msetnx,
    summary: 'Sets several keys to strings if none of the keys exists.',
  },
]);
