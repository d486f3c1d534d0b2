/**
 * Applies batches of the total order, one after the other: the keys that a batch needs are brought
 * in first, then its requests run in one go (batch-run.ts) and make one frame of the log, which
 * carries the position and the batch's id. So a restart finds a batch applied whole, with its
 * position, or not at all.
 *
 * Every peer does exactly this. What differs is only where replies go: requests of this peer's own
 * clients run in their sessions, others in one that nobody listens to.
 */

import { ORDERED_QUEUE_MAX } from '../../limits.ts';
import type { BatchId } from '../../replication/core/proposal.ts';
import type {
  OrderedBatch, OrderedSnapshot, OrderedState,
} from '../../replication/core/total-order-broadcast.ts';
import type { BatchHost } from './batch-host.ts';
import { BatchRun, type BatchObstacle } from './batch-run.ts';
import type { DeliveryGate } from './delivery-gate.ts';
import type { OrderMarks } from './order-marks.ts';
import type { PendingGroup } from './pending-group.ts';
import { RequestPool } from './request-pool.ts';

/** Who waits for what this peer broadcast. */
export interface BatchReplies {
  takeGroups(ticket: number | undefined): readonly PendingGroup[];
  onApplied(position: number): void;
}

/** The state as a whole, for peers that are far behind. */
export interface StateSnapshots {
  /** Of the snapshot that the state began as. */
  readonly meta: Uint8Array | undefined;
  export(): Promise<OrderedSnapshot>;
  receive(chunks: AsyncIterable<Uint8Array>): Promise<number>;
  /** Replaces storage, keyspace and marks. */
  install(meta: Uint8Array): Promise<void>;
}

interface Queued {
  readonly position: number;
  readonly batch: OrderedBatch | undefined;
}

export class ApplyBatches implements OrderedState {
  readonly #host: BatchHost;
  readonly #replies: BatchReplies;
  readonly #marks: OrderMarks;
  readonly #snapshots: StateSnapshots;
  readonly #deliveries: DeliveryGate;
  readonly #resume: () => void;
  readonly #whenIdle: (() => void)[] = [];
  readonly #queue: Queued[] = [];
  /** Of the batch under way. */
  readonly #pool = new RequestPool();
  /** The batch under way, which waits for the disk unless this runs right now. */
  #run: BatchRun | undefined;
  #isRunning = false;
  #wasBusy = false;
  #isStopped = false;
  #isPaused = false;

  /** `resume` is called when batches are wanted again. */
  constructor(
    host: BatchHost, replies: BatchReplies, marks: OrderMarks, snapshots: StateSnapshots,
    deliveries: DeliveryGate, resume: () => void,
  ) {
    this.#host = host;
    this.#deliveries = deliveries;
    this.#snapshots = snapshots;
    this.#replies = replies;
    this.#marks = marks;
    this.#resume = resume;
  }

  get applied(): number {
    return this.#marks.position;
  }

  get batchIds(): readonly BatchId[] {
    return this.#marks.batchIds;
  }

  get isBusy(): boolean {
    const isBusy = this.#isPaused || this.#queue.length >= ORDERED_QUEUE_MAX;
    if (isBusy) this.#wasBusy = true;
    return isBusy;
  }

  apply(position: number, batch: OrderedBatch | undefined): void {
    if (this.#isStopped) return;
    this.#queue.push({ position, batch });
    if (!this.#isRunning && !this.#isPaused) this.#goOn();
  }

  /**
   * No further batch begins. Resolves when the one under way is applied: what it has changed so far
   * must not get into the log without the rest.
   */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#queue.length = this.#run === undefined ? 0 : 1;
    await this.#idle();
  }

  /** As `stop`, but what comes meanwhile is kept until `unpause`. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#idle();
  }

  unpause(): void {
    this.#isPaused = false;
    if (!this.#isRunning) this.#goOn();
  }

  get snapshotMeta(): Uint8Array | undefined {
    return this.#snapshots.meta;
  }

  exportSnapshot(): Promise<OrderedSnapshot> {
    return this.#snapshots.export();
  }

  receiveSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<number> {
    return this.#snapshots.receive(chunks);
  }

  /** A batch that waits for the disk is finished first: half of it must never be committed. */
  async installSnapshot(meta: Uint8Array): Promise<void> {
    await this.#idle();
    await this.#snapshots.install(meta);
    this.#replies.onApplied(this.#marks.position);
  }

  #idle(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Runs as far as nothing has to be waited for. */
  #goOn(): void {
    this.#isRunning = true;
    try {
      for (;;) {
        const next = this.#queue[0];
        if (next === undefined || (this.#isPaused && this.#run === undefined)) break;
        const obstacle = next.batch === undefined ? undefined : this.#runBatch(next.batch);
        if (obstacle !== undefined) return this.#waitFor(obstacle);
        this.#queue.shift();
        this.#marks.position = next.position;
        this.#replies.onApplied(next.position);
      }
    } catch (error) {
      return this.#fail(error);
    }
    this.#isRunning = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
    if (!this.#wasBusy || this.#isPaused || this.#isStopped) return;
    this.#wasBusy = false;
    this.#resume();
  }

  /** Undefined when the batch is applied; else what has to come about first. */
  #runBatch(batch: OrderedBatch): BatchObstacle | undefined {
    this.#run ??= new BatchRun(this.#host, this.#marks, this.#pool, batch, () => {
      return this.#replies.takeGroups(batch.ticket);
    });
    const obstacle = this.#advance(this.#run, batch.position);
    if (obstacle !== undefined) return obstacle;
    this.#run = undefined;
    this.#pool.reset();
    return undefined;
  }

  #advance(run: BatchRun, position: number): BatchObstacle | undefined {
    this.#deliveries.enter(position);
    try {
      return run.advance();
    } finally {
      this.#deliveries.leave();
    }
  }

  #waitFor(obstacle: BatchObstacle): void {
    this.#overcome(obstacle).then(() => this.#goOn(), (error: unknown) => this.#fail(error));
  }

  async #overcome(obstacle: BatchObstacle): Promise<void> {
    const run = this.#run;
    if (obstacle.kind === 'wait') return obstacle.until;
    run?.keep(await this.#host.keyspace.storage.load(obstacle.keys));
  }

  #fail(error: unknown): void {
    this.#isStopped = true;
    this.#queue.length = 0;
    this.#run = undefined;
    this.#isRunning = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
    this.#host.onFailure(error);
  }
}
