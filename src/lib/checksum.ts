/**
 * The 32-bit checksum of log records, hints and manifests: XXH32 (Yann Collet, published
 * specification, version 0.1.1).
 *
 * Rejected: CRC-32. A table-driven one in JavaScript waits for a table load with every byte, and
 * the native one (zlib.crc32) costs more in the call than most records cost here. The price: a CRC
 * is sure to notice a burst of up to 32 damaged bits, this one misses any given damage with odds of
 * 2^-32.
 *
 * Invariants: the sum depends on the bytes and the seed only, not on alignment and not on how the
 * input was cut for `Checksum.update`. It is no protection from an attacker who writes the file on
 * purpose. It does not fail; offsets outside the buffer are a bug of the caller and are asserted.
 */

const PRIME_1 = 0x9e3779b1 | 0;
const PRIME_2 = 0x85ebca77 | 0;
const PRIME_3 = 0xc2b2ae3d | 0;
const PRIME_4 = 0x27d4eb2f | 0;
const PRIME_5 = 0x165667b1 | 0;

const STRIPE_BYTES = 16;

/** From this size, making a DataView costs less than it saves (one load a word instead of four). */
const VIEW_BYTES_MIN = 192;

/** The XXH32 of bytes [start, end) of `buf`, an unsigned 32-bit integer. `seed` is any uint32. */
export function checksum(buf: Uint8Array, start: number, end: number, seed = 0): number {
  if (start < 0 || end > buf.length || start > end) throw rangeError(start, end, buf.length);
  const length = end - start;
  if (length < STRIPE_BYTES) return finish((seed + PRIME_5 + length) | 0, buf, start, end);
  if (length >= VIEW_BYTES_MIN) {
    return checksumOf(new DataView(buf.buffer, buf.byteOffset + start, length), 0, length, seed);
  }

  let a = (seed + PRIME_1 + PRIME_2) | 0;
  let b = (seed + PRIME_2) | 0;
  let c = seed | 0;
  let d = (seed - PRIME_1) | 0;
  let at = start;
  const limit = end - STRIPE_BYTES;
  do {
    a = lane(a, buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24));
    b = lane(b, buf[at + 4]! | (buf[at + 5]! << 8) | (buf[at + 6]! << 16) | (buf[at + 7]! << 24));
    c = lane(c, buf[at + 8]! | (buf[at + 9]! << 8) | (buf[at + 10]! << 16) | (buf[at + 11]! << 24));
    const last = buf[at + 12]! | (buf[at + 13]! << 8) | (buf[at + 14]! << 16);
    d = lane(d, last | (buf[at + 15]! << 24));
    at += STRIPE_BYTES;
  } while (at <= limit);
  return finish((join(a, b, c, d) + length) | 0, buf, at, end);
}

/** The checksum of all of `buf` as text: 8 hexadecimal digits. */
export function checksumText(buf: Uint8Array): string {
  return checksum(buf, 0, buf.length).toString(16).padStart(8, '0');
}

/** As `checksum`, of bytes [start, end) of a view; faster where there is one already. */
export function checksumOf(view: DataView, start: number, end: number, seed = 0): number {
  const length = end - start;
  if (length < STRIPE_BYTES) return finishOf((seed + PRIME_5 + length) | 0, view, start, end);
  let a = (seed + PRIME_1 + PRIME_2) | 0;
  let b = (seed + PRIME_2) | 0;
  let c = seed | 0;
  let d = (seed - PRIME_1) | 0;
  const limit = end - STRIPE_BYTES;
  let at = start;
  for (; at <= limit; at += STRIPE_BYTES) {
    a = lane(a, view.getInt32(at, true));
    b = lane(b, view.getInt32(at + 4, true));
    c = lane(c, view.getInt32(at + 8, true));
    d = lane(d, view.getInt32(at + 12, true));
  }
  return finishOf((join(a, b, c, d) + length) | 0, view, at, end);
}

/** The same sum over input that arrives in pieces. Holds 16 bytes of input at most. */
export class Checksum {
  readonly #lanes = new Int32Array(4);
  readonly #held = new Uint8Array(STRIPE_BYTES);
  #heldBytes = 0;
  #seed: number;
  /** Total input; past 2^32 bytes the algorithm itself uses the length modulo 2^32. */
  #length = 0;

  constructor(seed = 0) {
    this.#seed = seed;
    startLanes(this.#lanes, seed);
  }

  /** Forgets all input and starts again. */
  reset(seed = 0): void {
    this.#seed = seed;
    this.#length = 0;
    this.#heldBytes = 0;
    startLanes(this.#lanes, seed);
  }

  /** Adds bytes [start, end) of `buf`, which is not kept. */
  update(buf: Uint8Array, start: number, end: number): void {
    if (start < 0 || end > buf.length || start > end) throw rangeError(start, end, buf.length);
    this.#length += end - start;
    let at = start;
    if (this.#heldBytes > 0) {
      at = this.#hold(buf, at, Math.min(end, at + STRIPE_BYTES - this.#heldBytes));
      if (this.#heldBytes < STRIPE_BYTES) return;
      stripes(this.#lanes, this.#held, 0, STRIPE_BYTES);
      this.#heldBytes = 0;
    }
    if (end - at >= STRIPE_BYTES) at = stripes(this.#lanes, buf, at, end);
    this.#hold(buf, at, end);
  }

  /** The sum of all input so far; more may follow. */
  digest(): number {
    const lanes = this.#lanes;
    const state = this.#length < STRIPE_BYTES
      ? this.#seed + PRIME_5
      : join(lanes[0]!, lanes[1]!, lanes[2]!, lanes[3]!);
    return finish((state + this.#length) | 0, this.#held, 0, this.#heldBytes);
  }

  #hold(buf: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; at++) this.#held[this.#heldBytes++] = buf[at]!;
    return end;
  }
}

function startLanes(lanes: Int32Array, seed: number): void {
  lanes[0] = seed + PRIME_1 + PRIME_2;
  lanes[1] = seed + PRIME_2;
  lanes[2] = seed;
  lanes[3] = seed - PRIME_1;
}

/** Sums the whole stripes of [start, end) into `lanes`; returns where the rest begins. */
function stripes(lanes: Int32Array, buf: Uint8Array, start: number, end: number): number {
  const view = new DataView(buf.buffer, buf.byteOffset + start, end - start);
  let a = lanes[0]!;
  let b = lanes[1]!;
  let c = lanes[2]!;
  let d = lanes[3]!;
  const limit = end - start - STRIPE_BYTES;
  let at = 0;
  for (; at <= limit; at += STRIPE_BYTES) {
    a = lane(a, view.getInt32(at, true));
    b = lane(b, view.getInt32(at + 4, true));
    c = lane(c, view.getInt32(at + 8, true));
    d = lane(d, view.getInt32(at + 12, true));
  }
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
  return start + at;
}

function lane(sum: number, word: number): number {
  const mixed = (sum + Math.imul(word, PRIME_2)) | 0;
  return Math.imul((mixed << 13) | (mixed >>> 19), PRIME_1);
}

function join(a: number, b: number, c: number, d: number): number {
  const ab = ((a << 1) | (a >>> 31)) + ((b << 7) | (b >>> 25));
  const cd = ((c << 12) | (c >>> 20)) + ((d << 18) | (d >>> 14));
  return (ab + cd) | 0;
}

/** Adds the last 0 to 15 bytes and mixes, so that every input bit reaches every output bit. */
function finish(state: number, buf: Uint8Array, start: number, end: number): number {
  let sum = state;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const word = buf[at]! | (buf[at + 1]! << 8) | (buf[at + 2]! << 16) | (buf[at + 3]! << 24);
    sum = (sum + Math.imul(word, PRIME_3)) | 0;
    sum = Math.imul((sum << 17) | (sum >>> 15), PRIME_4);
  }
  for (; at < end; at++) {
    sum = (sum + Math.imul(buf[at]!, PRIME_5)) | 0;
    sum = Math.imul((sum << 11) | (sum >>> 21), PRIME_1);
  }
  return avalanche(sum);
}

function finishOf(state: number, view: DataView, start: number, end: number): number {
  let sum = state;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    sum = (sum + Math.imul(view.getInt32(at, true), PRIME_3)) | 0;
    sum = Math.imul((sum << 17) | (sum >>> 15), PRIME_4);
  }
  for (; at < end; at++) {
    sum = (sum + Math.imul(view.getUint8(at), PRIME_5)) | 0;
    sum = Math.imul((sum << 11) | (sum >>> 21), PRIME_1);
  }
  return avalanche(sum);
}

function avalanche(state: number): number {
  let sum = Math.imul(state ^ (state >>> 15), PRIME_2);
  sum = Math.imul(sum ^ (sum >>> 13), PRIME_3);
  return (sum ^ (sum >>> 16)) >>> 0;
}

function rangeError(start: number, end: number, length: number): RangeError {
  return new RangeError(`checksum: bytes ${start} to ${end} of a buffer of ${length}`);
}
