/**
 * MurmurHash64A (Austin Appleby's MurmurHash2 for 64-bit words), as two unsigned 32-bit halves.
 *
 * HyperLogLogs keep what this hash says of their elements, so it is a part of a format that other
 * servers read: blocks are read lowest byte first, and the seed is fixed by whoever uses it. For
 * tables of keys use KeyHash: keys that collide under every seed are published for this one.
 *
 * A product of 64 bits is made of 32-bit halves, and the upper half of a 32-bit product of 16-bit
 * parts: BigInt costs some thirty times as much.
 *
 * Invariant: the result depends only on the bytes and the seed. Offsets outside of the buffer are a
 * bug of the caller and are asserted.
 */

/** The multiplier, 0xc6a4a7935bd1e995. */
const M_HIGH = 0xc6a4a793 | 0;
const M_LOW = 0x5bd1e995;
const M_LOW_LOW = M_LOW & 0xffff;
const M_LOW_HIGH = M_LOW >>> 16;

const BLOCK_BYTES = 8;

export class MurmurHash {
  /** Upper half of the last hash, an unsigned 32-bit integer. */
  hi = 0;
  /** Lower half of the last hash, an unsigned 32-bit integer. */
  lo = 0;
  readonly #seed: number;

  /** Any uint32. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Hashes bytes [start, end) of `buf` and leaves the result in `hi` and `lo`. */
  hash(buf: Uint8Array, start: number, end: number): void {
    if (start < 0 || end > buf.length || start > end) {
      throw new RangeError(`MurmurHash.hash: bytes ${start} to ${end} of ${buf.length}`);
    }
    const length = end - start;
    // An argument has at most 512 MiB, so the upper half of its length is 0.
    let lo = Math.imul(length, M_LOW) ^ this.#seed;
    let hi = upperHalf(length) + Math.imul(length, M_HIGH) | 0;
    const last = end - (length % BLOCK_BYTES);
    for (let at = start; at < last; at += BLOCK_BYTES) {
      let kLo = word(buf, at);
      let kHi = word(buf, at + 4);
      kHi = upperHalf(kLo) + Math.imul(kHi, M_LOW) + Math.imul(kLo, M_HIGH) | 0;
      kLo = Math.imul(kLo, M_LOW) ^ (kHi >>> 15);
      kHi = upperHalf(kLo) + Math.imul(kHi, M_LOW) + Math.imul(kLo, M_HIGH) | 0;
      kLo = Math.imul(kLo, M_LOW);
      hi ^= kHi;
      lo ^= kLo;
      hi = upperHalf(lo) + Math.imul(hi, M_LOW) + Math.imul(lo, M_HIGH) | 0;
      lo = Math.imul(lo, M_LOW);
    }
    if (last < end) {
      for (let at = last; at < end; at++) {
        const shift = (at - last) * 8;
        if (shift < 32) lo ^= buf[at]! << shift;
        else hi ^= buf[at]! << (shift - 32);
      }
      hi = upperHalf(lo) + Math.imul(hi, M_LOW) + Math.imul(lo, M_HIGH) | 0;
      lo = Math.imul(lo, M_LOW);
    }
    // A shift by 47 leaves the upper half as it is.
    lo ^= hi >>> 15;
    hi = upperHalf(lo) + Math.imul(hi, M_LOW) + Math.imul(lo, M_HIGH) | 0;
    lo = Math.imul(lo, M_LOW);
    this.hi = hi >>> 0;
    this.lo = (lo ^ (hi >>> 15)) >>> 0;
  }
}

function word(buf: Uint8Array, at: number): number {
  return buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
}

/** Bits 32 to 63 of the product of a word, as an unsigned one, and the multiplier's lower half. */
function upperHalf(value: number): number {
  const low = value & 0xffff;
  const high = value >>> 16;
  // No sum passes 2^32, so none is rounded.
  const first = high * M_LOW_LOW + ((low * M_LOW_LOW) >>> 16);
  const second = low * M_LOW_HIGH + (first & 0xffff);
  return (high * M_LOW_HIGH + (first >>> 16) + (second >>> 16)) | 0;
}
