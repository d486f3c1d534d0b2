/**
 * How floating-point numbers are written, and correct rounding to a binary format. Doubles and
 * extended doubles read the same syntax, the one of C's strtod, because Redis calls that:
 *
 *   12  -1.5  .5  1.  +3e-2      decimal
 *   0x1.8p3  0X.8  0x10          hexadecimal, with a power of two after p
 *   inf  -Infinity               in any case
 *
 * Refused: NaN in every spelling, the empty string, white space, anything left over at the end.
 *
 * The patterns have no two neighbours that can match the same character, so they run in linear
 * time.
 */

import { KiB } from './size-units.ts';

/** Longest text read as a float; the bound of Redis for INCRBYFLOAT, here for doubles too. */
const FLOAT_TEXT_BYTES_MAX = 5 * KiB - 1;

const DECIMAL = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/;
const HEX =
  /^([+-]?)0[xX](?:([\da-fA-F]+)(?:\.([\da-fA-F]*))?|\.([\da-fA-F]+))(?:[pP]([+-]?\d+))?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** Larger exponents than this are all alike: the text is too short to bring such a number back. */
const EXPONENT_MAX = 1_000_000;

/** The value is ±digits × 10^exponent, ±digits × 2^exponent, or ±infinity. */
export type FloatText =
  | { readonly kind: 'decimal' | 'hex'; readonly negative: boolean; readonly digits: string;
      readonly exponent: number }
  | { readonly kind: 'infinite'; readonly negative: boolean };

/** What bytes [start, end) say, exactly; undefined if it is no number or longer than allowed. */
export function scanFloat(buf: Buffer, start: number, end: number): FloatText | undefined {
  if (end - start > FLOAT_TEXT_BYTES_MAX) return undefined;
  const text = buf.toString('latin1', start, end);
  const decimal = DECIMAL.exec(text);
  if (decimal !== null) return partsOf('decimal', decimal, 1);
  const hex = HEX.exec(text);
  if (hex !== null) return partsOf('hex', hex, 4);
  const infinite = INFINITE.exec(text);
  return infinite === null ? undefined : { kind: 'infinite', negative: infinite[1] === '-' };
}

function partsOf(
  kind: 'decimal' | 'hex', match: RegExpExecArray, exponentPerDigit: number,
): FloatText {
  const fraction = match[3] ?? match[4] ?? '';
  const digits = ((match[2] ?? '') + fraction).replace(/^0+/, '');
  const written = Math.max(-EXPONENT_MAX, Math.min(EXPONENT_MAX, Number(match[5] ?? 0)));
  const exponent = written - fraction.length * exponentPerDigit;
  return { kind, negative: match[1] === '-', digits, exponent };
}

/** A non-negative binary number: mantissa × 2^exponent. */
export interface Binary {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/**
 * Rounds to at most `precisionBits` of mantissa and an exponent not below `exponentMin`, half to
 * even. `inexact` says that the true value is a little above the given one, by less than its last
 * bit.
 */
export function roundBinary(
  value: Binary, inexact: boolean, precisionBits: number, exponentMin: number,
): Binary {
  const excess = bitLength(value.mantissa) - precisionBits;
  const drop = Math.max(excess, exponentMin - value.exponent);
  if (drop <= 0) return value;
  const shift = BigInt(drop);
  const kept = value.mantissa >> shift;
  const lost = value.mantissa - (kept << shift);
  const half = 1n << (shift - 1n);
  const up = lost > half || (lost === half && (inexact || (kept & 1n) === 1n));
  return { mantissa: up ? kept + 1n : kept, exponent: value.exponent + drop };
}

/** Number of bits of a non-negative integer; 0 for 0. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const hex = value.toString(16);
  return hex.length * 4 - (Math.clz32(parseInt(hex[0]!, 16)) - 28);
}
