/**
 * The replicated log on disk: entries, the hard state, and the base before the first entry (Raft,
 * figure 2, persistent state). FORMAT.md draws the files; open-raft-log.ts opens them.
 *
 * `append` changes what is known in RAM at once and queues the bytes; `flush` sends them on their
 * way. Every change has a ticket: it is durable when `durable.ticket` has reached it, and until
 * then no message may go out that relies on it.
 *
 * Invariants:
 * - Entries have no gaps: an entry is the next one, or it replaces those from its index on.
 * - What is durable stays, whatever happens; what was replaced by something durable never returns.
 * - At any time only the newest segment has bytes that are not durable.
 *
 * It fails once (group-commit.ts): then `failure` says why, `append` throws it, and reads go on.
 * Damage that a read finds rejects that read only.
 */

import type { Files } from '../../io/files.ts';
import type { WatermarkFile } from '../../io/watermark-file.ts';
import type { HardState, LogBase, LogEntry, PlacedConfiguration } from '../core/entry.ts';
import type { TermRun } from '../core/term-runs.ts';
import { GroupCommit } from './group-commit.ts';
import type { SyncBudget } from './group-commit.ts';
import { LogIndex } from './log-index.ts';
import { LogReader } from './log-reader.ts';
import { LogSegment } from './log-segment.ts';
import type { PendingPart } from './pending-part.ts';
import { RaftLogError, mustBe } from './raft-log-error.ts';
import { recordBytes, votePayload, writeEntry, writeHardState } from './record.ts';
import type { RecordPlace } from './record.ts';
import { SegmentFiles, closeSegment } from './segment-files.ts';
import type { SegmentHeader } from './segment-header.ts';
import { MiB } from '../../lib/size-units.ts';

/** Entries that wait for the disk; with more, their sender has to wait. */
export const RAFT_QUEUE_BYTES_MAX = 64 * MiB;

/** What is on disk: all changes up to a ticket, all entries up to an index; the term is its. */
export interface Durable {
  readonly ticket: number;
  readonly index: number;
  readonly term: number;
}

export interface RaftLogEvents {
  /** More is durable. Runs inside `flush` and `mark`, or later, never inside another call. */
  onDurable(durable: Durable): void;
  /** Told once. */
  onFailure(failure: RaftLogError): void;
}

export interface RaftLogOptions {
  readonly events: RaftLogEvents;
  /** A segment that has so many bytes is followed by another one. */
  readonly segmentBytes: number;
  readonly syncBudget: SyncBudget | undefined;
  /** Where it is noted how far the log is durable; closed with the log. */
  readonly notes: WatermarkFile;
}

/** A log as recovery found it, all of it durable. */
export interface LogState {
  /** Oldest first; the last one is open for writing. None: nothing was ever written. */
  readonly segments: readonly LogSegment[];
  readonly index: LogIndex;
  readonly hardState: HardState;
}

interface Waiter {
  readonly ticket: number;
  readonly resolve: () => void;
  readonly reject: (failure: RaftLogError) => void;
}

export class RaftLog {
  readonly #events: RaftLogEvents;
  readonly #segmentBytes: number;
  readonly #files: SegmentFiles;
  readonly #commit: GroupCommit;
  readonly #reader: LogReader;
  readonly #notes: WatermarkFile;
  #segments: LogSegment[];
  #index: LogIndex;
  #hardState: HardState;
  #ticket = 0;
  #durable: Durable;
  readonly #waiters: Waiter[] = [];
  #isClosed = false;

  constructor(files: Files, dir: string, options: RaftLogOptions, state: LogState) {
    this.#events = options.events;
    this.#notes = options.notes;
    this.#segmentBytes = options.segmentBytes;
    this.#segments = [...state.segments];
    this.#index = state.index;
    this.#hardState = state.hardState;
    this.#durable = { ticket: 0, index: this.lastIndex, term: this.lastTerm };
    this.#files = new SegmentFiles(files, dir, options.segmentBytes,
      (cause) => this.#commit.fail(cause));
    this.#commit = new GroupCommit({
      files: this.#files,
      segmentBytes: options.segmentBytes,
      syncBudget: options.syncBudget,
      notes: options.notes,
      complete: (segment) => this.#completeBase(segment),
      onDurable: (part) => this.#onDurable(part),
      onFailure: (failure) => this.#onFailure(failure),
    }, this.#segments.at(-1));
    this.#reader = new LogReader(files, () => this.#commit.pending);
  }

  // ---- What it holds ----------------------------------------------------------------------------

  /** Nothing was ever written: `reset` has to say what it begins with. */
  get isFresh(): boolean {
    return this.#segments.length === 0;
  }

  get failure(): RaftLogError | undefined {
    return this.#commit.failure;
  }

  /** As appended last; maybe not durable yet. */
  get hardState(): HardState {
    return this.#hardState;
  }

  /** What was known before the first entry that is there. */
  get base(): LogBase {
    return this.#first().base;
  }

  get firstIndex(): number {
    return this.#index.baseIndex + 1;
  }

  /** That of the base if there is no entry. */
  get lastIndex(): number {
    return this.#index.lastIndex;
  }

  get lastTerm(): number {
    return this.#index.lastTerm;
  }

  /** The time of the last entry; that of the base if there is none. */
  get lastTimeMs(): number {
    return this.#index.lastTimeMs;
  }

  /** The term of the base and of every entry; undefined outside. */
  termOf(index: number): number | undefined {
    return this.#index.termOf(index);
  }

  /** Where terms begin; entries before the first have the base's. */
  get termRuns(): readonly TermRun[] {
    return this.#index.termRuns;
  }

  /** That of the base first, then those of all configuration entries. */
  configurations(): readonly PlacedConfiguration[] {
    return this.#index.configurations;
  }

  get durable(): Durable {
    return this.#durable;
  }

  /** No entries may be appended until more is durable. */
  get isFull(): boolean {
    return this.pendingBytes >= RAFT_QUEUE_BYTES_MAX;
  }

  // ---- Changes ----------------------------------------------------------------------------------

  /**
   * Appends a hard state and entries, in this order; returns the ticket of the change. Payloads are
   * copied. An index that is there already replaces that entry and all behind it. Throws the
   * failure, if there is one; asserts that entries have no gap and that the log is not full.
   */
  append(entries: readonly LogEntry[], hardState?: HardState): number {
    this.#mustBeUsable();
    mustBe(!this.isFresh, () => 'append to a log that was never reset');
    mustBe(entries.length === 0 || !this.isFull, () => 'entries are appended to a full queue');
    if (entries.length === 0 && hardState === undefined) return this.#ticket;
    this.#ticket += 1;
    if (hardState !== undefined) this.#appendHardState(hardState);
    for (const entry of entries) this.#appendEntry(entry);
    this.#stampTicket();
    return this.#ticket;
  }

  /** Makes what was appended durable; see `events`. Once for all appends of a turn. */
  flush(): void {
    this.#commit.flush();
  }

  /** Ends when the change with this ticket is durable; rejects with the failure. */
  whenDurable(ticket: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.failure !== undefined) reject(this.failure);
      else if (this.#durable.ticket >= ticket) resolve();
      else this.#waiters.push({ ticket, resolve, reject });
    });
  }

  /**
   * When all is durable, says so in the log, unless that was said: without it, damage of the
   * records that were synced last would look like a torn tail. For quiet times.
   */
  mark(): void {
    if (this.failure !== undefined || this.isFresh) return;
    const segment = this.#last();
    const isQuiet = segment.isNamed && segment.synced === segment.end;
    if (!isQuiet || segment.markedEnd === segment.end) return;
    this.#writeHardState();
    this.#stampTicket();
    segment.markedEnd = segment.end;
    this.#commit.flush();
  }

  /** What is not durable yet. */
  get pendingBytes(): number {
    return this.#commit.pendingBytes;
  }

  /** Of all its files. */
  get bytes(): number {
    return this.#segments.reduce((sum, { end }) => sum + end, 0);
  }

  /**
   * Removes segments whose entries are all up to `index`, oldest first, as long as the others have
   * `keptBytesMin` bytes or more. What was known at the base of the oldest one that stays is the
   * new base.
   */
  trim(index: number, keptBytesMin = 0): void {
    this.#mustBeUsable();
    let next = this.#segments.findLastIndex((segment) =>
      segment.isNamed && segment.base.index <= index);
    let keptBytes = 0;
    for (const { end } of this.#segments.slice(Math.max(next, 0))) keptBytes += end;
    for (; next > 0 && keptBytes < keptBytesMin; next--) {
      keptBytes += this.#segments[next - 1]!.end;
    }
    if (next <= 0) return;
    const gone = this.#segments.splice(0, next);
    this.#index.trim(this.base.index);
    this.#files.remove(gone);
  }

  /**
   * Forgets all entries and begins anew behind `base`; ends when that is durable. Until then a
   * crash brings back the old log. Entries behind the new base may be appended at once.
   */
  reset(base: LogBase, hardState: HardState): Promise<void> {
    this.#mustBeUsable();
    this.#ticket += 1;
    this.#index = new LogIndex(base);
    this.#hardState = hardState;
    this.#capDurable(0);
    this.#startSegment(base, 0, undefined);
    this.#stampTicket();
    this.#commit.flush();
    return this.whenDurable(this.#ticket);
  }

  /** Makes everything durable, unless it has failed, waits for readers, and closes the files. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#commit.idle();
    this.mark();
    await this.#commit.idle();
    await this.#files.removals();
    for (const segment of this.#segments) await closeSegment(segment);
    await this.#files.dropSpare();
    await this.#notes.close();
  }

  // ---- Reading ----------------------------------------------------------------------------------

  /**
   * Consecutive entries from `from` on, as the log was at the call: at least one if it is there,
   * then while the records have at most `bytesMax` bytes, and none beyond the segment of the first.
   * Empty if it is not there. Payloads share memory that nobody else uses. Rejects with DiskError
   * or DAMAGED.
   */
  async read(from: number, bytesMax: number): Promise<LogEntry[]> {
    if (this.#isClosed) throw new RaftLogError('CLOSED', 'the replicated log is closed');
    if (from < this.firstIndex || from > this.lastIndex) return [];
    const segment = this.#segments.findLast(({ base }) => base.index < from)!;
    return await this.#reader.read(segment, from, bytesMax);
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #first(): LogSegment {
    mustBe(!this.isFresh, () => 'use of a log that was never reset');
    return this.#segments[0]!;
  }

  #last(): LogSegment {
    return this.#segments.at(-1)!;
  }

  #mustBeUsable(): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.#isClosed) throw new RaftLogError('CLOSED', 'the replicated log is closed');
  }

  #appendHardState(hardState: HardState): void {
    this.#hardState = hardState;
    if (this.#last().end >= this.#segmentBytes) this.#beginSegment(this.lastIndex);
    this.#writeHardState();
  }

  #writeHardState(): void {
    const { part, at, place } = this.#reserve(votePayload(this.#hardState).length);
    writeHardState(part.buf, at, place, this.#hardState);
  }

  #appendEntry(entry: LogEntry): void {
    const { index } = entry;
    const problem = this.#index.problemOf(entry);
    mustBe(problem === undefined, () => problem!);
    const isBefore = index <= this.#last().base.index;
    if (isBefore || this.#last().end >= this.#segmentBytes) this.#beginSegment(index - 1);
    if (index <= this.lastIndex) this.#capDurable(index - 1);
    this.#index.append(entry);
    const { part, at, place } = this.#reserve(entry.payload.length);
    writeEntry(part.buf, at, place, entry);
    this.#last().addEntry(index, place.offset);
    part.lastIndex = index;
  }

  /** Room for a record at the end of the log. */
  #reserve(payloadBytes: number): {
    readonly part: PendingPart; readonly at: number; readonly place: RecordPlace;
  } {
    const segment = this.#last();
    const part = this.#commit.partOf(segment, this.#ticket - 1, this.lastIndex);
    const bytes = recordBytes(payloadBytes);
    const at = part.reserve(bytes);
    const { sequence, end: offset, synced: durableBytes } = segment;
    segment.end += bytes;
    return { part, at, place: { sequence, offset, durableBytes } };
  }

  /** What is queued now completes the change with the newest ticket. */
  #stampTicket(): void {
    this.#commit.partOf(this.#last(), this.#ticket, this.lastIndex).ticket = this.#ticket;
  }

  /** Entries behind `index` are replaced or gone. */
  #capDurable(index: number): void {
    this.#commit.capAt(index);
    if (this.#durable.index <= index) return;
    this.#durable = { ...this.#durable, index, term: this.termOf(index) ?? 0 };
  }

  /** Goes on behind entry `index` in a new segment; entries behind it are about to be replaced. */
  #beginSegment(index: number): void {
    const kept = this.#segments.filter(({ base }) => base.index < index);
    const previous = kept.at(-1);
    const timeMs = this.#timeOf(index, this.#segments[kept.length]);
    this.#startSegment({
      index, term: this.termOf(index)!, timeMs: timeMs ?? 0,
      configuration: this.#index.configurationAt(index),
    }, kept.length, timeMs === undefined ? previous : undefined);
    previous?.keepUpTo(index);
  }

  /** The time of an entry, if it is in RAM. `next`: the first segment that is not before it. */
  #timeOf(index: number, next: LogSegment | undefined): number | undefined {
    if (index === this.lastIndex) return this.lastTimeMs;
    const isBase = next?.base.index === index && next.timeFrom === undefined;
    return isBase ? next.base.timeMs : undefined;
  }

  /** A new segment behind the first `keptCount`; the others are of no use any more. */
  #startSegment(base: LogBase, keptCount: number, timeFrom: LogSegment | undefined): void {
    const sequence = 1 + (this.#segments.at(-1)?.sequence ?? 0);
    const gone = this.#segments.splice(keptCount);
    const previous = this.#segments.at(-1);
    const header: SegmentHeader = {
      sequence, base, hardState: this.#hardState, durableBytes: 0,
      previousSequence: previous?.sequence ?? 0, previousBytes: previous?.end ?? 0,
    };
    this.#commit.dropQueued(gone);
    // One that was never made cannot remove what it replaced.
    const obsolete = gone.flatMap((segment) => [...segment.obsolete.splice(0), segment]);
    const segment = new LogSegment(this.#files.path(sequence), header, obsolete, timeFrom);
    this.#segments.push(segment);
    this.#commit.partOf(segment, this.#ticket - 1, base.index);
  }

  async #completeBase(segment: LogSegment): Promise<void> {
    const { header, timeFrom } = segment;
    const [entry] = await this.#reader.read(timeFrom!, header.base.index, 0);
    mustBe(entry !== undefined, () => `entry ${header.base.index} is not in ${timeFrom!.path}`);
    segment.header = { ...header, base: { ...header.base, timeMs: entry!.timeMs } };
    segment.timeFrom = undefined;
  }

  #onDurable({ ticket, lastIndex }: PendingPart): void {
    this.#durable = { ticket, index: lastIndex, term: this.termOf(lastIndex) ?? 0 };
    const open = this.#waiters.findIndex((waiter) => waiter.ticket > ticket);
    const count = open === -1 ? this.#waiters.length : open;
    for (const { resolve } of this.#waiters.splice(0, count)) resolve();
    this.#events.onDurable(this.#durable);
  }

  #onFailure(failure: RaftLogError): void {
    for (const { reject } of this.#waiters.splice(0)) reject(failure);
    this.#events.onFailure(failure);
  }
}
