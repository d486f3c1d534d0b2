/**
 * A 64-bit float from bytes, by the rules of Redis's string2d: what strtod reads, except NaN, white
 * space and rest. A finite text that is too large for a double, or is not zero and too small, is
 * refused too; infinity must be written as such. Rounding is to the nearest, half to even.
 */
import { roundBinary, scanFloat, type FloatText } from './float-syntax.ts';

const PRECISION_BITS = 53;
const EXPONENT_MIN = -1074;

/** So many digits are below 2^53, and 10 to so many places is a double. */
const EXACT_DIGITS_MAX = 15;
const POWERS = Array.from({ length: EXACT_DIGITS_MAX + 1 }, (_, places) => 10 ** places);

/** The double that bytes [start, end) spell, possibly infinite, never NaN; or undefined. */
export function parseDouble(buf: Buffer, start: number, end: number): number | undefined {
  const short = parseShort(buf, start, end);
  if (short !== undefined) return short;
  const text = scanFloat(buf, start, end);
  if (text === undefined) return undefined;
  const size = sizeOf(text);
  if (text.kind === 'infinite') return text.negative ? -size : size;
  if (size === Infinity || (size === 0 && text.digits !== '')) return undefined;
  return text.negative ? -size : size;
}

/**
 * The same as C programs read it that give strtod a string and look at nothing but where it
 * stopped: white space in front is skipped, a NUL ends it, no text at all is 0, and what is too
 * large or too small for a double is infinite or zero. Redis reads the bounds of ranges so.
 */
export function parseDoubleOfC(buf: Buffer, start: number, end: number): number | undefined {
  const nul = buf.subarray(start, end).indexOf(0);
  const limit = nul < 0 ? end : start + nul;
  if (limit === start) return 0;
  const text = scanFloat(buf, startOfNumber(buf, start, limit), limit);
  if (text === undefined) return undefined;
  return text.negative ? -sizeOf(text) : sizeOf(text);
}

/** The least double with all 53 bits; smaller ones are multiples of the least double of all. */
const FULL_PRECISION_MIN = 2 ** -1022;

/**
 * The same, but undefined where strtod says that a double cannot hold the number (ERANGE): too
 * large, or so small that it loses bits. Redis reads what SORT sorts by so.
 */
export function parseDoubleInRange(buf: Buffer, start: number, end: number): number | undefined {
  const short = parseShort(buf, start, end);
  if (short !== undefined) return short;
  const nul = buf.subarray(start, end).indexOf(0);
  const limit = nul < 0 ? end : start + nul;
  if (limit === start) return 0;
  const text = scanFloat(buf, startOfNumber(buf, start, limit), limit);
  if (text === undefined || !isInRange(text, sizeOf(text))) return undefined;
  return text.negative ? -sizeOf(text) : sizeOf(text);
}

function isInRange(text: FloatText, size: number): boolean {
  if (text.kind === 'infinite' || text.digits === '') return true;
  if (size === Infinity || size === 0) return false;
  return size >= FULL_PRECISION_MIN || isExact(text, size);
}

/** Whether digits × base^exponent is the double that was made of it, below FULL_PRECISION_MIN. */
function isExact(
  { digits, exponent, kind }: Exclude<FloatText, { readonly kind: 'infinite' }>, size: number,
): boolean {
  // 2^-EXPONENT_MIN is no double, but this product is exact in two steps.
  const half = 2 ** (-EXPONENT_MIN / 2);
  const multiple = BigInt(size * half * half);
  if (kind === 'hex') {
    const shift = exponent - EXPONENT_MIN;
    return shift >= 0 || BigInt(`0x${digits}`) === multiple << BigInt(-shift);
  }
  const scaled = BigInt(digits) << BigInt(-EXPONENT_MIN);
  return exponent < 0 && scaled === multiple * 10n ** BigInt(-exponent);
}

function startOfNumber(buf: Buffer, start: number, limit: number): number {
  let at = start;
  while (at < limit && isSpace(buf[at]!)) at++;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** What is not a sign, a few digits and perhaps a point between them is left to others. */
function parseShort(buf: Buffer, start: number, end: number): number | undefined {
  const isNegative = buf[start] === 0x2d;
  const first = isNegative ? start + 1 : start;
  if (end - first > EXACT_DIGITS_MAX || first >= end) return undefined;
  let value = 0;
  let pointAt = -1;
  for (let at = first; at < end; at++) {
    const digit = buf[at]! - 0x30;
    if (digit >= 0 && digit <= 9) value = value * 10 + digit;
    else if (digit === -2 && pointAt < 0 && at > first) pointAt = at;
    else return undefined;
  }
  // Both are exact, so the quotient is the nearest double.
  const size = pointAt < 0 ? value : value / POWERS[end - pointAt - 1]!;
  return isNegative ? -size : size;
}

/** Without its sign; 0 or infinite where a double is too coarse or too small. */
function sizeOf(text: FloatText): number {
  switch (text.kind) {
    case 'infinite': return Infinity;
    case 'hex': return hexValue(text.digits, text.exponent);
    case 'decimal': return Number(`${text.digits || '0'}e${text.exponent}`);
  }
}

function hexValue(digits: string, exponent: number): number {
  const exact = { mantissa: BigInt(`0x${digits || '0'}`), exponent };
  if (exponent < EXPONENT_MIN - 4 * digits.length - 1) return 0;
  const rounded = roundBinary(exact, false, PRECISION_BITS, EXPONENT_MIN);
  // Two steps, because 2^exponent alone may be too large or too small for a double.
  const half = Math.trunc(rounded.exponent / 2);
  return Number(rounded.mantissa) * 2 ** half * 2 ** (rounded.exponent - half);
}
