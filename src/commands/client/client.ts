/** CLIENT: what connections are called, how they are treated, and who is connected. */

import { NAME_REFUSED, isPrintable } from './client-names.ts';
import { clientKill } from './client-kill.ts';
import { clientLine, kindOfName } from './client-list.ts';
import { clientTrackingCommands } from './client-tracking.ts';
import { defineCommands, type Command, type Context, type Flag } from '../command.ts';
import { container, wrongSubcommand } from '../containers.ts';
import { NOT_AN_INTEGER, SYNTAX, quoted, quotedWhole } from '../reply-errors.ts';
import type { SessionPort } from '../session-port.ts';
import { parseTimeoutMs } from '../timeouts.ts';

const PAUSE_MODE = 'ERR CLIENT PAUSE mode must be WRITE or ALL';
const UNBLOCK_REASON = 'ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR';
const INVALID_ID = 'ERR Invalid client ID';

const FLAGS: readonly Flag[] = ['noscript', 'loading', 'stale'];
const ADMIN: readonly Flag[] = ['admin', ...FLAGS];

// ---- This connection ----------------------------------------------------------------------------

function getName({ reply, session }: Context): void {
  if (session.name === '') reply.nil();
  else reply.bulkText(session.name);
}

function setName({ args, reply, session }: Context): void {
  if (!isPrintable(args, 2)) return reply.error(NAME_REFUSED);
  session.name = args.latin1(2);
  reply.ok();
}

function setInfo({ args, reply, session }: Context): void {
  const { name, version } = session.library;
  const isName = args.is(2, 'LIB-NAME');
  if (!isName && !args.is(2, 'LIB-VER')) {
    return reply.error(`ERR Unrecognized option '${quotedWhole(args, 2)}'`);
  }
  if (!isPrintable(args, 3)) {
    const word = isName ? 'lib-name' : 'lib-ver';
    return reply.error(`ERR ${word} cannot contain spaces, newlines or special characters.`);
  }
  const text = args.latin1(3);
  session.library = isName ? { name: text, version } : { name, version: text };
  reply.ok();
}

/** OFF and SKIP have no reply of their own. */
function replyMode({ args, reply, session }: Context): void {
  if (args.is(2, 'ON')) {
    session.replyMode = 'on';
    return reply.ok();
  }
  if (args.is(2, 'OFF')) session.replyMode = 'off';
  else if (!args.is(2, 'SKIP')) reply.error(SYNTAX);
  else if (session.replyMode !== 'off') session.replyMode = 'skip';
}

/** ON or OFF as third argument. */
function toggle(ctx: Context, apply: (session: SessionPort, on: boolean) => void): void {
  const { args, reply, session } = ctx;
  if (!args.is(2, 'ON') && !args.is(2, 'OFF')) return reply.error(SYNTAX);
  apply(session, args.is(2, 'ON'));
  reply.ok();
}

function info(ctx: Context): void {
  ctx.reply.verbatim('txt', `${lineOf(ctx, ctx.session)}\n`);
}

/** Of the connection that asks, the request that runs counts as well. */
function lineOf({ args, now, session }: Context, other: SessionPort): string {
  return clientLine(other, now, other === session ? args.bytes : 0);
}

// ---- All connections ----------------------------------------------------------------------------

function list(ctx: Context): void {
  const { reply } = ctx;
  const sessions = chooseClients(ctx);
  if (typeof sessions === 'string') return reply.error(sessions);
  const lines = sessions.map((session) => `${lineOf(ctx, session)}\n`);
  reply.verbatim('txt', lines.join(''));
}

/** Those that the arguments ask for, or the text of an error. */
function chooseClients({ args, server }: Context): readonly SessionPort[] | string {
  const all = server.clients.all();
  if (args.count === 2) return all.map(({ session }) => session);
  if (args.count === 4 && args.is(2, 'TYPE')) {
    const wanted = kindOfName(args.text(3));
    if (wanted === undefined) return `ERR Unknown client type '${quotedWhole(args, 3)}'`;
    return all.filter(({ kind }) => kind === wanted).map(({ session }) => session);
  }
  if (args.count === 3 || !args.is(2, 'ID')) return SYNTAX;
  const byId = new Map(all.map(({ session }) => [session.facts.id, session]));
  const chosen: SessionPort[] = [];
  for (let i = 3; i < args.count; i++) {
    const id = args.int64(i);
    if (id === undefined) return INVALID_ID;
    const found = byId.get(Number(id));
    if (found !== undefined) chosen.push(found);
  }
  return chosen;
}

function pause({ args, now, reply, server }: Context): void {
  if (args.count > 4) return reply.error(wrongSubcommand(quoted(args, 1), 'CLIENT'));
  const writesOnly = args.count === 4 && args.is(3, 'WRITE');
  if (args.count === 4 && !writesOnly && !args.is(3, 'ALL')) return reply.error(PAUSE_MODE);
  const timeout = parseTimeoutMs(args, 2);
  if (typeof timeout === 'string') return reply.error(timeout);
  server.clients.pause(now + timeout, writesOnly);
  reply.ok();
}

function unpause({ reply, server }: Context): void {
  server.clients.unpause();
  reply.ok();
}

function unblock({ args, reply, server }: Context): void {
  if (args.count > 4) return reply.error(wrongSubcommand(quoted(args, 1), 'CLIENT'));
  if (args.count === 4 && !args.is(3, 'TIMEOUT') && !args.is(3, 'ERROR')) {
    return reply.error(UNBLOCK_REASON);
  }
  const id = args.int64(2);
  if (id === undefined) return reply.error(NOT_AN_INTEGER);
  const client = server.clients.all().find(({ session }) => session.facts.id === id);
  const how = args.count === 4 && args.is(3, 'ERROR') ? 'error' : 'timeout';
  reply.integer(client?.session.blocking.end(how) === true ? 1 : 0);
}

const OWN: readonly Command[] = [
  {
    name: 'client|id', group: 'connection', since: '5.0.0', arity: 2, flags: FLAGS,
    complexity: 'O(1)', execute: ({ reply, session }) => reply.integer(session.facts.id),
    summary: 'Replies the number of this connection; none is given twice.',
  },
  {
    name: 'client|info', group: 'connection', since: '6.2.0', arity: 2, flags: FLAGS,
    complexity: 'O(1)', execute: info,
    summary: 'Replies what CLIENT LIST tells of this connection.',
  },
  {
    name: 'client|getname', group: 'connection', since: '2.6.9', arity: 2, flags: FLAGS,
    complexity: 'O(1)', execute: getName,
    summary: 'Replies the name of this connection.',
  },
  {
    name: 'client|setname', group: 'connection', since: '2.6.9', arity: 3, flags: FLAGS,
    syntax: '<name>', complexity: 'O(1)', execute: setName,
    summary: 'Names this connection; the empty name takes the name away.',
  },
  {
    name: 'client|setinfo', group: 'connection', since: '7.2.0', arity: 4, flags: FLAGS,
    syntax: '<LIB-NAME|LIB-VER> <text>', complexity: 'O(1)', execute: setInfo,
    summary: 'Tells which client library this connection comes from.',
  },
  {
    name: 'client|reply', group: 'connection', since: '3.2.0', arity: 3, flags: FLAGS,
    syntax: '<ON|OFF|SKIP>', complexity: 'O(1)', execute: replyMode,
    summary: 'Stops replies to this connection, or only the next one, or sends them again.',
  },
  {
    name: 'client|no-evict', group: 'connection', since: '7.0.0', arity: 3, flags: ADMIN,
    syntax: '<ON|OFF>', complexity: 'O(1)',
    execute: (ctx) => toggle(ctx, (session, on) => void (session.noEvict = on)),
    summary: 'Marks this connection as not to be evicted. No connection is ever evicted here.',
  },
  {
    name: 'client|no-touch', group: 'connection', since: '7.2.0', arity: 3, flags: FLAGS,
    syntax: '<ON|OFF>', complexity: 'O(1)',
    execute: (ctx) => toggle(ctx, (session, on) => void (session.noTouch = on)),
    summary: 'Whether reads of this connection leave the idle time of keys as it is.',
  },
];

const OTHERS: readonly Command[] = [
  {
    name: 'client|list', group: 'connection', since: '2.4.0', arity: -2, flags: ADMIN,
    syntax: '[TYPE <normal|master|replica|pubsub> | ID <id> ...]',
    complexity: 'O(N) in the number of connections', execute: list,
    summary: 'Replies a line about each connection.',
  },
  {
    name: 'client|kill', group: 'connection', since: '2.4.0', arity: -3, flags: ADMIN,
    syntax: '<ip:port> | <option> <value> ..., of ID, TYPE, USER, ADDR, LADDR, SKIPME',
    complexity: 'O(N) in the number of connections', execute: clientKill,
    summary: 'Closes connections.',
  },
  {
    name: 'client|pause', group: 'connection', since: '3.0.0', arity: -3, flags: ADMIN,
    syntax: '<milliseconds> [WRITE|ALL]', complexity: 'O(1)', execute: pause,
    summary: 'Lets all commands, or those that write, wait for some time.',
  },
  {
    name: 'client|unpause', group: 'connection', since: '6.2.0', arity: 2, flags: ADMIN,
    complexity: 'O(N) in the number of waiting commands', execute: unpause,
    summary: 'Ends a pause early.',
  },
  {
    name: 'client|unblock', group: 'connection', since: '5.0.0', arity: -3, flags: ADMIN,
    syntax: '<id> [TIMEOUT|ERROR]', complexity: 'O(1)', execute: unblock,
    summary: 'Ends the wait of another connection in a blocking command.',
  },
];

export const clientCommands = defineCommands([
  container({
    name: 'client', group: 'connection', since: '2.4.0', arity: -2, flags: [],
    complexity: 'Depends on the subcommand', summary: 'About connections.',
  }, [...OWN, ...OTHERS, ...clientTrackingCommands]),
]);
