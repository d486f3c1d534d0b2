/**
 * One member of a total-order broadcast, without I/O: Raft, its own batches until they are
 * delivered, and its reads until they may run. The shell feeds it (raft/shell), and so does
 * the simulator.
 *
 * After each call that takes `now` the owner does what `take` says, and calls `tick` at
 * `deadlineMs`. It pulls what is to be delivered: entries up to `deliverable`, each given to
 * `deliver` once, in order.
 */

import { ReadIndexRequests, type ReadIndexReady } from './read-index-requests.ts';
import type { LogEntry, MemberId } from './entry.ts';
import type { MembersTarget, Now, RaftEvent, RaftStatus, Update } from './event.ts';
import { DuplicateDetection } from './duplicate-detection.ts';
import { ProposalQueue, type Expired } from './proposal-queue.ts';
import { decodeProposal, type BatchId, type Proposal } from './proposal.ts';
import { Raft } from './raft.ts';
import type { RaftOptions, RaftStart } from './raft-options.ts';

export interface ReplicaOptions extends RaftOptions {
  /** Greater with each start of this member. */
  readonly epoch: number;
  /** That of the start before; absent: none is known between that and this one. */
  readonly previousEpoch?: number | undefined;
}

/**
 * Numbers of read index requests have 48 bits on a link; no start gets as far as to those of the
 * next.
 */
const REQUESTS_OF_EPOCH = 2 ** 40;
export const EPOCHS_APART = 2 ** 8;

/** What a replica wants done, beside what Raft wants. */
export interface ReplicaUpdate extends Update {
  readonly readIndexesReady: readonly ReadIndexReady[];
  readonly readIndexesFailed: readonly number[];
  readonly expired: readonly Expired[];
}

/** A batch to apply. */
export interface Delivery {
  readonly position: number;
  readonly timeMs: number;
  readonly proposal: Proposal;
  /** The ticket that `broadcast` gave, when it is this start's own and a client waits for it. */
  readonly ticket: number | undefined;
}

export class Replica {
  readonly #raft: Raft;
  readonly #id: MemberId;
  readonly #epoch: number;
  readonly #previousEpoch: number;
  #forgottenEpoch: number | undefined;
  readonly #proposals: ProposalQueue;
  readonly #readIndexRequests: ReadIndexRequests;
  readonly origins = new DuplicateDetection();
  /** The leader that was last sent batches and read index requests. */
  #leader: MemberId | undefined;
  #term = 0;
  #ready: ReadIndexReady[] = [];
  #failed: number[] = [];
  #expired: Expired[] = [];

  constructor(options: ReplicaOptions, start: RaftStart, now: Now) {
    const { id, epoch, previousEpoch = epoch, electionTimeoutMs } = options;
    this.#id = id;
    this.#epoch = epoch;
    this.#previousEpoch = previousEpoch;
    this.#raft = new Raft(options, start, now);
    this.#proposals = new ProposalQueue({
      origin: id, epoch, resendMs: electionTimeoutMs, resendMsMax: electionTimeoutMs * 8,
    });
    const firstRequest = epoch % EPOCHS_APART * REQUESTS_OF_EPOCH;
    this.#readIndexRequests = new ReadIndexRequests(electionTimeoutMs / 2, firstRequest);
  }

  get status(): RaftStatus {
    return this.#raft.status;
  }

  get raft(): Raft {
    return this.#raft;
  }

  /** A start of this member that its directory knows nothing of: that is an older copy. */
  get forgottenEpoch(): number | undefined {
    return this.#forgottenEpoch;
  }

  /** Bytes of own batches that are not delivered yet. */
  get outgoingBytes(): number {
    return this.#proposals.bytes;
  }

  get deadlineMs(): number {
    const expiryMs = Math.min(this.#proposals.expiryMs, this.#readIndexRequests.expiryMs);
    const dueMs = Math.min(this.#raft.deadlineMs, expiryMs);
    if (this.#leader === undefined) return dueMs;
    return Math.min(dueMs, this.#proposals.resendAtMs, this.#readIndexRequests.sendAgainAtMs);
  }

  get deliverable(): number {
    return this.#raft.deliverable;
  }

  /**
   * Puts a batch into the order; returns its ticket. `body` is owned from now on. Nothing is sent
   * before `take`, so that the owner can note the ticket first.
   */
  broadcast(
    body: Uint8Array, seed: readonly [number, number], timeoutMs: number, now: Now,
  ): number {
    return this.#proposals.add(body, seed, now.monotonicMs + timeoutMs);
  }

  /**
   * Asks for the index that a read must wait for; returns the id in `readIndexesReady`. As above.
   */
  readIndex(timeoutMs: number, now: Now): number {
    return this.#readIndexRequests.add(now.monotonicMs + timeoutMs);
  }

  step(event: RaftEvent, now: Now): void {
    this.#raft.step(event, now);
  }

  membersRefusal(target: MembersTarget): string | undefined {
    return this.#raft.membersRefusal(target);
  }

  /**
   * The next entry in order, committed and durable. Returns the batch in it if it is to be applied.
   * Nothing more may be delivered once `forgottenEpoch` is set.
   */
  deliver(entry: LogEntry, now: Now): Delivery | undefined {
    if (entry.kind !== 'batch') return undefined;
    const proposal = decodeProposal(entry.payload);
    if (proposal === undefined) throw new Error('assertion failed: no proposal in a batch entry');
    if (this.#noteIfForgotten(proposal)) return undefined;
    if (!this.origins.accept(proposal)) return undefined;
    const { index: position, timeMs } = entry;
    const [ticket] = this.#isOwn(proposal)
      ? this.#proposals.delivered(proposal.number, now.monotonicMs) : [];
    return { position, timeMs, proposal, ticket };
  }

  /**
   * The state was replaced by a snapshot, and `origins` is restored: the tickets of own batches
   * that are in it. They were applied, but with what result is not known here.
   */
  skipDelivered(now: Now): number[] {
    const mark = this.origins.marks().get(this.#id);
    if (mark !== undefined && this.#noteIfForgotten({ origin: this.#id, ...mark })) return [];
    const number = this.origins.numberOf(this.#id, this.#epoch);
    return this.#proposals.delivered(number, now.monotonicMs);
  }

  take(now: Now): ReplicaUpdate {
    this.#settle(now);
    // Named one by one: spreading an object here took half of a simulation's time.
    const { install, hardState, entries, messages, logReads, snapshots, dropped } =
      this.#raft.take();
    const readIndexesReady = this.#ready;
    const readIndexesFailed = this.#failed;
    const expired = this.#expired;
    this.#ready = [];
    this.#failed = [];
    this.#expired = [];
    return {
      install, hardState, entries, messages, logReads, snapshots, dropped,
      readIndexesReady, readIndexesFailed, expired,
    };
  }

  /** Own batches are still on their way to the leader: they are not sent once more meanwhile. */
  postponeResend(now: Now): void {
    this.#proposals.postponeResend(now.monotonicMs);
  }

  /** Sends what is to be sent, asks what is to be asked, and gives up what took too long. */
  #settle(now: Now): void {
    const { monotonicMs } = now;
    const { leader, term } = this.#raft.status;
    if (leader !== this.#leader || term !== this.#term) {
      this.#leader = leader;
      this.#term = term;
      this.#proposals.forgetSent();
      this.#readIndexRequests.sendAgain();
    }
    this.#expired.push(...this.#proposals.expire(monotonicMs));
    this.#failed.push(...this.#readIndexRequests.expire(monotonicMs));
    if (leader === undefined) return void this.#raft.takeReads();
    this.#proposals.maybeResend(monotonicMs);
    const payloads = this.#proposals.unsent(monotonicMs);
    if (payloads.length > 0) this.#raft.step({ kind: 'propose', payloads }, now);
    this.#read(now);
  }

  /** Asks for the reads that wait. A leader without others may answer at once: then once more. */
  #read(now: Now): void {
    for (;;) {
      for (const { request, index } of this.#raft.takeReads()) {
        this.#ready.push(...this.#readIndexRequests.answered(request, index));
      }
      const request = this.#readIndexRequests.nextRequest(now.monotonicMs);
      if (request === undefined) return;
      this.#raft.step({ kind: 'read', request }, now);
    }
  }

  /** True when this member has proposed it, and its directory does not know that. */
  #noteIfForgotten({ origin, epoch, number }: BatchId): boolean {
    if (origin !== this.#id) return false;
    const isKnown = epoch === this.#epoch
      ? number <= this.#proposals.lastNumber : epoch <= this.#previousEpoch;
    if (!isKnown) this.#forgottenEpoch = epoch;
    return !isKnown;
  }

  #isOwn({ origin, epoch }: Proposal): boolean {
    return origin === this.#id && epoch === this.#epoch;
  }
}
