/**
 * Records of one segment that wait for the disk, one behind the other as they will lie in the file,
 * and what is durable when they are. The queue is a list of these; all but the newest belong to
 * segments that ended while the disk was busy.
 */

import type { SyncedProof } from '../../io/watermark-file.ts';
import { readU32 } from '../../lib/words.ts';
import { RAFT_BUFFER_BYTES } from '../limits.ts';
import type { LogSegment } from './log-segment.ts';

export class PendingPart {
  readonly segment: LogSegment;
  /** Offset of its first byte in the segment. */
  readonly start: number;
  /** Only the first `bytes` count. */
  buf: Buffer;
  bytes = 0;
  /** Where in `buf` its last record begins; -1 while there is none. */
  lastRecordAt = -1;
  /** Every change up to this ticket is durable with it. */
  ticket: number;
  /** So is every entry up to this one, as long as none of them is replaced. */
  lastIndex: number;

  constructor(segment: LogSegment, buf: Buffer | undefined, ticket: number, lastIndex: number) {
    this.segment = segment;
    this.start = segment.end;
    this.buf = buf ?? Buffer.allocUnsafeSlow(RAFT_BUFFER_BYTES);
    this.ticket = ticket;
    this.lastIndex = lastIndex;
  }

  /** Its last record: where it lies in the segment, and the sum of its header. */
  get proof(): SyncedProof | undefined {
    const at = this.lastRecordAt;
    return at < 0 ? undefined : { at: this.start + at, sum: readU32(this.buf, at) };
  }

  get end(): number {
    return this.start + this.bytes;
  }

  /** Makes room for `bytes` more; returns where in `buf` they belong. */
  reserve(bytes: number): number {
    const at = this.bytes;
    this.lastRecordAt = at;
    this.bytes += bytes;
    if (this.bytes > this.buf.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes, this.buf.length * 2));
      this.buf.copy(larger, 0, 0, at);
      this.buf = larger;
    }
    return at;
  }

  /** Copies what it has of [from, to) of its segment to where that belongs in `target`. */
  copyTo(target: Uint8Array, from: number, to: number): void {
    const start = Math.max(from, this.start);
    const end = Math.min(to, this.end);
    if (start >= end) return;
    target.set(this.buf.subarray(start - this.start, end - this.start), start - from);
  }
}
