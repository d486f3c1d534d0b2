/**
 * Scratch reads of single records: from disk, whatever is in RAM, and nothing is kept there.
 *
 * Header, key and payload are checked, however long the value is: what is longer than
 * CHECK_PIECE_BYTES is summed piece by piece. It fails with a StoreError that names file and
 * offset. The caller has pinned the segment.
 */

import { Checksum } from '../../lib/checksum.ts';
import { readU32 } from '../../lib/words.ts';
import {
  ENTRY_HEADER_BYTES, entryBytesAt, entryBytesToKeyEndAt, entryValueBytesAt, isEntryHeaderSound,
  isEntryPayloadSound,
} from '../format/data-entry.ts';
import type { LoadedRecord, Residents } from '../memory/residents.ts';
import type { Segment } from '../segments/segment.ts';
import { damaged } from '../store-error.ts';
import { READ_CACHE_RECORD_BYTES_MAX } from '../limits.ts';

/** A longer record is summed in pieces. Whatever the read cache may hold is in one. */
export const CHECK_PIECE_BYTES = READ_CACHE_RECORD_BYTES_MAX;

/** `bytes` is a bound of the record's size. Not whole: header and key, but all was verified. */
export async function readRecord(residents: Residents, segment: Segment, offset: number,
  bytes: number): Promise<LoadedRecord> {
  const read = (at: number, length: number): Promise<Buffer> =>
    residents.readBytes(segment, offset + at, length);
  const fail = (reason: string): Error => damaged(segment.path, offset, reason);
  let buf = await read(0, Math.min(bytes, CHECK_PIECE_BYTES));
  if (buf.length < ENTRY_HEADER_BYTES || !isEntryHeaderSound(buf, 0)) {
    throw fail('the checksum of a record header is wrong');
  }
  const keyEnd = entryBytesToKeyEndAt(buf, 0);
  const payloadEnd = keyEnd + entryValueBytesAt(buf, 0);
  if (payloadEnd <= buf.length) {
    if (entryBytesAt(buf, 0) <= buf.length && isEntryPayloadSound(buf, 0)) {
      return { buf, at: 0, isWhole: true };
    }
    throw fail('the checksum of a record is wrong');
  }
  if (keyEnd > buf.length) buf = await read(0, keyEnd);
  if (keyEnd > buf.length) throw fail('the file ends inside the key');
  const sum = new Checksum();
  sum.update(buf, ENTRY_HEADER_BYTES, buf.length);
  for (let at = buf.length; at < payloadEnd;) {
    const piece = await read(at, Math.min(CHECK_PIECE_BYTES, payloadEnd - at));
    if (piece.length === 0) throw fail('the file ends inside the value');
    sum.update(piece, 0, piece.length);
    at += piece.length;
  }
  if (sum.digest() !== readU32(buf, 4)) throw fail('the checksum of a record is wrong');
  return { buf, at: 0, isWhole: false };
}
