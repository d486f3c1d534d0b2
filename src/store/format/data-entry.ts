/**
 * One DataEntry record of the log: bytes in, fields out (drawn in FORMAT.md).
 *
 * The header has a checksum of its own, apart from the payload's (key and value): with one sum over
 * both a damaged length would desynchronise every scan behind it. A record does not say where it
 * lies, so the compactor moves it byte by byte; its value_index never changes.
 *
 * Invariants: a record starts at a multiple of 8; its header never crosses a 64 KiB granule of the
 * segment (see `skipGap`); PAD records carry zeros and have value_index 0.
 *
 * A record whose value_index does not say when its key last changed has a *stamp* that does
 * (version-stamp.ts), in 8 bytes between header and key: so the key's place has an accessor. They
 * are part of the payload, and are there when a large record is read up to its key.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { checksum, checksumOf } from '../../lib/checksum.ts';
import { joinU48, high16, readU16, readU32 } from '../../lib/words.ts';
import { LOG_GRANULE_BYTES } from './limits.ts';
import { NO_STAMP, stampOfValueIndex } from './version-stamp.ts';
import { MiB } from '../../lib/size-units.ts';

/** Longest key: a record's header gives it 28 bits; as an argument, the bulk limit binds it too. */
export const KEY_BYTES_MAX = 256 * MiB - 1;

export const ENTRY_HEADER_BYTES = 36;

/** DeleteStatus and what else a record can be. */
export const KIND_PUT = 1;
export const KIND_DELTA = 2;
export const KIND_DELETED = 3;
export const KIND_EXPIRE = 4;
export const KIND_PAD = 5;
/** The four of a value in pages (chain-shape.ts says how they work together). */
export const KIND_BEGIN = 6;
export const KIND_PAGE = 7;
export const KIND_BASE = 8;
export const KIND_RUN = 9;

/** In RAM alone, in the kind byte of a record that nobody needs any more (segment.ts). */
const DEAD_IN_RAM = 1 << 7;

/** In the type byte, above the three bits of the type: a string that APPEND or SETRANGE made. */
export const FLAG_RAW = 1 << 3;
/** Likewise: the record has a stamp. */
const FLAG_STAMP = 1 << 4;
const TYPE_MASK = 7;

export const STAMP_BYTES = 8;
/** A set FLAG_STAMP, shifted by this, is STAMP_BYTES. */
const STAMP_SHIFT = 1;
/** Of the stamp's upper word: 16 bits of the number, and what it counts. */
const STAMP_HIGH_MASK = 0x1ffff;
const TWO_32 = 2 ** 32;

/** In so few bytes before a granule boundary no header fits: nothing starts, they are zero. */
export const HEADER_ROOM_BYTES = 40;

/** Whole bytes of a record on disk, padding included; `stampBytes` is 0 or STAMP_BYTES. */
export function entryBytes(keyBytes: number, valueBytes: number, stampBytes = 0): number {
  const bytes = ENTRY_HEADER_BYTES + stampBytes + keyBytes + valueBytes;
  return bytes + (-bytes & 7);
}

/** Where a frame or record that would start at `offset` starts really. */
export function skipGap(offset: number): number {
  const room = LOG_GRANULE_BYTES - (offset % LOG_GRANULE_BYTES);
  return room < HEADER_ROOM_BYTES ? offset + room : offset;
}

/**
 * Writes the header of a record at `at`, and its stamp unless that is NO_STAMP; key and value stand
 * behind them already. `typeByte` is the type, with FLAG_RAW or without.
 */
export function writeEntryHeader(view: DataView, at: number, kind: number, typeByte: number,
  valueIndex: number, space: number, keyBytes: number, valueBytes: number,
  expireAtMs: number, stamp = NO_STAMP): void {
  const body = at + ENTRY_HEADER_BYTES;
  let end = body + keyBytes + valueBytes;
  let flags = typeByte;
  if (stamp !== NO_STAMP) {
    view.setUint32(body, stamp, true);
    view.setUint32(body + 4, stamp / TWO_32, true);
    end += STAMP_BYTES;
    flags |= FLAG_STAMP;
  }
  view.setUint32(at + 4, checksumOf(view, body, end), true);
  view.setUint32(at + 8, kind | (flags << 8) | (high16(valueIndex) << 16), true);
  view.setUint32(at + 12, valueIndex, true);
  view.setUint32(at + 16, space, true);
  view.setUint32(at + 20, keyBytes, true);
  view.setUint32(at + 24, valueBytes, true);
  view.setUint32(at + 28, expireAtMs, true);
  view.setUint32(at + 32, high16(expireAtMs), true);
  view.setUint32(at, checksumOf(view, at + 4, body), true);
}

/** Writes a PAD record of exactly `bytes` bytes, a multiple of 8 and at least HEADER_ROOM_BYTES. */
export function writePad(view: DataView, buf: Uint8Array, at: number, bytes: number): void {
  buf.fill(0, at, at + bytes);
  writeEntryHeader(view, at, KIND_PAD, 0, 0, 0, 0, bytes - ENTRY_HEADER_BYTES, 0);
}

// ---- Single fields of a record whose header is known to be sound (hot paths) --------------------

export function entryKindAt(buf: Uint8Array, at: number): number {
  return buf[at + 8]!;
}

export function entryTypeAt(buf: Uint8Array, at: number): number {
  return buf[at + 9]! & TYPE_MASK;
}

/** The type and FLAG_RAW: what a copy of the record with a stamp of its own is made with. */
export function entryTypeByteAt(buf: Uint8Array, at: number): number {
  return buf[at + 9]! & (TYPE_MASK | FLAG_RAW);
}

export function entryIsRawAt(buf: Uint8Array, at: number): boolean {
  return (buf[at + 9]! & FLAG_RAW) !== 0;
}

export function entryValueIndexAt(buf: Uint8Array, at: number): number {
  return joinU48(readU16(buf, at + 10), readU32(buf, at + 12));
}

export function entrySpaceAt(buf: Uint8Array, at: number): number {
  return readU32(buf, at + 16);
}

export function entryKeyBytesAt(buf: Uint8Array, at: number): number {
  return readU32(buf, at + 20);
}

export function entryValueBytesAt(buf: Uint8Array, at: number): number {
  return readU32(buf, at + 24);
}

function entryStampBytesAt(buf: Uint8Array, at: number): number {
  return (buf[at + 9]! & FLAG_STAMP) >>> STAMP_SHIFT;
}

/** When the record's key last changed, of a record that changed it or says again what it is. */
export function entryStampAt(buf: Uint8Array, at: number): number {
  if (entryStampBytesAt(buf, at) === 0) return stampOfValueIndex(entryValueIndexAt(buf, at));
  const stamp = at + ENTRY_HEADER_BYTES;
  return (readU32(buf, stamp + 4) & STAMP_HIGH_MASK) * TWO_32 + readU32(buf, stamp);
}

/** Where the key begins. */
export function entryKeyStartAt(buf: Uint8Array, at: number): number {
  return at + ENTRY_HEADER_BYTES + entryStampBytesAt(buf, at);
}

/** Bytes from the record's first to its key's last. */
export function entryBytesToKeyEndAt(buf: Uint8Array, at: number): number {
  return ENTRY_HEADER_BYTES + entryStampBytesAt(buf, at) + entryKeyBytesAt(buf, at);
}

/** The value of the record at buf[at]; borrowed. `words` is over all of `buf`. */
export function entryValueAt(buf: Buffer, at: number, words?: DataView): ByteRange {
  const start = entryKeyStartAt(buf, at) + entryKeyBytesAt(buf, at);
  return new ByteRange(buf, start, start + entryValueBytesAt(buf, at), words);
}

export function entryExpireAtAt(buf: Uint8Array, at: number): number {
  return joinU48(readU16(buf, at + 32), readU32(buf, at + 28));
}

/** The record's kind is none of the above from now on, and its header's checksum is wrong. */
export function markEntryDead(buf: Uint8Array, at: number): void {
  buf[at + 8]! |= DEAD_IN_RAM;
}

/** The record counts after all. */
export function markEntryAlive(buf: Uint8Array, at: number): void {
  buf[at + 8]! &= ~DEAD_IN_RAM;
}

// ---- Checks of untrusted bytes ------------------------------------------------------------------

/** Whether the 36 bytes at `at`, all of which are in `buf`, are a header as it was written. */
export function isEntryHeaderSound(buf: Uint8Array, at: number): boolean {
  if (readU32(buf, at) !== checksum(buf, at + 4, at + ENTRY_HEADER_BYTES)) return false;
  const kind = entryKindAt(buf, at);
  return kind >= KIND_PUT && kind <= KIND_RUN && entryKeyBytesAt(buf, at) <= KEY_BYTES_MAX;
}

/** Whether stamp, key and value, all of which are in `buf`, are as they were written. */
export function isEntryPayloadSound(buf: Uint8Array, at: number): boolean {
  const end = at + entryBytesToKeyEndAt(buf, at) + entryValueBytesAt(buf, at);
  return readU32(buf, at + 4) === checksum(buf, at + ENTRY_HEADER_BYTES, end);
}

/** Whole bytes of the record whose sound header is at `at`. */
export function entryBytesAt(buf: Uint8Array, at: number): number {
  return entryBytes(entryKeyBytesAt(buf, at), entryValueBytesAt(buf, at),
    entryStampBytesAt(buf, at));
}
