/**
 * One delivered batch: what of it has to be read from disk, and then all of its requests in one go,
 * in the order's time and with the order's randomness. Every peer does exactly this.
 *
 * What differs between peers is only where replies go: to a client of this peer that still waits
 * for them, in its own session, which waits for nothing else meanwhile; or nowhere, in a session
 * that stands for the clients of others.
 *
 * What it throws is a reason for this peer to stop: the others have done it.
 */

import type { RequestLimits } from '../commands/command.ts';
import type { CommandTable, TableEntry } from '../commands/table.ts';
import type { Environment } from '../engine/environment.ts';
import { lookAt } from '../engine/look-at.ts';
import type { Prefetch } from '../engine/prefetch.ts';
import type { Attempt } from '../engine/request-order.ts';
import type { Runner } from '../engine/runner.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import { NEED_KEY, type KeyToLoad } from '../keyspace/storage.ts';
import { removeExpiredFields } from '../keyspace/expired-fields.ts';
import { ByteRange } from '../lib/byte-range.ts';
import { Random } from '../lib/random.ts';
import { FEATURE_LEVEL_COLLECTIONS } from '../raft/core/feature-level.ts';
import { LOOKAHEAD_KEYS_MAX } from '../keyspace/limits.ts';
import { Args } from '../protocol/args.ts';
import type { OrderedBatch } from '../raft/core/total-order-broadcast.ts';
import type { Session } from '../session/session.ts';
import type { QueuedRequest } from '../session/transaction.ts';
import type { PendingGroup } from './open-batch.ts';
import {
  ORDERED_COMMAND, ORDERED_EXPIRY, ORDERED_FIELD_EXPIRY, ORDERED_LIMITS, ORDERED_TRANSACTION,
  ORDERED_WATCHED,
  USUAL_LIMITS, decodeLimits, decodeWatched, readOrderedRequests, type OrderedRequest,
} from './proposal-body.ts';
import type { RequestPool } from './request-pool.ts';

export interface ProposalHost {
  readonly keyspace: Keyspace;
  readonly table: CommandTable;
  readonly runner: Runner;
  readonly prefetch: Prefetch;
  /** Stands for clients that do not wait for a reply here. */
  readonly applySession: Session;
}

const EXEC = Args.of('EXEC');

/** The version of what has not changed since versions are kept (Storage.version). */
const UNDATED = 1;

export class ProposalRun {
  readonly #host: ProposalHost;
  readonly #batch: OrderedBatch;
  readonly #requests: readonly OrderedRequest[];
  /** Of plain commands; the others have none here. */
  readonly #entries: (TableEntry | undefined)[] = [];
  readonly #args: Args[] = [];
  #groups: readonly PendingGroup[] = [];
  #limits: RequestLimits = USUAL_LIMITS;
  /** The next request; and who waits for it: which group, and which of its requests. */
  #next = 0;
  #lookedUpTo = 0;
  #group = 0;
  #member = 0;

  /** `pool` lends it the requests until it has ended. */
  constructor(host: ProposalHost, batch: OrderedBatch, pool: RequestPool) {
    this.#host = host;
    this.#batch = batch;
    this.#requests = readOrderedRequests(batch.body, pool);
    for (const { kind, commands } of this.#requests) {
      const args = commands[0];
      const isPlain = kind === ORDERED_COMMAND && args !== undefined;
      this.#entries.push(isPlain ? this.#entryOf(args) : undefined);
      this.#args.push(args ?? EXEC);
    }
  }

  /** What the requests need of the disk; for speed alone. */
  prefetch(): KeyToLoad[] {
    const keys: KeyToLoad[] = [];
    const count = this.#requests.length;
    for (let i = 0; i < count; i++) {
      if (i >= this.#lookedUpTo) this.#lookAhead(i);
      this.#collect(i, keys);
    }
    // What was looked up serves the run as well if it is for all requests.
    if (count > LOOKAHEAD_KEYS_MAX) this.#lookedUpTo = 0;
    return keys;
  }

  #collect(i: number, keys: KeyToLoad[]): void {
    const { keyspace, prefetch } = this.#host;
    const { kind, db, commands } = this.#requests[i]!;
    keyspace.storage.begin();
    const entry = this.#entries[i];
    if (entry !== undefined) prefetch.collect(entry, this.#args[i]!, db, keys);
    else if (kind === ORDERED_TRANSACTION || kind === ORDERED_WATCHED) {
      const queue = kind === ORDERED_WATCHED ? commands.slice(1) : commands;
      prefetch.collectQueue(this.#queueOf(queue), db, keys);
    }
  }

  /** Runs all of it. `groups`: who waits for the batch, in order. */
  run(groups: readonly PendingGroup[]): void {
    this.#groups = groups;
    // On every peer the same: builds that date nothing may have taken part.
    const isDated = this.#requests[0]?.kind === ORDERED_LIMITS;
    this.#host.keyspace.storage.logIndex = isDated ? this.#batch.position : UNDATED;
    while (this.#next < this.#requests.length) {
      if (this.#next >= this.#lookedUpTo) this.#lookAhead(this.#next);
      this.#runNext(this.#requests[this.#next]!);
    }
    this.#host.keyspace.storage.lookahead.clear();
  }

  #runNext(request: OrderedRequest): void {
    switch (request.kind) {
      case ORDERED_COMMAND: return this.#runCommands(request);
      case ORDERED_TRANSACTION: return this.#runTransaction(request, request.commands, []);
      case ORDERED_WATCHED:
        return this.#runTransaction(
          request, request.commands.slice(1), decodeWatched(request.commands[0]!));
      case ORDERED_LIMITS: this.#limits = decodeLimits(request.commands[0]!); break;
      case ORDERED_EXPIRY: this.#removeExpired(request); break;
      case ORDERED_FIELD_EXPIRY: this.#removeExpiredFields(request); break;
      default: break;
    }
    this.#next += 1;
  }

  /** The next request and those behind it of the same client, or of clients of other peers. */
  #runCommands({ db }: OrderedRequest): void {
    const waiting = this.#groups[this.#group];
    const session = this.#sessionOf(waiting, db);
    const most = waiting === undefined ? Infinity : waiting.entries.length - this.#member;
    const end = Math.min(this.#lookedUpTo, this.#next + most);
    let to = this.#next + 1;
    while (to < end && this.#entries[to] !== undefined && this.#requests[to]!.db === db) to += 1;
    const requests = { entries: this.#entries, args: this.#args };
    const env = this.#environment(session, 0);
    const isRetry = waiting?.attempt?.isRetry === true;
    this.#host.runner.run(requests, this.#next, to, isRetry ? { ...env, isRetry } : env);
    if (waiting?.attempt !== undefined) this.#endAttempt(waiting.attempt, session);
    this.#ran(to - this.#next, waiting);
    this.#dropReplies(session);
  }

  /** It was applied. What it took is lost if its client has gone. */
  #endAttempt(attempt: Attempt, session: Session): void {
    const isLost = session === this.#host.applySession && session.reply.errorAt(0) === undefined;
    attempt.onApplied(this.#host.runner.wait, !isLost);
  }

  #runTransaction(
    { db }: OrderedRequest, commands: readonly Args[], watched: ReturnType<typeof decodeWatched>,
  ): void {
    const waiting = this.#groups[this.#group];
    const session = this.#sessionOf(waiting, db);
    const exec = this.#entryOf(EXEC);
    const transaction = { queue: this.#queueOf(commands), watched };
    this.#host.runner.runTransaction(
      transaction, exec, EXEC, this.#environment(session, this.#next));
    this.#ran(1, waiting);
    this.#dropReplies(session);
  }

  #environment(session: Session, firstIndex: number): Environment {
    const { timeMs, seed } = this.#batch;
    return {
      session, nowMs: timeMs, limits: this.#limits, seed, firstIndex,
      isAwaited: session !== this.#host.applySession, prefetchedTo: Infinity,
      isInTransaction: false, isRetry: false,
    };
  }

  #ran(count: number, waiting: PendingGroup | undefined): void {
    this.#next += count;
    if (waiting === undefined) return;
    this.#member += count;
    if (this.#member < waiting.entries.length) return;
    this.#member = 0;
    this.#group += 1;
  }

  /** Of a client that waits its own: nothing that changes its database is taken meanwhile. */
  #sessionOf(waiting: PendingGroup | undefined, db: number): Session {
    const own = waiting?.session;
    if (own !== undefined && !own.isEnded) {
      // Other peers run it in `db`: to stop is better than to differ from them.
      if (own.dbIndex !== db) throw new Error('assertion failed: the client has another database');
      return own;
    }
    const { applySession } = this.#host;
    applySession.dbIndex = db;
    return applySession;
  }

  #dropReplies(session: Session): void {
    if (session === this.#host.applySession) session.reply.rewind(0);
  }

  #removeExpired({ db, commands }: OrderedRequest): void {
    const { keyspace } = this.#host;
    const keys = commands[0]!;
    const database = keyspace.db(db);
    keyspace.now = this.#batch.timeMs;
    keyspace.isReadOnly = false;
    for (let i = 0; i < keys.count; i++) {
      keyspace.storage.begin();
      database.find(new ByteRange(keys.copy(i)), NEED_KEY);
    }
  }

  #removeExpiredFields({ db, commands }: OrderedRequest): void {
    const { keyspace } = this.#host;
    const { timeMs, seed } = this.#batch;
    keyspace.now = timeMs;
    keyspace.isReadOnly = false;
    keyspace.collections.mayCut = this.#limits.featureLevel >= FEATURE_LEVEL_COLLECTIONS;
    const random = new Random(seed[0] ^ this.#next, seed[1]);
    for (const args of commands) {
      keyspace.storage.begin();
      const [key, ...fields] = Array.from({ length: args.count }, (_, i) =>
        new ByteRange(args.copy(i)));
      removeExpiredFields(keyspace.db(db), key!, fields, timeMs, random);
    }
  }

  /** Looks up what the requests from `from` on need, side by side. */
  #lookAhead(from: number): void {
    const { keyspace } = this.#host;
    const { lookahead } = keyspace.storage;
    const end = Math.min(from + LOOKAHEAD_KEYS_MAX, this.#requests.length);
    lookahead.clear();
    for (let i = from; i < end; i++) {
      const entry = this.#entries[i];
      if (entry === undefined) continue;
      lookAt(lookahead, keyspace.db(this.#requests[i]!.db).space, this.#args[i]!, entry.command);
    }
    lookahead.run();
    this.#lookedUpTo = end;
  }

  #queueOf(commands: readonly Args[]): QueuedRequest[] {
    return commands.map((args) => ({ entry: this.#entryOf(args), args }));
  }

  #entryOf(args: Args): TableEntry {
    const entry = this.#host.table.lookup(args);
    if (entry === undefined) throw new Error(`assertion failed: no command ${args.text(0)}`);
    return entry;
  }
}
