/**
 * The log's way to disk: commits, group commit, fsync, and the change from one segment to the next.
 *
 * Lengths of the whole log ("lsn", in bytes) tell how far things are:
 *
 *     durable <= written <= committed <= appended
 *
 * `commit` closes the open frame. Policy everysec or no: it is written at once, blocking (a copy
 * into the page cache), unless it is large. Policy always: it is written and synced at once while
 * that is quick (blocking-budget.ts), else asynchronously, one group under way at a time; what
 * arrives meanwhile makes the next group. The owner holds back a reply until `acknowledged` has
 * reached what was `appended` when the reply was made.
 *
 * How it fails. What was not written is taken back (take-back.ts), so that nothing is served that
 * the log does not have, and those who wait for it learn why. A failed write leaves some of its
 * bytes in the file: they are cut off, and the cut is synced.
 *  - A full disk (ENOSPC), with the file cut: nothing else is wrong. `noRoom` says so until
 *    `retry`, and then the next frame is tried.
 *  - Anything else, a failed fsync above all, leaves unknown bytes on disk: the error is latched in
 *    `failure`, and nothing is ever tried again on these files. What was written, but not synced,
 *    is UNKNOWN to those who wait for it. `hasUnsynced` says that a read may see such a change,
 *    which a power loss could take away.
 * Frames of the total order are never taken back: what the peers have agreed upon stays visible.
 */

import type { Clock, Timer } from '../../io/clock.ts';
import { DIRECT_SYNC_FREE_MS } from '../../io/limits.ts';
import {
  DIRECT_SYNC_RECORDS_MAX, LOG_SYNC_INTERVAL_MS, LOG_WRITE_BLOCKING_BYTES_MAX,
} from '../limits.ts';
import { BlockingBudget } from '../../io/blocking-budget.ts';
import type { WatermarkFile } from '../../io/watermark-file.ts';
import { FrameEnd, FrameEnds } from './frame-ends.ts';
import type { MemoryTail } from '../memory/memory-tail.ts';
import {
  cutFiles, failed, notMade, unknown, writeBlocking, writeInBackground, type LogEnd,
} from './log-blocks.ts';
import { LogAppender, type Watermark } from './log-appender.ts';
import type { LogFiles } from '../segments/log-files.ts';
import { LogRolls } from './log-rolls.ts';
import { LogSync } from './log-sync.ts';
import { LogWaiters, type Acknowledged } from './log-waiters.ts';
import { isDiskFull } from '../segments/room.ts';
import type { LogSegment } from '../segments/segment.ts';
import { StoreError } from '../store-error.ts';
import type { UndoJournal } from './undo-journal.ts';

export type Appendfsync = 'always' | 'everysec' | 'no';

export interface LogWriterEvents {
  /** A segment is full; it can be sealed once `durableLsn` has passed its end. */
  onFull(log: LogSegment): void;
  onFailure(failure: StoreError): void;
  /** The disk is full; and has room again. Once for each change. */
  onNoRoom(reason: StoreError): void;
  onRoom(): void;
  /** Everything behind these offsets is to be taken back, and will be overwritten. */
  onTakeBack(ends: readonly LogEnd[]): void;
  /** The frames up to this entry of the undo journal are written. */
  onWritten(journalEnd: number): void;
}

export interface LogWriterOptions {
  readonly clock: Clock;
  readonly files: LogFiles;
  readonly tail: MemoryTail;
  readonly segmentBytes: number;
  /** No record starts at or behind this: a batch that gets there goes on in the next segment. */
  readonly segmentStartBytesMax: number;
  readonly appendfsync: Appendfsync;
  /** Syncs wait in the pool only when they take long; default false. */
  readonly directSyncs?: boolean;
  readonly first: LogSegment;
  readonly nextValueIndex: number;
  /** Durable by recovery: what the first frames may claim. */
  readonly watermark: Watermark;
  /** Where it is noted how far the log is durable. */
  readonly notes: WatermarkFile;
  readonly journal: Pick<UndoJournal, 'end' | 'epoch'>;
  readonly events: LogWriterEvents;
}

export class LogWriter {
  readonly appender: LogAppender;
  failure: StoreError | undefined;

  readonly #options: LogWriterOptions;
  readonly #events: LogWriterEvents;
  readonly #sync: LogSync;
  readonly #journal: Pick<UndoJournal, 'end' | 'epoch'>;
  readonly #ends: FrameEnds;
  /** The disk was full when a frame was to be written; undefined while frames are tried. */
  noRoom: StoreError | undefined;
  /** The same, until a frame is written. */
  lastNoRoom: StoreError | undefined;
  /** Why the frame of this commit was refused. */
  #refused: StoreError | undefined;
  #hasOrderedFrames = false;
  readonly #syncBudget: BlockingBudget | undefined;
  /** What the groups so far have used. */
  #groupedValueIndex: number;
  readonly #waiters = new LogWaiters();
  #policy: Appendfsync;
  #committedLsn: number;
  #writtenLsn: number;
  readonly #rolls: LogRolls;
  #isStopped = false;
  #isPumping = false;
  #pumped: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  /** The log's length behind the last mark. */
  #markedLsn = -1;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#events = options.events;
    this.#policy = options.appendfsync;
    this.#groupedValueIndex = options.nextValueIndex;
    this.#syncBudget = options.directSyncs === true
      ? new BlockingBudget(options.clock, DIRECT_SYNC_FREE_MS)
      : undefined;
    this.#sync = new LogSync(options.files, options.watermark, options.notes);
    this.appender = new LogAppender(options.tail, {
      watermark: () => this.#sync.watermark,
      nextSegment: () => this.#takeNext(),
      onFull: (log) => this.#events.onFull(log),
    }, options.first, options.nextValueIndex, options.segmentStartBytesMax);
    this.#rolls = new LogRolls(options.files, this.appender, {
      mustRun: () => this.#mustRun(), takeNext: () => this.#takeNext(),
    });
    this.#sync.add(options.first);
    this.#journal = options.journal;
    this.#ends = new FrameEnds(new FrameEnd(options.first));
    this.#setWrittenEnd();
    this.#committedLsn = this.#writtenLsn = this.appender.appendedLsn;
    this.#startTimer();
  }

  get appendfsync(): Appendfsync {
    return this.#policy;
  }

  /** What waits for `always` is synced, then released. */
  set appendfsync(policy: Appendfsync) {
    this.#policy = policy;
    if (policy === 'always') this.#pump();
    this.#release();
  }

  get appendedLsn(): number {
    return this.appender.appendedLsn;
  }

  get durableLsn(): number {
    return this.#sync.durableLsn;
  }

  /** How much of the log the policy lets replies rely on. */
  get acknowledgedLsn(): number {
    return this.#policy === 'always' ? this.#sync.durableLsn : this.#writtenLsn;
  }

  /** Bytes committed that the kernel does not have yet. */
  get backlogBytes(): number {
    return this.#committedLsn - this.#writtenLsn;
  }

  /** What the last failure did not concern: the log up to this length. */
  keptLsn = 0;
  /** What the failure means for frames that were not written, the open one above all. */
  lost: StoreError | undefined;
  /** Frames were written, and their fsync failed: a power loss may take what they changed. */
  hasUnsynced = false;

  /** Entries of the undo journal below this number are of closed frames. */
  committedJournal = 0;

  /**
   * Closes the open frame and sends it on its way. Once per tick, also without any change. Returns
   * why that was refused: FULL and FAILED if nothing of it was made, else UNKNOWN. Later refusals
   * are told to `whenAcknowledged`.
   */
  commit(position: number): StoreError | undefined {
    this.#refused = undefined;
    if (position > 0) this.#hasOrderedFrames = true;
    if (this.failure !== undefined) return undefined;
    const hasFrame = this.appender.closeFrame(position);
    if (hasFrame || this.#journal.end !== this.committedJournal) this.#noteFrame();
    if (hasFrame) {
      const isFull = this.appender.current.segment.bytes >= this.#options.segmentBytes;
      if (isFull || this.#rolls.isAwaited) this.#rolls.maybeRoll();
      this.#flush();
    } else this.#settle();
    this.#options.tail.trim(this.appender.block);
    this.#rolls.endFrameWaits();
    return this.#refused;
  }

  /** A frame was closed, or there are entries of the journal without a record. */
  #noteFrame(): void {
    const { appender } = this;
    const journalEnd = this.#journal.end;
    this.#committedLsn = appender.appendedLsn;
    this.committedJournal = journalEnd;
    this.#journal.epoch += 1;
    this.#ends.add(appender.current)
      .set(appender.current, appender.appendedLsn, appender.nextValueIndex, journalEnd);
  }

  #setWrittenEnd(): void {
    const { current, appendedLsn, nextValueIndex } = this.appender;
    this.#ends.written.set(current, appendedLsn, nextValueIndex, this.#journal.end);
  }

  /** After a full disk: the next frame is tried. */
  retry(): void {
    this.noRoom = undefined;
  }

  /**
   * Calls back when everything appended so far is acknowledged; at once if it is already, or if the
   * last commit was refused.
   */
  whenAcknowledged(done: Acknowledged): void {
    const failure = this.#refused ?? this.failure;
    if (failure !== undefined) done(failure);
    else if (this.acknowledgedLsn >= this.appendedLsn) done(null);
    else this.#waiters.add(this.appendedLsn, done);
  }

  /** Makes everything committed durable, whatever the policy. Rejects with the failure. */
  async flushAndSync(): Promise<void> {
    const target = this.#committedLsn;
    this.#flush();
    while (this.#isPumping) await this.#pumped;
    while (this.failure === undefined && this.durableLsn < target) await this.#syncNow();
    this.#options.notes.writeNow();
    if (this.failure !== undefined) throw this.failure;
  }

  /** The same for everything appended; a frame that is open is waited for. */
  async syncAppended(): Promise<void> {
    const hasMore = this.appender.isFrameOpen || this.#journal.end !== this.committedJournal;
    if (this.failure === undefined && hasMore) await this.#rolls.frameEnd();
    await this.flushAndSync();
  }

  /** See LogRolls. */
  roll(): Promise<boolean> {
    return this.#rolls.roll();
  }

  cut(atCut: () => void): Promise<void> {
    return this.#rolls.cut(atCut);
  }

  /** Stops the timer and ends when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#rolls.endWaits(false);
    this.#rolls.endFrameWaits();
    if (this.#timer !== undefined) this.#options.clock.clearTimer(this.#timer);
    this.#timer = undefined;
    while (this.#isPumping) await this.#pumped;
    await this.#sync.idle();
  }

  /** Latches the first error; later ones are its consequences. */
  fail(cause: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = failed(cause);
    const writtenLsn = this.#writtenLsn;
    this.keptLsn = this.acknowledgedLsn;
    this.lost = this.#hasOrderedFrames ? unknown(cause) : this.failure;
    if (!this.#hasOrderedFrames) this.#takeBack();
    this.hasUnsynced = writtenLsn > this.keptLsn;
    this.#rolls.endFrameWaits();
    this.#events.onFailure(this.failure);
    this.#waiters.refuse(this.#hasOrderedFrames ? Infinity : writtenLsn, this.failure);
    this.#waiters.refuse(0, unknown(cause));
    this.#rolls.endWaits(false);
  }

  // ---- Failing ----------------------------------------------------------------------------------

  /** A frame, or several, could not be written. Nothing is being written any more. */
  #onWriteFailed(cause: unknown): void {
    if (this.failure !== undefined) return;
    const later = this.#sync.openAfter(this.#ends.written.log);
    const ends = this.#ends.unwritten(this.appender.current, later);
    const isCut = !this.#hasOrderedFrames && cutFiles(ends);
    this.#refused = isCut ? notMade(cause) : unknown(cause);
    if (isCut && isDiskFull(cause)) this.#refuse(this.#refused);
    else this.fail(cause);
  }

  /** What was committed in this turn is written. */
  #onSyncFailed(cause: unknown): void {
    this.#refused = unknown(cause);
    this.fail(cause);
  }

  /** The disk is full, and no file has more than it is known to have. */
  #refuse(reason: StoreError): void {
    const writtenLsn = this.#writtenLsn;
    this.keptLsn = writtenLsn;
    this.#takeBack();
    this.noRoom = reason;
    if (this.lastNoRoom === undefined) this.#events.onNoRoom(reason);
    this.lastNoRoom = reason;
    this.#waiters.refuse(writtenLsn, reason);
    this.#rolls.endWaits(false);
    if (!this.#isPumpDone()) this.#pump();
  }

  #takeBack(): void {
    const { written } = this.#ends;
    const later = this.#sync.openAfter(written.log);
    this.#events.onTakeBack(this.#ends.unwritten(this.appender.current, later));
    this.appender.takeBack(written, later);
    this.#ends.forget();
    this.#setWrittenEnd();
    this.#committedLsn = this.#writtenLsn = this.appender.appendedLsn;
    this.#groupedValueIndex = this.appender.nextValueIndex;
    this.committedJournal = this.#journal.end;
    this.#rolls.endFrameWaits();
  }

  // ---- Writing ----------------------------------------------------------------------------------

  #flush(): void {
    if (this.failure !== undefined) return;
    const isLarge = this.backlogBytes > LOG_WRITE_BLOCKING_BYTES_MAX;
    const beganMs = this.#policy === 'always' ? this.#beginSync() : 0;
    if (beganMs < 0 || isLarge || this.#isPumping) return this.#pump();
    if (!this.#tryWriteAll()) return;
    try {
      if (this.#policy === 'always' && !this.#syncAtOnce(beganMs)) this.#pump();
    } catch (error) {
      this.#onSyncFailed(error);
    }
    this.#release();
  }

  /** When a sync on this thread begins, now; -1 if the pool is to do it. */
  #beginSync(): number {
    const before = this.#groupedValueIndex;
    this.#groupedValueIndex = this.appender.nextValueIndex;
    const records = this.#groupedValueIndex - before;
    if (records > DIRECT_SYNC_RECORDS_MAX || this.#syncBudget === undefined) return -1;
    return this.#syncBudget.begin();
  }

  /**
   * While an fsync is quick, everybody waits for it: those who wait for its end anyway then send
   * their next requests together, and the next group is as large as can be.
   */
  #syncAtOnce(beganMs: number): boolean {
    const isDone = this.#sync.runNow();
    if (isDone) this.#syncBudget?.end(beganMs);
    return isDone;
  }

  /** A copy into the page cache: shorter than the way to another thread. */
  #tryWriteAll(): boolean {
    try {
      for (const block of this.appender.dirty) writeBlocking(block);
    } catch (error) {
      this.#onWriteFailed(error);
      return false;
    }
    this.appender.dirty.length = 0;
    this.#onWritten(this.#committedLsn);
    return true;
  }

  async #tryWriteInBackground(): Promise<void> {
    const target = this.#committedLsn;
    const writes = await Promise.allSettled(this.appender.dirty.splice(0).map(writeInBackground));
    // A sync may have failed meanwhile.
    if (this.failure !== undefined) return;
    const bad = writes.find(({ status }) => status === 'rejected');
    if (bad === undefined) this.#onWritten(target);
    else this.#onWriteFailed((bad as PromiseRejectedResult).reason);
  }

  #onWritten(lsn: number): void {
    this.#writtenLsn = lsn;
    this.#settle();
    if (this.lastNoRoom !== undefined) this.#events.onRoom();
    this.lastNoRoom = undefined;
  }

  /** What is written is never taken back. */
  #settle(): void {
    const hasMore = this.#ends.advance(this.#writtenLsn);
    if (hasMore) this.#events.onWritten(this.#ends.written.journalEnd);
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#pumped = this.#pumpUntilDone();
  }

  /** Clears #isPumping in the same step in which it finds nothing left to do. */
  async #pumpUntilDone(): Promise<void> {
    try {
      while (this.failure === undefined && !this.#isPumpDone()) {
        if (this.backlogBytes > LOG_WRITE_BLOCKING_BYTES_MAX) await this.#tryWriteInBackground();
        else if (this.backlogBytes > 0) this.#tryWriteAll();
        if (this.#policy === 'always' && this.durableLsn < this.#writtenLsn) await this.#mustSync();
        this.#release();
      }
    } catch (error) {
      this.#onSyncFailed(error);
    } finally {
      this.#isPumping = false;
    }
  }

  /**
   * Everything committed is written, so a round must bring the durable part on. If it did not, the
   * accounts of the log are wrong: better to stop writes than to try for ever.
   */
  async #mustSync(): Promise<void> {
    const before = this.durableLsn;
    await this.#sync.run();
    if (this.durableLsn > before) return;
    throw new Error(`assertion failed: a sync left the log durable to ${before}, ` +
      `committed to ${this.#committedLsn}`);
  }

  #isPumpDone(): boolean {
    const isDurable = this.#policy !== 'always' || this.durableLsn >= this.#committedLsn;
    return isDurable && this.#writtenLsn >= this.#committedLsn;
  }

  #release(): void {
    if (this.failure === undefined) this.#waiters.release(this.acknowledgedLsn);
  }

  // ---- Syncing ----------------------------------------------------------------------------------

  #startTimer(): void {
    this.#timer = this.#options.clock.setTimer(LOG_SYNC_INTERVAL_MS, () => {
      this.#startTimer();
      if (this.#policy === 'everysec' && this.durableLsn < this.#writtenLsn) void this.#syncNow();
      else this.#maybeMark();
    });
  }

  /**
   * When everything is durable and nothing has come for a while, says so in the log: without that,
   * damage of the last synced frames would look like a torn tail.
   */
  #maybeMark(): void {
    const { appender } = this;
    const isQuiet = this.failure === undefined && !appender.isFrameOpen && !this.#isPumping &&
      this.durableLsn === appender.appendedLsn && appender.current.segment.records > 0;
    if (!isQuiet || this.#markedLsn === appender.appendedLsn) return;
    appender.mark();
    this.#noteFrame();
    this.#markedLsn = appender.appendedLsn;
    this.#flush();
  }

  /** An error is latched, not thrown. */
  async #syncNow(): Promise<void> {
    if (this.failure !== undefined) return;
    try {
      await this.#sync.run();
    } catch (error) {
      this.fail(error);
    }
    this.#release();
  }

  #mustRun(): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.#isStopped) throw new StoreError('CLOSED', 'the log was closed');
  }

  #takeNext(): LogSegment {
    try {
      const next = this.#options.files.take(this.appender.current);
      this.#sync.add(next);
      return next;
    } catch (error) {
      this.fail(error);
      throw this.failure!;
    }
  }
}
