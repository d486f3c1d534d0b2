/**
 * A double with so many digits behind the point, as C's "%.4f": the nearest such number to its
 * exact value, and of two equally near ones the one with an even last digit.
 */

/** From here on JavaScript writes exponents. */
const EXPONENT_FROM = 1e21;

/** `digits`: at least 1. */
export function formatFixed(x: number, digits: number): string {
  if (x !== x) return 'nan';
  const sign = x < 0 || Object.is(x, -0) ? '-' : '';
  const size = Math.abs(x);
  if (size === Infinity) return `${sign}inf`;
  if (size >= EXPONENT_FROM) return `${sign}${BigInt(size)}.${'0'.repeat(digits)}`;
  return sign + (lowerOfTwo(size, digits) ?? size.toFixed(digits));
}

/** If it is in the middle of two, and the lower one is even; toFixed takes the upper one. */
function lowerOfTwo(size: number, digits: number): string | undefined {
  if (!Number.isInteger(size * 2 ** (digits + 1))) return undefined;
  const exact = size.toFixed(digits + 1);
  return /[02468]5$/.test(exact) ? exact.slice(0, -1) : undefined;
}
