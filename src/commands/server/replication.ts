/**
 * Replication as Redis clients ask for it. A dkvs server is nobody's replica: it is a master, on
 * its own or with its peers as replicas (replicas.ts). With peers, a reply to a write already means
 * that a majority has it, so WAIT has little to wait for.
 */

import {
  defineCommands, type Context, type Flag, type Provided, type Steps, type Want,
} from '../command.ts';
import { countReplicas, replicasOf } from './replicas.ts';
import { NOT_AN_INTEGER, UNBLOCKED } from '../reply-errors.ts';
import { parseTimeoutMs } from '../timeouts.ts';

const PORT_MAX = 65_535;
const BAD_PORT = 'ERR Invalid master port';
const NO_MASTERS = 'ERR dkvs does not replicate from a master; configure peers instead';
const LOCAL_OUT_OF_RANGE = 'ERR value is out of range, must be between 0 and 1';
const REPLICAS_OUT_OF_RANGE = 'ERR value is out of range, must be positive';

const ATTACHING: readonly Flag[] = ['admin', 'noscript', 'stale', 'no_async_loading'];

function* wait(ctx: Context): Steps {
  const { args, reply } = ctx;
  const replicas = args.int64(1);
  if (replicas === undefined) return reply.error(NOT_AN_INTEGER);
  const timeout = parseTimeoutMs(args, 2);
  if (typeof timeout === 'string') return reply.error(timeout);
  const count = yield* awaitReplicas(ctx, replicas, timeout);
  if (count === undefined) return reply.error(UNBLOCKED);
  reply.integer(count);
}

/** How many logs have everything on disk: the own one, and those of replicas. */
function* waitAof(ctx: Context): Steps {
  const { args, reply } = ctx;
  const local = args.int64(1);
  const replicas = args.int64(2);
  if (local === undefined || local < 0 || local > 1) {
    return reply.error(local === undefined ? NOT_AN_INTEGER : LOCAL_OUT_OF_RANGE);
  }
  if (replicas === undefined || replicas < 0) {
    return reply.error(replicas === undefined ? NOT_AN_INTEGER : REPLICAS_OUT_OF_RANGE);
  }
  const timeout = parseTimeoutMs(args, 3);
  if (typeof timeout === 'string') return reply.error(timeout);
  // Inside EXEC nothing waits, and nothing of it is on disk yet.
  const { inExec } = ctx.session;
  if (!inExec) yield { kind: 'sync' };
  const count = yield* awaitReplicas(ctx, replicas, timeout);
  if (count === undefined) return reply.error(UNBLOCKED);
  reply.array(2);
  reply.integer(inExec ? 0 : 1);
  reply.integer(count);
}

/**
 * How many replicas have what this server has applied, as soon as they are as many as wanted, or
 * when the time is over; undefined when CLIENT UNBLOCK ended it. In EXEC nothing waits.
 *
 * Without peers no replica will ever answer, and it waits to the end as Redis does: a caller that
 * paces itself by the timeout goes on pacing itself. With peers no wait is for ever, because who is
 * not the leader would never hear of more than the majority.
 */
function* awaitReplicas(
  { server: { peers }, session }: Context, wanted: number | bigint, timeoutMs: number,
): Generator<Want, number | undefined, Provided> {
  const position = peers?.applied ?? 0;
  const isOver = (): boolean => countReplicas(peers, position) >= wanted;
  if (isOver() || session.inExec) return countReplicas(peers, position);
  const ms = timeoutMs === 0 && peers !== undefined ? peers.timeoutMs : timeoutMs;
  const how = yield { kind: 'block', session, ms, isOver };
  return how === 'error' ? undefined : countReplicas(peers, position);
}

function role({ reply, server: { peers } }: Context): void {
  const replicas = peers === undefined ? [] : replicasOf(peers.status());
  reply.array(3);
  reply.bulkText('master');
  reply.integer(peers?.applied ?? 0);
  reply.array(replicas.length);
  for (const { host, port, position } of replicas) {
    reply.array(3);
    reply.bulkText(host);
    reply.bulkText(`${port}`);
    reply.bulkText(`${position}`);
  }
}

function replicaOf({ args, reply }: Context): void {
  if (args.is(1, 'NO') && args.is(2, 'ONE')) return reply.ok();
  const port = args.int(2);
  const isPort = port !== undefined && port >= 0 && port <= PORT_MAX;
  reply.error(isPort ? NO_MASTERS : BAD_PORT);
}

export const replicationCommands = defineCommands([
  {
    name: 'wait', group: 'generic', since: '3.0.0', arity: 3, flags: ['noscript', 'waits'],
    categories: ['connection'], syntax: '<replicas> <milliseconds>', complexity: 'O(1)',
    steps: wait,
    summary: 'Waits until so many peers have what was written so far; replies how many have.',
  },
  {
    name: 'waitaof', group: 'generic', since: '7.2.0', arity: 4, flags: ['noscript', 'waits'],
    categories: ['connection'], syntax: '<local> <replicas> <milliseconds>',
    complexity: 'One sync of the log', steps: waitAof,
    summary: 'Waits until everything acknowledged is on disk, here and at so many peers.',
  },
  {
    name: 'role', group: 'server', since: '2.8.12', arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast'], categories: ['admin', 'dangerous'],
    complexity: 'O(1)', execute: role,
    summary: 'Replies that this server is a master, with its connected peers as replicas.',
  },
  {
    name: 'replicaof', group: 'server', since: '5.0.0', arity: 3, flags: ATTACHING,
    syntax: 'NO ONE', complexity: 'O(1)', execute: replicaOf,
    summary: 'Takes NO ONE, which is how things are; refuses any master.',
  },
  {
    name: 'slaveof', group: 'server', since: '1.0.0', arity: 3, flags: ATTACHING,
    syntax: 'NO ONE', complexity: 'O(1)', execute: replicaOf,
    summary: 'The older name of REPLICAOF.',
  },
]);
