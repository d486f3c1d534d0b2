/**
 * Unsigned integers below 2^53 in as few bytes as they need: seven bits a byte, lowest first, the
 * eighth bit set on all but the last (LEB128). Used inside deltas and bases.
 */

/** Bytes that `writeVarint` will use. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}

/** Writes and returns the offset after it. */
export function writeVarint(buf: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  while (rest >= 0x80) {
    buf[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  buf[at++] = rest;
  return at;
}

/** Reads one; asserts that it ends before `end` and stays below 2^53. */
export function readVarint(buf: Uint8Array, offset: number, end: number): number {
  const first = buf[offset] as number;
  if (first < 0x80 && offset < end) return first;
  let value = 0;
  let scale = 1;
  for (let at = offset; at < end && scale < Number.MAX_SAFE_INTEGER; at++) {
    const byte = buf[at] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80 && Number.isSafeInteger(value)) return value;
    scale *= 0x80;
  }
  throw new Error(`assertion failed: no varint at offset ${offset}`);
}
