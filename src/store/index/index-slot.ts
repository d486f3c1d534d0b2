/**
 * The four 32-bit words of one slot of the key index. The same words go into a checkpoint.
 *
 *     word 0   0..31  tag: the low 32 bits of the key's hash
 *     word 1   0..25  offset of the record in its segment, in 8-byte units
 *             26..28  type
 *                 29  CHAINED: the place is a 46-bit chain id, segment field high, offset field low
 *             30..31  reserved, zero
 *     word 2   0..19  segment slot (from 1)
 *             20..29  size class (size-class.ts)
 *                 30  reserved, zero
 *                 31  OCCUPIED: so that word 2 of a used slot is never 0, chain ids included
 *     word 3   0..31  expiry in whole seconds since the epoch, rounded up; 0 = never
 *
 * Example: a string (type 0) at byte 4096 of segment slot 3, 1025 bytes, no expiry, tag 0xdeadbeef:
 * deadbeef 00000200 86100003 00000000.
 *
 * A field out of range is a bug of the caller: RangeError, because a cut field would silently point
 * to another record.
 */
import { SEGMENT_START_BYTES_MAX } from '../../config/limits.ts';
import { RECORD_ALIGN_BYTES, SEGMENT_SLOTS_MAX } from '../limits.ts';
import { SIZE_CLASS_COUNT } from './size-class.ts';

export const SLOT_WORDS = 4;

/** Word numbers. */
export const TAG_WORD = 0;
export const PLACE_WORD = 1;
export const SEGMENT_WORD = 2;
export const EXPIRY_WORD = 3;

const OFFSET_UNITS = 2 ** 26;
const OFFSET_MASK = OFFSET_UNITS - 1;
const TYPE_SHIFT = 26;
const TYPE_MASK = 7;
const CHAINED = 1 << 29;
const SEGMENT_MASK = SEGMENT_SLOTS_MAX - 1;
const SIZE_CLASS_SHIFT = 20;
const SIZE_CLASS_MASK = SIZE_CLASS_COUNT - 1;
const OCCUPIED = 1 << 31;

export const CHAIN_ID_MAX = 2 ** 46 - 1;
export const EXPIRY_SECONDS_MAX = 2 ** 32 - 1;

/**
 * What word 3 holds for an expiry in milliseconds since the epoch (0 = never). Rounded up, so: now
 * at or past it means surely expired, now a second or more before it means surely not. Beyond the
 * year 2106 it saturates, and only the record knows.
 */
export function expirySecondsOfMs(expiryMs: number): number {
  return Math.min(Math.ceil(expiryMs / 1000), EXPIRY_SECONDS_MAX);
}

/** Word 1 of a slot that points to a record. */
export function packPlace(type: number, offsetBytes: number): number {
  if ((type & TYPE_MASK) !== type) throw new RangeError(`index slot: type ${type}, allowed 0 to 7`);
  if ((offsetBytes | 0) !== offsetBytes || offsetBytes < 0 ||
      (offsetBytes & (RECORD_ALIGN_BYTES - 1)) !== 0 || offsetBytes >= SEGMENT_START_BYTES_MAX) {
    throw new RangeError(`index slot: offset ${offsetBytes}, allowed are multiples of ` +
      `${RECORD_ALIGN_BYTES} below ${SEGMENT_START_BYTES_MAX}`);
  }
  return (offsetBytes >>> 3) | (type << TYPE_SHIFT);
}

/** Word 2 of a slot that points to a record. */
export function packSegment(segment: number, sizeClass: number): number {
  if ((segment & SEGMENT_MASK) !== segment || segment === 0) {
    throw new RangeError(`index slot: segment ${segment}, allowed 1 to ${SEGMENT_MASK}`);
  }
  return segment | packSizeClass(sizeClass);
}

/** Word 1 of a slot that holds a chain id. */
export function packChainPlace(type: number, chainId: number): number {
  if ((type & TYPE_MASK) !== type) throw new RangeError(`index slot: type ${type}, allowed 0 to 7`);
  if (!(Number.isSafeInteger(chainId) && chainId >= 0 && chainId <= CHAIN_ID_MAX)) {
    throw new RangeError(`index slot: chain id ${chainId}, allowed 0 to ${CHAIN_ID_MAX}`);
  }
  return (chainId % OFFSET_UNITS) | (type << TYPE_SHIFT) | CHAINED;
}

/** Word 2 of a slot that holds a chain id. */
export function packChainSegment(chainId: number, sizeClass: number): number {
  return Math.floor(chainId / OFFSET_UNITS) | packSizeClass(sizeClass);
}

function packSizeClass(sizeClass: number): number {
  if ((sizeClass & SIZE_CLASS_MASK) !== sizeClass) {
    throw new RangeError(`index slot: size class ${sizeClass}, allowed 0 to ${SIZE_CLASS_MASK}`);
  }
  return (sizeClass << SIZE_CLASS_SHIFT) | OCCUPIED;
}

/** Word 3, as the int32 with the same bits. */
export function packExpiry(seconds: number): number {
  if (!(seconds >= 0 && seconds <= EXPIRY_SECONDS_MAX && Math.floor(seconds) === seconds)) {
    throw new RangeError(`index slot: expiry ${seconds} s, allowed 0 to ${EXPIRY_SECONDS_MAX}`);
  }
  return seconds | 0;
}

export function placeOffsetBytes(place: number): number {
  return (place & OFFSET_MASK) * RECORD_ALIGN_BYTES;
}

export function placeType(place: number): number {
  return (place >>> TYPE_SHIFT) & TYPE_MASK;
}

export function placeIsChained(place: number): boolean {
  return (place & CHAINED) !== 0;
}

export function segmentNumber(segmentWord: number): number {
  return segmentWord & SEGMENT_MASK;
}

export function segmentSizeClass(segmentWord: number): number {
  return (segmentWord >>> SIZE_CLASS_SHIFT) & SIZE_CLASS_MASK;
}

/** The 46-bit chain id of a CHAINED slot. */
export function chainIdOf(place: number, segmentWord: number): number {
  return (segmentWord & SEGMENT_MASK) * OFFSET_UNITS + (place & OFFSET_MASK);
}
