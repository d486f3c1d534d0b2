/**
 * The arithmetic of INCRBYFLOAT and HINCRBYFLOAT. Redis computes in C's long double and prints the
 * sum with 17 decimals, without trailing zeros. On x86-64 that is the 80-bit extended format: 64
 * bits of mantissa, so 0.1 + 0.2 prints as 0.3. A JavaScript number would print
 * 0.30000000000000004, so the format is computed here, bit by bit, in BigInt.
 *
 * Exact decimal arithmetic was rejected: it is nicer, but it gives other digits than Redis as soon
 * as a value needs more than 64 bits (1e25 + 0.1), and the result is data that clients compare.
 *
 * Invariants: a LongDouble's mantissa has at most 64 bits; every operation rounds once, half to
 * even. Zero has no sign (Redis never prints one). NaN does not exist: what would make it is
 * refused.
 */
import { bitLength, roundBinary, scanFloat } from './float-syntax.ts';

const PRECISION_BITS = 64;
const EXPONENT_MIN = -16445;
const EXPONENT_END = 16384;

/** Finite values lie below 10^4933 and above 10^-4952; texts outside these never get near. */
const DECIMAL_ORDER_MAX = 4940;
const DECIMAL_ORDER_MIN = -4970;

const DECIMALS = 17;
const SCALE = 10n ** BigInt(DECIMALS);

/** mantissa × 2^exponent with a signed mantissa, or an infinity. */
export type LongDouble =
  | { readonly finite: true; readonly mantissa: bigint; readonly exponent: number }
  | { readonly finite: false; readonly negative: boolean };

/** The number that bytes [start, end) spell, by the rules of strtold without NaN; or undefined. */
export function parseLongDouble(buf: Buffer, start: number, end: number): LongDouble | undefined {
  const text = scanFloat(buf, start, end);
  if (text === undefined) return undefined;
  if (text.kind === 'infinite') return { finite: false, negative: text.negative };
  if (text.digits === '') return ZERO;
  return text.kind === 'hex'
    ? fromHex(text.digits, text.exponent, text.negative)
    : fromDecimal(text.digits, text.exponent, text.negative);
}

/** The rounded sum, or undefined if it is infinite or not a number. */
export function addLongDouble(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (!a.finite || !b.finite) return undefined;
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = (a.mantissa << BigInt(a.exponent - exponent))
    + (b.mantissa << BigInt(b.exponent - exponent));
  const negative = sum < 0n;
  return round(negative ? -sum : sum, exponent, false, negative);
}

/** As Redis prints it: at most 17 decimals, no exponent, no trailing zeros; up to 4951 bytes. */
export function formatLongDouble(value: LongDouble): string {
  if (!value.finite) return value.negative ? '-inf' : 'inf';
  const negative = value.mantissa < 0n;
  const scaled = scaleRounded(negative ? -value.mantissa : value.mantissa, value.exponent);
  if (scaled === 0n) return '0';
  const digits = scaled.toString().padStart(DECIMALS + 1, '0');
  const whole = digits.slice(0, -DECIMALS);
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

const ZERO: LongDouble = { finite: true, mantissa: 0n, exponent: 0 };

function fromHex(digits: string, exponent: number, negative: boolean): LongDouble | undefined {
  const order = exponent + 4 * digits.length;
  if (order < EXPONENT_MIN - 1 || order > EXPONENT_END + 4) return undefined;
  return nonZero(round(BigInt(`0x${digits}`), exponent, false, negative));
}

function fromDecimal(digits: string, exponent: number, negative: boolean): LongDouble | undefined {
  const order = digits.length + exponent;
  if (order > DECIMAL_ORDER_MAX || order < DECIMAL_ORDER_MIN) return undefined;
  const number = BigInt(digits);
  if (exponent >= 0) return round(number * 10n ** BigInt(exponent), 0, false, negative);
  // A quotient with two bits more than the format, and whether anything is left, decide rounding.
  const divisor = 10n ** BigInt(-exponent);
  const shift = Math.max(0, PRECISION_BITS + 2 + bitLength(divisor) - bitLength(number));
  const shifted = number << BigInt(shift);
  const quotient = shifted / divisor;
  return nonZero(round(quotient, -shift, quotient * divisor !== shifted, negative));
}

/** A text that is not zero but rounds to it is out of range, as for strtold. */
function nonZero(value: LongDouble | undefined): LongDouble | undefined {
  return value?.finite === true && value.mantissa === 0n ? undefined : value;
}

/** Undefined if the rounded value is too large for the format. */
function round(
  mantissa: bigint, exponent: number, inexact: boolean, negative: boolean,
): LongDouble | undefined {
  if (mantissa === 0n) return ZERO;
  const rounded = roundBinary({ mantissa, exponent }, inexact, PRECISION_BITS, EXPONENT_MIN);
  if (bitLength(rounded.mantissa) + rounded.exponent > EXPONENT_END) return undefined;
  const signed = negative ? -rounded.mantissa : rounded.mantissa;
  return { finite: true, mantissa: signed, exponent: rounded.exponent };
}

/** mantissa × 2^exponent × 10^17, rounded half to even as printf does. */
function scaleRounded(mantissa: bigint, exponent: number): bigint {
  if (exponent >= 0) return (mantissa << BigInt(exponent)) * SCALE;
  const scaled = mantissa * SCALE;
  const rounded = roundBinary({ mantissa: scaled, exponent }, false, bitLength(scaled), 0);
  return rounded.mantissa;
}
