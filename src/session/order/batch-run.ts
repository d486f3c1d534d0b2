/**
 * One batch on its way through the requests in it. It runs to its end at once, unless a request
 * needs what only the disk has: then it stops before that request, nothing is committed meanwhile,
 * and it goes on when that, and what the requests behind it need, is in RAM.
 *
 * What the next requests need is looked up side by side, and requests for one brief command that
 * follow each other in one session run in a row, as those that arrive from a client do.
 */

import type { TableEntry } from '../../commands/table.ts';
import { ByteRange } from '../../lib/byte-range.ts';
import { collectCold } from '../../keyspace/collect-cold.ts';
import { NEED_KEY, type KeyToLoad } from '../../keyspace/storage.ts';
import { LOAD_ROUNDS_MAX, LOOKAHEAD_KEYS_MAX } from '../../limits.ts';
import type { Args } from '../../protocol/args.ts';
import type { OrderedBatch } from '../../replication/core/total-order-broadcast.ts';
import type { Session } from '../session.ts';
import type { QueuedCommand } from '../transaction.ts';
import { lookAt } from '../look-at.ts';
import type { BatchHost } from './batch-host.ts';
import type { OrderMarks } from './order-marks.ts';
import {
  ORDERED_COMMAND, ORDERED_EXPIRY, ORDERED_TRANSACTION, ORDERED_UNWATCH, readOrderedRequests,
  type OrderedRequest,
} from './ordered-request.ts';
import type { PendingGroup } from './pending-group.ts';
import type { RequestPool } from './request-pool.ts';

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
  readonly #beforeEach = (i: number): void => this.#beginRequest(this.#next + i);
  readonly #row: Args[] = [];
  /** Those of commands, as far as was looked ahead. */
  readonly #entries: (TableEntry | undefined)[] = [];
  #lookedUpTo = 0;
  #groups: readonly PendingGroup[] | undefined;
  /** The next request; and who waits for it: which group, and which of its requests. */
  #next = 0;
  #group = 0;
  #member = 0;

  /**
   * `pool` is its own until it ends. `takeGroups`: who waits for the batch, asked when its first
   * request runs.
   */
  constructor(
    host: BatchHost, marks: OrderMarks, pool: RequestPool, batch: OrderedBatch,
    takeGroups: () => readonly PendingGroup[],
  ) {
    this.#host = host;
    this.#marks = marks;
    this.#batch = batch;
    this.#takeGroups = takeGroups;
    this.#requests = readOrderedRequests(batch.body, pool);
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
    const { exclusive, keyspace } = this.#host;
    if (exclusive !== undefined) return this.#waitUntil(exclusive);
    const obstacle = this.#runRequests();
    this.#lookedUpTo = 0;
    keyspace.storage.lookahead.clear();
    return obstacle;
  }

  #runRequests(): BatchObstacle | undefined {
    while (this.#next < this.#requests.length) {
      if (this.#next >= this.#lookedUpTo) this.#lookAhead();
      if (this.#groups === undefined) {
        if (this.#isCold(this.#next)) return this.#waitForKeys();
        this.#begin();
      }
      if (this.#runRow(this.#groups!)) continue;
      if (this.#isCold(this.#next)) return this.#waitForKeys();
      const ended = this.#runNext(this.#groups!);
      if (ended !== undefined) return this.#waitUntil(ended);
    }
    if (this.#isMarkCold()) return this.#waitForKeys();
    if (this.#groups === undefined) this.#begin();
    this.#finish(this.#groups!);
    return undefined;
  }

  #begin(): void {
    this.#groups = this.#takeGroups();
    this.#host.keyspace.storage.logIndex = this.#batch.position;
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
    const request = this.#requests[this.#next]!;
    const isAwaited = request.kind === ORDERED_COMMAND || request.kind === ORDERED_TRANSACTION;
    const waiting = isAwaited ? groups[this.#group] : undefined;
    this.#beginRequest(this.#next);
    const ended = this.#perform(request, waiting);
    this.#ran(1, waiting);
    return ended;
  }

  /** Each request has chances of its own, whatever else used the generator in between. */
  #beginRequest(index: number): void {
    const { timeMs, seed } = this.#batch;
    this.#host.beginRequest(timeMs, [seed[0] ^ index, seed[1]]);
  }

  #ran(count: number, waiting: PendingGroup | undefined): void {
    this.#next += count;
    if (waiting === undefined) return;
    this.#member += count;
    if (this.#member < waiting.entries.length) return;
    this.#member = 0;
    this.#group++;
  }

  /** True when some requests have run in a row; else the next one goes its own way. */
  #runRow(groups: readonly PendingGroup[]): boolean {
    const entry = this.#entries[this.#next];
    if (entry?.isBrief !== true) return false;
    const waiting = groups[this.#group];
    const { session: number, db } = this.#requests[this.#next]!;
    const session = this.#sessionOf(waiting, number, db);
    if (!this.#host.mayRow(session)) return false;
    const count = this.#fillRow(entry, db, waiting, session);
    this.#host.keyspace.storage.begin();
    const { timeMs } = this.#batch;
    const ran = this.#host.performRow(session, entry, this.#row, count, timeMs, this.#beforeEach);
    this.#ran(ran, waiting);
    return ran > 0;
  }

  /** How many requests from the next one on can run in a row: their arguments are in `#row`. */
  #fillRow(
    entry: TableEntry, db: number, waiting: PendingGroup | undefined, session: Session,
  ): number {
    // A group is of one session. Those of other peers' clients share one, unless somebody watches.
    const { ghost, watchers } = this.#host;
    const isAlone = waiting === undefined && (session !== ghost || watchers.count > 0);
    const most = waiting === undefined ? Infinity : waiting.entries.length - this.#member;
    const end = isAlone ? this.#next + 1 : Math.min(this.#lookedUpTo, this.#next + most);
    let count = 0;
    for (let i = this.#next; i < end; i++) {
      const request = this.#requests[i]!;
      if (this.#entries[i] !== entry || request.db !== db) break;
      this.#row[count++] = request.commands[0]!;
    }
    return count;
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
    request: OrderedRequest, waiting: PendingGroup | undefined,
  ): Promise<void> | undefined {
    const host = this.#host;
    const { kind, db, commands } = request;
    if (kind === ORDERED_EXPIRY) return void this.#removeExpired(db, commands);
    if (kind === ORDERED_UNWATCH) return void host.watchers.end(this.#batch.id, request.session);
    const args = commands[0]!;
    const entry = this.#entries[this.#next];
    if (entry?.watches === true) {
      return void this.#watch(request, waiting !== undefined, ownOf(waiting), entry);
    }
    const session = this.#sessionOf(waiting, request.session, db);
    if (kind === ORDERED_TRANSACTION) return host.performQueue(session, this.#queueOf(commands));
    return void host.perform(session, entry ?? this.#entryOf(args), args);
  }

  /** Where a request runs: in its client's session, or in one that stands for it. */
  #sessionOf(waiting: PendingGroup | undefined, number: number, db: number): Session {
    const own = ownOf(waiting);
    if (own !== undefined) return own;
    const { watchers, ghost } = this.#host;
    const session = watchers.find(this.#batch.id, number) ?? ghost;
    session.dbIndex = db;
    return session;
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

  /** Looks up what the next requests need. */
  #lookAhead(): void {
    const { keyspace } = this.#host;
    const { lookahead } = keyspace.storage;
    const end = Math.min(this.#next + LOOKAHEAD_KEYS_MAX, this.#requests.length);
    lookahead.clear();
    for (let i = this.#next; i < end; i++) {
      const { kind, db, commands } = this.#requests[i]!;
      if (kind !== ORDERED_COMMAND) continue;
      const args = commands[0]!;
      const entry = this.#entryOf(args);
      this.#entries[i] = entry;
      lookAt(lookahead, keyspace.db(db).space, args, entry.command);
    }
    lookahead.run();
    this.#lookedUpTo = end;
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

/** The session of an own client that waits for the request, unless it has gone. */
function ownOf(waiting: PendingGroup | undefined): Session | undefined {
  return waiting?.session?.isEnded === false ? waiting.session : undefined;
}
