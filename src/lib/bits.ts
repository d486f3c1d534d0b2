/**
 * Strings as arrays of bits: GETBIT, SETBIT, BITCOUNT, BITPOS and BITOP. Bit 0 is the highest bit
 * of byte 0. Ranges are half-open here, in bits or bytes as each function says; commands clamp the
 * inclusive and negative indexes of the protocol before they call. What lies behind the end of a
 * buffer is zero.
 *
 * A bit number may pass 2^31 (512 MiB are 2^32 bits), so it is divided, not shifted.
 */

/** 0 or 1. */
export function getBit(buf: Uint8Array, bit: number): number {
  const index = Math.floor(bit / 8);
  return index < buf.length ? (buf[index]! >> (7 - (bit % 8))) & 1 : 0;
}

/** Sets one bit and returns what it was. The caller has made the buffer long enough. */
export function setBit(buf: Uint8Array, bit: number, value: 0 | 1): number {
  const index = Math.floor(bit / 8);
  if (index >= buf.length) throw new RangeError(`setBit: bit ${bit} of ${buf.length} bytes`);
  const mask = 0x80 >> (bit % 8);
  const before = buf[index]!;
  buf[index] = value === 1 ? before | mask : before & ~mask;
  return (before & mask) === 0 ? 0 : 1;
}

/** Number of ones in bytes [start, end), which lie inside the buffer. */
export function countBits(buf: Uint8Array, start: number, end: number): number {
  let count = 0;
  let at = start;
  // Four bytes at a time where the memory is aligned; their order does not matter for a count.
  while (at < end && (buf.byteOffset + at) % 4 !== 0) count += onesOf(buf[at++]!);
  const words = viewWords(buf, at, end);
  const whole = words.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    // Sums of nibbles reach 8 for two words, sums of bytes 32 for four: nothing runs over.
    const low = (nibbleOnes(words[i]!) + nibbleOnes(words[i + 1]!)) | 0;
    const high = (nibbleOnes(words[i + 2]!) + nibbleOnes(words[i + 3]!)) | 0;
    const sum = (low & 0x0f0f0f0f) + ((low >>> 4) & 0x0f0f0f0f)
      + (high & 0x0f0f0f0f) + ((high >>> 4) & 0x0f0f0f0f);
    count += Math.imul(sum, 0x01010101) >>> 24;
  }
  for (at += whole * 4; at < end; at++) count += onesOf(buf[at]!);
  return count;
}

/** Number of ones in bits [startBit, endBit), which lie inside the buffer. */
export function countBitRange(buf: Uint8Array, startBit: number, endBit: number): number {
  if (startBit >= endBit) return 0;
  const first = Math.floor(startBit / 8);
  const last = Math.floor((endBit - 1) / 8);
  const head = 0xff >> (startBit % 8);
  const tail = 0xff & (0xff << (7 - ((endBit - 1) % 8)));
  if (first === last) return onesOf(buf[first]! & head & tail);
  return onesOf(buf[first]! & head) + countBits(buf, first + 1, last) + onesOf(buf[last]! & tail);
}

/** The first bit in [startBit, endBit) that is `value`, or -1; the range lies inside the buffer. */
export function findBit(buf: Uint8Array, value: 0 | 1, startBit: number, endBit: number): number {
  const skip = value === 1 ? 0x00 : 0xff;
  let bit = startBit;
  while (bit < endBit) {
    const index = Math.floor(bit / 8);
    if (bit % 8 === 0 && endBit - bit >= 8 && buf[index] === skip) {
      bit = skipBytes(buf, index + 1, Math.floor(endBit / 8), skip) * 8;
    } else {
      if (getBit(buf, bit) === value) return bit;
      bit++;
    }
  }
  return -1;
}

/** The first byte of [start, end) that is not `skip`, or `end`. */
function skipBytes(buf: Uint8Array, start: number, end: number, skip: number): number {
  let at = start;
  while (at < end && (buf.byteOffset + at) % 4 !== 0 && buf[at] === skip) at++;
  const words = viewWords(buf, at, end);
  const full = skip === 0 ? 0 : -1;
  let i = 0;
  while (i < words.length && words[i] === full) i++;
  at += i * 4;
  while (at < end && buf[at] === skip) at++;
  return at;
}

export type BitOperation = 'AND' | 'OR' | 'XOR' | 'NOT';

/**
 * Combines byte strings of any lengths into a new one, as long as the longest; shorter ones count
 * as filled up with zeros. NOT takes exactly one.
 */
export function combineBits(operation: BitOperation, sources: readonly Uint8Array[]): Buffer {
  const first = sources[0];
  if (first === undefined || (operation === 'NOT' && sources.length !== 1)) {
    throw new Error(`combineBits: ${operation} of ${sources.length} strings`);
  }
  const length = sources.reduce((longest, source) => Math.max(longest, source.length), 0);
  const result = Buffer.alloc(length);
  result.set(first);
  if (operation === 'NOT') {
    for (let at = 0; at < length; at++) result[at] = ~result[at]!;
    return result;
  }
  for (const source of sources.slice(1)) combineInto(operation, result, source);
  return result;
}

function combineInto(operation: 'AND' | 'OR' | 'XOR', result: Buffer, source: Uint8Array): void {
  const to = viewWords(result, 0, result.length);
  const from = viewWords(source, 0, source.length);
  const words = Math.min(to.length, from.length);
  if (operation === 'AND') for (let i = 0; i < words; i++) to[i]! &= from[i]!;
  else if (operation === 'OR') for (let i = 0; i < words; i++) to[i]! |= from[i]!;
  else for (let i = 0; i < words; i++) to[i]! ^= from[i]!;
  for (let at = words * 4; at < source.length; at++) {
    if (operation === 'AND') result[at]! &= source[at]!;
    else if (operation === 'OR') result[at]! |= source[at]!;
    else result[at]! ^= source[at]!;
  }
  if (operation === 'AND') result.fill(0, source.length);
}

/** The whole words of bytes [start, end), in place; none if the first is not aligned in memory. */
function viewWords(buf: Uint8Array, start: number, end: number): Int32Array {
  const offset = buf.byteOffset + start;
  return offset % 4 === 0 ? new Int32Array(buf.buffer, offset, (end - start) >>> 2) : NO_WORDS;
}

const NO_WORDS = new Int32Array(0);

/** Ones in a 32-bit word. */
function onesOf(word: number): number {
  const nibbles = nibbleOnes(word);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Ones in each half byte of a 32-bit word, by adding neighbours in wider lanes; stays an int32. */
function nibbleOnes(word: number): number {
  const pairs = (word - ((word >>> 1) & 0x55555555)) | 0;
  return ((pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333)) | 0;
}
