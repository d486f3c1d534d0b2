/**
 * The replicated log's way to disk: a queue, one write and one datasync at a time, and everything
 * that is queued meanwhile goes with the next.
 *
 * While syncs are quick, a small group is written and synced on this thread: the way through
 * libuv's pool and back costs as much again. Whether they are is for a SyncBudget to say; without
 * one the pool has them all.
 *
 * A segment begins only when the one before is durable to its end. So of all segments only the
 * newest can be torn.
 *
 * It fails once: after a failed write or datasync it is unknown what is on disk, so the error is
 * latched in `failure`, nothing is tried again, and nothing is called durable any more.
 */

import type { WatermarkFile } from '../../io/watermark-file.ts';
import { RAFT_BUFFER_KEPT_BYTES } from '../limits.ts';
import type { LogSegment } from './log-segment.ts';
import { PendingPart } from './pending-part.ts';
import { RaftLogError } from './raft-log-error.ts';
import type { SegmentFiles } from './segment-files.ts';
import { KiB } from '../../lib/size-units.ts';

/** A larger group is written and synced in the pool: that takes longer than the way there. */
const RAFT_DIRECT_BYTES_MAX = 64 * KiB;

/** How long syncs may hold up this thread (io/blocking-budget.ts is one). */
export interface SyncBudget {
  /** The time at which a sync may begin on this thread, now; -1 if the pool has to do it. */
  begin(): number;
  /** The one that began then has ended. */
  end(beganMs: number): void;
}

export interface GroupCommitOptions {
  readonly files: SegmentFiles;
  readonly segmentBytes: number;
  readonly syncBudget: SyncBudget | undefined;
  /** Where it is noted how far the log is durable. */
  readonly notes: WatermarkFile;
  /** Finds out what the header of a segment still lacks (LogSegment.timeFrom). */
  readonly complete: (segment: LogSegment) => Promise<void>;
  readonly onDurable: (part: PendingPart) => void;
  readonly onFailure: (failure: RaftLogError) => void;
}

export class GroupCommit {
  failure: RaftLogError | undefined;
  readonly #options: GroupCommitOptions;
  #parts: PendingPart[] = [];
  #underWay: PendingPart | undefined;
  /** The segment that was written last. */
  #current: LogSegment | undefined;
  #isPumping = false;
  #pumped: Promise<void> = Promise.resolve();
  #isTelling = false;
  #spareBuffer: Buffer | undefined;

  constructor(options: GroupCommitOptions, current: LogSegment | undefined) {
    this.#options = options;
    this.#current = current;
  }

  /** What is not durable, oldest first. */
  get pending(): readonly PendingPart[] {
    return this.#underWay === undefined ? this.#parts : [this.#underWay, ...this.#parts];
  }

  get pendingBytes(): number {
    return this.pending.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Where records of `segment` are queued now. `ticket` and `lastIndex`: see PendingPart. */
  partOf(segment: LogSegment, ticket: number, lastIndex: number): PendingPart {
    const last = this.#parts.at(-1);
    if (last?.segment === segment) return last;
    const part = new PendingPart(segment, this.#spareBuffer, ticket, lastIndex);
    this.#spareBuffer = undefined;
    this.#parts.push(part);
    return part;
  }

  /** Entries behind `index` are replaced: what waits makes none of them durable. */
  capAt(index: number): void {
    for (const part of this.pending) part.lastIndex = Math.min(part.lastIndex, index);
  }

  /** What is queued of these segments is of no use any more; what is under way goes on. */
  dropQueued(segments: readonly LogSegment[]): void {
    this.#parts = this.#parts.filter(({ segment }) => !segments.includes(segment));
  }

  /** Sends what is queued on its way. May call `onDurable` and `onFailure` before it returns. */
  flush(): void {
    const [first] = this.#parts;
    if (first === undefined || this.#isPumping || this.failure !== undefined) return;
    if (!this.#isTelling && this.#parts.length === 1 && this.#commitNow(first)) return;
    this.#isPumping = true;
    this.#pumped = this.#pump();
  }

  /** Ends when nothing is under way or queued, or when it has failed. Never rejects. */
  async idle(): Promise<void> {
    this.flush();
    while (this.#isPumping) await this.#pumped;
  }

  fail(cause: unknown): void {
    if (this.failure !== undefined) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const file = this.#underWay?.segment.path ?? this.#current?.path;
    this.failure = new RaftLogError('FAILED',
      `the replicated log cannot be written any more (${file ?? 'no segment'}): ${reason}`,
      { cause, ...(file === undefined ? {} : { file }) });
    this.#options.onFailure(this.failure);
  }

  /** False, with nothing done, if it takes more than a small write and a sync of one file. */
  #commitNow(part: PendingPart): boolean {
    const { files, syncBudget } = this.#options;
    if (!part.segment.isNamed || part.bytes > RAFT_DIRECT_BYTES_MAX) return false;
    const beganMs = syncBudget?.begin() ?? -1;
    if (beganMs < 0) return false;
    this.#begin();
    try {
      files.writeNow(part);
      part.segment.file!.datasyncSync();
      part.segment.synced = part.end;
    } catch (error) {
      this.fail(error);
      return true;
    }
    syncBudget?.end(beganMs);
    this.#isTelling = true;
    try {
      this.#onDurable(part);
    } finally {
      this.#isTelling = false;
    }
    return true;
  }

  /** Clears #isPumping in the same step in which it finds nothing left to do. */
  async #pump(): Promise<void> {
    try {
      while (this.failure === undefined && this.#parts.length > 0) {
        const part = this.#begin();
        if (part.segment.isNamed) await this.#options.files.write(part);
        else await this.#create(part);
        // A file that could not be removed may have ended it meanwhile.
        if (this.failure === undefined) this.#onDurable(part);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.#isPumping = false;
    }
  }

  #begin(): PendingPart {
    this.#underWay = this.#parts.shift();
    return this.#underWay!;
  }

  async #create(part: PendingPart): Promise<void> {
    const { files, complete } = this.#options;
    const { segment } = part;
    if (segment.timeFrom !== undefined) await complete(segment);
    await files.create(segment, part);
    const last = this.#current;
    this.#current = segment;
    const file = last?.file;
    if (last !== undefined) last.file = undefined;
    await file?.close();
    files.remove(segment.obsolete.splice(0));
  }

  #onDurable(part: PendingPart): void {
    const { files, notes, segmentBytes, onDurable } = this.#options;
    const { sequence, synced } = part.segment;
    this.#underWay = undefined;
    notes.note({ fileId: sequence, bytes: synced, proof: part.proof });
    if (part.buf.length <= RAFT_BUFFER_KEPT_BYTES) this.#spareBuffer ??= part.buf;
    if (part.segment.synced >= segmentBytes / 2) files.prepare();
    onDurable(part);
  }
}

