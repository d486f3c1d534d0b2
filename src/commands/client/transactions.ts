/**
 * MULTI and what belongs to it. The queue is the session's; what has not the flag 'immediate' is
 * queued by the engine and never gets here while a transaction is open.
 */

import { NEED_KEY } from '../../keyspace/storage.ts';
import { FEATURE_LEVEL_VERSIONS } from '../../raft/core/feature-level.ts';
import { defineCommands, type Context, type Flag } from '../command.ts';

const NESTED = 'ERR MULTI calls can not be nested';
const NO_MULTI_TO_RUN = 'ERR EXEC without MULTI';
const ABORTED = 'EXECABORT Transaction discarded because of previous errors.';
const NO_MULTI_TO_DROP = 'ERR DISCARD without MULTI';
const WATCH_TOO_EARLY = 'ERR WATCH needs every peer to run a build that knows versions of keys; ' +
  'PEERS STATUS and INFO replication tell the feature level';
const WATCH_IN_MULTI = 'ERR WATCH inside MULTI is not allowed';

const FLAGS: readonly Flag[] = ['noscript', 'loading', 'stale'];

function multi({ reply, session }: Context): void {
  if (session.inTransaction) return reply.error(NESTED);
  session.transaction.begin();
  reply.ok();
}

/** What it is when there is a queue to run, the engine does: this is the rest. */
function exec({ reply, session }: Context): void {
  if (!session.inTransaction) return reply.error(NO_MULTI_TO_RUN);
  session.transaction.discard();
  reply.error(ABORTED);
}

function discard({ reply, session }: Context): void {
  if (!session.inTransaction) return reply.error(NO_MULTI_TO_DROP);
  session.transaction.discard();
  reply.ok();
}

function watch({ args, db, reply, server, session }: Context): void {
  if (session.inTransaction) return reply.error(WATCH_IN_MULTI);
  if (server.peers !== undefined && server.peers.featureLevel < FEATURE_LEVEL_VERSIONS) {
    return reply.error(WATCH_TOO_EARLY);
  }
  const keys: Buffer[] = [];
  for (let i = 1; i < args.count; i++) keys.push(args.copy(i));
  session.transaction.watch(db.index, keys);
  reply.ok();
}

function unwatch({ reply, session }: Context): void {
  session.transaction.unwatch();
  reply.ok();
}

export const transactionCommands = defineCommands([
  {
    name: 'multi', group: 'transactions', since: '1.2.0', arity: 1,
    flags: [...FLAGS, 'fast', 'allow_busy', 'immediate'], complexity: 'O(1)', execute: multi,
    summary: 'Begins a transaction: what follows is queued until EXEC.',
  },
  {
    name: 'exec', group: 'transactions', since: '1.2.0', arity: 1,
    flags: [...FLAGS, 'skip_slowlog', 'immediate', 'runs_queued'], execute: exec,
    complexity: 'As the queued commands together',
    summary: 'Runs what was queued as one, unless a watched key has changed.',
  },
  {
    name: 'discard', group: 'transactions', since: '2.0.0', arity: 1,
    flags: [...FLAGS, 'fast', 'allow_busy', 'immediate'], execute: discard,
    complexity: 'O(N) in the number of queued commands',
    summary: 'Ends the transaction without running it.',
  },
  {
    name: 'watch', group: 'transactions', since: '2.2.0', arity: -2,
    flags: [...FLAGS, 'fast', 'allow_busy', 'immediate', 'watches'],
    keys: { first: 1, last: -1, step: 1 },
    need: NEED_KEY, complexity: 'O(N) in the number of keys', execute: watch,
    summary: 'Makes the next EXEC do nothing if one of the keys has changed by then.',
  },
  {
    name: 'unwatch', group: 'transactions', since: '2.2.0', arity: 1,
    flags: [...FLAGS, 'fast', 'allow_busy'], complexity: 'O(1)', execute: unwatch,
    summary: 'Forgets all watched keys.',
  },
]);
