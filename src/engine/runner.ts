/**
 * The one loop that runs requests: a client's burst, a proposal that the total order delivered,
 * EXEC's queue. Nothing else calls a command.
 *
 *     run(requests, from, to, environment) -> the first request that did not run, and `stop` why
 *
 * Requests were admitted before (admit.ts). The loop gives each its context, takes back what one
 * that throws has changed, writes exactly one reply for each, and accounts for their time.
 *
 * How it fails: what a client's request throws becomes an error reply, and nothing of it was made.
 * What a request of the total order throws goes on to the caller: this peer cannot do what the
 * others did, and must stop.
 */

import type { KeyWait } from '../commands/command.ts';
import { UNBLOCKED } from '../commands/reply-errors.ts';
import type { TableEntry } from '../commands/table.ts';
import type { Clock } from '../io/clock.ts';
import type { Random } from '../lib/random.ts';
import { REPLY_BYTES_MAX } from '../protocol/limits.ts';
import type { Args } from '../protocol/args.ts';
import type { Monitors } from '../session/monitors.ts';
import type { Session } from '../session/session.ts';
import { isTouched, type TakenTransaction } from '../session/transaction.ts';
import { Accounts, type CallObserver } from './accounts.ts';
import { CommandContext, type ContextParts } from './command-context.ts';
import type { Environment } from './environment.ts';
import type { Prefetch } from './prefetch.ts';
import { applyReplyMode, showTo } from './replying.ts';
import { requestsOf, type Requests } from './requests.ts';
import { runStepsNow, type NowServices } from './steps-now.ts';
import { KiB } from '../lib/size-units.ts';
import { FEATURE_LEVEL_COLLECTIONS } from '../raft/core/feature-level.ts';

/**
 * A burst of requests that is run together ends when its replies are this large: then the client's
 * output limits are looked at, and the clock.
 */
const BURST_REPLY_BYTES_MAX = 64 * KiB;

/** Why `run` has stopped; `ready`: a key that others wait for may have something. */
export type Stop = 'done' | 'cold' | 'full' | 'ready';

export interface RunnerParts extends ContextParts {
  readonly clock: Clock;
  readonly observer: CallObserver;
  readonly monitors: Monitors;
  readonly random: Random;
  readonly prefetch: Prefetch;
  readonly services: NowServices;
  /** Has members while requests may be served that wait for keys: see blocked-requests.ts. */
  readonly ready: ReadonlySet<unknown>;
  /**
   * Reads change nothing, not even by expiry: with peers, where only the order does, and when the
   * log takes nothing any more.
   */
  readonly isReadOnly: () => boolean;
}

const TOO_LARGE = `ERR the reply has more than ${REPLY_BYTES_MAX} bytes and is not built; ` +
  'what the request changes was changed';

export class Runner {
  stop: Stop = 'done';
  /** What the request waits for that ran last; it has no reply then. */
  wait: KeyWait | undefined;
  readonly #parts: RunnerParts;
  readonly #accounts: Accounts;
  #context: CommandContext | undefined;
  /** The request that runs next is refused: its reply would be larger than one may be. */
  #isBeyondReply = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#accounts = new Accounts(parts.clock, parts.observer);
  }

  /** Runs requests `from` up to, not including, `to`; returns the first that did not run. */
  run(requests: Requests, from: number, to: number, env: Environment): number {
    const { session } = env;
    const context = this.#enter(env, requests.args[from]!);
    const stopAt = env.seed === undefined && !env.isInTransaction
      ? session.reply.length + BURST_REPLY_BYTES_MAX : Infinity;
    if (env.seed === undefined) this.#parts.keyspace.isReadOnly = this.#parts.isReadOnly();
    this.stop = 'done';
    session.beginReply();
    this.#accounts.begin();
    try {
      for (let i = from; i < to; i++) {
        if (!this.#canGoOn(requests, i, env, stopAt)) return i;
        this.#runOne(requests.entries[i]!, requests.args[i]!, i, env, context);
        if (this.#parts.ready.size > 0 && stopAt < Infinity) {
          this.stop = 'ready';
          return i + 1;
        }
      }
      return to;
    } finally {
      this.#accounts.end(context);
      session.endReply();
    }
  }

  /**
   * Runs what MULTI queued as one request: all of it, or, if a watched key has changed, nothing.
   * `exec` is the request that ended it.
   */
  runTransaction(
    { queue, watched }: TakenTransaction, exec: TableEntry, args: Args, env: Environment,
  ): void {
    const { keyspace, observer } = this.#parts;
    const { session } = env;
    const { dbIndex, reply } = session;
    const mark = reply.mark();
    const undo = env.seed === undefined ? keyspace.mark() : 0;
    keyspace.now = env.nowMs;
    session.beginReply();
    try {
      if (isTouched(keyspace, watched)) reply.nilArray();
      else {
        reply.array(queue.length);
        this.run(requestsOf(queue), 0, queue.length, { ...env, isInTransaction: true });
      }
    } catch (error) {
      if (env.seed !== undefined) throw error;
      keyspace.takeBack(undo);
      // A SELECT in it is as little made as its writes.
      session.dbIndex = dbIndex;
      this.#replyError(session, mark, error);
      observer.crashed(exec, error);
    } finally {
      session.endReply();
    }
    this.#finish(exec, args, mark, env);
    if (reply.length === mark) return;
    // Else it may have changed the connection, such as its database: that is not taken back.
    if (queue.every(({ entry }) => entry.isPlain)) session.turnReplies.add(mark, reply.length);
    else session.turnReplies.addFixed();
  }

  /** A request that may not run: its reply is the error. */
  refuse(session: Session, entry: TableEntry | undefined, text: string): void {
    const mark = session.reply.mark();
    session.reply.error(text);
    this.#parts.observer.refused(entry, text);
    applyReplyMode(session, entry, mark);
  }

  /** The reply of a request that has waited for keys in vain. */
  endWait(entry: TableEntry, args: Args, env: Environment, how: 'timeout' | 'error'): void {
    const { reply } = env.session;
    const context = this.#enter(env, args);
    const mark = reply.mark();
    if (how === 'error') reply.error(UNBLOCKED);
    else reply.nilArray();
    this.#accounts.begin();
    this.#accounts.ran(entry, reply.errorAt(mark), context);
    applyReplyMode(env.session, entry, mark);
  }

  /** The reply of a request that waits for EXEC. */
  queued(session: Session, isTaken: boolean): void {
    const mark = session.reply.mark();
    if (isTaken) session.reply.simple('QUEUED');
    else session.reply.error('ERR transaction is too large');
    applyReplyMode(session, undefined, mark);
  }

  /** `#isBeyondReply` says then whether the request is refused. */
  #canGoOn(requests: Requests, i: number, env: Environment, stopAt: number): boolean {
    const { keyspace, prefetch } = this.#parts;
    const { dbIndex, reply } = env.session;
    if (reply.length >= stopAt) {
      this.stop = 'full';
      return false;
    }
    keyspace.storage.begin();
    const entry = requests.entries[i]!;
    const args = requests.args[i]!;
    const mayWait = i >= env.prefetchedTo && !env.isInTransaction;
    this.#isBeyondReply = false;
    if (mayWait && !prefetch.mustLoad(entry, args, dbIndex)) return true;
    this.#isBeyondReply = prefetch.isBeyondReply(entry, args, dbIndex);
    if (!mayWait || this.#isBeyondReply) return true;
    this.stop = 'cold';
    return false;
  }

  #runOne(
    entry: TableEntry, args: Args, i: number, env: Environment, context: CommandContext,
  ): void {
    const { reply } = env.session;
    const { keyspace, monitors, random } = this.#parts;
    const mark = reply.mark();
    if (env.seed !== undefined) {
      keyspace.isReadOnly = !entry.isOrdered;
      random.reseed(env.seed[0] ^ (env.firstIndex + i), env.seed[1]);
    }
    context.refill(args);
    if (env.isAwaited || entry.isOrdered || entry.command.selects !== undefined) {
      this.#perform(entry, env, context, mark);
    }
    if (reply.isTooLarge) this.#replaceTooLarge(env.session, mark);
    this.wait = env.isInTransaction ? undefined : context.wait;
    if (monitors.count > 0 && entry.shownToMonitors && !env.isRetry) showTo(monitors, context);
    // It counts when it has its reply; that it has waited is not shown twice.
    if (this.wait !== undefined) return reply.rewind(mark);
    this.#accounts.ran(entry, reply.errorAt(mark), context);
    if (env.isInTransaction) return;
    applyReplyMode(env.session, entry, mark);
    const restsOnData = entry.isPlain || entry.isBlocking;
    if (restsOnData && reply.length > mark) env.session.turnReplies.add(mark, reply.length);
  }

  #perform(entry: TableEntry, env: Environment, context: CommandContext, mark: number): void {
    if (this.#isBeyondReply) return env.session.reply.error(TOO_LARGE);
    const { keyspace, observer, services } = this.#parts;
    const isWhole = env.seed === undefined ? !env.isInTransaction : !entry.isOrdered;
    const undo = isWhole && entry.isWrite ? keyspace.mark() : undefined;
    try {
      if (entry.action !== undefined) entry.action(context);
      else runStepsNow(entry, context, services);
    } catch (error) {
      if (!isWhole) throw error;
      if (undo !== undefined) keyspace.takeBack(undo);
      this.#replyError(env.session, mark, error);
      observer.crashed(entry, error);
    }
  }

  /** EXEC itself is one more call for those who keep statistics. */
  #finish(exec: TableEntry, args: Args, mark: number, env: Environment): void {
    const { monitors } = this.#parts;
    const { session } = env;
    const context = this.#enter(env, args);
    if (session.reply.isTooLarge) this.#replaceTooLarge(session, mark);
    if (monitors.count > 0 && exec.shownToMonitors) showTo(monitors, context);
    this.#accounts.begin();
    this.#accounts.ran(exec, session.reply.errorAt(mark), context);
    applyReplyMode(session, exec, mark);
  }

  #enter(env: Environment, args: Args): CommandContext {
    const { keyspace, random } = this.#parts;
    keyspace.now = env.nowMs;
    keyspace.collections.mayCut = env.limits.featureLevel >= FEATURE_LEVEL_COLLECTIONS;
    const context = this.#context ??= new CommandContext(this.#parts, random, env, args);
    context.enter(env);
    context.refill(args);
    return context;
  }

  /** What was replied since `mark` is dropped for an error. */
  #replyError({ reply }: Session, mark: number, error: unknown): void {
    reply.rewind(mark);
    reply.error(`ERR ${error instanceof Error ? error.message : 'internal error'}`);
  }

  #replaceTooLarge({ reply }: Session, mark: number): void {
    reply.rewind(mark);
    reply.error(TOO_LARGE);
  }
}
