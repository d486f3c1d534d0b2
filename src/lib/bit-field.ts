/**
 * Integers of 1 to 64 bits inside a string, at any bit: BITFIELD. Bits run as in bits.ts, the
 * highest of a field first. Values are Int64: numbers while they are safe integers, bigint beyond.
 *
 * Fields of up to 40 bits are read with numbers alone (they touch at most 6 bytes, 48 bits); wider
 * ones and sums that are not safe go through BigInt.
 */
import { parseSafeInt, toInt64 } from './int64.ts';
import type { Int64 } from './int64.ts';

/** i1 to i64, u1 to u63. */
export interface FieldType {
  readonly signed: boolean;
  readonly bits: number;
}

export type OverflowMode = 'WRAP' | 'SAT' | 'FAIL';

const LETTER_I = 0x69;
const LETTER_U = 0x75;
const NUMBER_BITS_MAX = 40;

/** Reads "i5" or "u63"; letters are lower case as in Redis. Undefined if there is no such type. */
export function parseFieldType(
  buf: Uint8Array, start: number, end: number,
): FieldType | undefined {
  const letter = start < end ? buf[start] : undefined;
  if (letter !== LETTER_I && letter !== LETTER_U) return undefined;
  const signed = letter === LETTER_I;
  const bits = parseSafeInt(buf, start + 1, end);
  if (bits === undefined || bits < 1 || bits > (signed ? 64 : 63)) return undefined;
  return { signed, bits };
}

/** The field whose first bit is number `bit`; what lies behind the end of the buffer is zero. */
export function getField(buf: Uint8Array, bit: number, type: FieldType): Int64 {
  const first = Math.floor(bit / 8);
  const last = Math.floor((bit + type.bits - 1) / 8);
  const below = (last + 1) * 8 - (bit + type.bits);
  if (type.bits > NUMBER_BITS_MAX) return getWideField(buf, first, last, below, type);
  let value = 0;
  for (let at = first; at <= last; at++) value = value * 256 + (at < buf.length ? buf[at]! : 0);
  value = Math.floor(value / 2 ** below) % 2 ** type.bits;
  return type.signed && value >= 2 ** (type.bits - 1) ? value - 2 ** type.bits : value;
}

function getWideField(
  buf: Uint8Array, first: number, last: number, below: number, type: FieldType,
): Int64 {
  let value = 0n;
  for (let at = first; at <= last; at++) {
    value = (value << 8n) | BigInt(at < buf.length ? buf[at]! : 0);
  }
  value >>= BigInt(below);
  return mustInt64(wrap(type, value));
}

/** Writes the low bits of `value`. The caller has made the buffer long enough. */
export function setField(buf: Uint8Array, bit: number, type: FieldType, value: Int64): void {
  if (bit + type.bits > buf.length * 8) {
    throw new RangeError(`setField: bit ${bit} + ${type.bits} of ${buf.length} bytes`);
  }
  const pattern = BigInt.asUintN(64, BigInt(value));
  const high = Number(pattern >> 32n);
  const low = Number(pattern & 0xffff_ffffn);
  for (let i = 0; i < type.bits; i++) {
    const weight = type.bits - 1 - i;
    const one = weight < 32 ? (low >>> weight) & 1 : (high >>> (weight - 32)) & 1;
    const at = Math.floor((bit + i) / 8);
    const mask = 0x80 >> ((bit + i) % 8);
    buf[at] = one === 1 ? buf[at]! | mask : buf[at]! & ~mask;
  }
}

/**
 * The value that SET stores for `value` (a 64-bit integer as the client wrote it), or undefined if
 * it does not fit and the mode is FAIL. For an unsigned field a negative value is read as 64 bits
 * without a sign, as in Redis, so it is too large, never too small.
 *
 * One difference is on purpose: under SAT, Redis 7.0 stores the largest value of a signed field for
 * values near the smallest 64-bit integer, because its check overflows. Here they are too small.
 */
export function fitField(type: FieldType, value: Int64, mode: OverflowMode): Int64 | undefined {
  return fit(type, type.signed ? BigInt(value) : BigInt.asUintN(64, BigInt(value)), mode);
}

/** The value that INCRBY stores, or undefined if it does not fit and the mode is FAIL. */
export function addToField(
  type: FieldType, before: Int64, increment: Int64, mode: OverflowMode,
): Int64 | undefined {
  if (type.bits <= NUMBER_BITS_MAX) {
    const sum = Number(before) + Number(increment);
    const min = type.signed ? -(2 ** (type.bits - 1)) : 0;
    if (Number.isSafeInteger(sum) && sum >= min && sum < min + 2 ** type.bits) return sum;
  }
  return fit(type, BigInt(before) + BigInt(increment), mode);
}

function fit(type: FieldType, value: bigint, mode: OverflowMode): Int64 | undefined {
  const span = 1n << BigInt(type.bits);
  const min = type.signed ? -(span / 2n) : 0n;
  const max = min + span - 1n;
  if (value >= min && value <= max) return mustInt64(value);
  if (mode === 'FAIL') return undefined;
  if (mode === 'SAT') return mustInt64(value > max ? max : min);
  return mustInt64(wrap(type, value));
}

/** The low bits of a value, read as the type says. */
function wrap(type: FieldType, value: bigint): bigint {
  return type.signed ? BigInt.asIntN(type.bits, value) : BigInt.asUintN(type.bits, value);
}

function mustInt64(value: bigint): Int64 {
  const result = toInt64(value);
  if (result === undefined) throw new Error(`bit field: ${value} is outside 64 bits`);
  return result;
}
