/** CONFIG: options of the running server, by their names in the configuration file. */

import { defineCommands, type Command, type Context, type Flag } from '../command.ts';
import { container } from '../containers.ts';
import { SYNTAX, quotedWhole } from '../reply-errors.ts';

const FLAGS: readonly Flag[] = ['admin', 'noscript', 'loading', 'stale'];

/**
 * An option that several patterns match is told once. A pattern without wildcards names an option,
 * which is then told as it was asked for, in the same case: as in Redis.
 */
function get({ args, reply, server }: Context): void {
  const found = new Map<string, readonly [shown: string, value: string]>();
  for (let i = 2; i < args.count; i++) {
    const asked = args.latin1(i);
    const isName = !/[*?[]/.test(asked);
    for (const [name, value] of server.config.match(args.view(i))) {
      if (!found.has(name)) found.set(name, [isName ? asked : name, value]);
    }
  }
  reply.map(found.size);
  for (const [shown, value] of found.values()) {
    reply.bulkText(shown);
    reply.bulkText(value);
  }
}

function set({ args, reply, server }: Context): void {
  if (args.count % 2 === 1) return reply.error(SYNTAX);
  const pairs: (readonly [string, string])[] = [];
  for (let i = 2; i < args.count; i += 2) pairs.push([quotedWhole(args, i), args.text(i + 1)]);
  replyOutcome({ reply }, server.config.set(pairs));
}

function replyOutcome({ reply }: Pick<Context, 'reply'>, error: string | undefined): void {
  if (error === undefined) reply.ok();
  else reply.error(`ERR ${error}`);
}

function resetStat({ reply, server }: Context): void {
  server.resetStats();
  reply.ok();
}

const SUBCOMMANDS: readonly Command[] = [
  {
    name: 'config|get', group: 'server', since: '2.0.0', arity: -3, flags: FLAGS,
    syntax: '<pattern> [<pattern> ...]', complexity: 'O(N) in the number of options', execute: get,
    summary: 'Replies the options whose names match, and their values.',
  },
  {
    // Option values may be passwords.
    name: 'config|set', group: 'server', since: '2.0.0', arity: -4, flags: [...FLAGS, 'secret'],
    syntax: '<option> <value> [<option> <value> ...]',
    complexity: 'O(N) in the number of options', execute: set,
    summary: 'Changes options: all that are given, or none when one of them is wrong.',
  },
  {
    name: 'config|resetstat', group: 'server', since: '2.0.0', arity: 2, flags: FLAGS,
    complexity: 'O(N) in the number of commands', execute: resetStat,
    summary: 'Sets the counters of INFO to zero.',
  },
  {
    name: 'config|rewrite', group: 'server', since: '2.8.0', arity: 2, flags: FLAGS,
    complexity: 'O(N) in the length of the file',
    execute: ({ reply, server }) => replyOutcome({ reply }, server.config.rewrite()),
    summary: 'Writes the options as they are now into the configuration file.',
  },
];

export const configCommands = defineCommands([
  container({
    name: 'config', group: 'server', since: '2.0.0', arity: -2, flags: [],
    complexity: 'Depends on the subcommand', summary: 'About the options of the server.',
  }, SUBCOMMANDS),
]);
