/**
 * The way of clients' requests: admitted (admit.ts), routed, prefetched, run (runner.ts).
 *
 * `serve` takes requests of one connection from the front, as many as can run now, and returns how
 * many. What it did not take stays where it is, undecoded; the connection waits for `wait`, or
 * until its output has drained, and asks again. So a request that waits passes every gate anew, and
 * the engine keeps nothing of it.
 *
 * - A request that reads runs here. With peers, one that may write becomes part of a proposal; its
 *   reply is written when the order has delivered it (cluster/).
 * - Requests that follow each other are run, or proposed, together: they share one look at the
 *   clock, and their keys are looked up side by side.
 * - A command in steps (SCAN, SAVE) runs beside others; its connection waits.
 */

import type { RequestLimits } from '../commands/command.ts';
import type { CommandTable, TableEntry } from '../commands/table.ts';
import type { KeyToLoad } from '../keyspace/storage.ts';
import { Random } from '../lib/random.ts';
import type { Args } from '../protocol/args.ts';
import type { Session } from '../session/session.ts';
import { Admit, mustOrder } from './admit.ts';
import type { BlockedRequest } from './blocked-request.ts';
import { BlockedRequests } from './blocked-requests.ts';
import type { Environment } from './environment.ts';
import type { KeyQueue } from './key-queues.ts';
import { lookAt } from './look-at.ts';
import type { Pause } from './pause.ts';
import { Prefetch } from './prefetch.ts';
import type { RequestOrder } from './request-order.ts';
import { Runner, type RunnerParts } from './runner.ts';
import { StepsDriver, type StepServices } from './steps.ts';
import type { WriteGate } from './write-gate.ts';

/**
 * Requests of one connection that are proposed at once: what arrives in one or two reads. More
 * wait undecoded until these have their replies.
 */
const BURST_ORDERED_MAX = 4096;

type OwnParts = 'prefetch' | 'random' | 'ready' | 'isReadOnly';

export interface EngineParts extends Omit<RunnerParts, OwnParts> {
  readonly table: CommandTable;
  readonly gate: WriteGate;
  readonly seed: readonly [number, number];
  readonly pause: Pause;
  readonly services: StepServices;
  /** What the configuration limits at present. */
  readonly limits: () => RequestLimits;
}

export class Engine {
  readonly prefetch: Prefetch;
  readonly runner: Runner;
  readonly blocked: BlockedRequests;
  /** What the request has to wait for that `serve` stopped at, or that it took last. */
  wait: Promise<void> | undefined;
  readonly #parts: EngineParts;
  readonly #admit: Admit;
  readonly #steps: StepsDriver;
  readonly #ready = new Set<KeyQueue<BlockedRequest>>();
  /** The commands of the requests that are being served. */
  readonly #entries: (TableEntry | undefined)[] = [];
  #nowMs = 0;
  #order: RequestOrder | undefined;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    const { clock, gate, keyspace, pause, seed, services } = parts;
    this.prefetch = new Prefetch(keyspace);
    this.runner = new Runner({
      ...parts, prefetch: this.prefetch, random: new Random(seed[0], seed[1]),
      ready: this.#ready,
      isReadOnly: () => this.#order !== undefined || gate.freeingRefusal !== undefined,
    });
    this.#admit = new Admit({ clock, gate, pause, order: () => this.#order });
    this.blocked = new BlockedRequests({
      clock, keyspace, pause, runner: this.runner, admit: this.#admit, ready: this.#ready,
      order: () => this.#order,
      environment: (session) => this.#environment(session, 0, this.#time(clock.nowMs())),
      nowMs: () => this.#time(clock.nowMs()),
    });
    // What runs in steps runs on one peer only: it must not move on the randomness of the others.
    this.#steps = new StepsDriver(parts, new Random(seed[1], seed[0]), services);
  }

  /** From now on nothing changes but by the total order. */
  set order(order: RequestOrder) {
    this.#order = order;
    this.#parts.keyspace.isReadOnly = true;
  }

  /** Peers have made progress: commands that wait for that may go on. */
  onProgress(): void {
    this.#steps.onProgress();
    this.blocked.onProgress();
  }

  /**
   * Takes requests from the front of `batch` and returns how many. `wait` is set if the next one,
   * or, when all were taken, the last one has to be waited for. `nowMs`: since the epoch.
   */
  serve(session: Session, batch: readonly Args[], count: number, nowMs: number): number {
    this.wait = undefined;
    this.#nowMs = nowMs;
    this.#lookUp(session, batch, count);
    let i = 0;
    while (i < count && this.wait === undefined && session.link.mayTakeMore) {
      const taken = this.#serveNext(session, batch, i, count);
      if (taken === 0) break;
      session.progress.took(taken);
      i += taken;
    }
    this.#parts.keyspace.storage.lookahead.clear();
    return i;
  }

  /** Runs work of the server itself, such as expiry, unless no writes are taken now. */
  runInternal(work: () => void): void {
    const { clock, gate, keyspace } = this.#parts;
    if (gate.freeingRefusal !== undefined) return;
    keyspace.storage.begin();
    keyspace.now = this.#time(clock.nowMs());
    keyspace.isReadOnly = false;
    work();
  }

  #lookUp(session: Session, batch: readonly Args[], count: number): void {
    const { keyspace, table } = this.#parts;
    const { lookahead } = keyspace.storage;
    const { space } = keyspace.db(session.dbIndex);
    lookahead.clear();
    for (let i = 0; i < count; i++) {
      const args = batch[i]!;
      const entry = table.lookup(args);
      this.#entries[i] = entry;
      if (entry !== undefined) lookAt(lookahead, space, args, entry.command);
    }
    lookahead.run();
  }

  /** Takes the request at `i` and those behind it that go the same way; 0 when it has to wait. */
  #serveNext(session: Session, batch: readonly Args[], i: number, count: number): number {
    const entry = this.#entries[i];
    const args = batch[i]!;
    const { progress } = session;
    // Replies leave in the order of the requests: behind a proposal only another one may be taken.
    const mayTake = progress.due === 0 ||
      (!progress.holdsBack && entry !== undefined && mustOrder(session, entry));
    if (!mayTake) return this.#stop(progress.replied);
    const verdict = this.#admit.ask(session, entry, args);
    if (progress.due > 0 && verdict !== 'propose') return this.#stop(progress.replied);
    switch (verdict) {
      case 'wait': return this.#stop(this.#admit.until);
      case 'refuse': return this.#refuse(session, entry, this.#admit.refusal);
      case 'queue':
        this.runner.queued(session, session.transaction.enqueue(entry!, args));
        return 1;
      case 'propose': return this.#propose(session, batch, i, count);
      default: return this.#run(session, batch, i, count);
    }
  }

  #stop(until: Promise<void> | undefined): number {
    this.wait = until;
    return 0;
  }

  #refuse(session: Session, entry: TableEntry | undefined, text: string): number {
    const { transaction } = session;
    if (entry?.runsQueued === true) {
      transaction.discard();
      const reason = text.replace(/^ERR /, '');
      text = `EXECABORT Transaction discarded because of: ${reason}`;
    } else transaction.break();
    this.runner.refuse(session, entry, text);
    return 1;
  }

  // ---- Requests that run here -------------------------------------------------------------------

  #run(session: Session, batch: readonly Args[], i: number, count: number): number {
    const entry = this.#entries[i]!;
    session.lastCommand = entry.command.name;
    if (entry.runsQueued && session.transaction.canRun) {
      return this.#runTransaction(session, entry, batch[i]!, i);
    }
    if (entry.command.steps !== undefined) return this.#beginSteps(session, entry, batch[i]!);
    const to = this.#endOfBurst(session, batch, i, count, 'run');
    const ran = this.runner.run({ entries: this.#entries, args: batch }, i, to,
      this.#environment(session, i + session.progress.prefetched));
    if (ran === i) return this.runner.stop === 'cold' ? this.#fetch(session, batch, i, to) : 0;
    const { wait } = this.runner;
    if (wait !== undefined) this.wait = this.blocked.begin(session, entry, batch[i]!, wait);
    if (this.#ready.size > 0) this.blocked.serve();
    return ran - i;
  }

  /** How far requests from `i` on go the same way as it, for a client without a special mode. */
  #endOfBurst(
    session: Session, batch: readonly Args[], i: number, count: number, way: 'run' | 'propose',
  ): number {
    let last = this.#entries[i]!;
    if (!last.isPlain || !session.isPlain) return i + 1;
    const most = way === 'run' ? count
      : Math.min(count, i + BURST_ORDERED_MAX - session.progress.due);
    let to = i + 1;
    for (; to < most; to++) {
      const entry = this.#entries[to];
      if (entry === undefined || !entry.isPlain) break;
      // Alone, what was asked for one request holds for all of its command, but for the arity.
      const isAdmitted = entry === last && this.#order === undefined
        ? entry.takes(batch[to]!.count) : this.#admit.ask(session, entry, batch[to]!) === way;
      if (!isAdmitted) break;
      last = entry;
    }
    return to;
  }

  #runTransaction(session: Session, exec: TableEntry, args: Args, i: number): number {
    const { keyspace } = this.#parts;
    if (session.progress.prefetched === 0) {
      const keys: KeyToLoad[] = [];
      keyspace.storage.begin();
      this.prefetch.collectQueue(session.transaction.queue, session.dbIndex, keys);
      if (keys.length > 0) return this.#load(session, keys, 1);
    }
    const transaction = session.transaction.take();
    this.runner.runTransaction(transaction, exec, args, this.#environment(session, i));
    if (this.#ready.size > 0) this.blocked.serve();
    return 1;
  }

  #beginSteps(session: Session, entry: TableEntry, args: Args): number {
    const context = { entry, args: args.detach(), limits: this.#parts.limits() };
    this.wait = this.#steps.run(session, context, (nowMs) => this.#time(nowMs));
    return 1;
  }

  /** Reads what the requests from `i` up to `to` need, all together, before they run. */
  #fetch(session: Session, batch: readonly Args[], i: number, to: number): number {
    const keys: KeyToLoad[] = [];
    for (let n = i; n < to; n++) {
      this.#parts.keyspace.storage.begin();
      this.prefetch.collect(this.#entries[n]!, batch[n]!, session.dbIndex, keys);
    }
    return this.#load(session, keys, to - i);
  }

  /** A key that cannot be read is the request's own business, which asks for it again. */
  #load(session: Session, keys: readonly KeyToLoad[], requests: number): number {
    const { progress } = session;
    const loaded = this.#parts.keyspace.storage.load(keys).then(
      (release) => {
        if (session.isEnded) release();
        else progress.onPrefetched(requests, release);
      },
      () => progress.onPrefetched(requests, undefined),
    );
    return this.#stop(loaded);
  }

  #environment(
    session: Session, prefetchedTo: number, nowMs = this.#time(this.#nowMs),
  ): Environment {
    return {
      session, nowMs, limits: this.#parts.limits(), seed: undefined, firstIndex: 0,
      isAwaited: true, prefetchedTo, isInTransaction: false, isRetry: false,
    };
  }

  /** What the time of the order let expire does not come back. */
  #time(nowMs: number): number {
    const order = this.#order;
    return order === undefined ? nowMs : Math.max(order.readTimeMs(nowMs), order.timeMs);
  }

  // ---- Requests that are ordered ----------------------------------------------------------------

  #propose(session: Session, batch: readonly Args[], i: number, count: number): number {
    const { progress, transaction } = session;
    if (progress.due >= BURST_ORDERED_MAX) return this.#stop(progress.replied);
    const entry = this.#entries[i]!;
    const order = this.#order!;
    session.lastCommand = entry.command.name;
    if (entry.runsQueued) {
      const taken = transaction.take();
      progress.holdsBack = taken.queue.some(({ entry: { command } }) =>
        command.selects !== undefined);
      this.#await(session, 1, order.proposeTransaction(session, entry, taken));
      return 1;
    }
    if (entry.isBlocking) {
      progress.holdsBack = true;
      this.#await(session, 1, this.blocked.propose(session, entry, batch[i]!));
      return 1;
    }
    const to = this.#endOfBurst(session, batch, i, count, 'propose');
    const requests = { entries: this.#entries, args: batch };
    this.#await(session, to - i, order.propose(session, requests, i, to));
    return to - i;
  }

  /** The connection may go on with requests that can be proposed too, so this stops nothing. */
  #await({ progress }: Session, count: number, replied: Promise<void>): void {
    progress.due += count;
    progress.replied = replied.then(() => {
      progress.due -= count;
      if (progress.due === 0) progress.holdsBack = false;
    });
  }
}
