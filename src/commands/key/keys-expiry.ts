/**
 * When keys expire. A relative time becomes an absolute one by the time of the entry, once, here; a
 * time that has passed removes the key at once.
 */

import { NEED_KEY } from '../../keyspace/storage.ts';
import { toInt64, type Int64 } from '../../lib/int64.ts';
import { EXPIRE_AT_MS_MAX } from '../limits.ts';
import type { Args } from '../../protocol/args.ts';
import { defineCommands, type WriteContext, type Flag } from '../command.ts';
import { EX, EXAT, PX, PXAT, type TimeForm } from '../expire-options.ts';
import { ONE_KEY, peek } from './keys-common.ts';
import { NOT_AN_INTEGER, invalidExpireTime, quotedWhole } from '../reply-errors.ts';

const READING: readonly Flag[] = Object.freeze(['readonly', 'fast']);
const WRITING: readonly Flag[] = Object.freeze(['write', 'fast']);
const ENDING: readonly Flag[] = Object.freeze(['write', 'fast', 'frees']);

const NX_WITH_OTHERS = 'ERR NX and XX, GT or LT options at the same time are not compatible';
const GT_WITH_LT = 'ERR GT and LT options at the same time are not compatible';

/** What TTL and its kin reply for a key that is not there, and for one without expiry. */
const NO_KEY = -2;
const NO_EXPIRY = -1;

// ---- Setting ------------------------------------------------------------------------------------

interface Conditions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
}

/** The conditions from argument 3 on, or the text of the error. */
function parseConditions(args: Args): Conditions | string {
  const conditions = { nx: false, xx: false, gt: false, lt: false };
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'NX')) conditions.nx = true;
    else if (args.is(i, 'XX')) conditions.xx = true;
    else if (args.is(i, 'GT')) conditions.gt = true;
    else if (args.is(i, 'LT')) conditions.lt = true;
    else return `ERR Unsupported option ${quotedWhole(args, i)}`;
  }
  const { nx, xx, gt, lt } = conditions;
  if (nx && (xx || gt || lt)) return NX_WITH_OTHERS;
  return gt && lt ? GT_WITH_LT : conditions;
}

/** A key without expiry lives for ever, which is longer than any time. */
function areMet(conditions: Conditions, current: number, wanted: number): boolean {
  const { nx, xx, gt, lt } = conditions;
  const expires = current !== 0;
  if (nx) return !expires;
  if (xx && !expires) return false;
  if (gt) return expires && wanted > current;
  return !lt || !expires || wanted < current;
}

/**
 * Milliseconds since the epoch, perhaps below 0; or the text of the error, which is also the reply
 * to a time beyond what a record can hold.
 */
function expireAtOf(time: Int64, form: TimeForm, nowMs: number, command: string): number | string {
  const ms = toInt64(BigInt(time) * BigInt(form.unitMs));
  if (ms === undefined) return invalidExpireTime(command);
  const at = form.relative ? toInt64(BigInt(ms) + BigInt(nowMs)) : ms;
  if (at === undefined || at > EXPIRE_AT_MS_MAX) return invalidExpireTime(command);
  return Number(at);
}

function expire(ctx: WriteContext, form: TimeForm, command: string): void {
  const { args, db, now, reply } = ctx;
  const conditions = parseConditions(args);
  if (typeof conditions === 'string') return reply.error(conditions);
  const time = args.int64(2);
  if (time === undefined) return reply.error(NOT_AN_INTEGER);
  const expireAt = expireAtOf(time, form, now, command);
  if (typeof expireAt === 'string') return reply.error(expireAt);
  const key = args.at(1);
  const found = db.find(key, NEED_KEY);
  if (found === undefined || !areMet(conditions, found.expireAt, expireAt)) return reply.integer(0);
  if (expireAt <= now) {
    db.remove(key);
    db.notify('g', 'del', key);
  } else {
    db.setExpiry(key, expireAt);
    db.notify('g', 'expire', key);
  }
  reply.integer(1);
}

function persist(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  const key = args.at(1);
  const found = db.find(key, NEED_KEY);
  if (found === undefined || found.expireAt === 0) return reply.integer(0);
  db.setExpiry(key, 0);
  db.notify('g', 'persist', key);
  reply.integer(1);
}

// ---- Asking -------------------------------------------------------------------------------------

/** Replies the time from `fromMs` to the expiry in units of `unitMs`, rounded to the nearest. */
function replyExpiry(ctx: WriteContext, unitMs: number, fromMs: number): void {
  const found = peek(ctx, 1);
  if (found === undefined) return ctx.reply.integer(NO_KEY);
  if (found.expireAt === 0) return ctx.reply.integer(NO_EXPIRY);
  ctx.reply.integer(Math.floor((found.expireAt - fromMs + unitMs / 2) / unitMs));
}

export const keyExpiryCommands = defineCommands([
  {
    name: 'expire', group: 'generic', since: '1.0.0', arity: -3, flags: ENDING, keys: ONE_KEY,
    need: NEED_KEY, complexity: 'O(1)', apply: (ctx) => expire(ctx, EX, 'expire'),
    summary: 'Lets a key expire after some seconds.',
  },
  {
    name: 'pexpire', group: 'generic', since: '2.6.0', arity: -3, flags: ENDING, keys: ONE_KEY,
    need: NEED_KEY, complexity: 'O(1)', apply: (ctx) => expire(ctx, PX, 'pexpire'),
    summary: 'Lets a key expire after some milliseconds.',
  },
  {
    name: 'expireat', group: 'generic', since: '1.2.0', arity: -3, flags: ENDING, keys: ONE_KEY,
    need: NEED_KEY, complexity: 'O(1)', apply: (ctx) => expire(ctx, EXAT, 'expireat'),
    summary: 'Lets a key expire at a time in seconds since 1970.',
  },
  {
    name: 'pexpireat', group: 'generic', since: '2.6.0', arity: -3, flags: ENDING, keys: ONE_KEY,
    need: NEED_KEY, complexity: 'O(1)', apply: (ctx) => expire(ctx, PXAT, 'pexpireat'),
    summary: 'Lets a key expire at a time in milliseconds since 1970.',
  },
  {
    name: 'persist', group: 'generic', since: '2.2.0', arity: 2, flags: WRITING, keys: ONE_KEY,
    need: NEED_KEY, complexity: 'O(1)', apply: persist,
    summary: 'Takes the expiry from a key.',
  },
  {
    name: 'ttl', group: 'generic', since: '1.0.0', arity: 2, flags: READING, keys: ONE_KEY,
    need: NEED_KEY, complexity: 'O(1)', execute: (ctx) => replyExpiry(ctx, 1000, ctx.now),
    summary: 'Replies the seconds until a key expires; -1 if never, -2 if there is none.',
  },
  {
    name: 'pttl', group: 'generic', since: '2.6.0', arity: 2, flags: READING, keys: ONE_KEY,
    need: NEED_KEY, complexity: 'O(1)', execute: (ctx) => replyExpiry(ctx, 1, ctx.now),
    summary: 'Replies the milliseconds until a key expires; -1 if never, -2 if there is none.',
  },
  {
    name: 'expiretime', group: 'generic', since: '7.0.0', arity: 2, flags: READING, keys: ONE_KEY,
    need: NEED_KEY, complexity: 'O(1)', execute: (ctx) => replyExpiry(ctx, 1000, 0),
    summary: 'Replies when a key expires, in seconds since 1970; -1 if never, -2 if there is none.',
  },
  {
    name: 'pexpiretime', group: 'generic', since: '7.0.0', arity: 2, flags: READING, keys: ONE_KEY,
    need: NEED_KEY, complexity: 'O(1)', execute: (ctx) => replyExpiry(ctx, 1, 0),
    summary: 'Replies when a key expires, in milliseconds since 1970; -1 if never, -2 if none.',
  },
]);
