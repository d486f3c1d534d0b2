/**
 * Files of LOG segments: the next one is made ready ahead of time (created, its header written and
 * synced, its name made durable, registered in the manifest), so that going on in it costs nothing.
 *
 * If a batch needs a segment before that is done, `take` makes one on the spot, blocking; its name
 * becomes durable with the first fsync, and recovery finds it without the manifest
 * (format/manifest.ts). For the same reason a segment may be used before the manifest lists it.
 */

import type { Files } from '../../io/files.ts';
import type { KeyHashSeed } from '../../lib/key-hash.ts';
import {
  SEGMENT_HEADER_BYTES, SEGMENT_LOG, encodeSegmentHeader, segmentFileName,
} from '../format/segment-header.ts';
import { LogSegment } from './segment.ts';
import type { SegmentTable } from './segment-table.ts';

export interface LogFilesOptions {
  readonly files: Files;
  readonly dir: string;
  readonly seed: KeyHashSeed;
  readonly segments: SegmentTable;
  /** Writes the manifest anew, with the segment that was just made ready. */
  readonly register: () => Promise<void>;
}

export class LogFiles {
  readonly #options: LogFilesOptions;
  #ready: LogSegment | undefined;
  #preparing: Promise<void> | undefined;

  constructor(options: LogFilesOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#ready !== undefined;
  }

  /** Makes the segment after `current` ready, if it is not. Rejects with the disk's error. */
  prepare(current: LogSegment): Promise<void> {
    if (this.#ready !== undefined) return Promise.resolve();
    this.#preparing ??= this.#prepare(current.segment.id).finally(() => {
      this.#preparing = undefined;
    });
    return this.#preparing;
  }

  /** The first segment of a session: it follows nothing, and the caller registers it. */
  first(): Promise<LogSegment> {
    return this.#create(0);
  }

  /** The segment after `current`; the one after that is made ready in the background. */
  take(current: LogSegment): LogSegment {
    const next = this.#ready ?? this.#createNow(current.segment.id);
    this.#ready = undefined;
    this.#newestId = next.segment.id;
    void this.prepare(next).catch(() => undefined);
    return next;
  }

  /** Closes the file that was made ready; it stays, because the manifest lists it. */
  async close(): Promise<void> {
    await this.#preparing?.catch(() => undefined);
    await this.#ready?.file.close();
    this.#ready = undefined;
  }

  async syncNames(): Promise<void> {
    await this.#options.files.syncDir(this.#options.dir);
  }

  // ---- Inside -----------------------------------------------------------------------------------

  /** The segment that a new one follows. */
  #newestId = -1;

  async #prepare(previousId: number): Promise<void> {
    this.#newestId = previousId;
    const log = await this.#create(previousId);
    if (this.#newestId !== previousId) {
      // A segment was needed at once, and this one does not follow it.
      await this.#discard(log);
      return;
    }
    this.#ready = log;
    await this.#options.register();
  }

  async #discard(log: LogSegment): Promise<void> {
    const { files, segments } = this.#options;
    segments.remove(log.segment);
    await log.file.close();
    // A manifest may list it by now; the file goes only when none does.
    await this.#options.register();
    await files.unlink(log.segment.path);
  }

  async #create(previousId: number): Promise<LogSegment> {
    const { files, segments } = this.#options;
    const id = segments.reserveId();
    const path = this.#path(id);
    const file = await files.create(path);
    try {
      await file.write(this.#header(id, previousId), 0, SEGMENT_HEADER_BYTES, 0);
      await file.datasync();
      await this.syncNames();
    } catch (error) {
      await file.close().catch(() => undefined);
      await files.unlink(path).catch(() => undefined);
      throw error;
    }
    const segment = segments.add(id, SEGMENT_LOG, path, 'open', SEGMENT_HEADER_BYTES);
    return new LogSegment(segment, file, true, SEGMENT_HEADER_BYTES);
  }

  #createNow(previousId: number): LogSegment {
    const { files, segments } = this.#options;
    const id = segments.reserveId();
    const path = this.#path(id);
    const file = files.createSync(path);
    file.writeSync(this.#header(id, previousId), 0, SEGMENT_HEADER_BYTES, 0);
    const segment = segments.add(id, SEGMENT_LOG, path, 'open', SEGMENT_HEADER_BYTES);
    return new LogSegment(segment, file, false, SEGMENT_HEADER_BYTES);
  }

  #header(id: number, previousId: number): Buffer {
    return encodeSegmentHeader({ id, kind: SEGMENT_LOG, seed: this.#options.seed, previousId });
  }

  #path(id: number): string {
    return `${this.#options.dir}/${segmentFileName(id, SEGMENT_LOG)}`;
  }
}
