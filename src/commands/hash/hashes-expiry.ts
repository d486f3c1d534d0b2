/**
 * When fields of hashes expire, as of Redis 7.4. A relative time becomes an absolute one by the
 * time of the request, once, here; a time that has passed removes the field at once.
 */

import { HASH_EXPIRE, HASH_REMOVE } from '../../keyspace/collection/hash/hash-delta.ts';
import { HASHES } from '../../keyspace/collection/hash/hash-type.ts';
import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import { defineCommands, type Command, type WriteContext, type Flag } from '../command.ts';
import { EX, EXAT, PX, PXAT, type TimeForm } from '../expire-options.ts';
import { ONE_KEY, findHash, hashDelta, isOtherType, readHash } from './hash-access.ts';
import {
  COUNT_OF_OTHERS, COUNT_OF_SETTERS, conditionAt, fieldExpireAtOf, isMet, parseFields,
  type Condition,
} from './hash-expiry-options.ts';

/** 'collections': what they propose is read by builds that have collections. */
const SETTING: readonly Flag[] = Object.freeze(['write', 'fast', 'frees', 'collections']);
const TAKING: readonly Flag[] = Object.freeze(['write', 'fast', 'collections']);
const READING: readonly Flag[] = Object.freeze(['readonly', 'fast']);

/** What is replied for each field. */
const NO_FIELD = -2;
const NO_EXPIRY = -1;
const NOT_MET = 0;
const DONE = 1;
const REMOVED = 2;

const COMPLEXITY = 'O(N) in the number of fields';

// ---- Setting ------------------------------------------------------------------------------------

interface Setting {
  readonly expireAtMs: number;
  readonly condition: Condition | undefined;
  /** The argument that is the first field. */
  readonly first: number;
}

/** What the arguments from 2 on say, or the text of the error. */
function parseSetting({ args, now }: WriteContext, form: TimeForm, command: string):
Setting | string {
  const expireAtMs = fieldExpireAtOf(args, form, now, command);
  if (typeof expireAtMs === 'string') return expireAtMs;
  const condition = conditionAt(args, 3);
  const first = parseFields(args, condition === undefined ? 3 : 4, COUNT_OF_SETTERS);
  return typeof first === 'string' ? first : { expireAtMs, condition, first };
}

function expireFields(ctx: WriteContext, form: TimeForm, command: string): void {
  const { args, db, now, random, reply } = ctx;
  if (isOtherType(ctx)) return;
  const setting = parseSetting(ctx, form, command);
  if (typeof setting === 'string') return reply.error(setting);
  const { expireAtMs, first } = setting;
  const hash = findHash(ctx, { first, end: args.count, step: 1 });
  if (hash === undefined) return;
  if (hash === null) return replyNoFields(ctx, first);
  const isPast = expireAtMs <= now;
  const changed = writeExpiries(ctx, hash, setting, isPast);
  if (changed === 0) return;
  const key = args.at(1);
  const isLast = isPast && changed === hash.wholeSize;
  if (isPast) db.changeCollection(key, HASHES, hashDelta.finish(), random);
  else db.expireFields(key, HASHES, hashDelta.finish(), expireAtMs, random);
  db.notify('h', isPast ? 'hdel' : 'hexpire', key);
  if (isLast) db.notify('g', 'del', key);
}

/** Replies for each field, and adds those to the delta that change; how many. */
function writeExpiries(
  { args, reply }: WriteContext, hash: HashView, { condition, expireAtMs, first }: Setting,
  isPast: boolean,
): number {
  const changed = new Set<number>();
  hashDelta.begin(isPast ? HASH_REMOVE : HASH_EXPIRE);
  reply.array(args.count - first);
  for (let i = first; i < args.count; i++) {
    const position = hash.find(args.at(i));
    const hasChanged = changed.has(position);
    const isThere = position >= 0 && !(isPast && hasChanged);
    const currentMs = !isThere ? 0 : hasChanged ? expireAtMs : hash.expiryAt(position);
    if (!isThere) reply.integer(NO_FIELD);
    else if (!isMet(condition, currentMs, expireAtMs)) reply.integer(NOT_MET);
    else {
      changed.add(position);
      hashDelta.range(args.at(i));
      if (!isPast) hashDelta.number(expireAtMs);
      reply.integer(isPast ? REMOVED : DONE);
    }
  }
  return changed.size;
}

function replyNoFields({ args, reply }: WriteContext, first: number): void {
  reply.array(args.count - first);
  for (let i = first; i < args.count; i++) reply.integer(NO_FIELD);
}

function hpersist(ctx: WriteContext): void {
  const { args, db, random, reply } = ctx;
  if (isOtherType(ctx)) return;
  const first = parseFields(args, 2, COUNT_OF_OTHERS);
  if (typeof first === 'string') return reply.error(first);
  const hash = findHash(ctx, { first, end: args.count, step: 1 });
  if (hash === undefined) return;
  if (hash === null) return replyNoFields(ctx, first);
  if (writePersisted(ctx, hash, first) === 0) return;
  const key = args.at(1);
  db.changeCollection(key, HASHES, hashDelta.finish(), random);
  db.notify('h', 'hpersist', key);
}

/** Replies for each field, and adds those to the delta that have an expiry; how many. */
function writePersisted({ args, reply }: WriteContext, hash: HashView, first: number): number {
  const changed = new Set<number>();
  hashDelta.begin(HASH_EXPIRE);
  reply.array(args.count - first);
  for (let i = first; i < args.count; i++) {
    const position = hash.find(args.at(i));
    const hasExpiry = position >= 0 && !changed.has(position) && hash.expiryAt(position) !== 0;
    if (position < 0) reply.integer(NO_FIELD);
    else reply.integer(hasExpiry ? DONE : NO_EXPIRY);
    if (!hasExpiry) continue;
    changed.add(position);
    hashDelta.range(args.at(i));
    hashDelta.number(0);
  }
  return changed.size;
}

// ---- Asking -------------------------------------------------------------------------------------

/** Replies the times from `fromMs` to the expiries in units of `unitMs`, rounded up. */
function replyExpiries(ctx: WriteContext, unitMs: number, fromMs: number): void {
  const { args, reply } = ctx;
  const hash = readHash(ctx);
  if (hash === undefined) return;
  const first = parseFields(args, 2, COUNT_OF_OTHERS);
  if (typeof first === 'string') return reply.error(first);
  if (hash === null) return replyNoFields(ctx, first);
  reply.array(args.count - first);
  for (let i = first; i < args.count; i++) {
    const expiryMs = expiryIn(hash, ctx, i);
    if (expiryMs <= 0) reply.integer(expiryMs === 0 ? NO_EXPIRY : NO_FIELD);
    else reply.integer(Math.ceil((expiryMs - fromMs) / unitMs));
  }
}

/** -1: there is no such field. */
function expiryIn(hash: HashView, { args }: WriteContext, i: number): number {
  const position = hash.find(args.at(i));
  return position < 0 ? -1 : hash.expiryAt(position);
}

// ---- The table ----------------------------------------------------------------------------------

function setting(name: string, form: TimeForm, summary: string): Command {
  return {
    name, group: 'hash', since: '7.4.0', arity: -6, flags: SETTING, keys: ONE_KEY,
    complexity: COMPLEXITY, apply: (ctx) => expireFields(ctx, form, name), summary,
  };
}

function asking(
  name: string, unitMs: number, isRelative: boolean, summary: string,
): Command {
  return {
    name, group: 'hash', since: '7.4.0', arity: -5, flags: READING, keys: ONE_KEY,
    complexity: COMPLEXITY, summary,
    execute: (ctx) => replyExpiries(ctx, unitMs, isRelative ? ctx.now : 0),
  };
}

export const hashExpiryCommands = defineCommands([
  setting('hexpire', EX, 'Lets fields of a hash expire after some seconds.'),
  setting('hpexpire', PX, 'Lets fields of a hash expire after some milliseconds.'),
  setting('hexpireat', EXAT, 'Lets fields of a hash expire at a time in seconds since 1970.'),
  setting('hpexpireat', PXAT, 'Lets fields of a hash expire at a time in milliseconds since 1970.'),
  {
    name: 'hpersist', group: 'hash', since: '7.4.0', arity: -5, flags: TAKING, keys: ONE_KEY,
    complexity: COMPLEXITY, apply: hpersist,
    summary: 'Takes the expiry from fields of a hash.',
  },
  asking('httl', 1000, true,
    'Replies the seconds until fields of a hash expire; -1 if never, -2 if there is none.'),
  asking('hpttl', 1, true,
    'Replies the milliseconds until fields of a hash expire; -1 if never, -2 if there is none.'),
  asking('hexpiretime', 1000, false,
    'Replies when fields of a hash expire, in seconds since 1970; -1 if never, -2 if none.'),
  asking('hpexpiretime', 1, false,
    'Replies when fields of a hash expire, in milliseconds since 1970; -1 if never, -2 if none.'),
]);
