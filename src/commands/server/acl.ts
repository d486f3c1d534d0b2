/**
 * ACL, for the one user that there is: 'default', who may do everything, with the password of the
 * option requirepass. Other users cannot be made, and to try is refused.
 */

import { createHash } from 'node:crypto';
import type { ReplyWriter } from '../../protocol/reply-encoder.ts';
import { aclCategories, categoryOfName } from './acl-categories.ts';
import { ACL_CATEGORIES } from '../command-facts.ts';
import { defineCommands, type Command, type Context, type Flag } from '../command.ts';
import { container, wrongSubcommand } from '../containers.ts';
import { NOT_AN_INTEGER, quoted, quotedWhole, wrongArity } from '../reply-errors.ts';
import type { ServerPort } from '../server-port.ts';

const USER = 'default';
const ONE_USER = "ERR dkvs has one user, 'default': its password is the option requirepass";
const CANNOT_REMOVE = "ERR The 'default' user cannot be removed";

const NO_ACL_FILE = 'ERR This Redis instance is not configured to use an ACL file. You may want ' +
  'to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you ' +
  'have a Redis configuration file set) in order to store users in the Redis configuration.';

const SECRET_BITS_DEFAULT = 256;
const SECRET_BITS_MAX = 4096;
const BAD_SECRET_BITS = 'ERR ACL GENPASS argument must be the number of bits for the output ' +
  'password, a positive number up to 4096';

const FLAGS: readonly Flag[] = ['noscript', 'loading', 'stale'];
const ADMIN: readonly Flag[] = ['admin', ...FLAGS];

/** SHA-256 of the password in hexadecimal, as ACL LIST shows it; undefined when there is none. */
function passwordHash({ config }: ServerPort): string | undefined {
  const password = config.get('requirepass') ?? '';
  if (password === '') return undefined;
  return createHash('sha256').update(password).digest('hex');
}

function list({ reply, server }: Context): void {
  const hash = passwordHash(server);
  const password = hash === undefined ? 'nopass' : `#${hash}`;
  replyBulks(reply, [`user ${USER} on ${password} ~* &* +@all`]);
}

function getUser({ args, reply, server }: Context): void {
  if (args.text(2) !== USER) return reply.nil();
  const hash = passwordHash(server);
  reply.map(6);
  reply.bulkText('flags');
  const flags = hash === undefined ? ['on', 'nopass'] : ['on'];
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText('passwords');
  replyBulks(reply, hash === undefined ? [] : [hash]);
  reply.bulkText('commands');
  reply.bulkText('+@all');
  reply.bulkText('keys');
  reply.bulkText('~*');
  reply.bulkText('channels');
  reply.bulkText('&*');
  reply.bulkText('selectors');
  reply.emptyArray();
}

function cat({ args, reply, server }: Context): void {
  if (args.count > 3) return reply.error(wrongSubcommand(quoted(args, 1), 'ACL'));
  if (args.count === 2) return replyBulks(reply, ACL_CATEGORIES);
  const category = categoryOfName(args.text(2));
  if (category === undefined) return reply.error(`ERR Unknown category '${quoted(args, 2)}'`);
  const names = server.table.all
    .flatMap((command) => [command, ...command.subcommands ?? []])
    .filter((command) => aclCategories(command).includes(category))
    .map(({ name }) => name);
  replyBulks(reply, names);
}

function delUser({ args, reply }: Context): void {
  for (let i = 2; i < args.count; i++) if (args.text(i) === USER) return reply.error(CANNOT_REMOVE);
  reply.integer(0);
}

/** Nothing is logged: the log of the server has what was refused. */
function log({ args, reply }: Context): void {
  if (args.count > 3) return reply.error(wrongSubcommand(quoted(args, 1), 'ACL'));
  if (args.count === 3 && args.is(2, 'RESET')) return reply.ok();
  if (args.count === 3 && args.int64(2) === undefined) return reply.error(NOT_AN_INTEGER);
  reply.emptyArray();
}

function dryRun({ args, reply, server }: Context): void {
  if (args.text(2) !== USER) return reply.error(`ERR User '${quotedWhole(args, 2)}' not found`);
  const parent = server.table.find(args.latin1(3));
  const command = parent?.subcommands === undefined || args.count < 5
    ? parent
    : server.table.find(`${args.latin1(3)}|${args.latin1(4)}`);
  if (command === undefined) return reply.error(`ERR Command '${quotedWhole(args, 3)}' not found`);
  const count = args.count - 3;
  const { arity, name } = command;
  if (arity >= 0 ? count !== arity : count < -arity) return reply.error(wrongArity(name));
  reply.ok();
}

/** Hexadecimal digits, of chance that nobody can foresee: ctx.random can be. */
function genPass({ args, reply, server }: Context): void {
  if (args.count > 3) return reply.error(wrongSubcommand(quoted(args, 1), 'ACL'));
  const bits = args.count === 3 ? args.int64(2) : SECRET_BITS_DEFAULT;
  if (bits === undefined) return reply.error(NOT_AN_INTEGER);
  if (bits <= 0 || bits > SECRET_BITS_MAX) return reply.error(BAD_SECRET_BITS);
  const digits = Math.ceil(Number(bits) / 4);
  reply.bulkText(server.secret(Math.ceil(digits / 2)).toString('hex').slice(0, digits));
}

function replyBulks(reply: ReplyWriter, texts: readonly string[]): void {
  reply.array(texts.length);
  for (const text of texts) reply.bulkText(text);
}

const SUBCOMMANDS: readonly Command[] = [
  {
    name: 'acl|whoami', group: 'server', since: '6.0.0', arity: 2, flags: FLAGS,
    complexity: 'O(1)', execute: ({ reply, session }) => reply.bulkText(session.user),
    summary: 'Replies the user of this connection.',
  },
  {
    name: 'acl|users', group: 'server', since: '6.0.0', arity: 2, flags: ADMIN,
    complexity: 'O(1)', execute: ({ reply }) => replyBulks(reply, [USER]),
    summary: 'Lists the names of all users: there is one.',
  },
  {
    name: 'acl|list', group: 'server', since: '6.0.0', arity: 2, flags: ADMIN,
    complexity: 'O(1)', execute: list,
    summary: 'Lists what each user may do.',
  },
  {
    name: 'acl|getuser', group: 'server', since: '6.0.0', arity: 3, flags: ADMIN,
    syntax: '<user>', complexity: 'O(1)', execute: getUser,
    summary: 'Replies what a user may do.',
  },
  {
    name: 'acl|cat', group: 'server', since: '6.0.0', arity: -2, flags: FLAGS,
    syntax: '[<category>]', complexity: 'O(N) in the number of commands', execute: cat,
    summary: 'Lists the categories of commands, or the commands of one.',
  },
  {
    name: 'acl|setuser', group: 'server', since: '6.0.0', arity: -3, flags: [...ADMIN, 'secret'],
    syntax: '<user> [<rule> ...]', complexity: 'O(1)',
    execute: ({ reply }) => reply.error(ONE_USER),
    summary: 'Always an error: users cannot be made or changed.',
  },
  {
    name: 'acl|deluser', group: 'server', since: '6.0.0', arity: -3, flags: ADMIN,
    syntax: '<user> [<user> ...]', complexity: 'O(1)', execute: delUser,
    summary: 'Removes nobody: the one user cannot be removed.',
  },
  {
    name: 'acl|dryrun', group: 'server', since: '7.0.0', arity: -4, flags: ADMIN,
    syntax: '<user> <command> [<arg> ...]', complexity: 'O(1)', execute: dryRun,
    summary: 'Tells whether a user might run a command.',
  },
  {
    name: 'acl|genpass', group: 'server', since: '6.0.0', arity: -2, flags: FLAGS,
    syntax: '[<bits>]', complexity: 'O(1)', execute: genPass,
    summary: 'Replies a password by chance, in hexadecimal; of 256 bits unless told otherwise.',
  },
  {
    name: 'acl|load', group: 'server', since: '6.0.0', arity: 2, flags: ADMIN,
    complexity: 'O(1)', execute: ({ reply }) => reply.error(NO_ACL_FILE),
    summary: 'Always an error: there is no file of users.',
  },
  {
    name: 'acl|save', group: 'server', since: '6.0.0', arity: 2, flags: ADMIN,
    complexity: 'O(1)', execute: ({ reply }) => reply.error(NO_ACL_FILE),
    summary: 'Always an error: there is no file of users.',
  },
  {
    name: 'acl|log', group: 'server', since: '6.0.0', arity: -2, flags: ADMIN,
    syntax: '[<count>|RESET]', complexity: 'O(1)', execute: log,
    summary: 'Always empty: what is refused stands in the log of the server.',
  },
];

export const aclCommands = defineCommands([
  container({
    name: 'acl', group: 'server', since: '6.0.0', arity: -2, flags: [],
    complexity: 'Depends on the subcommand', summary: 'About users and what they may do.',
  }, SUBCOMMANDS),
]);
