/**
 * Walks the records of one sealed segment from the first to the last, reading the file in big
 * pieces and checking every checksum on the way.
 *
 * The reader of a batch sees the records of one window: `advance` goes on inside the window without
 * waiting, and says MORE when the next record is not wholly in it. What was seen before stays in
 * place until `fill`, so a batch of records can be copied after the question whether they are live.
 *
 *   file    |....done....|=========== window ==========|.... not read ....|
 *                        windowOffset      `at` = current record
 *
 * Invariants: a record that is returned is sound, header and payload. It fails with DAMAGED and a
 * reason, never by skipping anything; a read error is thrown as DiskError.
 */

import type { ReadFile } from '../../io/files.ts';
import { COMPACTION_WINDOW_BYTES } from '../limits.ts';
import {
  ENTRY_HEADER_BYTES, entryBytesAt, entryKeyBytesAt, entryKeyStartAt, isEntryHeaderSound,
  isEntryPayloadSound, skipGap,
} from '../format/data-entry.ts';
import { FRAME_HEADER_BYTES, readFrameHeader, type FrameHeader } from '../format/frame.ts';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES } from '../format/segment-header.ts';
import { damaged } from '../store-error.ts';
import type { CopierInputFile } from './copy-job.ts';

export const RECORD = 1;
export const MORE = 2;
export const END = 3;
export const DAMAGED = 4;
export type ScanStep = typeof RECORD | typeof MORE | typeof END | typeof DAMAGED;

/** What is wrong, and where in the segment. */
export interface ScanDamage {
  readonly offset: number;
  readonly reason: string;
  /** The key of the record, if its header is sound enough to find it; may be damaged too. */
  readonly key: Buffer | null;
}

export class SegmentScan {
  readonly #file: CopierInputFile;
  readonly #segmentId: number;
  readonly #endOffset: number;

  #window = Buffer.alloc(COMPACTION_WINDOW_BYTES);
  #windowOffset = 0;
  #windowBytes = 0;
  /** What the next step needs, from `#next` on. */
  #wantedBytes = SEGMENT_HEADER_BYTES;
  #next = 0;
  #frame: FrameHeader | null = null;
  #frameEnd = 0;
  #recordsLeft = 0;

  /** The window; the current record begins at buf[at]. */
  at = 0;
  /** Where the current record lies in the segment. */
  offset = 0;
  /** Whole bytes of the current record. */
  bytes = 0;
  damage: ScanDamage | null = null;
  /** Greatest position of a frame so far. */
  position = 0;

  /** `endOffset`: the length that the segment was sealed with. */
  constructor(file: CopierInputFile, segmentId: number, endOffset: number) {
    this.#file = file;
    this.#segmentId = segmentId;
    this.#endOffset = endOffset;
  }

  get buf(): Buffer {
    return this.#window;
  }

  /** Forgets what was seen and reads on until the next record is whole. */
  async fill(): Promise<void> {
    const kept = this.#windowOffset + this.#windowBytes - this.#next;
    const from = this.#next - this.#windowOffset;
    const wanted = Math.max(COMPACTION_WINDOW_BYTES, this.#wantedBytes);
    const target = this.#window.length === wanted ? this.#window : Buffer.alloc(wanted);
    if (kept > 0) this.#window.copy(target, 0, from, from + kept);
    this.#window = target;
    this.#windowOffset = this.#next;
    this.#windowBytes = Math.max(0, kept);
    const readAt = this.#windowOffset + this.#windowBytes;
    const room = Math.min(target.length - this.#windowBytes, this.#endOffset - readAt);
    const got = await this.#file.read(target, this.#windowBytes, room, readAt);
    this.#windowBytes += got;
    if (got < room) this.#fail(readAt + got, `the file ends ${room - got} bytes early`);
  }

  /** Goes to the next record. After END or DAMAGED it stays there. */
  advance(): ScanStep {
    for (;;) {
      if (this.damage !== null) return DAMAGED;
      if (this.#frame === null || this.#recordsLeft === 0) {
        const step = this.#enterFrame();
        if (step !== RECORD) return step;
      } else {
        return this.#enterRecord();
      }
    }
  }

  /** RECORD: a frame was entered. */
  #enterFrame(): ScanStep {
    if (this.#next === 0) return this.#enterSegment();
    if (this.#frame !== null) {
      if (this.#next !== this.#frameEnd) {
        return this.#fail(this.#next, `a frame ends here instead of at ${this.#frameEnd}`);
      }
      this.#frame = null;
    }
    this.#next = skipGap(this.#next);
    if (this.#next >= this.#endOffset) return END;
    if (!this.#have(FRAME_HEADER_BYTES)) return this.damage === null ? MORE : DAMAGED;
    const at = this.#next - this.#windowOffset;
    const frame = readFrameHeader(this.#window, at, this.#segmentId, this.#next);
    if (frame === undefined) return this.#fail(this.#next, 'there is no sound frame header');
    this.#frame = frame;
    this.#frameEnd = this.#next + frame.bytes;
    this.#recordsLeft = frame.records;
    this.position = Math.max(this.position, frame.position);
    this.#next += FRAME_HEADER_BYTES;
    return RECORD;
  }

  #enterSegment(): ScanStep {
    if (!this.#have(SEGMENT_HEADER_BYTES)) return this.damage === null ? MORE : DAMAGED;
    const header = decodeSegmentHeader(this.#window.subarray(0, SEGMENT_HEADER_BYTES));
    if (typeof header === 'string') return this.#fail(0, header);
    if (header.id !== this.#segmentId) {
      return this.#fail(0, `it says that it is segment ${header.id}`);
    }
    this.#next = SEGMENT_HEADER_BYTES;
    return RECORD;
  }

  #enterRecord(): ScanStep {
    const start = skipGap(this.#next);
    this.#next = start;
    if (!this.#have(ENTRY_HEADER_BYTES)) return this.damage === null ? MORE : DAMAGED;
    const at = start - this.#windowOffset;
    if (!isEntryHeaderSound(this.#window, at)) {
      return this.#fail(start, 'the checksum of a record header is wrong');
    }
    const bytes = entryBytesAt(this.#window, at);
    if (start + bytes > this.#frameEnd) {
      return this.#fail(start, 'a record is longer than its frame');
    }
    if (!this.#have(bytes)) return this.damage === null ? MORE : DAMAGED;
    if (!isEntryPayloadSound(this.#window, at)) {
      return this.#fail(start, 'the checksum of a record is wrong', this.#keyAt(at));
    }
    this.at = at;
    this.offset = start;
    this.bytes = bytes;
    this.#next = start + bytes;
    this.#recordsLeft--;
    return RECORD;
  }

  /** Whether `bytes` bytes from `#next` on are in the window; more than the file has is damage. */
  #have(bytes: number): boolean {
    if (this.#next + bytes > this.#endOffset) {
      this.#fail(this.#next, `${bytes} bytes are missing behind the end, at ${this.#endOffset}`);
      return false;
    }
    this.#wantedBytes = bytes;
    return this.#next + bytes <= this.#windowOffset + this.#windowBytes;
  }

  #keyAt(at: number): Buffer {
    const start = entryKeyStartAt(this.#window, at);
    return Buffer.from(this.#window.subarray(start, start + entryKeyBytesAt(this.#window, at)));
  }

  #fail(offset: number, reason: string, key: Buffer | null = null): ScanStep {
    this.damage ??= { offset, reason, key };
    return DAMAGED;
  }
}

/** Small records take about a tenth of a millisecond. */
const VISITED_AT_ONCE = 64;

/**
 * Calls `visit` at each record of a sealed segment, which is sound then, and `pause` now and then.
 * Rejects with DAMAGED at the first thing that is not sound, or with DiskError.
 */
export async function visitRecords(file: ReadFile, id: number, bytes: number,
  pause: () => Promise<void>, visit: (scan: SegmentScan) => void): Promise<void> {
  const scan = new SegmentScan(file, id, bytes);
  for (let steps = 1; ; steps += 1) {
    const step = scan.advance();
    if (step === END) return;
    if (step === DAMAGED) {
      const { offset, reason, key } = scan.damage!;
      throw damaged(file.path, offset, reason, key ?? undefined);
    }
    if (step === RECORD) visit(scan);
    else await scan.fill();
    if (steps % VISITED_AT_ONCE === 0) await pause();
  }
}
