/**
 * The bytes of a HyperLogLog: those of Redis, so that a value written by one server can be read
 * with GET and given to the other with SET.
 *
 *     0  4   "HYLL"
 *     4  1   encoding: 0 dense, 1 sparse
 *     5  3   zeros
 *     8  8   cached cardinality, lowest byte first; the highest bit of byte 15 says that it is
 *            not valid
 *    16      registers
 *
 * There are 16384 registers of 0 to 63. An element's hash gives its register (its lowest 14 bits)
 * and its rank (1 to 51: the position of the lowest one among the other bits); a register has the
 * highest rank that it has seen.
 *
 * *Dense* are 12288 bytes, six bits for each register, the lowest bits of a byte first: register 0
 * is bits 0 to 5 of byte 16, register 1 is bits 6 and 7 of it and, as its upper bits, 0 to 3 of the
 * next. *Sparse* are runs, see sparse.ts.
 *
 * A dense value is as long as it must be, or it is none. A sparse one may be damaged: clients can
 * change a part of it (SETRANGE, APPEND). What finds that its runs do not cover exactly all
 * registers says so; nothing reads or writes outside of the bytes.
 */

import { MurmurHash } from '../murmur-hash.ts';

export const HEADER_BYTES = 16;
export const REGISTERS = 16384;
export const REGISTER_MAX = 63;
export const DENSE_BYTES = HEADER_BYTES + REGISTERS * 6 / 8;

/** Which byte has the bit that says that the cached cardinality is not valid. */
export const STALE_AT = 15;
export const STALE_BIT = 0x80;

const ENCODING_AT = 4;
export const DENSE = 0;
export const SPARSE = 1;

const CARDINALITY_AT = 8;
const MAGIC = Buffer.from('HYLL', 'latin1');

/** Redis's, and so everybody's. */
const HASH_SEED = 0xadc83b19;

/** Bits of a hash that say which register. */
const INDEX_BITS = 14;
/** With no one among its other 50 bits. */
export const RANK_MAX = 51;

export type Encoding = typeof DENSE | typeof SPARSE;

/** The encoding of a string that is a HyperLogLog by its header and length; else undefined. */
export function encodingOf(bytes: Uint8Array): Encoding | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  for (let at = 0; at < MAGIC.length; at++) if (bytes[at] !== MAGIC[at]) return undefined;
  const encoding = bytes[ENCODING_AT];
  if (encoding === SPARSE) return SPARSE;
  return encoding === DENSE && bytes.length === DENSE_BYTES ? DENSE : undefined;
}

/** Writes a header whose cached cardinality is 0 and valid. The bytes must be zeros. */
export function writeHeader(into: Uint8Array, encoding: Encoding): void {
  into.set(MAGIC);
  into[ENCODING_AT] = encoding;
}

export function isStale(bytes: Uint8Array): boolean {
  return (bytes[STALE_AT]! & STALE_BIT) !== 0;
}

export function markStale(bytes: Uint8Array): void {
  bytes[STALE_AT]! |= STALE_BIT;
}

/** The cached cardinality; undefined if it is not valid. */
export function cachedCardinality(bytes: Buffer): bigint | undefined {
  return isStale(bytes) ? undefined : bytes.readBigUInt64LE(CARDINALITY_AT);
}

/** Tells where an element belongs. One object serves many elements. */
export class ElementPlace {
  readonly #hash = new MurmurHash(HASH_SEED);
  /** Its register. */
  index = 0;
  /** What the register has at least once the element is in. */
  rank = 0;

  find(buf: Uint8Array, start: number, end: number): void {
    const hash = this.#hash;
    hash.hash(buf, start, end);
    this.index = hash.lo & (REGISTERS - 1);
    const low = hash.lo >>> INDEX_BITS;
    if (low !== 0) this.rank = trailingZeros(low) + 1;
    else if (hash.hi !== 0) this.rank = trailingZeros(hash.hi) + 33 - INDEX_BITS;
    else this.rank = RANK_MAX;
  }
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

// ---- Dense registers ----------------------------------------------------------------------------

/** Four registers are three bytes. */
export const GROUP_REGISTERS = 4;
export const GROUP_BYTES = 3;

/** Where the bytes of a register, and of the three that share them, are in a dense value. */
export function groupOf(register: number): number {
  return HEADER_BYTES + Math.floor(register / GROUP_REGISTERS) * GROUP_BYTES;
}

export function getRegister(dense: Uint8Array, register: number): number {
  const at = HEADER_BYTES + ((register * 6) >> 3);
  const shift = (register * 6) & 7;
  // The last register ends with the last byte.
  const above = shift > 2 ? dense[at + 1]! << 8 : 0;
  return ((dense[at]! | above) >> shift) & REGISTER_MAX;
}

/** `start`: where register 0 of the bytes begins, if not behind a header. */
export function setRegister(
  bytes: Uint8Array, register: number, value: number, start: number = HEADER_BYTES,
): void {
  const at = start + ((register * 6) >> 3);
  const shift = (register * 6) & 7;
  bytes[at] = (bytes[at]! & ~(REGISTER_MAX << shift)) | (value << shift);
  if (shift <= 2) return;
  const below = 8 - shift;
  bytes[at + 1] = (bytes[at + 1]! & ~(REGISTER_MAX >> below)) | (value >> below);
}

/** The group of a register as it is once the register has this value. A copy. */
export function groupWith(dense: Uint8Array, register: number, value: number): Uint8Array {
  const at = groupOf(register);
  const group = new Uint8Array(dense.subarray(at, at + GROUP_BYTES));
  setRegister(group, register % GROUP_REGISTERS, value, 0);
  return group;
}

/** Takes each register of a dense value into `registers` where it is higher. */
export function mergeDense(dense: Uint8Array, registers: Uint8Array): void {
  for (let at = HEADER_BYTES, i = 0; i < REGISTERS; at += GROUP_BYTES, i += GROUP_REGISTERS) {
    const bits = dense[at]! | (dense[at + 1]! << 8) | (dense[at + 2]! << 16);
    const one = bits & 63;
    const two = (bits >> 6) & 63;
    const three = (bits >> 12) & 63;
    const four = bits >> 18;
    if (one > registers[i]!) registers[i] = one;
    if (two > registers[i + 1]!) registers[i + 1] = two;
    if (three > registers[i + 2]!) registers[i + 2] = three;
    if (four > registers[i + 3]!) registers[i + 3] = four;
  }
}
