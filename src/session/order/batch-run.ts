/**
 * One batch on its way through the requests in it. It runs to its end at once, unless a request
 * needs what only the disk has: then it stops before that request, nothing is committed meanwhile,
 * and it goes on when that, and what the requests behind it need, is in RAM.
 */

import type { TableEntry } from '../../commands/table.ts';
import { ByteRange } from '../../lib/byte-range.ts';
import { collectCold } from '../../keyspace/collect-cold.ts';
import { NEED_KEY, type KeyToLoad } from '../../keyspace/storage.ts';
import { LOAD_ROUNDS_MAX } from '../../limits.ts';
import type { Args } from '../../protocol/args.ts';
import type { OrderedBatch } from '../../replication/core/total-order-broadcast.ts';
import type { Session } from '../session.ts';
import type { QueuedCommand } from '../transaction.ts';
import type { BatchHost } from './batch-host.ts';
import type { OrderMarks } from './order-marks.ts';
import {
  ORDERED_COMMAND, ORDERED_EXPIRY, ORDERED_TRANSACTION, ORDERED_UNWATCH, readOrderedRequests,
  type OrderedRequest,
} from './ordered-request.ts';
import type { PendingGroup } from './pending-group.ts';

/** Why a batch cannot be applied to its end at once. */
export type BatchObstacle =
  | { readonly kind: 'cold'; readonly keys: readonly KeyToLoad[] }
  | { readonly kind: 'wait'; readonly until: Promise<void> };

export class BatchRun {
  readonly #host: BatchHost;
  readonly #marks: OrderMarks;
  readonly #batch: OrderedBatch;
  readonly #takeGroups: () => readonly PendingGroup[];
  readonly #requests: readonly OrderedRequest[];
  readonly #releases: (() => void)[] = [];
  /** Filled and emptied within one `advance`. */
  readonly #cold: KeyToLoad[] = [];
  #groups: readonly PendingGroup[] | undefined;
  /** The next request; and who waits for it: which group, and which of its requests. */
  #next = 0;
  #group = 0;
  #member = 0;

  /** `takeGroups`: who waits for the batch, asked when its first request runs. */
  constructor(
    host: BatchHost, marks: OrderMarks, batch: OrderedBatch,
    takeGroups: () => readonly PendingGroup[],
  ) {
    this.#host = host;
    this.#marks = marks;
    this.#batch = batch;
    this.#takeGroups = takeGroups;
    this.#requests = readOrderedRequests(batch.body);
  }

  /** What was asked for is in RAM, until it is released. */
  keep(release: () => void): void {
    this.#releases.push(release);
    if (this.#releases.length > LOAD_ROUNDS_MAX + this.#next) {
      throw new Error('assertion failed: the keys of a batch do not stay in RAM');
    }
  }

  /** Undefined when the batch is applied; else what has to come about before it can go on. */
  advance(): BatchObstacle | undefined {
    const { exclusive } = this.#host;
    if (exclusive !== undefined) return this.#waitUntil(exclusive);
    while (this.#next < this.#requests.length) {
      if (this.#isCold(this.#next)) return this.#waitForKeys();
      this.#begin();
      const ended = this.#runNext(this.#groups!);
      if (ended !== undefined) return this.#waitUntil(ended);
    }
    if (this.#isMarkCold()) return this.#waitForKeys();
    this.#begin();
    this.#finish(this.#groups!);
    return undefined;
  }

  #begin(): void {
    if (this.#groups !== undefined) return;
    this.#groups = this.#takeGroups();
    this.#host.watchers.dropEarlier(this.#batch.id);
  }

  /** What this request and all behind it need comes in together. */
  #waitForKeys(): BatchObstacle {
    this.#host.endRequests();
    if (this.#groups !== undefined) this.#host.hold();
    for (let i = this.#next + 1; i < this.#requests.length; i++) this.#isCold(i);
    this.#isMarkCold();
    return { kind: 'cold', keys: this.#cold.splice(0) };
  }

  /** A transaction of its own that goes on may change things meanwhile. */
  #waitUntil(until: Promise<void>): BatchObstacle {
    if (this.#groups !== undefined) this.#host.hold();
    return { kind: 'wait', until };
  }

  /** A promise when the request goes on beyond this turn; the next one must wait for it. */
  #runNext(groups: readonly PendingGroup[]): Promise<void> | undefined {
    const { timeMs, seed } = this.#batch;
    const request = this.#requests[this.#next]!;
    const isAwaited = request.kind === ORDERED_COMMAND || request.kind === ORDERED_TRANSACTION;
    const waiting = isAwaited ? groups[this.#group] : undefined;
    // Each request has chances of its own, whatever else used the generator in between.
    this.#host.beginRequest(timeMs, [seed[0] ^ this.#next, seed[1]]);
    const ended = this.#perform(request, waiting, waiting?.entries[this.#member]);
    this.#next++;
    if (waiting !== undefined && ++this.#member === waiting.entries.length) {
      this.#member = 0;
      this.#group++;
    }
    return ended;
  }

  #finish(groups: readonly PendingGroup[]): void {
    const { keyspace } = this.#host;
    this.#host.watchers.write(keyspace.storage);
    this.#marks.note(keyspace.storage, this.#batch);
    this.#host.endRequests();
    try {
      this.#host.commit(this.#batch.position);
    } finally {
      // When the log has failed, the end of the turn makes errors of the replies.
      for (const release of this.#releases) release();
      for (const { resolve } of groups) resolve();
    }
  }

  #perform(
    request: OrderedRequest, waiting: PendingGroup | undefined, known: TableEntry | undefined,
  ): Promise<void> | undefined {
    const host = this.#host;
    const { kind, db, commands } = request;
    if (kind === ORDERED_EXPIRY) return void this.#removeExpired(db, commands);
    if (kind === ORDERED_UNWATCH) return void host.watchers.end(this.#batch.id, request.session);
    const own = waiting?.session?.isEnded === false ? waiting.session : undefined;
    const session = own ?? host.watchers.find(this.#batch.id, request.session) ?? host.ghost;
    if (own === undefined) session.dbIndex = db;
    if (kind === ORDERED_TRANSACTION) return host.performQueue(session, this.#queueOf(commands));
    const args = commands[0]!;
    const entry = known ?? this.#entryOf(args);
    if (entry.watches) this.#watch(request, waiting !== undefined, own, entry);
    else host.perform(session, entry, args);
    return undefined;
  }

  /** `isOwn`: of a client of this peer, which is `own` unless it is gone. */
  #watch(
    request: OrderedRequest, isOwn: boolean, own: Session | undefined, entry: TableEntry,
  ): void {
    const host = this.#host;
    const session = host.watchers.begin(this.#batch.id, request.session, own);
    if (own === undefined) session.dbIndex = request.db;
    host.perform(session, entry, request.commands[0]!);
    if (isOwn && own === undefined) host.onWatchLeft(request.session);
  }

  #removeExpired(db: number, commands: readonly Args[]): void {
    const keys = commands[0]!;
    const database = this.#host.keyspace.db(db);
    for (let i = 0; i < keys.count; i++) database.has(new ByteRange(keys.copy(i)));
  }

  // ---- What is not in RAM -----------------------------------------------------------------------

  /** A quick disk may have been asked meanwhile; what it said is there until the next `begin`. */
  #isCold(index: number): boolean {
    this.#host.keyspace.storage.begin();
    const before = this.#cold.length;
    this.#collect(this.#requests[index]!, this.#cold);
    return this.#cold.length > before;
  }

  #isMarkCold(): boolean {
    const { storage } = this.#host.keyspace;
    storage.begin();
    const before = this.#cold.length;
    this.#marks.collectCold(storage, this.#batch, this.#cold);
    this.#host.watchers.collectCold(storage, this.#cold);
    return this.#cold.length > before;
  }

  #collect({ kind, db, commands }: OrderedRequest, cold: KeyToLoad[]): void {
    if (kind === ORDERED_UNWATCH) return;
    if (kind === ORDERED_EXPIRY) return this.#collectExpired(db, commands[0]!, cold);
    const { coldKeys } = this.#host;
    if (kind === ORDERED_TRANSACTION) {
      const queue = this.#queueOf(commands);
      coldKeys.collectQueue(queue, db, cold);
      for (const { entry } of queue) this.#collectWatched(entry, cold);
      return;
    }
    const args = commands[0]!;
    const entry = this.#entryOf(args);
    coldKeys.collect(entry, args, db, cold);
    this.#collectWatched(entry, cold);
  }

  #queueOf(commands: readonly Args[]): QueuedCommand[] {
    return commands.map((args) => ({ entry: this.#entryOf(args), args }));
  }

  #entryOf(args: Args): TableEntry {
    const entry = this.#host.table.lookup(args);
    if (entry === undefined) throw new Error(`assertion failed: no command ${args.text(0)}`);
    return entry;
  }

  /** A write that names no key changes whole databases. */
  #collectWatched({ isWrite, command }: TableEntry, cold: KeyToLoad[]): void {
    if (!isWrite || command.keys !== undefined || command.visitKeys !== undefined) return;
    this.#host.watchers.collectAbsent(this.#host.keyspace, cold);
  }

  #collectExpired(db: number, keys: Args, cold: KeyToLoad[]): void {
    const { space } = this.#host.keyspace.db(db);
    const { storage } = this.#host.keyspace;
    for (let i = 0; i < keys.count; i++) collectCold(storage, space, keys.copy(i), NEED_KEY, cold);
  }
}
