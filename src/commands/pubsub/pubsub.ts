/**
 * Channels: subscribing, publishing and PUBSUB. Shard channels are channels of their own kind: a
 * server that is not in a cluster serves all of them itself.
 */

import {
  defineCommands, type Command, type Context, type Flag, type WriteContext,
} from '../command.ts';
import { container, wrongSubcommand } from '../containers.ts';
import type { SubscriptionsPort } from '../session-port.ts';
import { quoted } from '../reply-errors.ts';

/** One of the three kinds of things to subscribe to. */
interface Kind {
  readonly prefix: '' | 'p' | 's';
  names(subscriptions: SubscriptionsPort): ReadonlySet<string>;
  add(subscriptions: SubscriptionsPort, name: Buffer): void;
  remove(subscriptions: SubscriptionsPort, name: Buffer): void;
  /** What the reply counts. */
  count(subscriptions: SubscriptionsPort): number;
}

const CHANNELS: Kind = {
  prefix: '',
  names: ({ channels }) => channels,
  add: (subscriptions, name) => subscriptions.subscribe(name),
  remove: (subscriptions, name) => subscriptions.unsubscribe(name),
  count: ({ count }) => count,
};

const PATTERNS: Kind = {
  prefix: 'p',
  names: ({ patterns }) => patterns,
  add: (subscriptions, name) => subscriptions.psubscribe(name),
  remove: (subscriptions, name) => subscriptions.punsubscribe(name),
  count: ({ count }) => count,
};

const SHARD_CHANNELS: Kind = {
  prefix: 's',
  names: ({ shardChannels }) => shardChannels,
  add: (subscriptions, name) => subscriptions.ssubscribe(name),
  remove: (subscriptions, name) => subscriptions.sunsubscribe(name),
  count: ({ shardChannels }) => shardChannels.size,
};

const FLAGS: readonly Flag[] = ['pubsub', 'noscript', 'loading', 'stale', 'subscribed'];
const ASKING: readonly Flag[] = ['pubsub', 'loading', 'stale'];

/** CLIENT PAUSE WRITE holds messages back as well. */
const PUBLISHING: readonly Flag[] = ['pubsub', 'loading', 'stale', 'fast', 'may_replicate'];

/** Channels stand where keys do in other commands; there is nothing to bring in for them. */
const NO_KEYS = { visitKeys: () => {} } as const;
const SHARD_POSITIONS = { keys: { first: 1, last: -1, step: 1 }, ...NO_KEYS } as const;

// ---- Subscribing --------------------------------------------------------------------------------

/** One reply for each name, with the number of subscriptions after it. */
function subscribe({ args, reply, session }: Context, kind: Kind): void {
  const { subscriptions } = session;
  for (let i = 1; i < args.count; i++) {
    const name = args.view(i);
    kind.add(subscriptions, name);
    reply.push(3);
    reply.bulkText(`${kind.prefix}subscribe`);
    reply.bulk(name);
    reply.integer(kind.count(subscriptions));
  }
}

/** Without names: from everything of its kind. */
function unsubscribe(ctx: Context, kind: Kind): void {
  const { args, session } = ctx;
  const { subscriptions } = session;
  if (args.count > 1) {
    for (let i = 1; i < args.count; i++) unsubscribeOne(ctx, kind, args.view(i));
    return;
  }
  const names = [...kind.names(subscriptions)];
  for (const name of names) unsubscribeOne(ctx, kind, Buffer.from(name, 'latin1'));
  if (names.length === 0) replyUnsubscribed(ctx, kind, undefined);
}

function unsubscribeOne(ctx: Context, kind: Kind, name: Buffer): void {
  kind.remove(ctx.session.subscriptions, name);
  replyUnsubscribed(ctx, kind, name);
}

function replyUnsubscribed(
  { reply, session }: Context, kind: Kind, name: Buffer | undefined,
): void {
  reply.push(3);
  reply.bulkText(`${kind.prefix}unsubscribe`);
  if (name === undefined) reply.nil();
  else reply.bulk(name);
  reply.integer(kind.count(session.subscriptions));
}

// ---- Publishing and asking ----------------------------------------------------------------------

function publish({ args, messages, reply }: WriteContext): void {
  reply.integer(messages.publish(args.view(1), args.view(2)));
}

function spublish({ args, messages, reply }: WriteContext): void {
  reply.integer(messages.spublish(args.view(1), args.view(2)));
}

function listChannels(
  ctx: Context, list: (pattern: Buffer | undefined) => readonly Buffer[],
): void {
  const { args, reply } = ctx;
  if (args.count > 3) return reply.error(wrongSubcommand(quoted(args, 1), 'PUBSUB'));
  const names = list(args.count === 3 ? args.view(2) : undefined);
  reply.array(names.length);
  for (const name of names) reply.bulk(name);
}

function countSubscribers({ args, reply }: Context, count: (channel: Buffer) => number): void {
  reply.array((args.count - 2) * 2);
  for (let i = 2; i < args.count; i++) {
    reply.bulk(args.buf, args.start(i), args.end(i));
    reply.integer(count(args.view(i)));
  }
}

const SUBCOMMANDS: readonly Command[] = [
  {
    name: 'pubsub|channels', group: 'pubsub', since: '2.8.0', arity: -2, flags: ASKING,
    syntax: '[<pattern>]', complexity: 'O(N) in the number of channels',
    execute: (ctx) => listChannels(ctx, (pattern) => ctx.server.pubsub.channels(pattern)),
    summary: 'Lists the channels that have subscribers.',
  },
  {
    name: 'pubsub|numsub', group: 'pubsub', since: '2.8.0', arity: -2, flags: ASKING,
    syntax: '[<channel> ...]', complexity: 'O(N) in the number of channels asked for',
    execute: (ctx) => countSubscribers(ctx, (channel) => ctx.server.pubsub.subscribers(channel)),
    summary: 'Counts the subscribers of channels, those through patterns not included.',
  },
  {
    name: 'pubsub|numpat', group: 'pubsub', since: '2.8.0', arity: 2, flags: ASKING,
    complexity: 'O(1)', execute: ({ reply, server }) => reply.integer(server.pubsub.patterns),
    summary: 'Counts the patterns that have subscribers.',
  },
  {
    name: 'pubsub|shardchannels', group: 'pubsub', since: '7.0.0', arity: -2, flags: ASKING,
    syntax: '[<pattern>]', complexity: 'O(N) in the number of shard channels',
    execute: (ctx) => listChannels(ctx, (pattern) => ctx.server.pubsub.shardChannels(pattern)),
    summary: 'Lists the shard channels that have subscribers.',
  },
  {
    name: 'pubsub|shardnumsub', group: 'pubsub', since: '7.0.0', arity: -2, flags: ASKING,
    syntax: '[<channel> ...]', complexity: 'O(N) in the number of channels asked for',
    execute: (ctx) => {
      countSubscribers(ctx, (channel) => ctx.server.pubsub.shardSubscribers(channel));
    },
    summary: 'Counts the subscribers of shard channels.',
  },
];

export const pubSubCommands = defineCommands([
  {
    name: 'subscribe', group: 'pubsub', since: '2.0.0', arity: -2, flags: FLAGS,
    complexity: 'O(N) in the number of channels', execute: (ctx) => subscribe(ctx, CHANNELS),
    summary: 'Listens to channels.',
  },
  {
    name: 'unsubscribe', group: 'pubsub', since: '2.0.0', arity: -1, flags: FLAGS,
    complexity: 'O(N) in the number of channels', execute: (ctx) => unsubscribe(ctx, CHANNELS),
    summary: 'Listens no longer to some channels, or to any.',
  },
  {
    name: 'psubscribe', group: 'pubsub', since: '2.0.0', arity: -2, flags: FLAGS,
    complexity: 'O(N) in the number of patterns', execute: (ctx) => subscribe(ctx, PATTERNS),
    summary: 'Listens to all channels that match patterns.',
  },
  {
    name: 'punsubscribe', group: 'pubsub', since: '2.0.0', arity: -1, flags: FLAGS,
    complexity: 'O(N) in the number of patterns', execute: (ctx) => unsubscribe(ctx, PATTERNS),
    summary: 'Listens no longer to some patterns, or to any.',
  },
  {
    name: 'ssubscribe', group: 'pubsub', since: '7.0.0', arity: -2, flags: FLAGS,
    ...SHARD_POSITIONS, complexity: 'O(N) in the number of channels',
    execute: (ctx) => subscribe(ctx, SHARD_CHANNELS),
    summary: 'Listens to shard channels.',
  },
  {
    name: 'sunsubscribe', group: 'pubsub', since: '7.0.0', arity: -1, flags: FLAGS,
    ...SHARD_POSITIONS, complexity: 'O(N) in the number of channels',
    execute: (ctx) => unsubscribe(ctx, SHARD_CHANNELS),
    summary: 'Listens no longer to some shard channels, or to any.',
  },
  {
    name: 'publish', group: 'pubsub', since: '2.0.0', arity: 3,
    flags: PUBLISHING, apply: publish,
    complexity: 'O(N+M) in the number of subscribers of the channel and of all patterns',
    summary: 'Sends a message to everybody who listens to a channel.',
  },
  {
    name: 'spublish', group: 'pubsub', since: '7.0.0', arity: 3,
    flags: PUBLISHING, apply: spublish,
    keys: { first: 1, last: 1, step: 1 }, ...NO_KEYS,
    complexity: 'O(N) in the number of subscribers of the channel',
    summary: 'Sends a message to everybody who listens to a shard channel.',
  },
  container({
    name: 'pubsub', group: 'pubsub', since: '2.8.0', arity: -2, flags: [],
    complexity: 'Depends on the subcommand', summary: 'About channels and their subscribers.',
  }, SUBCOMMANDS),
]);
