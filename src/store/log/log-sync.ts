/**
 * fsync of the log: one round at a time, oldest segment first, so that "durable up to here" is one
 * number and one place.
 *
 * Invariant: the watermark moves into a segment only when every older one is durable to its end,
 * name included. A round covers what was written before it began.
 *
 * Each advance over a frame is also noted outside the log (io/watermark-file.ts), where the loss of
 * the open segment does not lose it.
 */

import type { SyncedProof, WatermarkFile } from '../../io/watermark-file.ts';
import type { LogFiles } from '../segments/log-files.ts';
import type { Watermark } from './log-appender.ts';
import type { LogSegment } from '../segments/segment.ts';

export class LogSync {
  watermark: Watermark;
  /** Length of the log that is known to be on disk. */
  durableLsn = 0;

  readonly #files: LogFiles;
  readonly #notes: WatermarkFile;
  /** Segments that are not durable to their end; the last one is being written. */
  readonly #open: LogSegment[] = [];
  #running: Promise<void> | undefined;

  constructor(files: LogFiles, watermark: Watermark, notes: WatermarkFile) {
    this.#files = files;
    this.#notes = notes;
    this.watermark = watermark;
  }

  add(log: LogSegment): void {
    this.#open.push(log);
    if (this.#open.length === 1 && log.nameDurable) this.durableLsn = log.lsnBase + log.synced;
  }

  /** The segments that were begun after this one. */
  openAfter({ segment }: LogSegment): LogSegment[] {
    return this.#open.filter((log) => log.segment.id > segment.id);
  }

  /** Makes everything written before the call durable. Rejects with the disk's error. */
  async run(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    this.#running = this.#round().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /**
   * The same at once, blocking; false, with nothing done, if it needs more than one call. Throws
   * the disk's error.
   */
  runNow(): boolean {
    const log = this.#open[0];
    const isSimple = this.#running === undefined && this.#open.length === 1 &&
      log !== undefined && log.nameDurable && !log.isFull;
    if (!isSimple) return false;
    if (log.written > log.synced) log.file.datasyncSync();
    log.syncedProof = provenBy(log);
    this.#advance(log, log.written);
    return true;
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running.catch(() => undefined);
  }

  async #round(): Promise<void> {
    for (let log = this.#open[0]; log !== undefined; log = this.#open[0]) {
      const isFull = log.isFull;
      const written = log.written;
      const proof = provenBy(log);
      if (written > log.synced) await log.file.datasync();
      if (!log.nameDurable) await this.#files.syncNames();
      log.nameDurable = true;
      log.syncedProof = proof;
      this.#advance(log, written);
      if (!isFull || log.synced < log.segment.bytes) return;
      this.#open.shift();
    }
  }

  #advance(log: LogSegment, written: number): void {
    log.synced = Math.max(log.synced, written);
    this.watermark = { segmentId: log.segment.id, offset: log.synced };
    this.durableLsn = Math.max(this.durableLsn, log.lsnBase + log.synced);
    // While a segment holds no frame, the end of the one before is what must not be lost: nothing
    // else says where that was, before a frame follows it or the manifest lists it.
    if (log.syncedProof === undefined) return;
    this.#notes.note({ fileId: log.segment.id, bytes: log.synced, proof: log.syncedProof });
  }
}

/** The last frame that was written as a whole: what a sync that begins now proves. */
function provenBy({ frameOffset, frameEnd, frameProof, written, syncedProof }: LogSegment):
  SyncedProof | undefined {
  const isWritten = frameOffset > 0 && frameEnd <= written;
  return isWritten ? { at: frameOffset, sum: frameProof } : syncedProof;
}
