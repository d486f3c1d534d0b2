/**
 * A double as Redis 7.2 and later print it in replies: the shortest digits that read back as the
 * same double. (Redis 7.0 prints "%.17g": 0.1 as 0.10000000000000001.) `Number(formatDouble(x))`
 * is x.
 *
 * JavaScript finds the same shortest digits but lays them out otherwise, so only the digits are
 * its:
 *
 *   integers up to 2^52                      all digits, no point         4503599627370496
 *   up to 7 zeros behind the digits          all digits                   (beyond 2^52, rarely)
 *   a point, and either at most 6 places     decimal                      1700000000.125
 *     or 0.001 <= |x| < 10000 (by exponent)                               3.141592653589793
 *   anything else                            d.ddde+x, no padding         1e+20  1.5e-8
 *
 * Infinity is "inf" or "-inf"; NaN is "nan" whatever its sign; minus zero is "-0".
 */

/** Up to here Redis prints whole numbers as integers. */
const INTEGER_MAX = 2 ** 52;

const TRAILING_ZEROS_MAX = 7;
const SHORT_FRACTION_DIGITS_MAX = 6;
const DECIMAL_EXPONENT_MAX = 3;

export function formatDouble(x: number): string {
  if (Number.isInteger(x) && x <= INTEGER_MAX && x >= -INTEGER_MAX) {
    return Object.is(x, -0) ? '-0' : String(x);
  }
  if (x !== x) return 'nan';
  if (x === Infinity) return 'inf';
  if (x === -Infinity) return '-inf';
  return x < 0 ? '-' + layOut(-x) : layOut(x);
}

/** `x` is positive and finite. */
function layOut(x: number): string {
  const [mantissa = '', exponentText = ''] = x.toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(exponentText);
  // x = digits * 10^power
  const power = exponent - (digits.length - 1);
  if (power >= 0 && power <= TRAILING_ZEROS_MAX) return digits + '0'.repeat(power);
  const fewPlaces = -power <= SHORT_FRACTION_DIGITS_MAX;
  if (power < 0 && (fewPlaces || Math.abs(exponent) <= DECIMAL_EXPONENT_MAX)) {
    if (exponent < 0) return '0.' + '0'.repeat(-exponent - 1) + digits;
    return digits.slice(0, exponent + 1) + '.' + digits.slice(exponent + 1);
  }
  return mantissa + 'e' + (exponent < 0 ? '-' : '+') + Math.abs(exponent);
}

const PRECISE_DIGITS = 17;

/**
 * A double with 17 digits, as C's "%.17g": 0.1 is 0.10000000000000001. Redis 7.2 prints scores so
 * in ZSCAN alone, where a sorted set is a skiplist.
 */
export function formatPrecise(x: number): string {
  if (x === 0 || x - x !== 0) return formatDouble(x);
  const text = Math.abs(x).toExponential(PRECISE_DIGITS - 1);
  const [mantissa = '', exponentText = ''] = text.split('e');
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  const exponent = Number(exponentText);
  return (x < 0 ? '-' : '') + layOutPrecise(digits, exponent);
}

function layOutPrecise(digits: string, exponent: number): string {
  if (exponent < -4 || exponent >= PRECISE_DIGITS) {
    const fraction = digits.length > 1 ? '.' + digits.slice(1) : '';
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return digits.slice(0, 1) + fraction + 'e' + (exponent < 0 ? '-' : '+') + size;
  }
  if (exponent < 0) return '0.' + '0'.repeat(-exponent - 1) + digits;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return digits.length > exponent + 1 ? whole + '.' + digits.slice(exponent + 1) : whole;
}
