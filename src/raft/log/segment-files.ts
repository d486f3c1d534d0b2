/**
 * Files of the replicated log: segments are made, written and removed here.
 *
 * Making: everything that a new segment begins with is written to `raft-next.tmp` and synced, then
 * the file gets its name, and the directory is synced. So a crash leaves no half segment, and what
 * is called a segment has a sound header. The file is made ahead of time, with zeros where the
 * first records will be.
 *
 * Removing: one file after the other in the order in which they were given up, each when its last
 * reader has let it go. A crash leaves a prefix of the removals, and recovery relies on that:
 * segments older than a missing one mean that a file was lost.
 *
 * Everything rejects with DiskError.
 */

import type { Files, WriteFile } from '../../io/files.ts';
import type { LogSegment } from './log-segment.ts';
import type { PendingPart } from './pending-part.ts';
import { UNNAMED_SEGMENT, encodeSegmentHeader, segmentFileName } from './segment-header.ts';
import { KiB, MiB } from '../../lib/size-units.ts';

/** A larger group is also copied into the page cache in the pool: a copy of 1 MiB takes 0.3 ms. */
const RAFT_BLOCKING_WRITE_BYTES_MAX = 1 * MiB;

/**
 * Zeros written ahead of the log's end. A sync that neither grows the file nor takes new blocks for
 * it needs no journal: measured on ext4, 0.14 ms instead of 0.20 to 0.30. Writing and syncing so
 * many zeros takes 0.3 ms.
 */
const RAFT_ZEROS_BYTES = 256 * KiB;

/** From this size on a group grows the file: zeros would double what is written. */
const RAFT_ZEROED_WRITE_BYTES_MAX = 32 * KiB;

const ZEROS = Buffer.alloc(RAFT_ZEROS_BYTES);

export class SegmentFiles {
  readonly files: Files;
  readonly dir: string;
  readonly #segmentBytes: number;
  /** Written ahead at a time. */
  readonly #zeroBytes: number;
  readonly #onFailure: (cause: unknown) => void;
  #spare: Promise<WriteFile | undefined> | undefined;
  /** The removals so far. */
  #removed: Promise<void> = Promise.resolve();
  #isRemovalStopped = false;

  /** `onFailure` is told when a file cannot be removed. */
  constructor(files: Files, dir: string, segmentBytes: number,
    onFailure: (cause: unknown) => void) {
    this.files = files;
    this.dir = dir;
    this.#segmentBytes = segmentBytes;
    this.#zeroBytes = Math.min(ZEROS.length, segmentBytes);
    this.#onFailure = onFailure;
  }

  path(sequence: number): string {
    return `${this.dir}/${segmentFileName(sequence)}`;
  }

  // ---- Making -----------------------------------------------------------------------------------

  /** Makes the next file, unless there is one. An error shows when the file is needed. */
  prepare(): void {
    this.#spare ??= this.#makeSpare();
  }

  /** Makes `segment` with its first records, durable with its name. */
  async create(segment: LogSegment, part: PendingPart): Promise<void> {
    const spare = await this.#spare;
    this.#spare = undefined;
    const file = spare ?? await this.#createUnnamed();
    segment.file = file;
    segment.header = { ...segment.header, durableBytes: part.end };
    const header = encodeSegmentHeader(segment.header);
    await file.write(header, 0, header.length, 0);
    await file.write(part.buf, 0, part.bytes, part.start);
    await file.datasync();
    await this.files.rename(this.#unnamed, segment.path);
    await this.files.syncDir(this.dir);
    segment.zeroed = Math.max(part.end, spare === undefined ? 0 : this.#zeroBytes);
    segment.written = segment.synced = segment.markedEnd = part.end;
    segment.isNamed = true;
  }

  /** Gives up the file that was made ahead. If it stays all the same, the next one replaces it. */
  async dropSpare(): Promise<void> {
    const spare = await this.#spare;
    this.#spare = undefined;
    if (spare === undefined) return;
    await spare.close().catch(() => undefined);
    await this.files.unlink(this.#unnamed).catch(() => undefined);
  }

  get #unnamed(): string {
    return `${this.dir}/${UNNAMED_SEGMENT}`;
  }

  /** A left-over is removed rather than reused: its pages may stem from a failed sync. */
  async #createUnnamed(): Promise<WriteFile> {
    if (await this.files.exists(this.#unnamed)) await this.files.unlink(this.#unnamed);
    return await this.files.create(this.#unnamed);
  }

  async #makeSpare(): Promise<WriteFile | undefined> {
    let file: WriteFile | undefined;
    try {
      file = await this.#createUnnamed();
      await file.write(ZEROS, 0, this.#zeroBytes, 0);
      await file.datasync();
      return file;
    } catch {
      await file?.close().catch(() => undefined);
      return undefined;
    }
  }

  // ---- Writing ----------------------------------------------------------------------------------

  /** Writes `part` behind what its segment has; a copy into the page cache, blocking. */
  writeNow(part: PendingPart): void {
    const { segment } = part;
    const file = segment.file!;
    file.writeSync(part.buf, 0, part.bytes, part.start);
    if (part.end > segment.zeroed) {
      const isWorthIt = part.bytes <= RAFT_ZEROED_WRITE_BYTES_MAX && part.end < this.#segmentBytes;
      const zeros = isWorthIt ? this.#zeroBytes : 0;
      if (zeros > 0) file.writeSync(ZEROS, 0, zeros, part.end);
      segment.zeroed = part.end + zeros;
    }
    segment.written = part.end;
  }

  /** Writes and syncs it, as far as that takes long in libuv's pool. */
  async write(part: PendingPart): Promise<void> {
    const { segment } = part;
    const file = segment.file!;
    if (part.bytes <= RAFT_BLOCKING_WRITE_BYTES_MAX) {
      this.writeNow(part);
    } else {
      await file.write(part.buf, 0, part.bytes, part.start);
      segment.zeroed = Math.max(segment.zeroed, part.end);
      segment.written = part.end;
    }
    await file.datasync();
    segment.synced = part.end;
  }

  // ---- Removing ---------------------------------------------------------------------------------

  /** Removes the files of these segments, in this order, after those before. */
  remove(segments: readonly LogSegment[]): void {
    const fresh = segments.filter(({ isRemoved }) => !isRemoved);
    if (fresh.length === 0) return;
    for (const segment of fresh) segment.isRemoved = true;
    this.#removed = this.#removed.then(() => this.#removeAll(fresh));
  }

  async removals(): Promise<void> {
    await this.#removed;
  }

  /** Never rejects. A file that stays keeps all younger ones: see above. */
  async #removeAll(segments: readonly LogSegment[]): Promise<void> {
    if (this.#isRemovalStopped) return;
    try {
      for (const segment of segments) {
        await closeSegment(segment);
        if (segment.isNamed) await this.files.unlink(segment.path);
      }
      await this.files.syncDir(this.dir);
    } catch (error) {
      this.#isRemovalStopped = true;
      this.#onFailure(error);
    }
  }
}

/** Closes the files of a segment when nobody reads it any more. */
export async function closeSegment(segment: LogSegment): Promise<void> {
  await segment.unread();
  const { file, reading } = segment;
  segment.file = segment.reading = undefined;
  await file?.close();
  await (await reading)?.close();
}
