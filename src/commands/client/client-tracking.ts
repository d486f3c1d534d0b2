/**
 * CLIENT TRACKING and what belongs to it. Client-side caching is not offered: switching it on is
 * refused, everything else replies what a server does whose client has not switched it on.
 */

import type { Args } from '../../protocol/args.ts';
import type { Command, Context, Flag } from '../command.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';
import type { ServerPort } from '../server-port.ts';

const NOT_OFFERED = 'ERR client tracking is not supported by this server';
const NOT_TRACKING = 'ERR CLIENT CACHING can be called only when the client is in tracking mode ' +
  'with OPTIN or OPTOUT mode enabled';
const NO_SUCH_REDIRECT = 'ERR The client ID you want redirect to does not exist';
const ONE_REDIRECT = 'ERR A client can only redirect to a single other client';
const PREFIX_WITHOUT_BCAST = 'ERR PREFIX option requires BCAST mode to be enabled';
const OPT_WITH_BCAST = 'ERR OPTIN and OPTOUT are not compatible with BCAST';
const BOTH_OPTS = "ERR You can't specify both OPTIN mode and OPTOUT mode";

const FLAGS: readonly Flag[] = ['noscript', 'loading', 'stale'];
const MODES: readonly string[] = ['BCAST', 'OPTIN', 'OPTOUT', 'NOLOOP'];

function tracking({ args, reply, server }: Context): void {
  const options = parseOptions(args, server);
  if (typeof options === 'string') return reply.error(options);
  if (args.is(2, 'ON')) return reply.error(conflict(options) ?? NOT_OFFERED);
  if (!args.is(2, 'OFF')) return reply.error(SYNTAX);
  reply.ok();
}

/** The options that were given, or the text of an error. */
function parseOptions(args: Args, server: ServerPort): ReadonlySet<string> | string {
  const options = new Set<string>();
  for (let i = 3; i < args.count; i++) {
    const word = args.text(i).toUpperCase();
    const hasMore = i + 1 < args.count;
    if (word === 'REDIRECT' && hasMore) {
      if (options.has(word)) return ONE_REDIRECT;
      const id = args.int64(++i);
      if (id === undefined) return NOT_AN_INTEGER;
      const found = server.clients.all().some(({ session }) => session.facts.id === id);
      if (!found) return NO_SUCH_REDIRECT;
    } else if (word === 'PREFIX' && hasMore) i++;
    else if (!MODES.includes(word)) return SYNTAX;
    options.add(word);
  }
  return options;
}

function conflict(options: ReadonlySet<string>): string | undefined {
  if (options.has('PREFIX') && !options.has('BCAST')) return PREFIX_WITHOUT_BCAST;
  const hasOpt = options.has('OPTIN') || options.has('OPTOUT');
  if (options.has('BCAST') && hasOpt) return OPT_WITH_BCAST;
  return options.has('OPTIN') && options.has('OPTOUT') ? BOTH_OPTS : undefined;
}

function trackingInfo({ reply }: Context): void {
  reply.map(3);
  reply.bulkText('flags');
  reply.set(1);
  reply.bulkText('off');
  reply.bulkText('redirect');
  reply.integer(-1);
  reply.bulkText('prefixes');
  reply.emptyArray();
}

export const clientTrackingCommands: readonly Command[] = [
  {
    name: 'client|tracking', group: 'connection', since: '6.0.0', arity: -3, flags: FLAGS,
    syntax: '<ON|OFF> [REDIRECT <id>] [PREFIX <prefix> ...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]',
    complexity: 'O(1)', execute: tracking,
    summary: 'Switches client-side caching off; it cannot be switched on here.',
  },
  {
    name: 'client|trackinginfo', group: 'connection', since: '6.2.0', arity: 2, flags: FLAGS,
    complexity: 'O(1)', execute: trackingInfo,
    summary: 'Tells that client-side caching is off.',
  },
  {
    name: 'client|caching', group: 'connection', since: '6.0.0', arity: 3, flags: FLAGS,
    syntax: '<YES|NO>', complexity: 'O(1)', execute: ({ reply }) => reply.error(NOT_TRACKING),
    summary: 'Always an error, because client-side caching is off.',
  },
  {
    name: 'client|getredir', group: 'connection', since: '6.0.0', arity: 2, flags: FLAGS,
    complexity: 'O(1)', execute: ({ reply }) => reply.integer(-1),
    summary: 'Always -1, because client-side caching is off.',
  },
];
