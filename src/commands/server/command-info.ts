/** COMMAND: the table of commands, told to clients. */

import { compileGlob } from '../../lib/glob.ts';
import { Args } from '../../protocol/args.ts';
import { aclCategories, categoryOfName } from './acl-categories.ts';
import type { CommandFacts } from '../command-facts.ts';
import { replyCommandDocs, replyCommandInfo } from './command-reply.ts';
import { defineCommands, type Command, type Context, type Flag } from '../command.ts';
import { container, unknownSubcommand } from '../containers.ts';
import { keySpecsOf } from '../key-specs.ts';
import { SYNTAX, quoted } from '../reply-errors.ts';
import { countedKeys, lastPosition } from '../visit-keys.ts';

const INVALID_COMMAND = 'ERR Invalid command specified';
const NO_KEYS = 'ERR The command has no key arguments';
const WRONG_COUNT = 'ERR Invalid number of arguments specified for command';
const INVALID_ARGUMENTS = 'ERR Invalid arguments specified for command';

const FLAGS: readonly Flag[] = ['loading', 'stale'];
const CONNECTION = ['connection'] as const;

/** Position of the first argument of a command inside COMMAND GETKEYS. */
const QUOTED_AT = 2;

/** COMMAND alone; a word behind it that is no subcommand comes here as well. */
function commandAlone(ctx: Context): void {
  if (ctx.args.count > 1) ctx.reply.error(unknownSubcommand(quoted(ctx.args, 1), 'COMMAND'));
  else replyAll(ctx);
}

function replyAll({ reply, server }: Context): void {
  const { all } = server.table;
  reply.array(all.length);
  for (const command of all) replyCommandInfo(reply, command);
}

function info(ctx: Context): void {
  const { args, reply, server } = ctx;
  if (args.count === 2) return replyAll(ctx);
  reply.array(args.count - 2);
  for (let i = 2; i < args.count; i++) {
    const command = server.table.find(args.latin1(i));
    if (command === undefined) reply.nil();
    else replyCommandInfo(reply, command);
  }
}

/** Commands that do not exist are left out. */
function docs({ args, reply, server }: Context): void {
  let commands = server.table.all;
  if (args.count > 2) {
    const found: CommandFacts[] = [];
    for (let i = 2; i < args.count; i++) {
      const command = server.table.find(args.latin1(i));
      if (command !== undefined) found.push(command);
    }
    commands = found;
  }
  reply.map(commands.length);
  for (const command of commands) replyCommandDocs(reply, command);
}

function list({ args, reply, server }: Context): void {
  const isFiltered = args.count === 5 && args.is(2, 'FILTERBY');
  if (args.count !== 2 && !isFiltered) return reply.error(SYNTAX);
  const keeps = isFiltered ? filterOf(args) : () => true;
  if (keeps === undefined) return reply.error(SYNTAX);
  const names = server.table.all
    .flatMap((command) => [command, ...command.subcommands ?? []])
    .filter(keeps)
    .map(({ name }) => name);
  reply.array(names.length);
  for (const name of names) reply.bulkText(name);
}

/** What FILTERBY keeps, or undefined when it is none of the three filters. */
function filterOf(args: Args): ((command: CommandFacts) => boolean) | undefined {
  if (args.is(3, 'MODULE')) return () => false;
  if (args.is(3, 'ACLCAT')) {
    const category = categoryOfName(args.text(4));
    return (command) => category !== undefined && aclCategories(command).includes(category);
  }
  if (!args.is(3, 'PATTERN')) return undefined;
  const matches = compileGlob(args.view(4), { nocase: true });
  return ({ name }) => matches(Buffer.from(name), 0, name.length);
}

/** A key of the command that follows, and how the command uses it. */
interface FoundKey {
  readonly at: number;
  readonly flags: readonly string[];
}

/** The keys of the command that follows, or the text of an error. */
function findKeys({ args, server }: Context): readonly FoundKey[] | string {
  const quoted = behind(args, QUOTED_AT);
  const parent = server.table.find(quoted.latin1(0));
  const command = parent?.subcommands === undefined || quoted.count < 2
    ? parent
    : server.table.find(`${quoted.latin1(0)}|${quoted.latin1(1)}`);
  if (command === undefined) return INVALID_COMMAND;
  const hasKeys = command.keys !== undefined || command.flags.includes('movablekeys');
  if (!hasKeys || command.flags.includes('pubsub')) return NO_KEYS;
  const { arity } = command;
  if (arity >= 0 ? quoted.count !== arity : quoted.count < -arity) return WRONG_COUNT;
  const mayHaveNone = command.flags.includes('no_mandatory_keys');
  const keys: FoundKey[] = [];
  for (const { flags, isCounted, keyword, positions } of keySpecsOf(command, quoted)) {
    if (keyword !== undefined) {
      const at = indexOfWord(quoted, keyword, positions.first) + 1;
      if (at > 0 && at < quoted.count) keys.push({ at: at + QUOTED_AT, flags });
      continue;
    }
    const { first } = positions;
    const last = isCounted === true
      ? first - 1 + countedKeys(quoted, first - 1) : lastPosition(positions, quoted.count);
    if (isCounted === true && last < first && !mayHaveNone) return INVALID_ARGUMENTS;
    for (let i = first; i <= last; i += positions.step) {
      keys.push({ at: i + QUOTED_AT, flags });
    }
  }
  return keys.length === 0 && !mayHaveNone ? INVALID_ARGUMENTS : keys;
}

/** -1 if no argument from one on is the word. */
function indexOfWord(args: Args, word: string, from: number): number {
  for (let at = from; at < args.count; at++) if (args.is(at, word)) return at;
  return -1;
}

/** The arguments from one position on, as a request of their own. Borrowed like the request. */
function behind(args: Args, from: number): Args {
  const rest = new Args();
  rest.begin(args.buf);
  for (let i = from; i < args.count; i++) rest.push(args.start(i), args.end(i));
  return rest;
}

function getKeys(ctx: Context): void {
  const { args, reply } = ctx;
  const found = findKeys(ctx);
  if (typeof found === 'string') return reply.error(found);
  reply.array(found.length);
  for (const { at } of found) reply.bulk(args.buf, args.start(at), args.end(at));
}

function getKeysAndFlags(ctx: Context): void {
  const { args, reply } = ctx;
  const found = findKeys(ctx);
  if (typeof found === 'string') return reply.error(found);
  reply.array(found.length);
  for (const { at, flags } of found) {
    reply.array(2);
    reply.bulk(args.buf, args.start(at), args.end(at));
    reply.set(flags.length);
    for (const word of flags) reply.simple(word);
  }
}

const SUBCOMMANDS: readonly Command[] = [
  {
    name: 'command|count', group: 'server', since: '2.8.13', arity: 2, flags: FLAGS,
    categories: CONNECTION, complexity: 'O(1)',
    execute: ({ reply, server }) => reply.integer(server.table.all.length),
    summary: 'Counts the commands.',
  },
  {
    name: 'command|list', group: 'server', since: '7.0.0', arity: -2, flags: FLAGS,
    categories: CONNECTION, syntax: '[FILTERBY <MODULE name|ACLCAT category|PATTERN glob>]',
    complexity: 'O(N) in the number of commands', execute: list,
    summary: 'Lists the names of commands.',
  },
  {
    name: 'command|info', group: 'server', since: '2.8.13', arity: -2, flags: FLAGS,
    categories: CONNECTION, syntax: '[<command> ...]',
    complexity: 'O(N) in the number of commands asked for', execute: info,
    summary: 'Replies arity, flags and key positions of commands.',
  },
  {
    name: 'command|docs', group: 'server', since: '7.0.0', arity: -2, flags: FLAGS,
    categories: CONNECTION, syntax: '[<command> ...]',
    complexity: 'O(N) in the number of commands asked for', execute: docs,
    summary: 'Replies what commands are for.',
  },
  {
    name: 'command|getkeys', group: 'server', since: '2.8.13', arity: -4, flags: FLAGS,
    categories: CONNECTION, syntax: '<command> [<arg> ...]',
    complexity: 'O(N) in the number of arguments', execute: getKeys,
    summary: 'Finds the keys among the arguments of a command.',
  },
  {
    name: 'command|getkeysandflags', group: 'server', since: '7.0.0', arity: -4, flags: FLAGS,
    categories: CONNECTION, syntax: '<command> [<arg> ...]',
    complexity: 'O(N) in the number of arguments', execute: getKeysAndFlags,
    summary: 'Finds the keys among the arguments of a command, and whether it changes them.',
  },
];

export const commandInfoCommands = defineCommands([
  container({
    name: 'command', group: 'server', since: '2.8.13', arity: -1, flags: FLAGS,
    categories: CONNECTION, complexity: 'O(N) in the number of commands', execute: commandAlone,
    summary: 'Replies arity, flags and key positions of all commands.',
  }, SUBCOMMANDS),
]);
