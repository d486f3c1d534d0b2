/**
 * DEBUG: for tests and for looking inside, behind the option enable-debug-command. One command with
 * words, not subcommands, as in Redis. DEBUG SLEEP stops the whole server, as there: it is for
 * finding out what clients do when a server hangs.
 */

import type { Args } from '../../protocol/args.ts';
import type { Found } from '../../keyspace/storage.ts';
import type { IndexReport } from '../../keyspace/index-report.ts';
import { defineCommands, type Context, type Provided, type Steps } from '../command.ts';
import { replyHelp, wrongSubcommand } from '../containers.ts';
import { NO_SUCH_KEY, quoted } from '../reply-errors.ts';
import { encodingName } from '../value-encodings.ts';

/** Of so many findings an error reply tells; the log has all. */
const CHECK_FINDINGS_SHOWN_MAX = 3;

const NOT_ALLOWED = 'ERR DEBUG command not allowed. If the enable-debug-command option is set to ' +
  '"local", you can run it from a local connection, otherwise you need to set this option in ' +
  'the configuration file, and then restart the server.';

const RELOAD_OPTIONS = ['MERGE', 'NOFLUSH', 'NOSAVE'] as const;
const BAD_RELOAD_OPTION = 'ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.';

const HELP = [
  'CHECK-INDEX',
  '    Checks the index, its chains and the read cache against the log.',
  'OBJECT <key>',
  '    Tells how a value is kept.',
  'RELOAD',
  '    Writes everything to disk and recovers it from there.',
  'SET-ACTIVE-EXPIRE <0|1>',
  '    Whether expired keys are removed that nobody asks for.',
  'SLEEP <seconds>',
  '    Stops the server for so many seconds, which may have a fraction.',
] as const;

function* debug(ctx: Context): Steps {
  const { args, reply, server, session } = ctx;
  if (!server.mayDebug(session)) return reply.error(NOT_ALLOWED);
  if (args.count === 2 && args.is(1, 'HELP')) return replyHelp(ctx, 'DEBUG', HELP);
  if (args.count === 3 && args.is(1, 'SLEEP')) return yield* sleep(ctx);
  if (args.count === 2 && args.is(1, 'CHECK-INDEX')) return yield* checkIndex(ctx);
  if (args.is(1, 'RELOAD')) return yield* reload(ctx);
  if (args.count === 3 && args.is(1, 'OBJECT')) return object(ctx);
  if (args.count === 3 && args.is(1, 'SET-ACTIVE-EXPIRE')) return setActiveExpire(ctx);
  reply.error(wrongSubcommand(quoted(args, 1), 'DEBUG'));
}

function* sleep({ args, reply }: Context): Steps {
  const seconds = Number(args.text(2));
  if (seconds > 0 && Number.isFinite(seconds)) yield { kind: 'stall', ms: seconds * 1000 };
  reply.ok();
}

/** The options say what Redis does with its file; here nothing is ever loaded beside what is. */
function* reload({ args, reply }: Context): Steps {
  for (let i = 2; i < args.count; i++) {
    if (!RELOAD_OPTIONS.some((word) => args.is(i, word))) return reply.error(BAD_RELOAD_OPTION);
  }
  yield { kind: 'reload' };
  reply.ok();
}

/** While others are served: what changes meanwhile is looked up again. */
function* checkIndex({ reply }: Context): Steps {
  const report = mustBeReport(yield { kind: 'checkIndex' });
  const { slots, chains, records, segments, findings } = report;
  if (findings.length === 0) {
    return reply.simple(`${slots} keys, ${chains} chains, ${records} records and ${segments} ` +
      'segments agree');
  }
  const shown = findings.slice(0, CHECK_FINDINGS_SHOWN_MAX)
    .map(({ fault, text }) => `${fault}: ${text}`).join('; ');
  reply.error(`ERR the index has ${findings.length} faults, all are in the log: ${shown}`);
}

function mustBeReport(provided: Provided): IndexReport {
  if (typeof provided === 'object' && 'findings' in provided) return provided;
  throw new Error('assertion failed: a check of the index was not given a report');
}

function setActiveExpire({ args, reply, server }: Context): void {
  server.setActiveExpire(args.int(2) !== 0);
  reply.ok();
}

/** Fields of Redis; there is no address to tell, and no key shares its value. */
function object({ args, db, keyspace, now, reply, server }: Context): void {
  const key = args.at(2);
  const found = db.find(key);
  if (found === undefined) return reply.error(NO_SUCH_KEY);
  const encoding = encodingName(found, server.config);
  const idle = keyspace.access.idleSeconds(key, now, server.startedAt);
  reply.simple(
    `Value at:0x0 refcount:1 encoding:${encoding} ` +
      `serializedlength:${bytesOf(found)} lru:${Math.floor(now / 1000) - idle} ` +
      `lru_seconds_idle:${idle}`,
  );
}

function bytesOf({ live, value }: Found): number {
  return live === undefined ? value.length : live.baseBytes;
}

function visitKeys(args: Args, visit: (arg: number) => void): void {
  if (args.count === 3 && args.is(1, 'OBJECT')) visit(2);
}

export const debugCommands = defineCommands([
  {
    name: 'debug', group: 'server', since: '1.0.0', arity: -2,
    flags: ['admin', 'noscript', 'loading', 'stale'], visitKeys,
    complexity: 'Depends on the subcommand', steps: debug,
    summary: 'For tests of the server and for looking inside it.',
  },
]);
