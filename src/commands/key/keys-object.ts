/** OBJECT: what can be told about a value beside what it is. None of it counts as a use. */

import { NEED_KEY } from '../../keyspace/storage.ts';
import { defineCommands, type Command, type Context, type Flag } from '../command.ts';
import { encodingName } from '../value-encodings.ts';

const KEY = Object.freeze({ first: 2, last: 2, step: 1 });
const READING: readonly Flag[] = Object.freeze(['readonly']);

const NO_LFU = 'ERR An LFU maxmemory policy is not selected, access frequency not tracked. '
  + 'Please note that when switching between policies at runtime LRU and LFU data will take some '
  + 'time to adjust.';

const HELP = [
  'OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:',
  'ENCODING <key>',
  '    What Redis would call the way in which the value is kept.',
  'FREQ <key>',
  '    Always an error: how often keys are used is not counted.',
  'IDLETIME <key>',
  '    Seconds since the key was last used. Keys share clocks, so it may be too small.',
  'REFCOUNT <key>',
  '    Always 1: no two keys share a value.',
  'HELP',
  '    These lines.',
] as const;

function encoding(ctx: Context): void {
  const { args, db, reply, server } = ctx;
  const found = db.find(args.at(2));
  if (found === undefined) reply.nil();
  else reply.bulkText(encodingName(found, server.config));
}

function freq(ctx: Context): void {
  if (ctx.db.find(ctx.args.at(2), NEED_KEY) === undefined) ctx.reply.nil();
  else ctx.reply.error(NO_LFU);
}

function idletime(ctx: Context): void {
  const { args, db, keyspace, now, reply, server } = ctx;
  const key = args.at(2);
  if (db.find(key, NEED_KEY) === undefined) return reply.nil();
  reply.integer(keyspace.access.idleSeconds(key, now, server.startedAt));
}

function refcount(ctx: Context): void {
  if (ctx.db.find(ctx.args.at(2), NEED_KEY) === undefined) ctx.reply.nil();
  else ctx.reply.integer(1);
}

function help(ctx: Context): void {
  ctx.reply.array(HELP.length);
  for (const line of HELP) ctx.reply.simple(line);
}

const OBJECT_COMMANDS: readonly Command[] = defineCommands([
  {
    name: 'object|encoding', group: 'generic', since: '2.2.3', arity: 3, flags: READING, keys: KEY,
    complexity: 'O(1)', execute: encoding,
    summary: 'Replies what Redis would call the way in which a value is kept.',
  },
  {
    name: 'object|freq', group: 'generic', since: '4.0.0', arity: 3, flags: READING, keys: KEY,
    need: NEED_KEY, complexity: 'O(1)', execute: freq,
    summary: 'Replies an error: how often keys are used is not counted.',
  },
  {
    name: 'object|idletime', group: 'generic', since: '2.2.3', arity: 3, flags: READING, keys: KEY,
    need: NEED_KEY, complexity: 'O(1)', execute: idletime,
    summary: 'Replies the seconds since a key was last used; it may be too few, never too many.',
  },
  {
    name: 'object|refcount', group: 'generic', since: '2.2.3', arity: 3, flags: READING, keys: KEY,
    need: NEED_KEY, complexity: 'O(1)', execute: refcount,
    summary: 'Replies 1: no two keys share a value.',
  },
  {
    name: 'object|help', group: 'generic', since: '6.2.0', arity: 2, flags: ['loading', 'stale'],
    complexity: 'O(1)', execute: help,
    summary: 'Replies a list of the subcommands of OBJECT.',
  },
]);

export const keyObjectCommands = defineCommands([
  {
    name: 'object', group: 'generic', since: '2.2.3', arity: -2, flags: [],
    subcommands: OBJECT_COMMANDS, complexity: 'O(1)',
    summary: 'Tells about values beside what they are; see its subcommands.',
  },
]);
