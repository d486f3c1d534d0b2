/**
 * Requests of this peer's clients on their way into the total order.
 *
 * - What clients ask for in one turn becomes one batch, proposed at the turn's end (`flush`). The
 *   requests of one connection keep their order, because batches do.
 * - Their replies are written where the batch is applied (apply.ts), for the clients that still
 *   wait for it. One that is told UNKNOWN waits no longer; its batch is applied all the same.
 * - A read takes place here and now: what this peer has applied includes all that this connection
 *   was told before. A linearizable one first waits for a read index, which it shares with others.
 */

import type { Command, RequestLimits } from '../commands/command.ts';
import type { TableEntry } from '../commands/table.ts';
import { Args } from '../protocol/args.ts';
import { Random } from '../lib/random.ts';
import type { ExpiredOfHash } from '../keyspace/expired-fields.ts';
import {
  FEATURE_LEVEL_COLLECTIONS, FEATURE_LEVEL_VERSIONS,
} from '../raft/core/feature-level.ts';
import type {
  NotServing, OrderOutcome, TotalOrderBroadcast,
} from '../raft/core/total-order-broadcast.ts';
import type { Session } from '../session/session.ts';
import type { Requests } from '../engine/requests.ts';
import type { TakenTransaction } from '../session/transaction.ts';
import type { BatchReplies } from './apply.ts';
import { LogTime } from './log-time.ts';
import { OpenBatch, type ClosedBatch, type PendingGroup } from './open-batch.ts';
import {
  ORDERED_COMMAND, ORDERED_EXPIRY, ORDERED_FIELD_EXPIRY, ORDERED_TRANSACTION, ORDERED_WATCHED,
  encodeWatched,
  orderedBytesMax, type OrderedKind,
} from './proposal-body.ts';
import type { Attempt, RequestOrder } from '../engine/request-order.ts';
import { MiB } from '../lib/size-units.ts';

/** A batch with so much is closed: a peer that applies it does nothing else meanwhile. */
export const ORDERED_BATCH_BYTES_MAX = 1 * MiB;

/** Own batches that are broadcast and not applied; with more, the next ones wait here. */
export const ORDERED_WAITING_BYTES_MAX = 16 * MiB;

export interface ProposalsParts {
  readonly broadcast: TotalOrderBroadcast;
  readonly seed: readonly [number, number];
  /** How long a request may wait for a majority, milliseconds. */
  timeoutMs(): number;
  monotonicMs(): number;
  readonly isLinearizable: () => boolean;
  /** The highest position that is applied here, and the time of its batch. */
  readonly applied: { readonly position: number; readonly timeMs: number };
  /** What the configuration of this peer limits at present. */
  readonly limits: () => RequestLimits;
  /** This peer takes part no more; `text` is an error that says so. */
  onStopped(text: string): void;
  /** Writes an error as the reply to a request that will not run. */
  refuse(session: Session, entry: TableEntry, text: string): void;
}

/** A batch that waits for room. */
interface WaitingBatch extends ClosedBatch {
  readonly deadlineMs: number;
}

interface WaitingReader {
  readonly session: Session;
  /** Bytes that had arrived from its client when it asked. */
  readonly arrivedBytes: number;
  readonly resolve: () => void;
}

export class Proposals implements RequestOrder, OrderOutcome, BatchReplies {
  readonly #parts: ProposalsParts;
  readonly #random: Random;
  readonly #logTime: LogTime;
  readonly #open = new OpenBatch();
  /** Closed, but there is no room for them yet. */
  #closed: WaitingBatch[] = [];
  readonly #waiting = new Map<number, readonly PendingGroup[]>();
  /** Readers that ask for a read index at the next flush. */
  #readers: WaitingReader[] = [];
  readonly #asking = new Map<number, readonly WaitingReader[]>();
  /** Readers whose read index is not applied yet. */
  #behind: { readonly position: number; readonly readers: readonly WaitingReader[] }[] = [];
  #stopReason: string | undefined;
  /** `#limitsNow` of `#limitsFrom`. */
  #limits: RequestLimits | undefined;
  #limitsFrom: RequestLimits | undefined;

  constructor(parts: ProposalsParts) {
    this.#parts = parts;
    this.#random = new Random(...parts.seed);
    this.#logTime = new LogTime({
      monotonicMs: () => parts.monotonicMs(),
      applied: parts.applied,
      clockErrorMs: () => parts.broadcast.clockErrorMs,
    });
  }

  // ---- RequestOrder -----------------------------------------------------------------------------

  get timeMs(): number {
    return this.#parts.applied.timeMs;
  }

  get notServing(): NotServing | undefined {
    return this.#parts.broadcast.notServing;
  }

  get featureLevel(): number {
    return this.#parts.broadcast.featureLevel;
  }

  readTimeMs(nowMs: number): number {
    return this.#logTime.readTimeMs(nowMs);
  }

  refusal({ transaction }: Session, entry: TableEntry, args: Args): string | undefined {
    const refusal = this.#refusal();
    if (refusal !== undefined) return refusal;
    if (!entry.runsQueued) return this.#sizeRefusal([args]);
    const { queue } = transaction;
    const refused = queue.find((queued) => !mayOrder(queued.entry.command));
    if (refused === undefined) {
      const watched = encodeWatched(transaction.watched);
      return this.#sizeRefusal([watched, ...queue.map((queued) => queued.args)]);
    }
    const { name } = refused.entry.command;
    return `ERR with peers, a transaction that writes cannot hold '${name}'`;
  }

  #sizeRefusal(commands: readonly Args[]): string | undefined {
    const bytes = orderedBytesMax(commands);
    const { bodyBytesMax } = this.#parts.broadcast.capabilities;
    if (bytes <= bodyBytesMax) return undefined;
    return `ERR a write of ${bytes} bytes; with peers at most ${bodyBytesMax} are allowed`;
  }

  propose(session: Session, { entries, args }: Requests, from: number, to: number): Promise<void> {
    const { id } = session.link;
    let first = from;
    for (let i = from; i < to; i++) {
      const commands = [args[i]!];
      if (i > first && this.#wouldOverflow(commands)) {
        void this.#wait(session, entries.slice(first, i) as TableEntry[]);
        first = i;
      }
      this.#add(ORDERED_COMMAND, id, session.dbIndex, commands);
    }
    // Batches are applied in order, so the last of its groups is the last to have its replies.
    return this.#wait(session, entries.slice(first, to) as TableEntry[]);
  }

  attempt(session: Session, entry: TableEntry, args: Args, attempt: Attempt): void {
    this.#add(ORDERED_COMMAND, session.link.id, session.dbIndex, [args]);
    this.#enter({ session, entries: [entry], resolve: () => {}, attempt });
  }

  proposeTransaction(
    session: Session, exec: TableEntry, { queue, watched }: TakenTransaction,
  ): Promise<void> {
    const commands = queue.map(({ args }) => args);
    const kind = watched.length === 0 ? ORDERED_TRANSACTION : ORDERED_WATCHED;
    if (kind === ORDERED_WATCHED) commands.unshift(encodeWatched(watched));
    this.#add(kind, session.link.id, session.dbIndex, commands);
    return this.#wait(session, [exec]);
  }

  mayRead(session: Session, entry: TableEntry, args: Args): boolean {
    if (!entry.readsData || !this.#wantsLatest(session)) return true;
    return session.readableBytes >= session.link.bytesThrough(args);
  }

  waitToRead(session: Session): Promise<void> {
    return new Promise((resolve) => {
      const { arrivedBytes } = session.link;
      this.#readers.push({ session, arrivedBytes, resolve });
    });
  }

  /** The leader alone has keys removed whose time is over. */
  mayExpire(): boolean {
    return this.#refusal() === undefined && this.#parts.broadcast.status().role === 'leader';
  }

  async expire(db: number, keys: readonly Buffer[]): Promise<boolean> {
    if (!this.mayExpire()) return false;
    this.#add(ORDERED_EXPIRY, 0, db, [Args.ofBuffers(keys)]);
    const applied = this.#follow();
    this.flush();
    await applied;
    return true;
  }

  /** The same for fields of hashes, which older builds do not know. */
  async expireFields(db: number, hashes: readonly ExpiredOfHash[]): Promise<boolean> {
    if (!this.mayExpire() || this.featureLevel < FEATURE_LEVEL_COLLECTIONS) return false;
    const commands = hashes.map(({ key, fields }) => Args.ofBuffers([key, ...fields]));
    if (this.#sizeRefusal(commands) !== undefined) return false;
    this.#add(ORDERED_FIELD_EXPIRY, 0, db, commands);
    const applied = this.#follow();
    this.flush();
    await applied;
    return true;
  }

  /** The end of a turn: broadcasts what came in it. */
  flush(): void {
    this.#close();
    this.#askForReaders();
    this.#broadcastClosed();
    this.#parts.broadcast.flush();
  }

  // ---- BatchReplies -----------------------------------------------------------------------------

  takeGroups(ticket: number | undefined): readonly PendingGroup[] {
    if (ticket === undefined) return [];
    const groups = this.#waiting.get(ticket) ?? [];
    this.#waiting.delete(ticket);
    return groups;
  }

  /** More is applied: readers that waited for it may go on. */
  onApplied(position: number): void {
    this.#logTime.note();
    while ((this.#behind[0]?.position ?? Infinity) <= position) {
      letRead(this.#behind.shift()!.readers);
    }
    if (this.#closed.length > 0) this.flush();
  }

  // ---- OrderOutcome -----------------------------------------------------------------------------

  onExpired(ticket: number, mayApply: boolean): void {
    const ms = this.#parts.timeoutMs();
    this.#refuse(this.takeGroups(ticket), mayApply
      ? `UNKNOWN no majority of peers confirmed this within ${ms} ms: it may have been made, or ` +
        'be made soon, once'
      : `NOQUORUM no majority of peers within ${ms} ms: this was not made`, !mayApply);
    if (this.#closed.length > 0) this.flush();
  }

  onSkipped(tickets: readonly number[]): void {
    for (const ticket of tickets) {
      this.#refuse(this.takeGroups(ticket),
        'UNKNOWN this was made, but its reply is lost: this peer was brought up to date by ' +
        'another');
    }
  }

  onReadIndex(id: number, position: number): void {
    const readers = this.#asking.get(id) ?? [];
    this.#asking.delete(id);
    if (position <= this.#parts.applied.position) return letRead(readers);
    this.#behind.push({ position, readers });
    this.#behind.sort((one, other) => one.position - other.position);
  }

  onReadIndexFailed(id: number): void {
    const readers = this.#asking.get(id) ?? [];
    this.#asking.delete(id);
    const ms = this.#parts.timeoutMs();
    failToRead(readers, `NOQUORUM no majority of peers answered within ${ms} ms: a linearizable ` +
      'read needs one');
  }

  onStopped(reason: string): void {
    this.#stopReason = reason;
    this.#close();
    const groups = [...this.#waiting.values(), ...this.#closed.map((one) => one.groups)].flat();
    this.#waiting.clear();
    this.#closed = [];
    this.#refuse(groups, `UNKNOWN this peer stopped taking part (${reason}): this may have been ` +
      'made');
    const behind = this.#behind.flatMap((one) => one.readers);
    const readers = [...behind, ...[...this.#asking.values()].flat(), ...this.#readers];
    this.#readers = [];
    this.#behind = [];
    this.#asking.clear();
    const text = `NOQUORUM this peer stopped taking part: ${reason}`;
    failToRead(readers, text);
    this.#parts.onStopped(text);
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #refusal(): string | undefined {
    const reason = this.#stopReason ?? this.#parts.broadcast.refusal;
    return reason === undefined ? undefined : `NOQUORUM no majority of peers: ${reason}`;
  }

  #wantsLatest({ wantsLatest }: Session): boolean {
    return wantsLatest ?? this.#parts.isLinearizable();
  }

  #add(kind: OrderedKind, session: number, db: number, commands: readonly Args[]): void {
    if (this.#wouldOverflow(commands)) this.#close();
    const isDated = this.featureLevel >= FEATURE_LEVEL_VERSIONS;
    this.#open.add(kind, session, db, commands, isDated ? this.#limitsNow() : undefined);
  }

  /** What limits requests here, at the level that all peers know. */
  #limitsNow(): RequestLimits {
    const { featureLevel } = this;
    const limits = this.#parts.limits();
    if (limits !== this.#limitsFrom || featureLevel !== this.#limits?.featureLevel) {
      this.#limitsFrom = limits;
      this.#limits = { ...limits, featureLevel };
    }
    return this.#limits;
  }

  /** With this request the open batch would be larger than the engine takes. */
  #wouldOverflow(commands: readonly Args[]): boolean {
    const { bodyBytesMax } = this.#parts.broadcast.capabilities;
    return !this.#open.isEmpty && this.#open.bytes + orderedBytesMax(commands) > bodyBytesMax;
  }

  #wait(session: Session, entries: readonly TableEntry[]): Promise<void> {
    return new Promise((resolve) => void this.#enter({ session, entries, resolve }));
  }

  #enter(group: PendingGroup): void {
    this.#open.wait(group);
    if (this.#open.bytes >= ORDERED_BATCH_BYTES_MAX) this.#close();
  }

  #follow(): Promise<void> {
    return new Promise((resolve) => void this.#open.follow(resolve));
  }

  #close(): void {
    if (this.#open.isEmpty) return;
    const deadlineMs = this.#parts.monotonicMs() + this.#parts.timeoutMs();
    this.#closed.push({ ...this.#open.close(), deadlineMs });
  }

  /**
   * As many as there is room for; the others go when some are applied or given up. One whose time
   * is up by then is given up by the engine, which has not sent it.
   */
  #broadcastClosed(): void {
    const { broadcast } = this.#parts;
    while (this.#closed.length > 0 && broadcast.waitingBytes < ORDERED_WAITING_BYTES_MAX) {
      const { body, groups, deadlineMs } = this.#closed.shift()!;
      const seed = [this.#random.next(), this.#random.next()] as const;
      const timeoutMs = Math.max(0, deadlineMs - this.#parts.monotonicMs());
      const ticket = broadcast.broadcast(body, seed, timeoutMs);
      if (groups.length > 0) this.#waiting.set(ticket, groups);
    }
  }

  #askForReaders(): void {
    if (this.#readers.length === 0) return;
    const readers = this.#readers;
    this.#readers = [];
    const refusal = this.#refusal();
    if (refusal !== undefined) return failToRead(readers, refusal);
    this.#asking.set(this.#parts.broadcast.readIndex(this.#parts.timeoutMs()), readers);
  }

  #refuseOne(session: Session, entry: TableEntry, text: string): void {
    if (!session.isEnded) this.#parts.refuse(session, entry, text);
  }

  #refuse(groups: readonly PendingGroup[], text: string, isSurelyNotMade = false): void {
    for (const { session, entries, resolve, attempt } of groups) {
      attempt?.onRefused(text, isSurelyNotMade);
      if (attempt === undefined && session !== undefined) {
        for (const entry of entries) this.#refuseOne(session, entry, text);
      }
      resolve();
    }
  }
}

/** Administration in many turns would hold up what all peers do; other such commands only read. */
function mayOrder({ steps, flags }: Command): boolean {
  return steps === undefined || !flags.includes('admin');
}

function letRead(readers: readonly WaitingReader[]): void {
  for (const { session, arrivedBytes, resolve } of readers) {
    session.readableBytes = Math.max(session.readableBytes, arrivedBytes);
    resolve();
  }
}

function failToRead(readers: readonly WaitingReader[], text: string): void {
  for (const { session, resolve } of readers) {
    session.progress.readFailure = text;
    resolve();
  }
}
