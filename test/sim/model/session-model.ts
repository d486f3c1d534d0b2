/**
 * What a server knows of one connection: the selected database and MULTI's queue. A step is what
 * one command does to it, and which commands run on the data because of it.
 */

import type { Execution } from './execution.ts';
import { exactly, some, type Expectation } from './expectation.ts';
import { findCommand, runCommand, runTransaction, shapeError } from './explain.ts';
import { failure, OK, QUEUED, type Reply } from './reply.ts';

export type Command = readonly string[];

export interface SessionModel {
  readonly db: number;
  readonly protocol: 2 | 3;
  /** Undefined outside of MULTI. */
  readonly queue: readonly Command[] | undefined;
  /** A command of the queue was refused: EXEC aborts. */
  readonly isBroken: boolean;
}

export interface Step {
  /** Afterwards, if the server did it; `db` is what the execution leaves. */
  readonly next: SessionModel;
  /** The commands that run on the data. */
  readonly runs: readonly Command[];
  /** `reply`, if known, spares ways that it rules out. */
  run(execution: Execution, reply: Reply | undefined): Expectation;
}

export const NEW_SESSION: SessionModel = {
  db: 0, protocol: 2, queue: undefined, isBroken: false,
};

export function isSameSession(one: SessionModel, other: SessionModel): boolean {
  if (one === other) return true;
  return one.db === other.db && one.protocol === other.protocol &&
    one.isBroken === other.isBroken && isSameQueue(one.queue, other.queue);
}

function isSameQueue(one: SessionModel['queue'], other: SessionModel['queue']): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((command, i) => command === other[i]);
}

const NO_MULTI: Pick<SessionModel, 'queue' | 'isBroken'> = { queue: undefined, isBroken: false };

const ABORTED = 'EXECABORT Transaction discarded because of previous errors.';

const SESSION_COMMANDS: ReadonlyMap<string, { readonly name: string; readonly arity: number }> =
  new Map([['MULTI', 1], ['EXEC', 1], ['DISCARD', 1], ['HELLO', -1]].map(([name, arity]) =>
    [String(name), { name: String(name), arity: Number(arity) }]));

export function nameOf(command: Command): string {
  return (command[0] ?? '').toUpperCase();
}

export function stepOf(session: SessionModel, command: Command): Step {
  const name = nameOf(command);
  const error = shapeError(command, SESSION_COMMANDS.get(name) ?? findCommand(command));
  if (error !== undefined) return refuse(session, error);
  switch (name) {
    case 'MULTI': return begin(session);
    case 'EXEC': return execute(session);
    case 'DISCARD': return discard(session);
    case 'HELLO': return greet(session, command);
    default:
  }
  if (session.queue !== undefined) {
    if (name === 'WATCH') return reply(session, 'ERR WATCH inside MULTI is not allowed');
    const next = { ...session, queue: [...session.queue, command] };
    return { next, runs: [], run: () => exactly(QUEUED) };
  }
  return { next: session, runs: [command], run: (execution) => runCommand(execution, command) };
}

function reply(next: SessionModel, error: string): Step {
  return { next, runs: [], run: () => exactly(failure(error)) };
}

function refuse(session: SessionModel, error: string): Step {
  return reply({ ...session, isBroken: session.queue !== undefined }, error);
}

function begin(session: SessionModel): Step {
  if (session.queue !== undefined) return reply(session, 'ERR MULTI calls can not be nested');
  return { next: { ...session, queue: [] }, runs: [], run: () => exactly(OK) };
}

function discard(session: SessionModel): Step {
  if (session.queue === undefined) return reply(session, 'ERR DISCARD without MULTI');
  return endWith({ ...session, ...NO_MULTI }, OK);
}

function execute(session: SessionModel): Step {
  const { queue } = session;
  if (queue === undefined) return reply(session, 'ERR EXEC without MULTI');
  const next = { ...session, ...NO_MULTI };
  if (session.isBroken) return endWith(next, failure(ABORTED));
  return {
    next, runs: queue,
    run: (execution, reply) => runTransaction(execution, queue, reply),
  };
}

/** MULTI is over without having run, and so is WATCH. */
function endWith(next: SessionModel, reply: Reply): Step {
  return {
    next, runs: [],
    run: ({ model }) => {
      model.unwatch();
      return exactly(reply);
    },
  };
}

function greet(session: SessionModel, command: Command): Step {
  const version = command[1] ?? `${session.protocol}`;
  if (version !== '2' && version !== '3') {
    return reply(session, 'NOPROTO unsupported protocol version');
  }
  const kind = version === '3' ? 'map' : 'array';
  return {
    next: { ...session, protocol: version === '3' ? 3 : 2 }, runs: [],
    run: () => some(() => `the greeting of the server as ${kind}`, (reply) => reply.kind === kind),
  };
}

/** Behind an EXEC that was refused, or of which it is not known whether it ran. */
export function endTransaction(session: SessionModel): SessionModel {
  return { ...session, ...NO_MULTI };
}
