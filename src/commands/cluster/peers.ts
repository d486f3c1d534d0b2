/**
 * PEERS: who they are, who leads, and what a connection may count on when it moves from one to
 * another.
 *
 * A client that asks for POSITION before it leaves a peer, and has the next one AWAIT that, never
 * reads anything older there than what it has written or read before.
 */

import { parsePeers } from '../../config/peer-list.ts';
import type { OrderStatus, PeerStatus } from '../../raft/core/total-order-broadcast.ts';
import { defineCommands, type Command, type Context, type Flag, type Steps } from '../command.ts';
import { container } from '../containers.ts';
import type { PeersPort } from '../peers-port.ts';
import { NOT_AN_INTEGER, SYNTAX, UNBLOCKED } from '../reply-errors.ts';
import { parseTimeoutMs } from '../timeouts.ts';

const NO_PEERS = 'ERR this server has no peers';
const BAD_POSITION = 'ERR a position is a whole number, 0 or more';

/** Redis has no such command; the version of this server that had it first. */
const SINCE = '0.1.0';

/** In EXEC the position of the writes beside it would not be known yet. */
const POSITION_FLAGS: readonly Flag[] = ['loading', 'stale', 'no_multi'];

// ---- Asking -------------------------------------------------------------------------------------

function status({ reply, server }: Context): void {
  const peers = server.peers?.status().peers ?? [];
  reply.array(peers.length);
  for (const peer of peers) replyPeer(reply, peer);
}

function replyPeer(reply: Context['reply'], peer: PeerStatus): void {
  const texts = [['name', peer.name], ['id', peer.id], ['role', peer.role]] as const;
  const flags = [['self', peer.isSelf], ['connected', peer.isConnected]] as const;
  const addresses = [
    ['client-address', peer.clientAddress], ['peer-address', peer.peerAddress],
  ] as const;
  const numbers = [
    ['position', peer.position], ['lag', peer.lag], ['last-contact-ms', peer.lastContactMs],
  ] as const;
  reply.map(texts.length + flags.length + addresses.length + numbers.length + 1);
  for (const [name, text] of texts) replyText(reply, name, text);
  for (const [name, flag] of flags) {
    reply.bulkText(name);
    reply.boolean(flag);
  }
  for (const [name, address] of addresses) replyText(reply, name, address);
  for (const [name, number] of numbers) {
    reply.bulkText(name);
    reply.integer(number);
  }
  reply.bulkText('round-trip-ms');
  reply.double(Math.round(peer.roundTripMs * 100) / 100);
}

function replyText(reply: Context['reply'], name: string, text: string): void {
  reply.bulkText(name);
  reply.bulkText(text);
}

function leader({ reply }: Context, peers: PeersPort): void {
  const found = findLeader(peers.status());
  if (found === undefined) return reply.nilArray();
  reply.array(2);
  reply.bulkText(found.name);
  reply.bulkText(found.clientAddress);
}

function findLeader({ leader: name, peers }: OrderStatus): PeerStatus | undefined {
  return name === '' ? undefined : peers.find((peer) => peer.name === name);
}

/**
 * What this peer has applied by now includes every write whose reply this connection has seen,
 * because replies to writes go out when they are applied here, and everything that it has read,
 * because reads see what is applied. So it is as high as it needs to be; that it may be higher
 * costs the next peer nothing but time.
 */
function position({ reply }: Context, peers: PeersPort): void {
  reply.integer(peers.applied);
}

// ---- Waiting ------------------------------------------------------------------------------------

/** In EXEC nothing waits. */
function* awaitPosition({ args, reply, server: { peers }, session }: Context): Steps {
  if (peers === undefined) return reply.error(NO_PEERS);
  if (args.count > 4) return reply.error(SYNTAX);
  const wanted = args.int64(2);
  if (wanted === undefined) return reply.error(NOT_AN_INTEGER);
  if (typeof wanted !== 'number' || wanted < 0) return reply.error(BAD_POSITION);
  const ms = args.count === 4 ? parseTimeoutMs(args, 3) : peers.timeoutMs;
  if (typeof ms === 'string') return reply.error(ms);
  const isOver = (): boolean => peers.applied >= wanted;
  if (!isOver() && !session.inExec) {
    const how = yield { kind: 'block', session, ms, isOver };
    if (how === 'error') return reply.error(UNBLOCKED);
  }
  if (isOver()) return reply.ok();
  reply.error(`TIMEOUT this peer has applied position ${peers.applied}, not ${wanted}`);
}

// ---- Changing -----------------------------------------------------------------------------------

function reads({ args, reply, session }: Context, peers: PeersPort): void {
  if (args.count === 2) {
    const isLatest = session.wantsLatest ?? peers.isLinearizable;
    return reply.bulkText(isLatest ? 'linearizable' : 'sequential');
  }
  if (args.count > 3) return reply.error(SYNTAX);
  if (args.is(2, 'LINEARIZABLE')) session.wantsLatest = true;
  else if (args.is(2, 'SEQUENTIAL')) session.wantsLatest = false;
  else if (args.is(2, 'DEFAULT')) session.wantsLatest = undefined;
  else return reply.error(SYNTAX);
  reply.ok();
}

/** OK when a majority has the invitation, so that every later leader knows of it. */
function* add({ args, reply, server: { peers }, session }: Context): Steps {
  if (peers === undefined) return reply.error(NO_PEERS);
  const parsed = parsePeers([args.text(2), args.text(3), args.text(4)], []);
  const [peer] = parsed.ok ? parsed.value : [];
  if (!parsed.ok || peer === undefined) {
    return reply.error(`ERR ${parsed.ok ? 'no peer is named' : parsed.reason}`);
  }
  const refusal = peers.add(peer);
  if (refusal !== undefined) return reply.error(`ERR ${refusal}`);
  yield* replyCommitted({ reply, session }, peers, () =>
    peers.hasCommitted(peer.name, peer) === true);
}

/** OK when a majority has the configuration without it: its machine may be stopped for good. */
function* remove({ args, reply, server: { peers }, session }: Context): Steps {
  if (peers === undefined) return reply.error(NO_PEERS);
  const name = args.text(2);
  const refusal = peers.remove(name);
  if (refusal !== undefined) return reply.error(`ERR ${refusal}`);
  yield* replyCommitted({ reply, session }, peers, () => peers.hasCommitted(name) === false);
}

function* replyCommitted(
  { reply, session }: Pick<Context, 'reply' | 'session'>, peers: PeersPort, isOver: () => boolean,
): Steps {
  if (!isOver()) {
    const how = yield { kind: 'block', session, ms: peers.timeoutMs, isOver };
    if (how === 'error') return reply.error(UNBLOCKED);
  }
  if (isOver()) return reply.ok();
  reply.error(`UNKNOWN no majority of peers confirmed this within ${peers.timeoutMs} ms: see ` +
    'PEERS STATUS, and ask again');
}

function replyBegun(reply: Context['reply'], refusal: string | undefined): void {
  if (refusal === undefined) reply.ok();
  else reply.error(`ERR ${refusal}`);
}

function transfer({ args, reply }: Context, peers: PeersPort): void {
  replyBegun(reply, peers.transfer(args.text(2)));
}

/** What makes sense with peers only. */
function withPeers(run: (ctx: Context, peers: PeersPort) => void): (ctx: Context) => void {
  return (ctx) => {
    const { peers } = ctx.server;
    if (peers === undefined) ctx.reply.error(NO_PEERS);
    else run(ctx, peers);
  };
}

const SUBCOMMANDS: readonly Command[] = [
  {
    name: 'peers|status', group: 'server', since: SINCE, arity: 2, flags: ['loading', 'stale'],
    categories: ['dangerous'], complexity: 'O(N) in the number of peers', execute: status,
    summary: 'Replies what is known of each peer, this one too; nothing where there are none.',
  },
  {
    name: 'peers|leader', group: 'server', since: SINCE, arity: 2, flags: ['loading', 'stale'],
    categories: ['connection'], complexity: 'O(N) in the number of peers',
    execute: withPeers(leader),
    summary: 'Replies the name of the peer that leads and its address for clients, or nil.',
  },
  {
    name: 'peers|position', group: 'server', since: SINCE, arity: 2, flags: POSITION_FLAGS,
    categories: ['connection'], complexity: 'O(1)', execute: withPeers(position),
    summary: 'Replies a position that includes all that this connection has written and read.',
  },
  {
    name: 'peers|await', group: 'server', since: SINCE, arity: -3,
    flags: ['noscript', 'blocking', 'waits', 'loading', 'stale'], categories: ['connection'],
    syntax: '<position> [<milliseconds>]', complexity: 'O(1)', steps: awaitPosition,
    summary: 'Waits until this peer has applied a position; 0 milliseconds means for ever.',
  },
  {
    name: 'peers|reads', group: 'server', since: SINCE, arity: -2,
    flags: ['noscript', 'loading', 'stale'],
    categories: ['connection'], syntax: '[<SEQUENTIAL|LINEARIZABLE|DEFAULT>]', complexity: 'O(1)',
    execute: withPeers(reads),
    summary: 'Sets, or replies, how new what this connection reads has to be.',
  },
  {
    name: 'peers|transfer', group: 'server', since: SINCE, arity: 3,
    flags: ['admin', 'noscript', 'no_multi', 'loading', 'stale'], syntax: '<name>',
    complexity: 'O(1)',
    execute: withPeers(transfer),
    summary: 'Has this peer, which must lead, hand over to the one of that name.',
  },
  {
    name: 'peers|add', group: 'server', since: SINCE, arity: 5,
    flags: ['admin', 'noscript', 'no_multi', 'loading', 'stale', 'blocking', 'waits'],
    complexity: 'O(1)', steps: add,
    syntax: '<name> <client host:port> <peer host:port>',
    summary: 'Has this peer, which must lead, invite a server: it is let in once it is there.',
  },
  {
    name: 'peers|remove', group: 'server', since: SINCE, arity: 3, syntax: '<name>',
    flags: ['admin', 'noscript', 'no_multi', 'loading', 'stale', 'blocking', 'waits'],
    complexity: 'O(1)', steps: remove,
    summary: 'Has this peer, which must lead, take out a peer, or an invitation, for good.',
  },
];

export const peersCommands = defineCommands([
  container({
    name: 'peers', group: 'server', since: SINCE, arity: -1, flags: ['loading', 'stale'],
    categories: ['dangerous'], complexity: 'O(N) in the number of peers', execute: status,
    summary: 'About the peers of this server; by itself the same as PEERS STATUS.',
  }, SUBCOMMANDS),
]);
