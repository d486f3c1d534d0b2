/**
 * The header of a frame: one group of batches that were committed together, visible whole or not at
 * all (drawn in FORMAT.md).
 *
 * Its checksum is seeded with the frame's place, so bytes that were written elsewhere never pass
 * for a frame. It carries the *synced watermark*: how far the log was known to be durable when it
 * was made. That is what tells a torn tail from damage: what lies before a watermark cannot be
 * torn.
 */

import { checksum } from '../../lib/checksum.ts';
import { joinU48, high16, readU16, readU32 } from '../../lib/words.ts';
import { LOG_GRANULE_BYTES } from './limits.ts';
import { ENTRY_HEADER_BYTES } from './data-entry.ts';

export const FRAME_HEADER_BYTES = 40;

/** The batch goes on in the next frame, in the next segment if this one has ended. */
export const FRAME_MORE = 1;

const MAGIC = 0x314d5246;

/** The same four bytes, from the fifth on of a frame header: how a scan finds frames again. */
export const FRAME_MAGIC_BYTES = Buffer.from('FRM1', 'latin1');

export interface FrameHeader {
  /** Header included; the next frame starts at skipGap(offset + bytes). */
  readonly bytes: number;
  /** PAD records included. */
  readonly records: number;
  /** The value_index of the first record. In a LOG segment the others follow without gaps. */
  readonly firstValueIndex: number;
  /** Place in the total order that this frame applied; 0 without peers. */
  readonly position: number;
  readonly syncedSegment: number;
  readonly syncedOffset: number;
  readonly flags: number;
}

/** Writes the header at buf[at] of the frame at `offset` of segment `segmentId`. */
export function writeFrameHeader(view: DataView, buf: Uint8Array, at: number, segmentId: number,
  offset: number, frame: FrameHeader): void {
  view.setUint32(at + 4, MAGIC, true);
  view.setUint32(at + 8, frame.bytes, true);
  view.setUint32(at + 12, frame.records, true);
  view.setUint32(at + 16, frame.firstValueIndex, true);
  view.setUint32(at + 20, frame.position, true);
  view.setUint16(at + 24, high16(frame.firstValueIndex), true);
  view.setUint16(at + 26, high16(frame.position), true);
  view.setUint32(at + 28, frame.syncedSegment, true);
  view.setUint32(at + 32, frame.syncedOffset, true);
  view.setUint16(at + 36, high16(frame.syncedSegment), true);
  view.setUint16(at + 38, frame.flags, true);
  view.setUint32(at, headerSum(buf, at, segmentId, offset), true);
}

/** Whether what starts at `offset` of segment `segmentId` is a frame header, and not a record. */
export function frameIsAt(buf: Uint8Array, at: number, segmentId: number, offset: number): boolean {
  return readU32(buf, at + 4) === MAGIC &&
    readU32(buf, at) === headerSum(buf, at, segmentId, offset);
}

/** The header at `at`, all of which is in `buf`; undefined if it is none for this place. */
export function readFrameHeader(buf: Uint8Array, at: number, segmentId: number,
  offset: number): FrameHeader | undefined {
  if (readU32(buf, at + 4) !== MAGIC) return undefined;
  if (readU32(buf, at) !== headerSum(buf, at, segmentId, offset)) return undefined;
  const bytes = readU32(buf, at + 8);
  if (bytes < FRAME_HEADER_BYTES || bytes % 8 !== 0) return undefined;
  return {
    bytes,
    records: readU32(buf, at + 12),
    firstValueIndex: joinU48(readU16(buf, at + 24), readU32(buf, at + 16)),
    position: joinU48(readU16(buf, at + 26), readU32(buf, at + 20)),
    syncedSegment: joinU48(readU16(buf, at + 36), readU32(buf, at + 28)),
    syncedOffset: readU32(buf, at + 32),
    flags: readU16(buf, at + 38),
  };
}

/**
 * A checksum that tells this frame from any other at its place: over its header and the header of
 * the record behind it, which covers that record's payload, as far as they are in one granule.
 * `buf` holds the frame from buf[at] on, to the end of the granule or of the frame.
 */
export function frameProof(buf: Uint8Array, at: number, offset: number, bytes: number): number {
  return checksum(buf, at, at + frameProofBytes(offset, bytes));
}

/** How many bytes of a frame `frameProof` looks at. */
export function frameProofBytes(offset: number, bytes: number): number {
  const room = LOG_GRANULE_BYTES - (offset % LOG_GRANULE_BYTES);
  return Math.min(bytes, room, FRAME_HEADER_BYTES + ENTRY_HEADER_BYTES);
}

function headerSum(buf: Uint8Array, at: number, segmentId: number, offset: number): number {
  const seed = (Math.imul(segmentId, 0x9e3779b1) ^ offset) >>> 0;
  return checksum(buf, at + 4, at + FRAME_HEADER_BYTES, seed);
}
