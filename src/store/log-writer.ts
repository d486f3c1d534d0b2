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
 * It fails once: a failed write or fsync leaves unknown bytes on disk, so the error is latched in
 * `failure`, nothing is ever tried again on these files, and every waiter learns of it.
 */

import type { Clock, Timer } from '../io/clock.ts';
import {
  DIRECT_SYNC_FREE_MS, DIRECT_SYNC_RECORDS_MAX, LOG_SYNC_INTERVAL_MS, LOG_WRITE_BLOCKING_BYTES_MAX,
} from '../limits.ts';
import { BlockingBudget } from '../io/blocking-budget.ts';
import type { WatermarkFile } from '../io/watermark-file.ts';
import type { HotTail } from './hot-tail.ts';
import { LogAppender } from './log-appender.ts';
import type { Watermark } from './log-appender.ts';
import type { LogFiles } from './log-files.ts';
import { LogSync } from './log-sync.ts';
import type { LogSegment, TailBlock } from './segment.ts';
import { StoreError } from './store-error.ts';

export type Appendfsync = 'always' | 'everysec' | 'no';

/** Called with null when what it waited for is acknowledged, else with why it never will be. */
export type Acknowledged = (failure: StoreError | null) => void;

export interface LogWriterEvents {
  /** A segment is full; it can be sealed once `durableLsn` has passed its end. */
  onFull(log: LogSegment): void;
  onFailure(failure: StoreError): void;
  /** `acknowledged` has moved on. */
  onAcknowledged(): void;
}

export interface LogWriterOptions {
  readonly clock: Clock;
  readonly files: LogFiles;
  readonly tail: HotTail;
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
  readonly events: LogWriterEvents;
}

interface Waiter {
  readonly lsn: number;
  readonly done: Acknowledged;
}

export class LogWriter {
  readonly appender: LogAppender;
  failure: StoreError | undefined;

  readonly #clock: Clock;
  readonly #files: LogFiles;
  readonly #tail: HotTail;
  readonly #events: LogWriterEvents;
  readonly #segmentBytes: number;
  readonly #sync: LogSync;
  readonly #notes: WatermarkFile;
  readonly #syncBudget: BlockingBudget | undefined;
  /** What the groups so far have used. */
  #groupedValueIndex: number;
  readonly #waiters: Waiter[] = [];
  #policy: Appendfsync;
  #committedLsn: number;
  #writtenLsn: number;
  readonly #atNextRoll: ((hasRolled: boolean) => void)[] = [];
  #isStopped = false;
  #isPumping = false;
  #pumped: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  /** The log's length behind the last mark. */
  #markedLsn = -1;

  constructor(options: LogWriterOptions) {
    this.#clock = options.clock;
    this.#files = options.files;
    this.#tail = options.tail;
    this.#events = options.events;
    this.#segmentBytes = options.segmentBytes;
    this.#policy = options.appendfsync;
    this.#groupedValueIndex = options.nextValueIndex;
    this.#syncBudget = options.directSyncs === true
      ? new BlockingBudget(options.clock, DIRECT_SYNC_FREE_MS)
      : undefined;
    this.#notes = options.notes;
    this.#sync = new LogSync(options.files, options.watermark, options.notes);
    this.appender = new LogAppender(options.tail, {
      watermark: () => this.#sync.watermark,
      nextSegment: () => this.#takeNext(),
      onFull: (log) => this.#events.onFull(log),
    }, options.first, options.nextValueIndex, options.segmentStartBytesMax);
    this.#sync.add(options.first);
    this.#committedLsn = this.#writtenLsn = this.appender.appendedLsn;
    this.#startTimer();
  }

  get appendfsync(): Appendfsync {
    return this.#policy;
  }

  /** Changes the policy; what waits for `always` is synced, then released. */
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

  /** Closes the open frame and sends it on its way. Once per tick, also without any change. */
  commit(position: number): void {
    if (this.failure === undefined && this.appender.closeFrame(position)) {
      this.#committedLsn = this.appender.appendedLsn;
      const isFull = this.appender.current.segment.bytes >= this.#segmentBytes;
      if (isFull || this.#atNextRoll.length > 0) this.#maybeRoll();
      this.#flush();
    }
    if (!this.appender.isFrameOpen) this.#tail.trim(this.appender.block);
  }

  /** Calls back when everything appended so far is acknowledged; at once if it is already. */
  whenAcknowledged(done: Acknowledged): void {
    if (this.failure !== undefined) done(this.failure);
    else if (this.acknowledgedLsn >= this.appendedLsn) done(null);
    else this.#waiters.push({ lsn: this.appendedLsn, done });
  }

  /** Makes everything committed durable, whatever the policy. Rejects with the failure. */
  async flushAndSync(): Promise<void> {
    const target = this.#committedLsn;
    this.#flush();
    while (this.#isPumping) await this.#pumped;
    while (this.failure === undefined && this.durableLsn < target) await this.#syncNow();
    this.#notes.writeNow();
    if (this.failure !== undefined) throw this.failure;
  }

  /** Goes on in the next segment at the next commit; false if this one has no record yet. */
  async roll(): Promise<boolean> {
    this.#mustRun();
    const old = this.appender.current;
    if (old.segment.records === 0) return false;
    while (old === this.appender.current) {
      await this.#files.prepare(old);
      this.#mustRun();
      if (old !== this.appender.current) break;
      if (!this.appender.isFrameOpen) this.#rollNow();
      else await this.#nextRoll();
      this.#mustRun();
    }
    return true;
  }

  /**
   * Goes on in the next segment between two batches, and calls `atCut` in the same step: everything
   * that was committed by then, and nothing that comes later, is in the segments before `current`.
   * Rejects with the failure or the disk's error, or with CLOSED; then `atCut` was not called.
   */
  async cut(atCut: () => void): Promise<void> {
    const { appender } = this;
    for (;;) {
      this.#mustRun();
      const isBetween = !appender.isFrameOpen;
      if (isBetween && appender.current.segment.records === 0) return atCut();
      if (!this.#files.isReady) {
        await this.#files.prepare(appender.current);
      } else if (isBetween) {
        this.#rollNow();
        return atCut();
      } else if (await this.#nextRoll(atCut)) return;
    }
  }

  /** Stops the timer and ends when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#endWaits(false);
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    while (this.#isPumping) await this.#pumped;
    await this.#sync.idle();
  }

  /** Latches the first error; later ones are its consequences. */
  fail(cause: unknown): void {
    if (this.failure !== undefined) return;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.failure = new StoreError('FAILED',
      `the log cannot be written any more, the store is read-only: ${reason}`, { cause });
    this.#events.onFailure(this.failure);
    for (const waiter of this.#waiters.splice(0)) waiter.done(this.failure);
    this.#endWaits(false);
  }

  // ---- Writing ----------------------------------------------------------------------------------

  #flush(): void {
    if (this.failure !== undefined) return;
    const isLarge = this.backlogBytes > LOG_WRITE_BLOCKING_BYTES_MAX;
    const beganMs = this.#policy === 'always' ? this.#beginSync() : 0;
    if (beganMs < 0 || isLarge || this.#isPumping) {
      this.#pump();
      return;
    }
    try {
      this.#writeAll();
      this.#writtenLsn = this.#committedLsn;
      if (this.#policy === 'always' && !this.#syncAtOnce(beganMs)) this.#pump();
    } catch (error) {
      this.fail(error);
    }
    this.#release();
  }

  /** When a sync on this thread begins, now; -1 if the pool is to do it. */
  #beginSync(): number {
    const { nextValueIndex } = this.appender;
    const records = nextValueIndex - this.#groupedValueIndex;
    this.#groupedValueIndex = nextValueIndex;
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
  #writeAll(): void {
    for (const block of this.appender.dirty) writeBlocking(block);
    this.appender.dirty.length = 0;
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
        const target = this.#committedLsn;
        if (this.#writtenLsn < target) {
          if (this.backlogBytes <= LOG_WRITE_BLOCKING_BYTES_MAX) this.#writeAll();
          else await Promise.all(this.appender.dirty.splice(0).map(writeInBackground));
          this.#writtenLsn = target;
        }
        if (this.#policy === 'always' && this.durableLsn < target) await this.#mustSync();
        this.#release();
      }
    } catch (error) {
      this.fail(error);
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
    if (this.#writtenLsn < this.#committedLsn) return false;
    return this.#policy !== 'always' || this.durableLsn >= this.#committedLsn;
  }

  #release(): void {
    if (this.failure !== undefined) return;
    const acknowledged = this.acknowledgedLsn;
    let released = 0;
    while (released < this.#waiters.length && this.#waiters[released]!.lsn <= acknowledged) {
      released += 1;
    }
    for (const waiter of this.#waiters.splice(0, released)) waiter.done(null);
    this.#events.onAcknowledged();
  }

  // ---- Syncing ----------------------------------------------------------------------------------

  #startTimer(): void {
    this.#timer = this.#clock.setTimer(LOG_SYNC_INTERVAL_MS, () => {
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
    this.#committedLsn = this.#markedLsn = appender.appendedLsn;
    this.#flush();
  }

  /** One round of datasync; an error is latched, not thrown. */
  async #syncNow(): Promise<void> {
    if (this.failure !== undefined) return;
    try {
      await this.#sync.run();
    } catch (error) {
      this.fail(error);
    }
    this.#release();
  }

  // ---- Segments ---------------------------------------------------------------------------------

  /**
   * Rolls if the next segment is ready. If not, this one grows on: making a file here would block,
   * and on a full disk fail. Who waits for the roll is told, and can make it ready.
   */
  #maybeRoll(): void {
    if (this.#files.isReady) {
      this.#rollNow();
      return;
    }
    void this.#files.prepare(this.appender.current).catch(() => undefined);
    this.#endWaits(false);
  }

  #rollNow(): void {
    this.appender.switchTo(this.#takeNext());
    this.#endWaits(true);
  }

  /** Waits for the open frame's end; `atRoll` is called in the step of the roll. False: no roll. */
  #nextRoll(atRoll: () => void = () => undefined): Promise<boolean> {
    return new Promise((resolve) => {
      this.#atNextRoll.push((hasRolled) => {
        if (hasRolled) atRoll();
        resolve(hasRolled);
      });
    });
  }

  #endWaits(hasRolled: boolean): void {
    for (const done of this.#atNextRoll.splice(0)) done(hasRolled);
  }

  #mustRun(): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.#isStopped) throw new StoreError('CLOSED', 'the log was closed');
  }

  #takeNext(): LogSegment {
    try {
      const next = this.#files.take(this.appender.current);
      this.#sync.add(next);
      return next;
    } catch (error) {
      this.fail(error);
      throw this.failure!;
    }
  }
}

function writeBlocking(block: TailBlock): void {
  const bytes = block.committed - block.flushed;
  if (bytes === 0) return;
  block.log.file.writeSync(block.buf, block.flushed - block.start, bytes, block.flushed);
  block.flushed = block.committed;
  block.log.written = Math.max(block.log.written, block.committed);
}

async function writeInBackground(block: TailBlock): Promise<void> {
  const to = block.committed;
  const bytes = to - block.flushed;
  if (bytes === 0) return;
  await block.log.file.write(block.buf, block.flushed - block.start, bytes, block.flushed);
  block.flushed = to;
  block.log.written = Math.max(block.log.written, to);
}
