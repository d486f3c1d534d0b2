/**
 * Applies batches of the total order, one after the other: what a batch needs of the disk is
 * prefetched, then its requests run in one go (proposal-run.ts) and make one frame of the log. That
 * carries the position and the batch's id. So a restart finds a batch applied whole, with its
 * position, or not at all.
 */

import type { KeyToLoad } from '../keyspace/storage.ts';
import type { BatchId } from '../raft/core/proposal.ts';
import type {
  OrderedBatch, OrderedSnapshot, OrderedState,
} from '../raft/core/total-order-broadcast.ts';
import type { OrderMarks } from './applied-marks.ts';
import type { DeliveryGate } from '../session/delivery-gate.ts';
import type { PendingGroup } from './open-batch.ts';
import { ProposalRun, type ProposalHost } from './proposal-run.ts';
import { RequestPool } from './request-pool.ts';

/** Batches that wait to be applied while one waits for the disk. */
export const ORDERED_QUEUE_MAX = 64;

export interface ApplyHost extends ProposalHost {
  /** Ends the frame of the batch. Throws when the log does not take it. */
  commit(position: number): void;
  /** A batch cannot be applied: this peer is out of step for good. */
  onFailure(error: unknown): void;
}

/** Who waits for what this peer proposed. */
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
  readonly #host: ApplyHost;
  readonly #replies: BatchReplies;
  readonly #marks: OrderMarks;
  readonly #snapshots: StateSnapshots;
  readonly #deliveries: DeliveryGate;
  readonly #resume: () => void;
  readonly #whenIdle: (() => void)[] = [];
  readonly #queue: Queued[] = [];
  /** Of the batch under way. */
  readonly #pool = new RequestPool();
  /** The next batch, which waits for the disk: nothing of it has run. */
  #run: ProposalRun | undefined;
  #isRunning = false;
  #wasBusy = false;
  #isStopped = false;
  #isPaused = false;

  /** `resume` is called when batches are wanted again. */
  constructor(
    host: ApplyHost, replies: BatchReplies, marks: OrderMarks, snapshots: StateSnapshots,
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

  /** No further batch begins. Resolves when nothing of this uses the storage any more. */
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

  /** A batch that waits for the disk is finished first. */
  async installSnapshot(meta: Uint8Array): Promise<void> {
    await this.#idle();
    await this.#snapshots.install(meta);
    this.#replies.onApplied(this.#marks.position);
  }

  #idle(): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  /** Applies batches until one has to wait for the disk. */
  #goOn(): void {
    this.#isRunning = true;
    try {
      for (;;) {
        const next = this.#queue[0];
        if (next === undefined || (this.#isPaused && this.#run === undefined)) break;
        if (next.batch !== undefined && !this.#runBatch(next.batch)) return;
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

  /** False when the batch has to wait for the disk; it is run when that is read. */
  #runBatch(batch: OrderedBatch): boolean {
    const waited = this.#run;
    const run = waited ?? new ProposalRun(this.#host, batch, this.#pool);
    const keys = waited === undefined ? run.prefetch() : [];
    if (keys.length > 0) {
      this.#run = run;
      this.#load(keys);
      return false;
    }
    this.#run = undefined;
    const groups = this.#replies.takeGroups(batch.ticket);
    this.#deliveries.enter(batch.position);
    try {
      run.run(groups);
      this.#marks.note(this.#host.keyspace.storage, batch);
      this.#host.commit(batch.position);
    } catch (error) {
      // What they were told so far must not reach them: on other peers it may have gone otherwise.
      for (const { session } of groups) session?.link.lose();
      throw error;
    } finally {
      this.#deliveries.leave();
      this.#host.keyspace.isReadOnly = true;
      this.#pool.reset();
      for (const { resolve } of groups) resolve();
    }
    return true;
  }

  /** What cannot be read now is read again when the request asks for it, and says why. */
  #load(keys: readonly KeyToLoad[]): void {
    const { storage } = this.#host.keyspace;
    const noRelease = (): void => {};
    storage.load(keys).catch(() => noRelease).then((release) => {
      try {
        this.#goOn();
      } finally {
        release();
      }
    }, (error: unknown) => this.#fail(error));
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
