/** What a client says first and last, and whether it is heard: HELLO, AUTH, PING, RESET, QUIT. */

import type { Args } from '../../protocol/args.ts';
import { defineCommands, type Context, type Flag } from '../command.ts';
import { NAME_REFUSED, isPrintable } from './client-names.ts';
import { SYNTAX, quotedWhole, wrongArity } from '../reply-errors.ts';

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
const NO_PASSWORD_SET = 'ERR AUTH <password> called without any password configured for the ' +
  'default user. Are you sure your configuration is correct?';
const AUTH_FIRST = 'NOAUTH HELLO must be called with the client already authenticated, otherwise ' +
  'the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select ' +
  'the RESP protocol version at the same time';
const PROTOCOL_NOT_A_NUMBER = 'ERR Protocol version is not an integer or out of range';
const PROTOCOL_UNKNOWN = 'NOPROTO unsupported protocol version';

const BEFORE_AUTH: readonly Flag[] = [
  'noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy',
];

function ping({ args, reply, session }: Context): void {
  if (args.count > 2) return reply.error(wrongArity('ping'));
  const isListening = session.subscriptions.count + session.subscriptions.shardChannels.size > 0;
  if (isListening && reply.protocol === 2) {
    reply.array(2);
    reply.bulkText('pong');
    if (args.count === 1) return reply.bulkText('');
  } else if (args.count === 1) return reply.simple('PONG');
  reply.bulk(args.buf, args.start(1), args.end(1));
}

function echo({ args, reply }: Context): void {
  reply.bulk(args.buf, args.start(1), args.end(1));
}

// ---- Authentication -----------------------------------------------------------------------------

function auth(ctx: Context): void {
  const { args, reply, server } = ctx;
  if (args.count > 3) return reply.error(SYNTAX);
  if (args.count === 2 && !server.needsPassword) return reply.error(NO_PASSWORD_SET);
  const user = args.count === 2 ? 'default' : args.text(1);
  if (!authenticate(ctx, user, args.count - 1)) return reply.error(WRONG_PASSWORD);
  reply.ok();
}

function authenticate({ args, server, session }: Context, user: string, password: number): boolean {
  if (!server.checkPassword(user, args.view(password))) return false;
  session.authenticated = true;
  return true;
}

interface HelloOptions {
  /** Undefined: as it is. */
  protocol: 2 | 3 | undefined;
  /** Position of the user's name, the password behind it; 0 = none. */
  authAt: number;
  /** Position of the connection's name; 0 = none. */
  nameAt: number;
}

function hello(ctx: Context): void {
  const { args, reply, session } = ctx;
  const options = parseHello(args);
  if (typeof options === 'string') return reply.error(options);
  const { protocol, authAt, nameAt } = options;
  if (authAt > 0 && !authenticate(ctx, args.text(authAt), authAt + 1)) {
    return reply.error(WRONG_PASSWORD);
  }
  if (!session.authenticated) return reply.error(AUTH_FIRST);
  if (nameAt > 0) session.name = args.latin1(nameAt);
  if (protocol !== undefined) session.protocol = protocol;
  replyHello(ctx);
}

function parseHello(args: Args): HelloOptions | string {
  const options: HelloOptions = { protocol: undefined, authAt: 0, nameAt: 0 };
  if (args.count > 1) {
    const version = args.int64(1);
    if (version === undefined) return PROTOCOL_NOT_A_NUMBER;
    if (version !== 2 && version !== 3) return PROTOCOL_UNKNOWN;
    options.protocol = version;
  }
  for (let i = 2; i < args.count; i++) {
    const more = args.count - 1 - i;
    if (args.is(i, 'AUTH') && more >= 2) {
      options.authAt = i + 1;
      i += 2;
    } else if (args.is(i, 'SETNAME') && more >= 1) {
      if (!isPrintable(args, i + 1)) return NAME_REFUSED;
      options.nameAt = ++i;
    } else return `ERR Syntax error in HELLO option '${quotedWhole(args, i)}'`;
  }
  return options;
}

/** `server` is redis, because clients look for it there; INFO tells what it really is. */
function replyHello({ reply, server, session }: Context): void {
  reply.map(7);
  reply.bulkText('server');
  reply.bulkText('redis');
  reply.bulkText('version');
  reply.bulkText(server.redisVersion);
  reply.bulkText('proto');
  reply.integer(session.protocol);
  reply.bulkText('id');
  reply.integer(session.facts.id);
  reply.bulkText('mode');
  reply.bulkText('standalone');
  reply.bulkText('role');
  reply.bulkText('master');
  reply.bulkText('modules');
  reply.emptyArray();
}

// ---- Ending -------------------------------------------------------------------------------------

function reset({ reply, session }: Context): void {
  session.reset();
  reply.simple('RESET');
}

function quit({ reply, session }: Context): void {
  reply.ok();
  session.closeAfterReply();
}

export const connectionCommands = defineCommands([
  {
    name: 'ping', group: 'connection', since: '1.0.0', arity: -1, flags: ['fast', 'subscribed'],
    complexity: 'O(1)', execute: ping,
    summary: 'Replies PONG, or the message that it is given.',
  },
  {
    name: 'echo', group: 'connection', since: '1.0.0', arity: 2,
    flags: ['loading', 'stale', 'fast'], complexity: 'O(1)', execute: echo,
    summary: 'Replies the message that it is given.',
  },
  {
    name: 'auth', group: 'connection', since: '1.0.0', arity: -2,
    flags: [...BEFORE_AUTH, 'secret'], complexity: 'O(1)', execute: auth,
    summary: 'Proves with a password that this client may use the server.',
  },
  {
    name: 'hello', group: 'connection', since: '6.0.0', arity: -1,
    flags: [...BEFORE_AUTH, 'secret'], complexity: 'O(1)', execute: hello,
    summary: 'Chooses the protocol, and can authenticate and name the connection as well.',
  },
  {
    name: 'reset', group: 'connection', since: '6.2.0', arity: 1,
    flags: [...BEFORE_AUTH, 'immediate', 'subscribed'], complexity: 'O(1)', execute: reset,
    summary: 'Makes the connection as it was when it was new.',
  },
  {
    name: 'quit', group: 'connection', since: '1.0.0', arity: -1,
    flags: [...BEFORE_AUTH, 'immediate', 'subscribed'], complexity: 'O(1)', execute: quit,
    summary: 'Closes the connection once all replies are sent.',
  },
]);
