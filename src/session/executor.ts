/**
 * Runs requests: from a decoded request to a reply in the connection's output and effects in the log.
 *
 * A request whose keys are in RAM runs to its end before `run` returns; the hot path makes no promise
 * and no object. Otherwise `run` returns a promise, the connection reads no further requests until it
 * settles, and other connections go on.
 *
 * The total order has its seam here: `#call` is what delivering an entry does, with the time and the
 * random seed that the entry carries.
 */

import type { Context } from '../commands/command.ts';
import type { TableEntry, CommandTable } from '../commands/table.ts';
import type { ServerPort } from '../commands/server-port.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { KeyToLoad } from '../keyspace/storage.ts';
import type { Clock } from '../io/clock.ts';
import { Random } from '../lib/random.ts';
import { LOAD_ROUNDS_MAX } from '../limits.ts';
import type { Args } from '../protocol/args.ts';
import type { ReplyWriter } from '../protocol/reply-encoder.ts';
import { refusal } from './admission.ts';
import { ColdKeys } from './cold-keys.ts';
import { CommandContext } from './command-context.ts';
import type { Monitors } from './monitors.ts';
import type { Pause } from './pause.ts';
import type { Session } from './session.ts';
import { StepsDriver, type StepServices } from './steps-driver.ts';
import type { QueuedCommand } from './transaction.ts';
import type { WriteGate } from './write-gate.ts';

/** Who is told of every call: statistics, the slow log, latency. Times in microseconds. */
export interface CallObserver {
  called(entry: TableEntry, microseconds: number, failed: string | undefined, ctx: Context): void;
  refused(entry: TableEntry | undefined, text: string): void;
  /** A command threw: a bug. The client is told, the server goes on. */
  crashed(entry: TableEntry, error: unknown): void;
}

export interface ExecutorParts {
  readonly table: CommandTable;
  readonly keyspace: Keyspace;
  readonly gate: WriteGate;
  readonly server: ServerPort;
  readonly clock: Clock;
  readonly seed: readonly [number, number];
  readonly observer: CallObserver;
  readonly monitors: Monitors;
  readonly pause: Pause;
  readonly services: StepServices;
}

export class Executor {
  readonly #parts: ExecutorParts;
  readonly #random: Random;
  readonly #coldKeys: ColdKeys;
  readonly #steps: StepsDriver;
  #context: CommandContext | undefined;
  /** Filled and emptied within one synchronous run. */
  readonly #cold: KeyToLoad[] = [];
  /** While EXEC runs commands in steps, nothing else may run between them. */
  #exclusive: Promise<void> | undefined;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
    this.#random = new Random(parts.seed[0], parts.seed[1]);
    this.#coldKeys = new ColdKeys(parts.keyspace);
    this.#steps = new StepsDriver(parts.clock, this.#random, parts.services);
  }

  /** True while a batch is under way that must not be cut: nothing may be committed now. */
  get holdsBatch(): boolean {
    return this.#exclusive !== undefined;
  }

  /** Undefined when the reply is written; else a promise that never rejects. */
  run(session: Session, args: Args): Promise<void> | undefined {
    const entry = this.#parts.table.lookup(args);
    const text = refusal(session, entry, args, this.#parts.gate);
    if (text !== undefined || entry === undefined) {
      this.#refuse(session, entry, text ?? '');
      return undefined;
    }
    const wait = this.#exclusive ?? this.#parts.pause.waitFor(entry, session);
    if (wait !== undefined) return this.#runAfter(wait, session, args.detach());
    if (session.transaction.isOpen && !entry.isImmediate) {
      this.#enqueue(session, entry, args);
      return undefined;
    }
    return this.#call(session, entry, args);
  }

  /** Runs work of the server itself, such as expiry, as one batch with one time. */
  runInternal(work: () => void): void {
    const { keyspace, clock } = this.#parts;
    keyspace.storage.begin();
    keyspace.now = clock.nowMs();
    work();
  }

  /** Runs what MULTI queued; called by EXEC through the session's transaction. */
  runQueued(session: Session, queue: readonly QueuedCommand[], _reply: ReplyWriter): void {
    const now = this.#parts.keyspace.now;
    for (const { entry, args } of queue) this.#perform(session, entry, args, now);
  }

  async #runAfter(wait: Promise<void>, session: Session, args: Args): Promise<void> {
    await wait;
    await this.run(session, args);
  }

  #call(session: Session, entry: TableEntry, args: Args): Promise<void> | undefined {
    session.lastCommand = entry.command.name;
    const { keyspace, clock } = this.#parts;
    const now = clock.nowMs();
    keyspace.storage.begin();
    keyspace.now = now;
    const cold = this.#collectCold(session, entry, args);
    if (cold !== undefined) return this.#loadThenCall(session, entry, args.detach(), cold);
    if (entry.command.steps !== undefined) return this.#callInSteps(session, entry, args.detach());
    if (entry.runsQueued && hasSteps(session)) return this.#callExclusively(session);
    this.#perform(session, entry, args, now);
    return undefined;
  }

  /** Runs a command whose keys are in RAM. */
  #perform(session: Session, entry: TableEntry, args: Args, now: number): void {
    const { keyspace, clock, monitors } = this.#parts;
    if (monitors.count > 0 && entry.shownToMonitors) this.#show(session, args, now);
    const context = this.#refill(session, args, now);
    const { reply } = session;
    const mark = reply.mark();
    const changesBefore = keyspace.changes;
    const startedAt = clock.monotonicMs();
    try {
      entry.command.execute?.(context);
    } catch (error) {
      this.#crashed(session, entry, mark, error);
    }
    this.#finish(session, entry, context, mark, startedAt);
    if (keyspace.changes !== changesBefore) session.link.wrote(mark);
  }

  async #callInSteps(session: Session, entry: TableEntry, args: Args): Promise<void> {
    const { keyspace, server, clock, monitors } = this.#parts;
    const context = new CommandContext(keyspace, server, this.#random, session, args);
    if (monitors.count > 0 && entry.shownToMonitors) this.#show(session, args, clock.nowMs());
    const mark = session.reply.mark();
    const startedAt = clock.monotonicMs();
    try {
      const steps = entry.command.steps?.(context);
      if (steps === undefined) return;
      await this.#steps.drive(steps, (now) => {
        keyspace.storage.begin();
        keyspace.now = now;
        context.now = now;
      });
    } catch (error) {
      this.#crashed(session, entry, mark, error);
    }
    this.#finish(session, entry, context, mark, startedAt);
  }

  /** EXEC of a queue in which some commands run in steps: everybody else waits. */
  async #callExclusively(session: Session): Promise<void> {
    let leave = (): void => {};
    this.#exclusive = new Promise((resolve) => (leave = resolve));
    try {
      const { transaction, reply } = session;
      const { queue, broken, touched } = transaction;
      if (broken || touched) return transaction.exec(reply);
      transaction.discard();
      reply.array(queue.length);
      for (const queued of queue) await this.#performAny(session, queued);
    } finally {
      this.#exclusive = undefined;
      leave();
    }
  }

  #performAny(session: Session, { entry, args }: QueuedCommand): Promise<void> | undefined {
    if (entry.command.steps !== undefined) return this.#callInSteps(session, entry, args);
    return this.#call(session, entry, args);
  }

  /** Brings the keys in and runs the command; again if some left RAM meanwhile. */
  async #loadThenCall(
    session: Session, entry: TableEntry, args: Args, firstCold: readonly KeyToLoad[],
  ): Promise<void> {
    let cold: readonly KeyToLoad[] | undefined = firstCold;
    const releases: (() => void)[] = [];
    try {
      for (let round = 0; cold !== undefined; round++) {
        if (round === LOAD_ROUNDS_MAX) throw new Error('assertion failed: keys do not stay in RAM');
        releases.push(await this.#parts.keyspace.storage.load(cold));
        this.#parts.keyspace.storage.begin();
        this.#parts.keyspace.now = this.#parts.clock.nowMs();
        cold = this.#collectCold(session, entry, args);
      }
      await this.#call(session, entry, args);
    } catch (error) {
      this.#crashed(session, entry, session.reply.mark(), error);
    } finally {
      for (const release of releases) release();
    }
  }

  #collectCold(session: Session, entry: TableEntry, args: Args): KeyToLoad[] | undefined {
    const cold = this.#cold;
    this.#coldKeys.collect(entry, args, session.dbIndex, cold);
    if (entry.runsQueued) this.#collectQueued(session, cold);
    return cold.length === 0 ? undefined : cold.splice(0);
  }

  /** A SELECT in the queue changes the database of what follows; keys of all of them are harmless. */
  #collectQueued(session: Session, cold: KeyToLoad[]): void {
    let db = session.dbIndex;
    for (const { entry, args } of session.transaction.queue) {
      this.#coldKeys.collect(entry, args, db, cold);
      db = entry.command.selects?.(args) ?? db;
    }
  }

  #refill(session: Session, args: Args, now: number): CommandContext {
    let context = this.#context;
    if (context === undefined) {
      const { keyspace, server } = this.#parts;
      context = new CommandContext(keyspace, server, this.#random, session, args);
      this.#context = context;
    }
    context.refill(session, args, now);
    return context;
  }

  #enqueue(session: Session, entry: TableEntry, args: Args): void {
    if (session.transaction.enqueue(entry, args)) session.reply.simple('QUEUED');
    else session.reply.error('ERR transaction is too large');
    this.#applyReplyMode(session, session.reply.mark());
  }

  #refuse(session: Session, entry: TableEntry | undefined, text: string): void {
    const mark = session.reply.mark();
    session.transaction.break();
    session.reply.error(text);
    this.#parts.observer.refused(entry, text);
    this.#applyReplyMode(session, mark);
  }

  #crashed(session: Session, entry: TableEntry, mark: number, error: unknown): void {
    session.reply.rewind(mark);
    session.reply.error(`ERR ${error instanceof Error ? error.message : 'internal error'}`);
    this.#parts.observer.crashed(entry, error);
  }

  #finish(
    session: Session, entry: TableEntry, context: Context, mark: number, startedAt: number,
  ): void {
    const microseconds = (this.#parts.clock.monotonicMs() - startedAt) * 1000;
    this.#parts.observer.called(entry, microseconds, session.reply.errorAt(mark), context);
    if (session.replyMode !== 'on') this.#applyReplyMode(session, mark);
  }

  /** CLIENT REPLY: 'skip' drops the reply to the next command only. */
  #applyReplyMode(session: Session, mark: number): void {
    if (session.replyMode === 'on') return;
    session.reply.rewind(mark);
    session.endSkip();
  }

  #show(session: Session, args: Args, now: number): void {
    const { address } = session.facts;
    this.#parts.monitors.show(now, { address, dbIndex: session.dbIndex }, args);
  }
}

function hasSteps(session: Session): boolean {
  return session.transaction.queue.some(({ entry }) => entry.command.steps !== undefined);
}
