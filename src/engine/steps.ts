/**
 * Runs commands in steps beside others: gives them what they ask for. Such a command owns its
 * arguments and its context, because other commands run between its steps. It changes nothing in
 * the keyspace.
 */

import type { Provided, RequestLimits, Steps, Want } from '../commands/command.ts';
import type { BlockingPort, Unblocked } from '../commands/session-port.ts';
import type { TableEntry } from '../commands/table.ts';
import type { Clock } from '../io/clock.ts';
import type { IndexReport } from '../keyspace/index-report.ts';
import type { Random } from '../lib/random.ts';
import type { Args } from '../protocol/args.ts';
import type { Monitors } from '../session/monitors.ts';
import type { Session } from '../session/session.ts';
import type { CallObserver } from './accounts.ts';
import { CommandContext, type ContextParts } from './command-context.ts';
import type { Environment } from './environment.ts';
import { applyReplyMode, showTo } from './replying.ts';
import type { NowServices } from './steps-now.ts';

export interface StepsParts extends ContextParts {
  readonly clock: Clock;
  readonly observer: CallObserver;
  readonly monitors: Monitors;
}

/** A request whose arguments are owned. */
export interface LongRequest {
  readonly entry: TableEntry;
  readonly args: Args;
  readonly limits: RequestLimits;
}

/** What the server does for commands in steps. */
export interface StepServices extends NowServices {
  /** Resolves when everything written so far is on disk. */
  sync(): Promise<void>;
  /** The same, noted as a save. Rejects when one is under way. */
  save(): Promise<void>;
  reload(): Promise<void>;
  /** Checks the storage's index against the log; logs what it finds. */
  checkIndex(): Promise<IndexReport>;
}

type BlockWant = Extract<Want, { readonly kind: 'block' }>;

/** A wait that ends by itself when something has come about. */
interface ConditionalWait {
  readonly blocking: BlockingPort;
  readonly isOver: () => boolean;
}

export class StepsDriver {
  readonly #parts: StepsParts;
  readonly #random: Random;
  readonly #services: StepServices;
  /** At most one for each connection. */
  readonly #waits = new Set<ConditionalWait>();

  constructor(parts: StepsParts, random: Random, services: StepServices) {
    this.#parts = parts;
    this.#random = random;
    this.#services = services;
  }

  /**
   * Runs a command to its end, beside others; never rejects. `timeOf`: what the time is for a
   * request, by this server's clock.
   */
  async run(
    session: Session, { entry, args, limits }: LongRequest, timeOf: (nowMs: number) => number,
  ): Promise<void> {
    const { clock, observer } = this.#parts;
    const environment = (): Environment => ({
      session, nowMs: timeOf(clock.nowMs()), limits, seed: undefined, firstIndex: 0,
      isAwaited: true, prefetchedTo: 0, isInTransaction: false, isRetry: false,
    });
    const context = new CommandContext(this.#parts, this.#random, environment(), args);
    const startedAt = clock.monotonicMs();
    const steps = entry.command.steps!(context);
    const mark = (): number => session.reply.mark();
    let replyAt = mark();
    try {
      let provided: Provided;
      for (;;) {
        replyAt = mark();
        const next = this.#step(steps, provided, context, environment());
        if (next.done === true) break;
        provided = await this.#provide(next.value);
        if (session.isEnded) return;
      }
    } catch (error) {
      if (session.isEnded) return;
      replyAt = mark();
      session.reply.error(`ERR ${error instanceof Error ? error.message : 'internal error'}`);
      observer.crashed(entry, error);
    } finally {
      session.link.wake();
    }
    const { monitors } = this.#parts;
    if (monitors.count > 0 && entry.shownToMonitors) showTo(monitors, context);
    const microseconds = (clock.monotonicMs() - startedAt) * 1000;
    observer.called(entry, microseconds, session.reply.errorAt(replyAt), context);
    applyReplyMode(session, entry, replyAt);
  }

  /** What a step wrote before it threw is dropped. */
  #step(
    steps: Steps, provided: Provided, context: CommandContext, env: Environment,
  ): IteratorResult<Want, void> {
    const { keyspace } = this.#parts;
    const { session } = env;
    const mark = session.reply.mark();
    keyspace.storage.begin();
    keyspace.now = env.nowMs;
    keyspace.isReadOnly = true;
    context.enter(env);
    context.refill(context.args);
    session.beginReply();
    try {
      return steps.next(provided);
    } catch (error) {
      session.reply.rewind(mark);
      throw error;
    } finally {
      session.endReply();
    }
  }

  async #provide(want: Want): Promise<Provided> {
    switch (want.kind) {
      case 'scan': return want.db.scan(want.cursor, want.count);
      case 'randomKey': return want.db.randomKey(() => this.#random.float());
      case 'yield': return void await this.#after(0);
      case 'stall': return void this.#services.stall(want.ms);
      case 'block': return this.#block(want);
      case 'sync': return void await this.#services.sync();
      case 'save': return void await this.#save(want.inBackground);
      case 'compact': return void this.#services.compact();
      case 'checkIndex': return this.#services.checkIndex();
      case 'reload': return void await this.#services.reload();
      default: throw unreachable(want);
    }
  }

  async #save(inBackground: boolean): Promise<void> {
    if (inBackground) this.#services.saveInBackground();
    else await this.#services.save();
  }

  /** Something has changed that waits may be for. */
  onProgress(): void {
    for (const { blocking, isOver } of this.#waits) if (isOver()) blocking.end('timeout');
  }

  #block({ session: { blocking }, ms, isOver }: BlockWant): Promise<Unblocked> {
    return new Promise((resolve) => {
      const { clock } = this.#parts;
      const timer = ms === 0 ? undefined : clock.setTimer(ms, () => void blocking.end('timeout'));
      const wait = isOver === undefined ? undefined : { blocking, isOver };
      if (wait !== undefined) this.#waits.add(wait);
      blocking.begin((how) => {
        if (timer !== undefined) clock.clearTimer(timer);
        if (wait !== undefined) this.#waits.delete(wait);
        resolve(how);
      });
    });
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.setTimer(ms, resolve));
  }
}

function unreachable(want: never): Error {
  return new Error(`assertion failed: nobody provides ${JSON.stringify(want)}`);
}
