/**
 * Replication as Redis clients ask for it. A dkvs server is nobody's replica and has none: with
 * peers, a reply to a write already means that a majority has it. So these tell of a master on its
 * own.
 */

import {
  defineCommands, type Context, type Flag, type Provided, type Steps, type Want,
} from './command.ts';
import { NOT_AN_INTEGER } from './reply-errors.ts';
import type { Unblocked } from './session-port.ts';
import { parseTimeoutMs } from './timeouts.ts';

const PORT_MAX = 65_535;
const BAD_PORT = 'ERR Invalid master port';
const NO_MASTERS = 'ERR dkvs does not replicate from a master; configure peers instead';
const LOCAL_OUT_OF_RANGE = 'ERR value is out of range, must be between 0 and 1';
const REPLICAS_OUT_OF_RANGE = 'ERR value is out of range, must be positive';

const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';

const ATTACHING: readonly Flag[] = ['admin', 'noscript', 'stale', 'no_async_loading'];

/**
 * No replica will ever answer, so this waits to the end, as Redis does without replicas: a caller
 * that paces itself by the timeout goes on pacing itself. In EXEC nothing waits.
 */
function* wait(ctx: Context): Steps {
  const { args, reply } = ctx;
  const replicas = args.int64(1);
  if (replicas === undefined) return reply.error(NOT_AN_INTEGER);
  const timeout = parseTimeoutMs(args, 2);
  if (typeof timeout === 'string') return reply.error(timeout);
  if (replicas > 0 && (yield* block(ctx, timeout)) === 'error') return reply.error(UNBLOCKED);
  reply.integer(0);
}

function* block({ session }: Context, ms: number): Generator<Want, Unblocked, Provided> {
  if (session.inExec) return 'timeout';
  const how = yield { kind: 'block', session, ms };
  return how === 'error' ? 'error' : 'timeout';
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
  yield { kind: 'sync' };
  if (replicas > 0 && (yield* block(ctx, timeout)) === 'error') return reply.error(UNBLOCKED);
  reply.array(2);
  reply.integer(1);
  reply.integer(0);
}

function role({ reply }: Context): void {
  reply.array(3);
  reply.bulkText('master');
  reply.integer(0);
  reply.emptyArray();
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
    summary: 'Waits for replicas to have the writes of this connection; replies how many: none.',
  },
  {
    name: 'waitaof', group: 'generic', since: '7.2.0', arity: 4, flags: ['noscript', 'waits'],
    categories: ['connection'], syntax: '<local> <replicas> <milliseconds>',
    complexity: 'One sync of the log', steps: waitAof,
    summary: 'Waits until everything acknowledged is on the disk of this server.',
  },
  {
    name: 'role', group: 'server', since: '2.8.12', arity: 1,
    flags: ['noscript', 'loading', 'stale', 'fast'], categories: ['admin', 'dangerous'],
    complexity: 'O(1)', execute: role,
    summary: 'Replies that this server is a master without replicas.',
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
