/** Keys whatever their type: whether they are there, what they are, and their removal. */

import { NEED_KEY } from '../../keyspace/storage.ts';
import { typeName } from '../../keyspace/value-type.ts';
import { defineCommands, type WriteContext } from '../command.ts';
import { ALL_KEYS, ONE_KEY, peek } from './keys-common.ts';

const PER_KEY = 'O(N) in the number of keys';

/** A collection of any size goes in O(1): its records are dead, and the compactor reclaims them. */
function del(ctx: WriteContext): void {
  const { args, db, reply } = ctx;
  let removed = 0;
  for (let i = 1; i < args.count; i++) {
    const key = args.at(i);
    if (!db.remove(key)) continue;
    removed++;
    db.notify('g', 'del', key);
  }
  reply.integer(removed);
}

/** A key that is named twice counts twice. */
function exists(ctx: WriteContext): void {
  let count = 0;
  for (let i = 1; i < ctx.args.count; i++) if (peek(ctx, i) !== undefined) count++;
  ctx.reply.integer(count);
}

/** The one command that is a use of its keys even after CLIENT NO-TOUCH. */
function touch(ctx: WriteContext): void {
  const { args, db, keyspace, now, reply } = ctx;
  let count = 0;
  for (let i = 1; i < args.count; i++) {
    const key = args.at(i);
    if (db.read(key, NEED_KEY) === undefined) continue;
    keyspace.access.touchAnyway(key, now);
    count++;
  }
  reply.integer(count);
}

function type(ctx: WriteContext): void {
  const found = peek(ctx, 1);
  ctx.reply.simple(found === undefined ? 'none' : typeName(found.type));
}

export const keyCommands = defineCommands([
  {
    name: 'del', group: 'generic', since: '1.0.0', arity: -2, flags: ['write', 'frees'],
    keys: ALL_KEYS,
    need: NEED_KEY, complexity: PER_KEY, apply: del,
    summary: 'Removes keys; replies how many there were.',
  },
  {
    name: 'unlink', group: 'generic', since: '4.0.0', arity: -2, flags: ['write', 'fast', 'frees'],
    keys: ALL_KEYS, need: NEED_KEY, complexity: PER_KEY, apply: del,
    summary: 'Removes keys, as DEL does; both take the same short time.',
  },
  {
    name: 'exists', group: 'generic', since: '1.0.0', arity: -2, flags: ['readonly', 'fast'],
    keys: ALL_KEYS, need: NEED_KEY, complexity: PER_KEY, execute: exists,
    summary: 'Replies how many of the keys exist.',
  },
  {
    name: 'touch', group: 'generic', since: '3.2.1', arity: -2, flags: ['readonly', 'fast'],
    keys: ALL_KEYS, need: NEED_KEY, complexity: PER_KEY, execute: touch,
    summary: 'Notes that keys are in use; replies how many of them exist.',
  },
  {
    name: 'type', group: 'generic', since: '1.0.0', arity: 2, flags: ['readonly', 'fast'],
    keys: ONE_KEY, need: NEED_KEY, complexity: 'O(1)', execute: type,
    summary: 'Replies the type of the value at a key.',
  },
]);
