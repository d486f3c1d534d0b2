/** SLOWLOG: the last commands that took long. */

import { defineCommands, type Command, type Context, type Flag } from '../command.ts';
import { container, wrongSubcommand } from '../containers.ts';
import type { SlowEntry } from '../server-port.ts';
import { quoted } from '../reply-errors.ts';

const COUNT_DEFAULT = 10;
const BAD_COUNT = 'ERR count should be greater than or equal to -1';

const FLAGS: readonly Flag[] = ['admin', 'loading', 'stale'];

function get(ctx: Context): void {
  const { args, reply, server } = ctx;
  if (args.count > 3) return reply.error(wrongSubcommand(quoted(args, 1), 'SLOWLOG'));
  const count = args.count === 3 ? args.int(2) : COUNT_DEFAULT;
  if (count === undefined || count < -1) return reply.error(BAD_COUNT);
  const entries = server.slowLog.get(count);
  reply.array(entries.length);
  for (const entry of entries) replyEntry(ctx, entry);
}

function replyEntry({ reply }: Context, entry: SlowEntry): void {
  reply.array(6);
  reply.integer(entry.id);
  reply.integer(entry.at);
  reply.integer(entry.microseconds);
  reply.array(entry.args.length);
  for (const arg of entry.args) reply.bulk(arg);
  reply.bulkText(entry.client);
  reply.bulkText(entry.clientName);
}

function reset({ reply, server }: Context): void {
  server.slowLog.reset();
  reply.ok();
}

const SUBCOMMANDS: readonly Command[] = [
  {
    name: 'slowlog|get', group: 'server', since: '2.2.12', arity: -2, flags: FLAGS,
    syntax: '[<count>]', complexity: 'O(N) in the number of entries', execute: get,
    summary: 'Replies entries, newest first: 10 of them, or as many as asked for; -1 means all.',
  },
  {
    name: 'slowlog|len', group: 'server', since: '2.2.12', arity: 2, flags: FLAGS,
    complexity: 'O(1)', execute: ({ reply, server }) => reply.integer(server.slowLog.length),
    summary: 'Counts the entries.',
  },
  {
    name: 'slowlog|reset', group: 'server', since: '2.2.12', arity: 2, flags: FLAGS,
    complexity: 'O(N) in the number of entries', execute: reset,
    summary: 'Forgets all entries.',
  },
];

export const slowLogCommands = defineCommands([
  container({
    name: 'slowlog', group: 'server', since: '2.2.12', arity: -2, flags: [],
    complexity: 'Depends on the subcommand', summary: 'About commands that took long.',
  }, SUBCOMMANDS),
]);
