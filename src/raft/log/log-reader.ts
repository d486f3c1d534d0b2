/**
 * Reads entries back: from the file what is written, from the queue what is not yet.
 *
 * A read gives entries of one segment as the log was at the call. What it depends on besides bytes
 * that never change is taken before it waits: where the entries begin, which of them were replaced,
 * and a copy of what is only queued. It pins the segment, so that trimming, truncating or a reset
 * meanwhile takes nothing away from it.
 *
 * It rejects with DiskError, or with DAMAGED when the bytes are not what was written.
 */

import type { Files, ReadFile } from '../../io/files.ts';
import { RAFT_OFFSETS_SPACING_BYTES } from '../limits.ts';
import type { LogEntry } from '../core/entry.ts';
import type { LogSegment, OffsetAt } from './log-segment.ts';
import type { PendingPart } from './pending-part.ts';
import { damaged } from './raft-log-error.ts';
import { RECORD_HEADER_BYTES, entryAt, isPayloadSound, readRecordHeader } from './record.ts';

/** Segments open for reading: one for each follower that lags behind. */
const RAFT_READ_FILES_MAX = 8;

/** Bytes of a segment; `buf` begins with the one at `start`. */
interface Window {
  readonly buf: Buffer;
  readonly start: number;
}

/** What a read has to know of the log at its call. */
interface Plan {
  readonly segment: LogSegment;
  readonly from: number;
  readonly lastIndex: number;
  readonly bytesMax: number;
  /** Where to begin: not behind `from`. */
  readonly offsets: readonly OffsetAt[];
}

/** `wanted`: the first entry is not whole in the window; this is where it lies. */
interface Taken {
  readonly entries: LogEntry[];
  readonly wanted?: { readonly index: number; readonly offset: number; readonly bytes: number };
}

export class LogReader {
  readonly #files: Files;
  readonly #pending: () => readonly PendingPart[];
  /** Segments whose file is open, the one read last at the end. */
  readonly #open: LogSegment[] = [];

  /** `pending`: what is appended and not durable. */
  constructor(files: Files, pending: () => readonly PendingPart[]) {
    this.#files = files;
    this.#pending = pending;
  }

  /**
   * The entries of `segment` from `from` on, which it has: at least one, then as long as their
   * records have at most `bytesMax` bytes together. Payloads are views of memory that belongs to
   * the caller. None at all if a reset dropped the entry before it was written.
   */
  async read(segment: LogSegment, from: number, bytesMax: number): Promise<LogEntry[]> {
    const { lastIndex } = segment;
    const plan: Plan = { segment, from, bytesMax, lastIndex, offsets: segment.offsetsFrom(from) };
    const { offset } = plan.offsets[0]!;
    // The first entry begins within one spacing.
    const windowBytes = RAFT_OFFSETS_SPACING_BYTES + RECORD_HEADER_BYTES + bytesMax;
    segment.pin();
    try {
      const window = await this.#load(segment, offset, Math.min(segment.end, offset + windowBytes));
      const { entries, wanted } = takeEntries(plan, window);
      return wanted === undefined ? entries : await this.#readAlone(plan, wanted);
    } finally {
      segment.unpin();
      await this.#closeUnused();
    }
  }

  /** An entry that is larger than a window. */
  async #readAlone(plan: Plan, wanted: NonNullable<Taken['wanted']>): Promise<LogEntry[]> {
    const { index, offset, bytes } = wanted;
    const window = await this.#load(plan.segment, offset, offset + bytes);
    const alone = { ...plan, from: index, lastIndex: index, offsets: [wanted] };
    return takeEntries(alone, window).entries;
  }

  /** Undefined: a part of it was dropped before it was written. Looks at the queue at once. */
  async #load(segment: LogSegment, start: number, end: number): Promise<Window | undefined> {
    const buf = Buffer.allocUnsafeSlow(end - start);
    const fileEnd = Math.max(start, Math.min(end, segment.written));
    const parts = this.#pending().filter((part) => part.segment === segment);
    if (fileEnd < end && end > (parts.at(-1)?.end ?? 0)) return undefined;
    for (const part of parts) part.copyTo(buf.subarray(fileEnd - start), fileEnd, end);
    if (fileEnd === start) return { buf, start };
    const file = await this.#fileOf(segment);
    const bytesRead = await file.read(buf, 0, fileEnd - start, start);
    if (bytesRead < fileEnd - start) throw damaged(segment.path, start + bytesRead, 'it ends here');
    return { buf, start };
  }

  #fileOf(segment: LogSegment): Promise<ReadFile> {
    const at = this.#open.indexOf(segment);
    if (at !== -1) this.#open.splice(at, 1);
    this.#open.push(segment);
    segment.reading ??= this.#files.openRead(segment.path).catch((error: unknown) => {
      segment.reading = undefined;
      throw error;
    });
    return segment.reading;
  }

  async #closeUnused(): Promise<void> {
    while (this.#open.length > RAFT_READ_FILES_MAX) {
      const at = this.#open.findIndex((segment) => !segment.isPinned);
      if (at === -1) return;
      const [segment] = this.#open.splice(at, 1);
      const { reading } = segment!;
      segment!.reading = undefined;
      await (await reading)?.close();
    }
  }
}

function takeEntries(plan: Plan, window: Window | undefined): Taken {
  const { segment, from, lastIndex, bytesMax, offsets } = plan;
  const entries: LogEntry[] = [];
  if (window === undefined) return { entries };
  const { buf, start } = window;
  let { index, offset } = offsets[0]!;
  let next = 1;
  let bytes = 0;
  while (index <= lastIndex && offset - start + RECORD_HEADER_BYTES <= buf.length) {
    const at = offset - start;
    const header = readRecordHeader(buf, at, segment.sequence, offset);
    if (header === undefined) throw damaged(segment.path, offset, 'there is no record');
    const kind = header.entryKind;
    if (kind !== undefined && header.index !== index) {
      throw damaged(segment.path, offset, `entry ${header.index} is where ${index} was written`);
    }
    if (kind !== undefined && index >= from) {
      bytes += header.bytes;
      if (entries.length > 0 && (bytes > bytesMax || at + header.bytes > buf.length)) break;
      if (at + header.bytes > buf.length) {
        return { entries, wanted: { index, offset, bytes: header.bytes } };
      }
      if (!isPayloadSound(buf, at, header)) {
        throw damaged(segment.path, offset, `the payload of entry ${index} is another`);
      }
      entries.push(entryAt(buf, at, header, kind));
    }
    offset += header.bytes;
    if (kind === undefined) continue;
    index += 1;
    // What lies here was replaced; the entry that counts has its own offset.
    if (offsets[next]?.index === index) offset = offsets[next++]!.offset;
  }
  return { entries };
}
