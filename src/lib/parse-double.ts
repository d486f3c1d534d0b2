/**
 * A 64-bit float from bytes, by the rules of Redis's string2d: what strtod reads, except NaN, white
 * space and rest. A finite text that is too large for a double, or is not zero and too small, is
 * refused too; infinity must be written as such. Rounding is to the nearest, half to even.
 */
import { roundBinary, scanFloat } from './float-syntax.ts';
import { parseSafeInt } from './int64.ts';

const PRECISION_BITS = 53;
const EXPONENT_MIN = -1074;

/** The double that bytes [start, end) spell, possibly infinite, never NaN; or undefined. */
export function parseDouble(buf: Buffer, start: number, end: number): number | undefined {
  const integer = parseSafeInt(buf, start, end);
  if (integer !== undefined) return integer;
  const text = scanFloat(buf, start, end);
  if (text === undefined) return undefined;
  if (text.kind === 'infinite') return text.negative ? -Infinity : Infinity;
  const size = text.kind === 'hex' ? hexValue(text.digits, text.exponent)
    : Number(`${text.digits || '0'}e${text.exponent}`);
  if (size === Infinity || (size === 0 && text.digits !== '')) return undefined;
  return text.negative ? -size : size;
}

function hexValue(digits: string, exponent: number): number {
  const exact = { mantissa: BigInt(`0x${digits || '0'}`), exponent };
  if (exponent < EXPONENT_MIN - 4 * digits.length - 1) return 0;
  const rounded = roundBinary(exact, false, PRECISION_BITS, EXPONENT_MIN);
  // Two steps, because 2^exponent alone may be too large or too small for a double.
  const half = Math.trunc(rounded.exponent / 2);
  return Number(rounded.mantissa) * 2 ** half * 2 ** (rounded.exponent - half);
}
