/**
 * Applies batches of the total order, one after the other: the keys that a batch needs are brought
 * in first, then its requests run in one go (batch-run.ts) and make one frame of the log, which
 * carries the position and the batch's id. So a restart finds a batch applied whole, with its
 * position, or not at all.
 *
 * Every peer does exactly this. What differs is only where replies go: requests of this peer's own
 * clients run in their sessions, others in one that nobody listens to.
 */

import type { KeyToLoad } from '../../keyspace/storage.ts';
import { ORDERED_QUEUE_MAX } from '../../limits.ts';
import type { BatchId } from '../../replication/core/proposal.ts';
import type { OrderedBatch, OrderedState } from '../../replication/core/total-order-broadcast.ts';
import type { BatchHost } from './batch-host.ts';
import { BatchRun } from './batch-run.ts';
import type { OrderMarks } from './order-marks.ts';
import type { PendingGroup } from './pending-group.ts';

/** Who waits for what this peer broadcast. */
export interface BatchReplies {
  takeGroups(ticket: number | undefined): readonly PendingGroup[];
  onApplied(position: number): void;
}

interface Queued {
  readonly position: number;
  readonly batch: OrderedBatch | undefined;
}

export class ApplyBatches implements OrderedState {
  readonly #host: BatchHost;
  readonly #replies: BatchReplies;
  readonly #marks: OrderMarks;
  readonly #resume: () => void;
  readonly #queue: Queued[] = [];
  /** The batch under way, which waits for the disk unless this runs right now. */
  #run: BatchRun | undefined;
  #isRunning = false;
  #wasBusy = false;
  #isStopped = false;

  /** `resume` is called when batches are wanted again. */
  constructor(host: BatchHost, replies: BatchReplies, marks: OrderMarks, resume: () => void) {
    this.#host = host;
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
    const isBusy = this.#queue.length >= ORDERED_QUEUE_MAX;
    if (isBusy) this.#wasBusy = true;
    return isBusy;
  }

  apply(position: number, batch: OrderedBatch | undefined): void {
    this.#queue.push({ position, batch });
    if (!this.#isRunning) this.#goOn();
  }

  stop(): void {
    this.#isStopped = true;
    this.#queue.length = 0;
  }

  /** Runs as far as nothing has to be waited for. */
  #goOn(): void {
    this.#isRunning = true;
    try {
      while (!this.#isStopped) {
        const next = this.#queue[0];
        if (next === undefined) break;
        const cold = next.batch === undefined ? undefined : this.#runBatch(next.batch);
        if (cold !== undefined) return this.#waitFor(cold);
        this.#queue.shift();
        this.#marks.position = next.position;
        this.#replies.onApplied(next.position);
      }
    } catch (error) {
      return this.#fail(error);
    }
    this.#isRunning = false;
    if (!this.#wasBusy) return;
    this.#wasBusy = false;
    this.#resume();
  }

  /** Undefined when the batch is applied; else what has to be brought in first. */
  #runBatch(batch: OrderedBatch): KeyToLoad[] | undefined {
    this.#run ??= new BatchRun(this.#host, this.#marks, batch, () => {
      return this.#replies.takeGroups(batch.ticket);
    });
    const cold = this.#run.advance();
    if (cold === undefined) this.#run = undefined;
    return cold;
  }

  #waitFor(cold: readonly KeyToLoad[]): void {
    const run = this.#run;
    this.#host.keyspace.storage.load(cold).then((release) => {
      run?.keep(release);
      this.#goOn();
    }).catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return;
    this.stop();
    this.#host.onFailure(error);
  }
}
