/**
 * Signed 64-bit integers as Redis reads and adds them.
 *
 * An Int64 is a JavaScript number when it is a safe integer and a bigint otherwise: nearly every
 * counter stays on the fast side, and none is ever rounded. Everything here returns that normal
 * form, so two equal values are always `===`.
 *
 * The syntax is the strict one: digits with an optional minus sign. A plus sign, spaces, leading
 * zeros, "-0", an empty string and anything that 64 bits cannot hold are refused, as undefined.
 */

/** A number if it is a safe integer, a bigint if not. */
export type Int64 = number | bigint;

export const INT64_MAX = 2n ** 63n - 1n;
export const INT64_MIN = -(2n ** 63n);

const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/** Any 15 digits are a safe integer; more may not be. */
const SAFE_DIGITS = 15;
const INT64_DIGITS_MAX = 19;

/** The longest one, written out: a minus sign and 19 digits. */
export const INT64_BYTES_MAX = 20;

/** The integer that bytes [start, end) spell, or undefined if they are not exactly one. */
export function parseInt64(buf: Uint8Array, start: number, end: number): Int64 | undefined {
  const negative = end > start && buf[start] === MINUS;
  const first = negative ? start + 1 : start;
  const digits = end - first;
  if (digits < 1 || digits > INT64_DIGITS_MAX) return undefined;
  if (buf[first] === DIGIT_0) return digits === 1 && !negative ? 0 : undefined;
  if (digits > SAFE_DIGITS) return parseLong(buf, first, end, negative);
  let value = 0;
  for (let at = first; at < end; at++) {
    const byte = buf[at]!;
    if (byte < DIGIT_0 || byte > DIGIT_9) return undefined;
    value = value * 10 + (byte - DIGIT_0);
  }
  return negative ? -value : value;
}

function parseLong(
  buf: Uint8Array, first: number, end: number, negative: boolean,
): Int64 | undefined {
  let text = negative ? '-' : '';
  for (let at = first; at < end; at++) {
    const byte = buf[at]!;
    if (byte < DIGIT_0 || byte > DIGIT_9) return undefined;
    text += String.fromCharCode(byte);
  }
  return toInt64(BigInt(text));
}

/** Like parseInt64, for counts, offsets and other arguments where larger values have no meaning. */
export function parseSafeInt(buf: Uint8Array, start: number, end: number): number | undefined {
  const value = parseInt64(buf, start, end);
  return typeof value === 'number' ? value : undefined;
}

/** The normal form of an exact integer, or undefined if 64 bits cannot hold it. */
export function toInt64(value: bigint): Int64 | undefined {
  if (value > INT64_MAX || value < INT64_MIN) return undefined;
  const near = Number(value);
  return Number.isSafeInteger(near) ? near : value;
}

/** The sum, or undefined if it overflows. */
export function addInt64(a: Int64, b: Int64): Int64 | undefined {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toInt64(BigInt(a) + BigInt(b));
}

/** The negation, or undefined for the one value that has none. */
export function negateInt64(value: Int64): Int64 | undefined {
  if (typeof value === 'number') return 0 - value;
  return toInt64(-value);
}

/** Decimal digits with a minus sign if negative; parseInt64 reads them back. */
export function formatInt(value: Int64): string {
  return value.toString();
}

/**
 * Writes the same digits at `at` of `buf`, where there must be room for INT64_BYTES_MAX; returns
 * how many bytes they are. A number must be a safe integer.
 */
export function writeInt(buf: Buffer, at: number, value: Int64): number {
  if (typeof value === 'bigint' || !Number.isSafeInteger(value)) {
    if (typeof value === 'number') throw new RangeError(`${value} is not a safe integer`);
    return buf.write(value.toString(), at, 'latin1');
  }
  let rest = Math.abs(value);
  let digits = 1;
  for (let power = 10; power <= rest; power *= 10) digits++;
  const start = value < 0 ? at + 1 : at;
  if (value < 0) buf[at] = MINUS;
  for (let place = start + digits - 1; place >= start; place--) {
    const tens = Math.floor(rest / 10);
    buf[place] = DIGIT_0 + (rest - tens * 10);
    rest = tens;
  }
  return start + digits - at;
}
