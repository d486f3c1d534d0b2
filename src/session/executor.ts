/**
 * Runs requests: each becomes a reply in its connection's output, and effects in the log.
 *
 * A request whose keys are in RAM runs to its end before `run` returns; the hot path makes no
 * promise and no object. Otherwise `run` returns a promise, the connection reads no further
 * requests until it settles, and other connections go on. After each wait the request passes all
 * gates again, because anything may have happened meanwhile; a request whose client is gone by then
 * is dropped.
 *
 * EXEC of a queue with commands in steps is exclusive: it runs in the event loop's many turns, but
 * nothing else runs between them and nothing is committed, so that it is as atomic as any other.
 *
 * With peers, requests that change something do not run here: they go into the total order
 * (order/), and run where it delivers them, on every peer.
 */

import type { TableEntry, CommandTable } from '../commands/table.ts';
import type { KeyToLoad } from '../keyspace/storage.ts';
import { Random } from '../lib/random.ts';
import { LOAD_ROUNDS_MAX } from '../limits.ts';
import type { Args } from '../protocol/args.ts';
import type { ReplyWriter } from '../protocol/reply-encoder.ts';
import { refusal } from './admission.ts';
import { Caller, type CallerParts } from './caller.ts';
import { ColdKeys } from './cold-keys.ts';
import { lookAt } from './look-at.ts';
import { OrderHost, type OrderHostParts } from './order/order-host.ts';
import type { DoubtfulKey, RequestOrder } from './order/request-order.ts';
import type { Pause } from './pause.ts';
import type { Session } from './session.ts';
import { StepsDriver, type StepServices } from './steps-driver.ts';
import type { QueuedCommand } from './transaction.ts';
import type { WriteGate } from './write-gate.ts';

export type { CallObserver } from './caller.ts';

export interface ExecutorParts extends CallerParts {
  readonly table: CommandTable;
  readonly gate: WriteGate;
  readonly seed: readonly [number, number];
  readonly pause: Pause;
  readonly services: StepServices;
}

/** Why a request cannot run to its end at once. */
type Obstacle =
  | { readonly kind: 'wait'; readonly until: Promise<void> }
  | { readonly kind: 'cold'; readonly keys: readonly KeyToLoad[] }
  | { readonly kind: 'steps' }
  | { readonly kind: 'exclusive' }
  /** It is on its way into the total order, and has its reply when this resolves. */
  | { readonly kind: 'ordered'; readonly replied: Promise<void> };

const STEPS: Obstacle = { kind: 'steps' };
const EXCLUSIVE: Obstacle = { kind: 'exclusive' };

export class Executor {
  readonly #parts: ExecutorParts;
  readonly #random: Random;
  readonly #caller: Caller;
  readonly #coldKeys: ColdKeys;
  readonly #steps: StepsDriver;
  /** Filled and emptied within one synchronous run. */
  readonly #cold: KeyToLoad[] = [];
  /** The commands of the prepared batch. */
  readonly #prepared: (TableEntry | undefined)[] = [];
  /** The time of the requests of one chunk; -1 outside of `beginChunk` and `endChunk`. */
  #chunkNow = -1;
  /** While EXEC runs commands in steps, nothing else may run between them. */
  #exclusive: Promise<void> | undefined;
  #order: RequestOrder | undefined;
  #orderHost: OrderHost | undefined;
  /** Set by `orderRow` when it took some: resolves when they have their replies. */
  orderedRow: Promise<void> | undefined;

  constructor(parts: ExecutorParts) {
    const random = new Random(parts.seed[0], parts.seed[1]);
    this.#parts = parts;
    this.#random = random;
    this.#coldKeys = new ColdKeys(parts.keyspace);
    this.#caller = new Caller(parts, random, this.#coldKeys);
    // What runs in steps runs on one peer only: it must not move on the chances that all share.
    const [seed, other] = parts.seed;
    this.#steps = new StepsDriver(parts.clock, new Random(other, seed), parts.services);
  }

  /** From now on nothing changes but by the total order. */
  set order(order: RequestOrder) {
    this.#order = order;
    this.#parts.keyspace.isReadOnly = true;
  }

  /** What the total order needs to run requests at their places. */
  orderHost(
    parts: Pick<OrderHostParts, 'createGhost' | 'commit' | 'onFailure' | 'onWatchLeft'>,
  ): OrderHost {
    const { keyspace, table } = this.#parts;
    const caller = this.#caller;
    const coldKeys = this.#coldKeys;
    const random = this.#random;
    this.#orderHost = new OrderHost({
      ...parts, keyspace, table, caller, coldKeys, random,
      exclusive: () => this.#exclusive,
      runExclusively: (session, exec, args) => this.#runExclusively(session, exec, args, true),
    });
    return this.#orderHost;
  }

  /** Peers have made progress: commands that wait for that may go on. */
  onProgress(): void {
    this.#steps.onProgress();
  }

  /** Writes an error as the reply to a request that was ordered and does not run. */
  refuse(session: Session, entry: TableEntry, text: string): void {
    this.#caller.refuse(session, entry, text);
  }

  /** True while a batch is under way that must not be cut: nothing may be committed now. */
  get holdsBatch(): boolean {
    return this.#exclusive !== undefined || this.#orderHost?.isHolding === true;
  }

  /**
   * Requests that arrived together follow, with nothing in between: they share one time, and each
   * is timed from the end of the one before, because reading a clock costs as much as a GET.
   */
  beginChunk(nowMs: number): void {
    this.#chunkNow = nowMs;
    this.#caller.beginChunk();
  }

  endChunk(): void {
    this.#chunkNow = -1;
    this.#caller.endChunk();
    this.#parts.keyspace.storage.lookahead.clear();
  }

  /**
   * The requests that will run next, one after the other, unless one has to wait: looks up what
   * they need side by side. Their bytes stay where they are until they have run.
   */
  prepare(session: Session, batch: readonly Args[], count: number): void {
    const { keyspace, table } = this.#parts;
    const { lookahead } = keyspace.storage;
    const { space } = keyspace.db(session.dbIndex);
    lookahead.clear();
    for (let i = 0; i < count; i++) {
      const args = batch[i] as Args;
      const entry = table.lookup(args);
      this.#prepared[i] = entry;
      if (entry !== undefined) lookAt(lookahead, space, args, entry.command);
    }
    lookahead.run();
  }

  /**
   * Runs requests of the prepared batch from `i` on, as long as they are of one brief command and
   * nothing is in their way; returns how many. The others are for `runPrepared`.
   */
  runRow(session: Session, batch: readonly Args[], i: number, count: number): number {
    const entry = this.#prepared[i];
    const first = batch[i];
    if (entry === undefined || first === undefined || !entry.isBrief) return 0;
    if (!this.#isRoadFree(session, entry, first)) return 0;
    let end = i + 1;
    while (end < count && this.#prepared[end] === entry && takes(entry, batch[end])) end++;
    session.lastCommand = entry.command.name;
    const now = this.#stampRequest();
    const orderMs = this.#order?.hasTime === true ? this.#order.timeMs : Infinity;
    return this.#caller.performRow(session, entry, batch, i, end, now, orderMs);
  }

  /**
   * With peers: puts requests of the prepared batch from `i` on into the total order together, as
   * many in a row as can go there; returns how many, and sets `orderedRow`.
   */
  orderRow(session: Session, batch: readonly Args[], i: number, count: number): number {
    const order = this.#order;
    if (order === undefined) return 0;
    let end = i;
    while (end < count && this.#canOrder(order, session, this.#prepared[end], batch[end])) end++;
    if (end === i) return 0;
    const entries = this.#prepared.slice(i, end) as TableEntry[];
    session.lastCommand = entries.at(-1)!.command.name;
    this.orderedRow = order.submit(session, entries, batch.slice(i, end));
    return end - i;
  }

  #canOrder(
    order: RequestOrder, session: Session, entry: TableEntry | undefined, args: Args | undefined,
  ): boolean {
    if (entry === undefined || args === undefined || !entry.isOrdered) return false;
    return this.#isWayFree(session, entry, args) &&
      order.refusal(session, entry, args) === undefined;
  }

  /** Nothing that `run` and `#tryNow` ask is in the way of a request and those behind it. */
  #isRoadFree(session: Session, entry: TableEntry, args: Args): boolean {
    if (!this.#caller.mayRow) return false;
    const order = this.#order;
    if (order !== undefined && (entry.isOrdered || !order.mayRead(session, entry))) return false;
    return this.#isWayFree(session, entry, args);
  }

  #isWayFree(session: Session, entry: TableEntry, args: Args): boolean {
    const { gate, pause } = this.#parts;
    if (!session.isPlain) return false;
    if (this.#exclusive !== undefined || pause.waitFor(entry, session) !== undefined) return false;
    if (entry.isWrite && !entry.frees && gate.writeDelayMs > 0) return false;
    return refusal(session, entry, args, gate) === undefined;
  }

  /** Runs request `i` of the batch that was prepared. As `run`. */
  runPrepared(session: Session, args: Args, i: number): Promise<void> | undefined {
    return this.#run(session, this.#prepared[i], args);
  }

  /** Undefined when the reply is written; else a promise that never rejects. */
  run(session: Session, args: Args): Promise<void> | undefined {
    return this.#run(session, this.#parts.table.lookup(args), args);
  }

  #run(
    session: Session, entry: TableEntry | undefined, args: Args,
  ): Promise<void> | undefined {
    session.readsByOrder = false;
    const { writeDelayMs } = this.#parts.gate;
    const obstacle = writeDelayMs > 0 && entry?.isWrite === true && !entry.frees
      ? this.#delay(writeDelayMs)
      : this.#tryNow(session, entry, args);
    if (obstacle === undefined || entry === undefined) return undefined;
    return this.#overcome(session, entry, args.detach(), obstacle);
  }

  /**
   * Runs work of the server itself, such as expiry, as one batch with one time. Does nothing while
   * an exclusive EXEC is under way, or no writes are taken: the caller comes again.
   */
  runInternal(work: () => void): void {
    const { gate } = this.#parts;
    if (this.#exclusive !== undefined || gate.freeingRefusal !== undefined) return;
    this.#stamp();
    work();
  }

  /** Runs what MULTI queued; called by EXEC through the session's transaction. */
  runQueued(session: Session, queue: readonly QueuedCommand[], _reply: ReplyWriter): void {
    const { now } = this.#parts.keyspace;
    for (const { entry, args } of queue) this.#caller.perform(session, entry, args, now);
  }

  /** Writers are slowed before the disk is full, so that the compactor can catch up. */
  #delay(ms: number): Obstacle {
    const { clock } = this.#parts;
    return {
      kind: 'wait', until: new Promise((resolve) => void clock.setTimer(ms, () => resolve())),
    };
  }

  /** Undefined when the request has its reply. */
  #tryNow(session: Session, entry: TableEntry | undefined, args: Args): Obstacle | undefined {
    const mark = session.reply.mark();
    const text = refusal(session, entry, args, this.#parts.gate);
    if (text !== undefined || entry === undefined) {
      this.#refuse(session, entry, text ?? '');
      return undefined;
    }
    const until = this.#exclusive ?? this.#parts.pause.waitFor(entry, session);
    if (until !== undefined) return { kind: 'wait', until };
    const { transaction } = session;
    if (transaction.isOpen && !entry.isImmediate) {
      this.#caller.queued(session, transaction.enqueue(entry, args));
      return undefined;
    }
    const order = this.#order;
    const isOrdered = order?.isOrdered(session, entry) === true;
    const refused = isOrdered ? order?.refusal(session, entry, args) : session.readFailure;
    session.readFailure = undefined;
    if (refused !== undefined) {
      this.#refuse(session, entry, refused);
      return undefined;
    }
    try {
      if (order !== undefined) {
        if (isOrdered) return this.#putInOrder(order, session, entry, args);
        if (!order.mayRead(session, entry)) {
          return { kind: 'wait', until: order.waitToRead(session) };
        }
      }
      return this.#call(session, entry, args);
    } catch (error) {
      this.#caller.crashedOutside(session, entry, mark, error);
      return undefined;
    }
  }

  #putInOrder(order: RequestOrder, session: Session, entry: TableEntry, args: Args): Obstacle {
    session.lastCommand = entry.command.name;
    const replied = entry.runsQueued
      ? order.submitQueue(session, entry) : order.submit(session, [entry], [args]);
    return { kind: 'ordered', replied };
  }

  #call(session: Session, entry: TableEntry, args: Args): Obstacle | undefined {
    session.lastCommand = entry.command.name;
    const { readsByOrder } = session;
    const now = readsByOrder ? this.#stamp(0) : this.#stampRequest();
    const keys = this.#collectCold(session, entry, args);
    if (keys !== undefined) return { kind: 'cold', keys };
    if (!readsByOrder) {
      const settled = this.#settleDoubt(session, { entry, args });
      if (settled !== undefined) return { kind: 'wait', until: settled };
    }
    session.readsByOrder = false;
    if (entry.command.steps !== undefined) return STEPS;
    if (entry.runsQueued && hasSteps(session)) return EXCLUSIVE;
    this.#caller.perform(session, entry, args, now);
    return undefined;
  }

  /**
   * A key whose time is over by this peer's clock, but not yet by the order's, is neither there nor
   * gone: the order's time has to move on first, and then the read goes by that.
   */
  #settleDoubt(session: Session, request: QueuedCommand): Promise<void> | undefined {
    const order = this.#order;
    if (order === undefined || !request.entry.readsData || !order.hasTime) return undefined;
    const { transaction: { queue }, dbIndex } = session;
    const doubtful: DoubtfulKey[] = [];
    this.#coldKeys.collectDoubtful(request, queue, dbIndex, order.timeMs, doubtful);
    if (doubtful.length === 0) return undefined;
    session.readsByOrder = true;
    return order.settle(doubtful);
  }

  /** Waits for whatever is in the way, and tries again. `args` are owned. */
  async #overcome(
    session: Session, entry: TableEntry, args: Args, first: Obstacle,
  ): Promise<void> {
    const releases: (() => void)[] = [];
    try {
      let obstacle: Obstacle | undefined = first;
      while (obstacle !== undefined) {
        if (obstacle.kind === 'steps') return await this.#runSteps(session, entry, args);
        if (obstacle.kind === 'exclusive') {
          return await this.#runExclusively(session, entry, args, false);
        }
        if (obstacle.kind === 'ordered') return await obstacle.replied;
        if (obstacle.kind === 'wait') await obstacle.until;
        else await this.#load(obstacle.keys, releases);
        if (session.isEnded) return;
        obstacle = this.#tryNow(session, entry, args);
        // What it put into the order, or asks of it, leaves with the end of a turn.
        if (obstacle !== undefined) session.link.wake();
      }
    } catch (error) {
      this.#caller.crashedOutside(session, entry, session.reply.mark(), error);
    } finally {
      for (const release of releases) release();
      session.link.wake();
    }
  }

  /** Brings keys in and keeps them there until the releases are called. */
  async #load(keys: readonly KeyToLoad[], releases: (() => void)[]): Promise<void> {
    if (releases.length === LOAD_ROUNDS_MAX) {
      throw new Error('assertion failed: keys do not stay in RAM');
    }
    releases.push(await this.#parts.keyspace.storage.load(keys));
  }

  async #runSteps(session: Session, entry: TableEntry, args: Args): Promise<void> {
    const advance = this.#caller.stepper(session, entry, args, () => this.#stamp());
    await this.#steps.drive(advance, () => this.#exclusive);
  }

  /**
   * EXEC of a queue in which some commands run in steps: everybody else waits. `isOrdered`: it runs
   * on other peers too, and what goes wrong only here is for the caller, not for the client.
   */
  async #runExclusively(
    session: Session, exec: TableEntry, args: Args, isOrdered: boolean,
  ): Promise<void> {
    const { clock, keyspace } = this.#parts;
    let settle = (): void => {};
    this.#exclusive = new Promise((resolve) => (settle = resolve));
    const { now } = keyspace;
    const startedAt = clock.monotonicMs();
    const mark = session.reply.mark();
    this.#caller.enter(session);
    try {
      const queue = session.transaction.take(session.reply) ?? [];
      for (const queued of queue) await this.#runQueuedOne(session, queued, now, isOrdered);
      this.#caller.finishOutside(session, exec, args, mark, startedAt);
    } catch (error) {
      this.#caller.crashedOutside(session, exec, mark, error);
      if (isOrdered) throw error;
    } finally {
      this.#caller.leave(session, exec, mark);
      this.#exclusive = undefined;
      settle();
    }
  }

  /** Keys that SELECT or an earlier command made unforeseeable may still be cold. */
  async #runQueuedOne(
    session: Session, { entry, args }: QueuedCommand, now: number, isOrdered: boolean,
  ): Promise<void> {
    const releases: (() => void)[] = [];
    const mark = session.reply.mark();
    try {
      this.#stamp(now);
      for (;;) {
        const keys = this.#collectCold(session, entry, args);
        if (keys === undefined) break;
        await this.#load(keys, releases);
      }
      if (entry.command.steps === undefined) {
        return this.#caller.perform(session, entry, args, now);
      }
      const advance = this.#caller.stepper(session, entry, args, () => this.#stamp(now));
      await this.#steps.drive(advance, () => undefined);
    } catch (error) {
      if (isOrdered) throw error;
      this.#caller.crashedOutside(session, entry, mark, error);
    } finally {
      for (const release of releases) release();
    }
  }

  /** The requests of a chunk share its time. */
  #stampRequest(): number {
    return this.#chunkNow < 0 ? this.#stamp() : this.#stamp(this.#chunkNow);
  }

  /** An entry, or a step of one, begins: tells storage and keyspace. Returns its time. */
  #stamp(nowMs: number = this.#parts.clock.nowMs()): number {
    const { keyspace } = this.#parts;
    // What an entry of a quicker clock let expire does not come back.
    const now = this.#order === undefined ? nowMs : Math.max(nowMs, this.#order.timeMs);
    keyspace.storage.begin();
    keyspace.now = now;
    return now;
  }

  #collectCold(session: Session, entry: TableEntry, args: Args): KeyToLoad[] | undefined {
    const cold = this.#cold;
    if (cold.length > 0) cold.length = 0;
    this.#coldKeys.collect(entry, args, session.dbIndex, cold);
    if (entry.runsQueued) {
      this.#coldKeys.collectQueue(session.transaction.queue, session.dbIndex, cold);
    }
    return cold.length === 0 ? undefined : cold.splice(0);
  }

  #refuse(session: Session, entry: TableEntry | undefined, text: string): void {
    const { transaction } = session;
    if (entry?.runsQueued !== true) {
      transaction.break();
      return this.#caller.refuse(session, entry, text);
    }
    transaction.discard();
    const reason = text.replace(/^ERR /, '');
    this.#caller.refuse(session, entry, `EXECABORT Transaction discarded because of: ${reason}`);
  }
}

function takes(entry: TableEntry, args: Args | undefined): boolean {
  return args !== undefined && entry.takes(args.count);
}

function hasSteps(session: Session): boolean {
  return session.transaction.queue.some(({ entry }) => entry.command.steps !== undefined);
}
