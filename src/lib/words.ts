/**
 * Little-endian numbers in byte buffers, without bounds checks beyond the buffer's own: the readers
 * and writers of the on-disk formats, which check lengths once for a whole header.
 *
 * A u48 is a number below 2^48, kept as a low u32 and a high u16 wherever the format puts them.
 */

const TWO_32 = 0x1_0000_0000;

export function readU16(buf: Uint8Array, at: number): number {
  return buf[at]! | (buf[at + 1]! << 8);
}

export function readU32(buf: Uint8Array, at: number): number {
  return (buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24)) >>> 0;
}

export function writeU16(buf: Uint8Array, at: number, value: number): void {
  buf[at] = value;
  buf[at + 1] = value >>> 8;
}

export function writeU32(buf: Uint8Array, at: number, value: number): void {
  buf[at] = value;
  buf[at + 1] = value >>> 8;
  buf[at + 2] = value >>> 16;
  buf[at + 3] = value >>> 24;
}

/** Six bytes, lowest first. */
export function readU48(buf: Uint8Array, at: number): number {
  return readU16(buf, at + 4) * TWO_32 + readU32(buf, at);
}

export function writeU48(buf: Uint8Array, at: number, value: number): void {
  writeU32(buf, at, value >>> 0);
  writeU16(buf, at + 4, high16(value));
}

/** A number from its halves. */
export function joinU48(high: number, low: number): number {
  return high * TWO_32 + (low >>> 0);
}

/** Bits 32 to 47 of a number below 2^48. */
export function high16(value: number): number {
  return (value / TWO_32) >>> 0;
}
