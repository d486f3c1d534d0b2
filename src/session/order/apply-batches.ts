/**
 * Applies batches of the total order, one after the other: the keys that a batch needs are brought
 * in first, then all of its requests run in one go and make one frame of the log, which carries the
 * position and the batch's id. So a restart finds a batch applied whole, with its position, or not
 * at all.
 *
 * Every peer does exactly this. What differs is only where replies go: requests of this peer's own
 * clients run in their sessions, others in one that nobody listens to.
 */

import type { CommandTable, TableEntry } from '../../commands/table.ts';
import { ByteRange } from '../../lib/byte-range.ts';
import { NEED_KEY, type KeyToLoad } from '../../keyspace/storage.ts';
import type { Keyspace } from '../../keyspace/keyspace.ts';
import { LOAD_ROUNDS_MAX, ORDERED_QUEUE_MAX } from '../../limits.ts';
import type { Args } from '../../protocol/args.ts';
import type { BatchId } from '../../replication/core/proposal.ts';
import type { OrderedBatch, OrderedState } from '../../replication/core/total-order-broadcast.ts';
import type { Session } from '../session.ts';
import type { OrderMarks } from './order-marks.ts';
import {
  ORDERED_EXPIRY, ORDERED_TRANSACTION, readOrderedRequests, type OrderedRequest,
} from './ordered-request.ts';
import type { PendingGroup } from './pending-group.ts';

/** What the executor does for a batch. */
export interface BatchHost {
  readonly keyspace: Keyspace;
  readonly table: CommandTable;
  /** A session without a client, for requests of other peers. */
  ghost(db: number): Session;
  /** Begins a batch: its time, and its seed for whatever is chosen at random. */
  beginBatch(timeMs: number, seed: readonly [number, number]): void;
  /** Appends the keys of a request that are not in RAM. */
  collectCold(entry: TableEntry, args: Args, db: number, cold: KeyToLoad[]): void;
  perform(session: Session, entry: TableEntry, args: Args): void;
  /** Runs commands as EXEC does. */
  performQueue(session: Session, commands: readonly Args[]): void;
  endBatch(): void;
  /** Ends the frame. */
  commit(position: number): void;
  /** Something is broken for good: a batch cannot be applied. */
  onFailure(error: unknown): void;
}

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
  #queue: Queued[] = [];
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
    if (!this.#isRunning) this.#run();
  }

  stop(): void {
    this.#isStopped = true;
    this.#queue = [];
  }

  /** Runs as far as nothing has to be waited for. */
  #run(): void {
    this.#isRunning = true;
    while (!this.#isStopped) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      const requests = next.batch === undefined ? [] : readOrderedRequests(next.batch.body);
      const cold = this.#cold(next.batch, requests);
      if (cold.length > 0) {
        this.#runLater(next, requests, cold).then(() => this.#run(), this.#host.onFailure);
        return;
      }
      this.#applyOne(next, requests);
    }
    this.#isRunning = false;
    if (this.#wasBusy) {
      this.#wasBusy = false;
      this.#resume();
    }
  }

  async #runLater(
    next: Queued, requests: readonly OrderedRequest[], first: KeyToLoad[],
  ): Promise<void> {
    const releases: (() => void)[] = [];
    try {
      for (let cold = first; cold.length > 0; cold = this.#cold(next.batch, requests)) {
        if (releases.length === LOAD_ROUNDS_MAX) {
          throw new Error('assertion failed: keys of a batch do not stay in RAM');
        }
        releases.push(await this.#host.keyspace.storage.load(cold));
      }
      if (!this.#isStopped) this.#applyOne(next, requests);
    } finally {
      for (const release of releases) release();
    }
  }

  #applyOne({ position, batch }: Queued, requests: readonly OrderedRequest[]): void {
    try {
      if (batch !== undefined) this.#applyBatch(batch, requests);
      this.#marks.position = position;
      this.#replies.onApplied(position);
    } catch (error) {
      this.#isStopped = true;
      this.#host.onFailure(error);
    }
  }

  #applyBatch(batch: OrderedBatch, requests: readonly OrderedRequest[]): void {
    const host = this.#host;
    const groups = this.#replies.takeGroups(batch.ticket);
    host.beginBatch(batch.timeMs, batch.seed);
    let group = 0;
    let member = 0;
    for (const request of requests) {
      const waiting = request.kind === ORDERED_EXPIRY ? undefined : groups[group];
      this.#applyRequest(request, waiting, waiting?.entries[member]);
      if (waiting === undefined) continue;
      member++;
      if (member < waiting.entries.length) continue;
      member = 0;
      group++;
    }
    this.#marks.note(host.keyspace.storage, batch);
    host.endBatch();
    host.commit(batch.position);
    for (const { resolve } of groups) resolve();
  }

  #applyRequest(
    request: OrderedRequest, waiting: PendingGroup | undefined, known: TableEntry | undefined,
  ): void {
    const { kind, db, commands } = request;
    const host = this.#host;
    if (kind === ORDERED_EXPIRY) return this.#removeExpired(db, commands);
    const isHeard = waiting !== undefined && !waiting.session.isEnded;
    const session = isHeard ? waiting.session : host.ghost(db);
    if (kind === ORDERED_TRANSACTION) return host.performQueue(session, commands);
    const args = commands[0]!;
    const entry = known ?? host.table.lookup(args);
    if (entry === undefined) throw new Error(`assertion failed: no command ${args.text(0)}`);
    host.perform(session, entry, args);
  }

  #removeExpired(db: number, commands: readonly Args[]): void {
    const keys = commands[0]!;
    const database = this.#host.keyspace.db(db);
    for (let i = 0; i < keys.count; i++) database.has(new ByteRange(keys.copy(i)));
  }

  /** Everything that the batch needs and that is not in RAM. */
  #cold(batch: OrderedBatch | undefined, requests: readonly OrderedRequest[]): KeyToLoad[] {
    const cold: KeyToLoad[] = [];
    if (batch === undefined) return cold;
    const { keyspace, table } = this.#host;
    this.#marks.collectCold(keyspace.storage, batch, cold);
    for (const { kind, db, commands } of requests) {
      if (kind === ORDERED_EXPIRY) this.#collectExpired(db, commands[0]!, cold);
      else this.#collectCommands(table, db, commands, cold);
    }
    return cold;
  }

  /** SELECT and SWAPDB in a queue change where the keys of others are. */
  #collectCommands(
    table: CommandTable, db: number, commands: readonly Args[], cold: KeyToLoad[],
  ): void {
    const databases = new Set([db]);
    const entries = commands.map((args) => table.lookup(args));
    entries.forEach((entry, i) => {
      for (const other of entry?.command.selects?.(commands[i]!) ?? []) {
        if (other !== undefined) databases.add(other);
      }
    });
    entries.forEach((entry, i) => {
      if (entry === undefined) return;
      for (const one of databases) this.#host.collectCold(entry, commands[i]!, one, cold);
    });
  }

  #collectExpired(db: number, keys: Args, cold: KeyToLoad[]): void {
    const { space } = this.#host.keyspace.db(db);
    const { storage } = this.#host.keyspace;
    for (let i = 0; i < keys.count; i++) {
      const key = keys.copy(i);
      if (!storage.isCold(space, new ByteRange(key), NEED_KEY)) continue;
      cold.push({ space, key, need: NEED_KEY });
    }
  }
}
