/**
 * Giving a value another name, another database, or a twin. The expiry goes with it.
 *
 * The copy is written before the original is removed: both are effects of one command, so they
 * become one batch, and no crash comes between them.
 */

import type { Args } from '../../protocol/args.ts';
import { defineCommands, type WriteContext, type VisitKey } from '../command.ts';
import { ONE_KEY, parseDbIndex, possibleDbIndex } from './keys-common.ts';
import { NO_SUCH_KEY, SYNTAX } from '../reply-errors.ts';

const TWO_KEYS = Object.freeze({ first: 1, last: 2, step: 1 });
const SAME_OBJECT = 'ERR source and destination objects are the same';
const SIZE_OF_VALUE = 'O(N) in the size of the value';

function rename(ctx: WriteContext): void {
  if (renameKey(ctx, false) !== undefined) ctx.reply.ok();
}

function renamenx(ctx: WriteContext): void {
  const renamed = renameKey(ctx, true);
  if (renamed !== undefined) ctx.reply.integer(renamed ? 1 : 0);
}

/** Whether it was renamed; undefined after an error. */
function renameKey(ctx: WriteContext, onlyToNew: boolean): boolean | undefined {
  const { args, db, reply } = ctx;
  const from = args.at(1);
  const to = args.at(2);
  if (!db.has(from)) return void reply.error(NO_SUCH_KEY);
  if (from.equals(to.buf, to.start, to.end)) return !onlyToNew;
  if (onlyToNew && db.has(to)) return false;
  const found = db.find(from);
  if (found === undefined) throw new Error('assertion failed: a key went away by itself');
  db.putMoved(to, found, found.expireAt);
  db.removeMoved(from);
  db.notify('n', 'new', to);
  db.notify('g', 'rename_from', from);
  db.notify('g', 'rename_to', to);
  return true;
}

function copy(ctx: WriteContext): void {
  const { args, db, keyspace, reply } = ctx;
  const options = parseCopyOptions(ctx);
  if (typeof options === 'string') return reply.error(options);
  const target = keyspace.db(options.db);
  const from = args.at(1);
  const to = args.at(2);
  if (target === db && from.equals(to.buf, to.start, to.end)) return reply.error(SAME_OBJECT);
  if (db.read(from) === undefined) return reply.integer(0);
  if (target.has(to) && !options.replace) return reply.integer(0);
  const found = db.find(from);
  if (found === undefined) throw new Error('assertion failed: a key went away by itself');
  target.putCopy(to, found, found.expireAt);
  target.notify('n', 'new', to);
  target.notify('g', 'copy_to', to);
  reply.integer(1);
}

interface CopyOptions {
  readonly db: number;
  readonly replace: boolean;
}

/** The options of COPY, or the text of the error. */
function parseCopyOptions({ args, db, limits }: WriteContext): CopyOptions | string {
  let index = db.index;
  let replace = false;
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'REPLACE')) replace = true;
    else if (args.is(i, 'DB') && i + 1 < args.count) {
      const parsed = parseDbIndex(args, ++i, limits);
      if (typeof parsed === 'string') return parsed;
      index = parsed;
    } else return SYNTAX;
  }
  return { db: index, replace };
}

/** Sees the options as `parseCopyOptions` does, where that finds no error. */
function visitCopyKeys(args: Args, visit: VisitKey): void {
  let db: number | undefined;
  for (let i = 3; i < args.count; i++) if (args.is(i, 'DB')) db = possibleDbIndex(args, ++i) ?? db;
  visit(1);
  visit(2, db);
}

function move(ctx: WriteContext): void {
  const { args, db, keyspace, limits, reply } = ctx;
  const index = parseDbIndex(args, 2, limits);
  if (typeof index === 'string') return reply.error(index);
  const target = keyspace.db(index);
  if (target === db) return reply.error(SAME_OBJECT);
  const key = args.at(1);
  if (!db.has(key) || target.has(key)) return reply.integer(0);
  const found = db.find(key);
  if (found === undefined) throw new Error('assertion failed: a key went away by itself');
  target.putMoved(key, found, found.expireAt);
  db.removeMoved(key);
  target.notify('n', 'new', key);
  db.notify('g', 'move_from', key);
  target.notify('g', 'move_to', key);
  reply.integer(1);
}

function visitMoveKeys(args: Args, visit: VisitKey): void {
  visit(1);
  const db = possibleDbIndex(args, 2);
  if (db !== undefined) visit(1, db);
}

export const keyMoveCommands = defineCommands([
  {
    name: 'rename', group: 'generic', since: '1.0.0', arity: 3, flags: ['write'], keys: TWO_KEYS,
    complexity: SIZE_OF_VALUE, apply: rename,
    summary: 'Gives a key another name; whatever had that name is gone.',
  },
  {
    name: 'renamenx', group: 'generic', since: '1.0.0', arity: 3, flags: ['write', 'fast'],
    keys: TWO_KEYS, complexity: SIZE_OF_VALUE, apply: renamenx,
    summary: 'Gives a key another name if nothing has that name.',
  },
  {
    name: 'copy', group: 'generic', since: '6.2.0', arity: -3, flags: ['write', 'denyoom'],
    keys: TWO_KEYS, visitKeys: visitCopyKeys, complexity: SIZE_OF_VALUE, apply: copy,
    summary: 'Copies a value to another key, of another database if asked.',
  },
  {
    name: 'move', group: 'generic', since: '1.0.0', arity: 3, flags: ['write', 'fast'],
    keys: ONE_KEY, visitKeys: visitMoveKeys, complexity: SIZE_OF_VALUE, apply: move,
    summary: 'Moves a key to another database if it is not there.',
  },
]);
