/**
 * Runs one command whose keys are in RAM, and sees to what surrounds it: statistics, MONITOR, the
 * reply mode, which replies speak of writes, and a command that throws.
 *
 * Whatever a command does, exactly one whole reply is in the output when it has run: what it wrote
 * before it threw is dropped for an error. The path of a command without steps makes no object.
 */

import type { Context, Provided, Want } from '../commands/command.ts';
import type { TableEntry } from '../commands/table.ts';
import type { ServerPort } from '../commands/server-port.ts';
import type { Clock } from '../io/clock.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { Random } from '../lib/random.ts';
import { ROW_REPLY_BYTES_MAX } from '../limits.ts';
import type { Args } from '../protocol/args.ts';
import type { ColdKeys } from './cold-keys.ts';
import { CommandContext } from './command-context.ts';
import type { Monitors } from './monitors.ts';
import type { Session } from './session.ts';

/** Who is told of every call: statistics, the slow log, latency. Times in microseconds. */
export interface CallObserver {
  called(entry: TableEntry, microseconds: number, failed: string | undefined, ctx: Context): void;
  /** So many calls took so long each, on average, and did not fail; `ctx` is the last one's. */
  calledOften(entry: TableEntry, count: number, microseconds: number, ctx: Context): void;
  /** Calls are to be told one by one, with their own times. */
  readonly wantsEach: boolean;
  /** A call that took so long is worth a note of its own. */
  isSlow(microseconds: number): boolean;
  refused(entry: TableEntry | undefined, text: string): void;
  /** A command threw: a bug, or a reply too large. The client is told, the server goes on. */
  crashed(entry: TableEntry, error: unknown): void;
}

export interface CallerParts {
  readonly keyspace: Keyspace;
  readonly server: ServerPort;
  readonly clock: Clock;
  readonly observer: CallObserver;
  readonly monitors: Monitors;
}

export class Caller {
  readonly #parts: CallerParts;
  readonly #random: Random;
  readonly #coldKeys: ColdKeys;
  #context: CommandContext | undefined;
  /** What the last command that threw has thrown. */
  lastCrash: unknown;
  /** Within a chunk, when the command before ended; else -1. */
  #finishedAt = -1;
  /** Commands under way: EXEC's run inside EXEC. */
  #depth = 0;
  /** The outermost of them, or one inside, has written something. */
  #hasWritten = false;

  constructor(parts: CallerParts, random: Random, coldKeys: ColdKeys) {
    this.#parts = parts;
    this.#coldKeys = coldKeys;
    this.#random = random;
  }

  beginChunk(): void {
    this.#finishedAt = this.#parts.clock.monotonicMs();
  }

  endChunk(): void {
    this.#finishedAt = -1;
  }

  /** A command that needs no steps. `now` is the time of its entry. */
  perform(session: Session, entry: TableEntry, args: Args, now: number): void {
    const context = this.#refill(session, args, now);
    const mark = session.reply.mark();
    const startedAt = this.#startTime();
    this.enter(session);
    if (this.#execute(session, entry, context, mark)) this.#hasWritten = true;
    // Commands inside EXEC have used the one context.
    if (entry.runsQueued) context.refill(session, args, now);
    this.#finish(entry, context, mark, startedAt);
    this.leave(session, entry, mark);
  }

  /** Nobody wants to hear of each request. */
  get mayRow(): boolean {
    const { monitors, observer } = this.#parts;
    return monitors.count === 0 && !observer.wantsEach;
  }

  /**
   * Runs requests `from` up to, not including, `end` of a batch, which are all for one brief
   * command: what surrounds a command is done once for all of them, and they share the time that it
   * takes. Ends before a request whose keys are not in RAM, behind one that fails, and when there
   * are many bytes to send. Returns how many ran. `orderMs`: the time to which the total order has
   * come, by which keys may be in doubt; Infinity without peers. `beforeEach` is told the number
   * of each request before it runs.
   */
  performRow(
    session: Session, entry: TableEntry, batch: readonly Args[], from: number, end: number,
    now: number, orderMs: number, beforeEach?: (i: number) => void,
  ): number {
    const { reply } = session;
    const { storage } = this.#parts.keyspace;
    const context = this.#refill(session, batch[from] as Args, now);
    const startedAt = this.#startTime();
    const stopAt = reply.length + ROW_REPLY_BYTES_MAX;
    let failed: string | undefined;
    let i = from;
    session.beginReply();
    for (; i < end && failed === undefined && reply.length < stopAt; i++) {
      const args = batch[i] as Args;
      if (i > from) storage.begin();
      if (this.#coldKeys.isAnyCold(entry, args, context.db)) break;
      if (orderMs < now && this.#coldKeys.isAnyInDoubt(entry, args, context.db, orderMs)) break;
      beforeEach?.(i);
      context.args = args;
      const mark = reply.mark();
      if (this.#execute(session, entry, context, mark)) session.link.wrote(mark, i - from);
      failed = reply.errorAt(mark);
    }
    const count = i - from;
    if (count > 0) this.#finishRow(entry, context, count, startedAt, failed);
    session.endReply();
    return count;
  }

  /** True when it made changes that others have to hear of. */
  #execute(
    session: Session, entry: TableEntry, context: CommandContext, mark: number,
  ): boolean {
    const { keyspace } = this.#parts;
    const changes = keyspace.changes;
    try {
      entry.command.execute?.(context);
    } catch (error) {
      this.#crashed(session, entry, mark, error);
    }
    return keyspace.changes !== changes && entry.mayReplicate;
  }

  /** `failed`: the error that the last one replied. */
  #finishRow(
    entry: TableEntry, context: CommandContext, count: number, startedAt: number,
    failed: string | undefined,
  ): void {
    const { observer } = this.#parts;
    const microseconds = this.#microsecondsSince(startedAt);
    const isSlow = observer.isSlow(microseconds);
    const mean = microseconds / count;
    // A row that took long did so because of what ended it, such as a large reply.
    const each = isSlow ? Math.min(mean, 1) : mean;
    const isLastTold = isSlow || failed !== undefined;
    const others = isLastTold ? count - 1 : count;
    try {
      if (others > 0) observer.calledOften(entry, others, each, context);
      if (isLastTold) observer.called(entry, microseconds - others * each, failed, context);
    } catch (error) {
      observer.crashed(entry, error);
    }
  }

  /** Within a chunk a command starts when the one before it ended. */
  #startTime(): number {
    return this.#finishedAt < 0 ? this.#parts.clock.monotonicMs() : this.#finishedAt;
  }

  #microsecondsSince(startedAt: number): number {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#finishedAt >= 0) this.#finishedAt = nowMs;
    return (nowMs - startedAt) * 1000;
  }

  /**
   * Makes a function that runs the command's next step and tells what it wants; undefined when the
   * reply is written. `stamp` is called before each step and gives its time.
   */
  stepper(
    session: Session, entry: TableEntry, args: Args, stamp: () => number,
  ): (provided: Provided) => Want | undefined {
    const { keyspace, server, clock } = this.#parts;
    const context = new CommandContext(keyspace, server, this.#random, session, args);
    const startedAt = clock.monotonicMs();
    const steps = entry.command.steps?.(context);
    let wrote = false;
    return (provided) => {
      context.now = stamp();
      const mark = session.reply.mark();
      const changes = keyspace.changes;
      let next: IteratorResult<Want, void> | undefined;
      this.enter(session);
      try {
        next = steps?.next(provided);
      } catch (error) {
        this.#crashed(session, entry, mark, error);
      }
      if (keyspace.changes !== changes && entry.mayReplicate) wrote = true;
      const isDone = next === undefined || next.done === true;
      if (isDone && wrote) this.#hasWritten = true;
      if (isDone) this.#finish(entry, context, mark, startedAt);
      this.leave(session, isDone ? entry : undefined, mark);
      return next?.done === true ? undefined : next?.value;
    };
  }

  /** A reply begins; `leave` must follow. */
  enter(session: Session): void {
    if (this.#depth++ === 0) this.#hasWritten = false;
    session.beginReply();
  }

  /** The reply of `entry` that begins at `mark` is whole; undefined: that of a step is none yet. */
  leave(session: Session, entry: TableEntry | undefined, mark: number): void {
    if (--this.#depth === 0 && entry !== undefined) {
      if (this.#hasWritten) session.link.wrote(mark, 0);
      if (session.replyMode !== 'on') this.#applyReplyMode(session, entry, mark);
    }
    session.endReply();
  }

  /** The reply is an error, because the command may not run. */
  refuse(session: Session, entry: TableEntry | undefined, text: string): void {
    const mark = session.reply.mark();
    session.reply.error(text);
    this.#parts.observer.refused(entry, text);
    if (session.replyMode !== 'on') this.#applyReplyMode(session, entry, mark);
  }

  /** The reply is what a command that never got to run would have: in MULTI. */
  queued(session: Session, isTaken: boolean): void {
    const mark = session.reply.mark();
    if (isTaken) session.reply.simple('QUEUED');
    else session.reply.error('ERR transaction is too large');
    if (session.replyMode !== 'on') this.#applyReplyMode(session, undefined, mark);
  }

  /** Something around a command threw; what was replied since `mark` is dropped for an error. */
  crashedOutside(session: Session, entry: TableEntry, mark: number, error: unknown): void {
    this.#crashed(session, entry, mark, error);
    if (this.#depth === 0 && session.replyMode !== 'on') {
      this.#applyReplyMode(session, entry, mark);
    }
  }

  /** Tells MONITOR, and whoever keeps statistics. */
  finishOutside(
    session: Session, entry: TableEntry, args: Args, mark: number, startedAt: number,
  ): void {
    this.#finish(entry, this.#refill(session, args, this.#parts.keyspace.now), mark, startedAt);
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

  #finish(entry: TableEntry, context: CommandContext, mark: number, startedAt: number): void {
    const { monitors, observer } = this.#parts;
    const { session } = context;
    const microseconds = this.#microsecondsSince(startedAt);
    if (monitors.count > 0 && entry.shownToMonitors) this.#show(context);
    try {
      observer.called(entry, microseconds, session.reply.errorAt(mark), context);
    } catch (error) {
      observer.crashed(entry, error);
    }
  }

  #crashed(session: Session, entry: TableEntry, mark: number, error: unknown): void {
    this.lastCrash = error;
    session.reply.rewind(mark);
    session.reply.error(`ERR ${error instanceof Error ? error.message : 'internal error'}`);
    this.#parts.observer.crashed(entry, error);
  }

  #applyReplyMode(session: Session, entry: TableEntry | undefined, mark: number): void {
    if (entry?.repliesByPush !== true) session.reply.rewind(mark);
    session.endSkip();
  }

  #show({ session, args, now }: CommandContext): void {
    const { facts, dbIndex } = session;
    const isUnix = session.link.isUnixSocket;
    // A Unix socket's address ends with ':0', which MONITOR does not show.
    const address = isUnix ? `unix:${facts.address.slice(0, -2)}` : facts.address;
    this.#parts.monitors.show(now, { address, dbIndex }, args);
  }
}
