/**
 * Reads the records of a segment and decides what a place is that is not sound. Pure.
 *
 *     | header | sound records ... | bad place ... W ...   ->  DAMAGE: it was durable once
 *     | header | sound records ... W ... | bad place ...   ->  TORN, or just the end: cut there
 *
 * W is the farthest that any sound record, before or behind the bad place, knew to be durable. A
 * sound record behind the bad place alone proves nothing: of a group that was not synced, a power
 * cut may leave the end and lose the beginning.
 */

import type { RecordHeader } from './record.ts';
import { RECORD_HEADER_BYTES, isPayloadSound, readRecordHeader } from './record.ts';

export interface SegmentBytes {
  /** The whole file, or as much of it as counts. */
  readonly bytes: Uint8Array;
  readonly sequence: number;
  readonly headerBytes: number;
  /** As the header says. */
  readonly durableBytes: number;
}

export interface SegmentScan {
  /** Behind the last sound record. */
  readonly end: number;
  /** What is there was durable once. */
  readonly isDamaged: boolean;
}

/** Calls `visit` with each sound record in turn and where it is; what that throws ends the scan. */
export function scanSegment(segment: SegmentBytes,
  visit: (header: RecordHeader, at: number) => void): SegmentScan {
  const { bytes, sequence, headerBytes } = segment;
  let at = headerBytes;
  let watermark = segment.durableBytes;
  for (;;) {
    const header = soundRecordAt(bytes, at, sequence);
    if (header === undefined) break;
    watermark = Math.max(watermark, header.durableBytes);
    visit(header, at);
    at += header.bytes;
  }
  const isDamaged = watermark > at || hasWatermarkAbove(at, bytes, sequence);
  return { end: at, isDamaged };
}

function soundRecordAt(bytes: Uint8Array, at: number, sequence: number): RecordHeader | undefined {
  if (at + RECORD_HEADER_BYTES > bytes.length) return undefined;
  const header = readRecordHeader(bytes, at, sequence, at);
  if (header === undefined || at + header.bytes > bytes.length) return undefined;
  return isPayloadSound(bytes, at, header) ? header : undefined;
}

/** Whether a sound header behind `bad` says that `bad` was durable. */
function hasWatermarkAbove(bad: number, bytes: Uint8Array, sequence: number): boolean {
  for (let at = bad; at + RECORD_HEADER_BYTES <= bytes.length;) {
    const header = readRecordHeader(bytes, at, sequence, at);
    if (header !== undefined && header.durableBytes > bad) return true;
    // What is inside a record whose header is sound is a payload.
    at += header?.bytes ?? 8;
  }
  return false;
}
