/** The server as a process: its time, its end, and when its data is on disk. */

import type { Args } from '../../protocol/args.ts';
import { defineCommands, type Context, type Flag, type Steps } from '../command.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';

const NO_SHUTDOWN = 'ERR No shutdown in progress.';
const ALREADY_SAVING = 'ERR Background save already in progress';
const ALREADY_COMPACTING = 'ERR Background append only file rewriting already in progress';

const SHUTDOWN_OPTIONS = ['SAVE', 'NOSAVE', 'NOW', 'FORCE', 'ABORT'];

const STOPPING: readonly Flag[] = [
  'admin', 'noscript', 'loading', 'stale', 'no_multi', 'allow_busy',
];
const SAVING: readonly Flag[] = ['admin', 'noscript', 'no_async_loading'];

/** Seconds and microseconds; the clock has milliseconds. */
function time({ now, reply }: Context): void {
  reply.array(2);
  reply.bulkText(`${Math.floor(now / 1000)}`);
  reply.bulkText(`${(now % 1000) * 1000}`);
}

function lolwut({ args, reply, server }: Context): void {
  const hasVersion = args.count > 2 && args.is(1, 'VERSION');
  if (hasVersion && args.int64(2) === undefined) return reply.error(NOT_AN_INTEGER);
  reply.verbatim('txt', `dkvs ver. ${server.version}, as Redis ver. ${server.redisVersion}\n`);
}

function monitor({ reply, session }: Context): void {
  session.startMonitoring();
  reply.ok();
}

// ---- Stopping -----------------------------------------------------------------------------------

/**
 * A stop that has begun has no reply: the connection closes. It is the same whatever the options
 * say, because the log is always written, and no stop waits so long that it could be called off.
 */
function shutdown({ args, reply, server }: Context): void {
  const kind = parseShutdown(args);
  if (kind === undefined) return reply.error(SYNTAX);
  if (kind === 'abort') return reply.error(NO_SHUTDOWN);
  server.shutdown();
}

function parseShutdown(args: Args): 'stop' | 'abort' | undefined {
  const given = new Set<string>();
  for (let i = 1; i < args.count; i++) {
    const option = SHUTDOWN_OPTIONS.find((one) => args.is(i, one));
    if (option === undefined) return undefined;
    given.add(option);
  }
  if (given.has('SAVE') && given.has('NOSAVE')) return undefined;
  if (!given.has('ABORT')) return 'stop';
  return given.size === 1 ? 'abort' : undefined;
}

// ---- Saving: the log is always written, so these only wait for the disk -------------------------

function* save({ reply, server }: Context): Steps {
  if (server.saving) return reply.error(ALREADY_SAVING);
  yield { kind: 'save', inBackground: false };
  reply.ok();
}

/** Inside EXEC it begins when EXEC has ended, so that the save has what EXEC wrote. */
function* bgsave({ args, reply, server, session }: Context): Steps {
  if (args.count > 2 || (args.count === 2 && !args.is(1, 'SCHEDULE'))) return reply.error(SYNTAX);
  if (server.saving) return reply.error(ALREADY_SAVING);
  yield { kind: 'save', inBackground: true };
  reply.simple(session.inExec ? 'Background saving scheduled' : 'Background saving started');
}

function* bgrewriteaof({ reply, server }: Context): Steps {
  if (server.compacting) return reply.error(ALREADY_COMPACTING);
  yield { kind: 'compact' };
  reply.simple('Background append only file rewriting started');
}

export const serverControlCommands = defineCommands([
  {
    name: 'time', group: 'server', since: '2.6.0', arity: 1, flags: ['loading', 'stale', 'fast'],
    complexity: 'O(1)', execute: time,
    summary: 'Replies the time of the server: seconds since 1970 and microseconds.',
  },
  {
    name: 'lolwut', group: 'server', since: '5.0.0', arity: -1, flags: ['readonly', 'fast'],
    complexity: 'O(1)', execute: lolwut,
    summary: 'Replies the versions of the server, without a picture.',
  },
  {
    name: 'monitor', group: 'server', since: '1.0.0', arity: 1,
    flags: ['admin', 'noscript', 'loading', 'stale'], complexity: 'O(1)', execute: monitor,
    summary: 'Shows this connection every command that runs, from now on.',
  },
  {
    name: 'shutdown', group: 'server', since: '1.0.0', arity: -1, flags: STOPPING,
    syntax: '[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]', complexity: 'O(N) in the number of keys',
    execute: shutdown,
    summary: 'Stops the server cleanly: everything acknowledged is on disk.',
  },
  {
    name: 'kill', group: 'server', since: '1.0.0', arity: 1, flags: [...STOPPING, 'inline_only'],
    complexity: 'O(N) in the number of keys', execute: shutdown,
    summary: 'The same as SHUTDOWN, for a person who types it.',
  },
  {
    name: 'save', group: 'server', since: '1.0.0', arity: 1, flags: [...SAVING, 'no_multi'],
    complexity: 'One sync of the log', steps: save,
    summary: 'Waits until everything acknowledged is on disk.',
  },
  {
    name: 'bgsave', group: 'server', since: '1.0.0', arity: -1, flags: SAVING,
    syntax: '[SCHEDULE]', complexity: 'One sync of the log', steps: bgsave,
    summary: 'Brings everything acknowledged to disk, without waiting for it.',
  },
  {
    name: 'lastsave', group: 'server', since: '1.0.0', arity: 1,
    flags: ['loading', 'stale', 'fast'], categories: ['admin', 'dangerous'], complexity: 'O(1)',
    execute: ({ reply, server }) => reply.integer(server.lastSave),
    summary: 'Replies when SAVE or BGSAVE was done last, in seconds since 1970.',
  },
  {
    name: 'bgrewriteaof', group: 'server', since: '1.0.0', arity: 1, flags: SAVING,
    complexity: 'O(1)', steps: bgrewriteaof,
    summary: 'Starts the compaction of the log.',
  },
]);
