/**
 * The seeded hash of keys: 64 bits, as two unsigned 32-bit halves.
 *
 * The algorithm is HalfSipHash-1-3 with a 64-bit result (Aumasson and Bernstein; Linux uses it for
 * hash tables on 32-bit machines). Reasons:
 *  - It is a keyed pseudo-random function, so a stranger who does not know the seed cannot pick
 *    keys that share a tag. Multiply-mix hashes are a little faster, but for murmur and city there
 *    are published keys that collide under every seed.
 *  - It works on 32-bit words with add, rotate and xor only, one machine instruction each. SipHash
 *    itself needs 64-bit words, so carries and twice the rotations in halves, and a call into
 *    node:crypto costs more than the whole hash of a usual key.
 *  - Its 64-bit seed is too short for secrets, but long enough for a table that never shows its
 *    hashes.
 *
 * Invariants: the result depends only on the bytes and the seed, never on where they lie in the
 * buffer. A seed is chosen once per data directory and kept there, since hints and checkpoints
 * contain hashes.
 *
 * It does not fail; offsets outside the buffer are a bug of the caller and are asserted.
 */

/** Two independent uniform uint32. */
export interface KeyHashSeed {
  readonly a: number;
  readonly b: number;
}

export class KeyHash {
  /** Upper half of the last hash, an unsigned 32-bit integer. */
  hi = 0;
  /** Lower half of the last hash, an unsigned 32-bit integer. */
  lo = 0;

  readonly #a: number;
  readonly #b: number;

  constructor(seed: KeyHashSeed) {
    this.#a = seed.a | 0;
    this.#b = seed.b | 0;
  }

  /**
   * Hashes bytes [start, end) of `buf` and leaves the result in `hi` and `lo`, where it stays until
   * the next call. Allocates nothing.
   */
  // Rounds are written out, not called: the state must stay in registers.
  hash(buf: Uint8Array, start: number, end: number): void {
    if (start < 0 || end > buf.length || start > end) throw rangeError(start, end, buf.length);
    const length = end - start;
    let v0 = this.#a;
    let v1 = this.#b;
    let v2 = v0 ^ 0x6c796765;
    let v3 = v1 ^ 0x74656462;
    v1 ^= 0xee;

    const last = end - (length & 3);
    for (let at = start; at < last; at += 4) {
      const word = buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
      v3 ^= word;
      v0 = (v0 + v1) | 0; v1 = (v1 << 5) | (v1 >>> 27); v1 ^= v0; v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0; v3 = (v3 << 8) | (v3 >>> 24); v3 ^= v2;
      v0 = (v0 + v3) | 0; v3 = (v3 << 7) | (v3 >>> 25); v3 ^= v0;
      v2 = (v2 + v1) | 0; v1 = (v1 << 13) | (v1 >>> 19); v1 ^= v2; v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }

    // The last word: the bytes that are left, below the length modulo 256.
    let word = length << 24;
    if (last < end) word |= buf[last]!;
    if (last + 1 < end) word |= buf[last + 1]! << 8;
    if (last + 2 < end) word |= buf[last + 2]! << 16;
    v3 ^= word;
    v0 = (v0 + v1) | 0; v1 = (v1 << 5) | (v1 >>> 27); v1 ^= v0; v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0; v3 = (v3 << 8) | (v3 >>> 24); v3 ^= v2;
    v0 = (v0 + v3) | 0; v3 = (v3 << 7) | (v3 >>> 25); v3 ^= v0;
    v2 = (v2 + v1) | 0; v1 = (v1 << 13) | (v1 >>> 19); v1 ^= v2; v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;

    // Six finishing rounds: three for each half of the result.
    v2 ^= 0xee;
    for (let round = 0; round < 6; round++) {
      v0 = (v0 + v1) | 0; v1 = (v1 << 5) | (v1 >>> 27); v1 ^= v0; v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0; v3 = (v3 << 8) | (v3 >>> 24); v3 ^= v2;
      v0 = (v0 + v3) | 0; v3 = (v3 << 7) | (v3 >>> 25); v3 ^= v0;
      v2 = (v2 + v1) | 0; v1 = (v1 << 13) | (v1 >>> 19); v1 ^= v2; v2 = (v2 << 16) | (v2 >>> 16);
      if (round === 2) {
        this.lo = (v1 ^ v3) >>> 0;
        v1 ^= 0xdd;
      }
    }
    this.hi = (v1 ^ v3) >>> 0;
  }
}

function rangeError(start: number, end: number, length: number): RangeError {
  return new RangeError(`KeyHash.hash: bytes ${start} to ${end} of a buffer of ${length}`);
}
