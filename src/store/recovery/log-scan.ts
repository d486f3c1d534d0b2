/**
 * Reads a segment frame by frame and stops at the first thing that is not sound. Whether that is a
 * torn tail or damage is not decided here (cut-log.ts): for that it also collects the watermarks of
 * every sound frame header, before and behind the bad place.
 *
 * Rows are those of whole frames only. Reading is blocking: recovery and inspection have no
 * clients.
 */

import type { ReadFile } from '../../io/files.ts';
import type { KeyHash } from '../../lib/key-hash.ts';
import { RECOVERY_WINDOW_BYTES } from '../limits.ts';
import {
  ENTRY_HEADER_BYTES, KIND_PAD, entryBytesAt, entryKeyBytesAt, entryKeyStartAt, entryKindAt,
  entryValueIndexAt,
  isEntryHeaderSound, isEntryPayloadSound, skipGap,
} from '../format/data-entry.ts';
import { FRAME_HEADER_BYTES, FRAME_MAGIC_BYTES, readFrameHeader } from '../format/frame.ts';
import type { FrameHeader } from '../format/frame.ts';
import { HintRows } from '../format/hint-rows.ts';
import { SEGMENT_HEADER_BYTES, decodeSegmentHeader } from '../format/segment-header.ts';
import type { SegmentHeader } from '../format/segment-header.ts';
import { addRow } from '../hints/hint-writer.ts';
import type { Watermark } from '../log/log-appender.ts';

/** Something that is not as it was written. */
export interface BadPlace {
  readonly offset: number;
  readonly reason: string;
  readonly key: Buffer | undefined;
  /** Where the frame begins that contains it: the log is whole up to there. */
  readonly frameOffset: number;
}

/** Whole frames, column by column. */
export interface Frames {
  readonly offset: number[];
  /** Behind the last byte. */
  readonly end: number[];
  readonly flags: number[];
  /** Rows up to and including this frame. */
  readonly rows: number[];
  readonly position: number[];
}

export interface LogScan {
  readonly header: SegmentHeader | undefined;
  readonly frames: Frames;
  readonly rows: HintRows;
  /** Undefined: the file ends where its last frame ends. */
  readonly bad: BadPlace | undefined;
  /** The value_index of the first record, and the one that must follow the last. 0 = no frames. */
  readonly firstValueIndex: number;
  readonly nextValueIndex: number;
  /** The highest watermark of a sound frame header anywhere in the file. */
  readonly watermark: Watermark;
}

export interface ScanOptions {
  readonly file: ReadFile;
  readonly id: number;
  /** Length of the file, or of the part of it that counts. */
  readonly bytes: number;
  readonly hasher: KeyHash;
  /** LOG segments have no gaps in their value_index; PACK segments may. */
  readonly isGapless: boolean;
  /**
   * Go on behind bad places and take what is sound; a record whose header is sound is taken with
   * its damaged payload, so that its key is known to be damaged. Each place is told.
   */
  readonly onSalvage?: (bad: BadPlace) => void;
}

export function scanLog(options: ScanOptions): LogScan {
  return new Scanner(options).run();
}

/** Whether `a` is farther in the log than `b`. */
export function isFarther(a: Watermark, b: Watermark): boolean {
  return a.segmentId > b.segmentId || (a.segmentId === b.segmentId && a.offset > b.offset);
}

export const NOTHING_SYNCED: Watermark = { segmentId: 0, offset: 0 };

class Scanner {
  readonly #options: ScanOptions;
  readonly #frames: Frames = { offset: [], end: [], flags: [], rows: [], position: [] };
  readonly #rows = new HintRows();
  #window = Buffer.allocUnsafeSlow(RECOVERY_WINDOW_BYTES);
  #windowStart = 0;
  #windowEnd = 0;
  #bad: BadPlace | undefined;
  #firstValueIndex = 0;
  #nextValueIndex = 0;
  #watermark = NOTHING_SYNCED;

  constructor(options: ScanOptions) {
    this.#options = options;
  }

  run(): LogScan {
    const header = this.#readHeader();
    // Frames prove their own place: behind a bad header they still tell what was synced.
    if (header !== undefined || this.#options.onSalvage !== undefined) this.#readFrames();
    else this.#collectWatermarks(this.#findFrame(SEGMENT_HEADER_BYTES));
    return {
      header,
      frames: this.#frames,
      rows: this.#rows,
      bad: this.#bad,
      firstValueIndex: this.#firstValueIndex,
      nextValueIndex: this.#nextValueIndex,
      watermark: this.#watermark,
    };
  }

  #readHeader(): SegmentHeader | undefined {
    if (!this.#have(0, SEGMENT_HEADER_BYTES)) {
      this.#fail(0, 'the file ends inside the segment header', 0);
      return undefined;
    }
    const header = decodeSegmentHeader(this.#window.subarray(0, SEGMENT_HEADER_BYTES));
    if (typeof header === 'string') {
      this.#fail(0, header, 0);
      return undefined;
    }
    if (header.id === this.#options.id) return header;
    this.#fail(0, `the header says that this is segment ${header.id}`, 0);
    return undefined;
  }

  #readFrames(): void {
    const { bytes, onSalvage } = this.#options;
    let at = skipGap(SEGMENT_HEADER_BYTES);
    while (at < bytes) {
      const end = this.#readFrame(at);
      if (end !== -1) {
        at = skipGap(end);
        continue;
      }
      const next = this.#findFrame(at + 8);
      if (onSalvage === undefined || next === -1) {
        this.#collectWatermarks(next);
        return;
      }
      at = next;
    }
  }

  /** Where the frame at `at` ends; -1 if it is not sound, which is noted. */
  #readFrame(at: number): number {
    const { bytes, id, onSalvage } = this.#options;
    if (!this.#have(at, FRAME_HEADER_BYTES)) return this.#fail(at, 'a frame header is cut off', at);
    const frame = readFrameHeader(this.#window, at - this.#windowStart, id, at);
    if (frame === undefined) return this.#fail(at, 'there is no sound frame header', at);
    if (at + frame.bytes > bytes) return this.#fail(at, 'a frame is cut off', at);
    const gap = this.#gapBefore(frame);
    if (gap !== undefined) return this.#fail(at, gap, at);
    const rowsBefore = this.#rows.count;
    const nextBefore = this.#nextValueIndex;
    const isSound = this.#readRecords(at, frame);
    if (!isSound && onSalvage === undefined) {
      this.#rows.truncate(rowsBefore);
      this.#nextValueIndex = nextBefore;
      return -1;
    }
    this.#noteFrame(at, frame);
    return at + frame.bytes;
  }

  #noteFrame(at: number, frame: FrameHeader): void {
    const frames = this.#frames;
    frames.offset.push(at);
    frames.end.push(at + frame.bytes);
    frames.flags.push(frame.flags);
    frames.rows.push(this.#rows.count);
    frames.position.push(frame.position);
    if (this.#firstValueIndex === 0) this.#firstValueIndex = frame.firstValueIndex;
    this.#noteWatermark(frame);
  }

  #noteWatermark(frame: FrameHeader): void {
    const watermark = { segmentId: frame.syncedSegment, offset: frame.syncedOffset };
    if (isFarther(watermark, this.#watermark)) this.#watermark = watermark;
  }

  /** Why the frame does not continue the one before it: a piece of the log would be missing. */
  #gapBefore(frame: FrameHeader): string | undefined {
    const isExpected = !this.#options.isGapless || this.#nextValueIndex === 0 ||
      this.#options.onSalvage !== undefined || frame.firstValueIndex === this.#nextValueIndex;
    if (isExpected) return undefined;
    return `a frame begins with value_index ${frame.firstValueIndex}, ` +
      `expected ${this.#nextValueIndex}`;
  }

  #readRecords(frameOffset: number, frame: FrameHeader): boolean {
    const end = frameOffset + frame.bytes;
    let at = frameOffset + FRAME_HEADER_BYTES;
    let isSound = true;
    this.#nextValueIndex = Math.max(this.#nextValueIndex, frame.firstValueIndex);
    for (let left = frame.records; left > 0; left -= 1) {
      at = skipGap(at);
      if (!this.#isHeaderSound(at, end)) {
        this.#fail(at, 'the checksum of a record header is wrong', frameOffset);
        return false;
      }
      const bytes = entryBytesAt(this.#window, at - this.#windowStart);
      if (at + bytes > end || !this.#have(at, bytes)) {
        this.#fail(at, 'a record is longer than its frame', frameOffset);
        return false;
      }
      isSound = this.#readRecord(at, bytes, frameOffset) && isSound;
      if (!isSound && this.#options.onSalvage === undefined) return false;
      at += bytes;
    }
    if (at === end) return isSound;
    this.#fail(at, `a frame ends here instead of at ${end}`, frameOffset);
    return false;
  }

  #isHeaderSound(at: number, end: number): boolean {
    return at + ENTRY_HEADER_BYTES <= end && this.#have(at, ENTRY_HEADER_BYTES) &&
      isEntryHeaderSound(this.#window, at - this.#windowStart);
  }

  #readRecord(offset: number, bytes: number, frameOffset: number): boolean {
    const at = offset - this.#windowStart;
    const buf = this.#window;
    const isSound = isEntryPayloadSound(buf, at);
    if (!isSound) {
      const start = entryKeyStartAt(buf, at);
      const key = Buffer.from(buf.subarray(start, start + entryKeyBytesAt(buf, at)));
      this.#fail(offset, 'the checksum of a record is wrong', frameOffset, key);
    }
    if (entryKindAt(buf, at) === KIND_PAD) return isSound;
    addRow(this.#rows, this.#options.hasher, buf, at, offset, bytes);
    this.#nextValueIndex = entryValueIndexAt(buf, at) + 1;
    return isSound;
  }

  // ---- Behind a bad place -----------------------------------------------------------------------

  /** Watermarks of frame headers from `from` on; a frame found by its header may itself be torn. */
  #collectWatermarks(from: number): void {
    for (let at = from; at !== -1; at = this.#findFrame(at + 8)) {
      this.#have(at, FRAME_HEADER_BYTES);
      const frame = readFrameHeader(this.#window, at - this.#windowStart, this.#options.id, at);
      if (frame !== undefined) this.#noteWatermark(frame);
    }
  }

  /** The next sound frame header at or after `from`; -1 if there is none. */
  #findFrame(from: number): number {
    const { bytes, id } = this.#options;
    for (let at = from; at + FRAME_HEADER_BYTES <= bytes;) {
      if (!this.#have(at, FRAME_HEADER_BYTES)) return -1;
      const found = this.#window.indexOf(FRAME_MAGIC_BYTES, at - this.#windowStart + 4);
      const header = this.#windowStart + found - 4;
      const isInWindow = found !== -1 && header + FRAME_HEADER_BYTES <= this.#windowEnd;
      if (!isInWindow) {
        const next = this.#windowEnd - FRAME_HEADER_BYTES + 8;
        if (next <= at || this.#windowEnd >= bytes) return -1;
        at = next - (next % 8);
        this.#windowEnd = this.#windowStart;
        continue;
      }
      if (header % 8 === 0 && readFrameHeader(this.#window, found - 4, id, header) !== undefined) {
        return header;
      }
      at = header - (header % 8) + 8;
    }
    return -1;
  }

  #fail(offset: number, reason: string, frameOffset: number, key?: Buffer): -1 {
    const bad = { offset, reason, key, frameOffset };
    if (this.#options.onSalvage !== undefined) this.#options.onSalvage(bad);
    this.#bad ??= bad;
    return -1;
  }

  /** Whether [at, at + length) is in the file; if so it is in the window. */
  #have(at: number, length: number): boolean {
    if (at + length > this.#options.bytes) return false;
    if (at >= this.#windowStart && at + length <= this.#windowEnd) return true;
    if (length > this.#window.length) this.#window = Buffer.allocUnsafeSlow(length);
    const wanted = Math.min(this.#window.length, this.#options.bytes - at);
    const read = this.#options.file.readSync(this.#window, 0, wanted, at);
    this.#windowStart = at;
    this.#windowEnd = at + read;
    // Old bytes behind the end must not look like a frame.
    this.#window.fill(0, read);
    return read >= length;
  }
}
