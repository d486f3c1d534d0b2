/**
 * Where the frames end that are not surely written, and the last one that is: what the log goes
 * back to when a write fails. In the order of the log.
 *
 * The objects are used again: a commit that is written at once makes none.
 */

import { SEGMENT_HEADER_BYTES } from '../format/segment-header.ts';
import type { LogEnd } from './log-blocks.ts';
import type { LogSegment } from '../segments/segment.ts';

/** The log and its newest segment as they were at the end of a frame. */
export class FrameEnd {
  log: LogSegment;
  lsn = 0;
  nextValueIndex = 0;
  /** The next entry of the undo journal. */
  journalEnd = 0;
  #records = 0;
  #tombstones = 0;
  #minValueIndex = Infinity;
  #maxValueIndex = 0;
  #position = 0;
  #frameOffset = 0;
  #frameEnd = 0;
  #frameProof = 0;

  constructor(log: LogSegment) {
    this.log = log;
  }

  set(log: LogSegment, lsn: number, nextValueIndex: number, journalEnd: number): void {
    const { segment } = log;
    this.log = log;
    this.lsn = lsn;
    this.nextValueIndex = nextValueIndex;
    this.journalEnd = journalEnd;
    this.#records = segment.records;
    this.#tombstones = segment.tombstones;
    this.#minValueIndex = segment.minValueIndex;
    this.#maxValueIndex = segment.maxValueIndex;
    this.#position = segment.position;
    this.#frameOffset = log.frameOffset;
    this.#frameEnd = log.frameEnd;
    this.#frameProof = log.frameProof;
  }

  /** Gives the segment back what it had; it ends at `offset`. */
  restore(offset: number): void {
    const { segment } = this.log;
    segment.bytes = offset;
    segment.records = this.#records;
    segment.tombstones = this.#tombstones;
    segment.minValueIndex = this.#minValueIndex;
    segment.maxValueIndex = this.#maxValueIndex;
    segment.position = this.#position;
    this.log.frameOffset = this.#frameOffset;
    this.log.frameEnd = this.#frameEnd;
    this.log.frameProof = this.#frameProof;
    if (this.log.groupEndLsn > this.lsn) this.log.groupEndLsn = 0;
    this.log.written = Math.min(this.log.written, offset);
  }
}

export class FrameEnds {
  /** Of the last frame that is surely written. */
  written: FrameEnd;
  readonly #waiting: FrameEnd[] = [];
  readonly #spare: FrameEnd[] = [];

  constructor(first: FrameEnd) {
    this.written = first;
  }

  /** A frame was closed. Returns an object to be set. */
  add(log: LogSegment): FrameEnd {
    const end = this.#spare.pop() ?? new FrameEnd(log);
    this.#waiting.push(end);
    return end;
  }

  /** The log is written up to `lsn`; true if that is a frame further than before. */
  advance(lsn: number): boolean {
    let count = 0;
    while (count < this.#waiting.length && this.#waiting[count]!.lsn <= lsn) {
      this.#spare.push(this.written);
      this.written = this.#waiting[count]!;
      count += 1;
    }
    if (count === this.#waiting.length) this.#waiting.length = 0;
    else this.#waiting.splice(0, count);
    return count > 0;
  }

  /**
   * The segments that have more than is surely written, and where they end then. `later`: those
   * begun after that of the last written frame.
   */
  unwritten(current: LogSegment, later: readonly LogSegment[]): LogEnd[] {
    const { log, lsn } = this.written;
    const ends = later.map((one) => ({ log: one, offset: SEGMENT_HEADER_BYTES }));
    const offset = lsn - log.lsnBase;
    const isWhole = log !== current && offset >= log.segment.bytes;
    return isWhole ? ends : [{ log, offset }, ...ends];
  }

  /** The frames that wait will never be written. */
  forget(): void {
    this.#waiting.length = 0;
  }
}
