/**
 * Sine, cosine and arc sine as the double nearest to the true value: another one only where the
 * true value is as near to the middle of two doubles as 10^-6 of their distance.
 *
 * Only operations are used that IEEE 754 defines to the last bit, so every peer gets the same:
 * Math.sin and its like may differ between versions of Node and between processors, and distances
 * are stored by GEOSEARCHSTORE. They are nearer to those of Redis, too: glibc rounds about one of a
 * thousand otherwise, Node 20 one of thirty.
 *
 * Inside a computation a value is a sum of two doubles, high + low, where high is the sum rounded
 * (Dekker, "A floating-point technique for extending the available precision", 1971).
 */

interface Pair {
  readonly high: number;
  readonly low: number;
}

/** Coefficients of a power series: pairs where a double is not enough, doubles for the rest. */
interface Series {
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly rest: Float64Array;
}

/** 2^27 + 1: the product with it tells the upper 26 bits of a double. */
const SPLITTER = 134_217_729;

/** π/2 in three doubles. */
const HALF_PI = 1.5707963267948966;
const HALF_PI_2 = 6.123233995736766e-17;
const HALF_PI_3 = -1.4973849048591833e-33;

const QUARTER_PI = HALF_PI / 2;

const PRECISE_TERMS = 5;
const REST_TERMS = 6;

/** sin r = r (1 - r²/3! + r⁴/5! ...) and cos r = 1 - r²/2! + r⁴/4! ..., in powers of r². */
const SINE = seriesFrom(1);
const COSINE = seriesFrom(0);

/** asin x = x (1 + x²/6 + 3x⁴/40 ...), in powers of x²: where the search for it begins. */
const ARC_SINE = arcSineSeries(12);

// ---- Functions ----------------------------------------------------------------------------------

/** Of up to 3.9 in size; more precision is lost beyond. */
export function sine(x: number): number {
  return (Math.abs(x) < QUARTER_PI ? sineNear0(x, 0) : turned(x, 0)).high;
}

/** Likewise. */
export function cosine(x: number): number {
  return (Math.abs(x) < QUARTER_PI ? cosineNear0(x, 0) : turned(x, 1)).high;
}

/** Of -1 to 1. */
export function arcSine(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.5) return x < 0 ? -sumOf(smallArcSine(size, 0)) : sumOf(smallArcSine(size, 0));
  // asin x = π/2 - 2 asin √((1-x)/2), and the rest of the root, squared, is what is missing.
  const half = (1 - size) / 2;
  const root = Math.sqrt(half);
  const rest = root === 0
    ? 0 : ((half - root * root) - productError(root, root, root * root)) / (2 * root);
  const { high, low } = smallArcSine(root, rest);
  const left = HALF_PI - 2 * high;
  const angle = left + (sumError(HALF_PI, -2 * high, left) + (HALF_PI_2 - 2 * low));
  return x < 0 ? -angle : angle;
}

function sumOf({ high, low }: Pair): number {
  return high + low;
}

/** The sine of an angle and so many right angles more. */
function turned(x: number, quarters: 0 | 1): Pair {
  const turns = Math.round(x / HALF_PI);
  const first = x - turns * HALF_PI;
  const second = first - turns * HALF_PI_2;
  const error = sumError(x, -turns * HALF_PI, first)
    + sumError(first, -turns * HALF_PI_2, second) - turns * HALF_PI_3;
  const angle = second + error;
  const rest = error - (angle - second);
  // Both numbers may be negative.
  const quadrant = ((turns + quarters) % 4 + 4) % 4;
  const found = quadrant % 2 === 0 ? sineNear0(angle, rest) : cosineNear0(angle, rest);
  return quadrant < 2 ? found : { high: -found.high, low: -found.low };
}

/** Up to π/4. */
function sineNear0(high: number, low: number): Pair {
  const square = high * high;
  const squareLow = productError(high, high, square) + 2 * high * low;
  const sum = sumOfSeries(SINE, square, squareLow);
  const product = high * sum.high;
  const error = productError(high, sum.high, product) + (high * sum.low + low * sum.high);
  const sineHigh = product + error;
  return { high: sineHigh, low: error - (sineHigh - product) };
}

function cosineNear0(high: number, low: number): Pair {
  const square = high * high;
  return sumOfSeries(COSINE, square, productError(high, high, square) + 2 * high * low);
}

/**
 * Up to 1/2. The series gives z to some 10^-10; with e = x - sin z, two terms of the expansion of
 * asin (sin z + e) leave an error of the order of e³.
 */
function smallArcSine(high: number, low: number): Pair {
  const square = high * high;
  let sum = 0;
  for (let i = ARC_SINE.length - 1; i >= 0; i--) sum = sum * square + ARC_SINE[i]!;
  const near = high * sum;
  const { high: sineHigh, low: sineLow } = sineNear0(near, 0);
  const error = (high - sineHigh) - sineLow + low;
  const cosineNear = Math.sqrt(1 - sineHigh * sineHigh);
  const step = error / cosineNear;
  return { high: near, low: step + sineHigh / (2 * cosineNear) * step * step };
}

// ---- Series -------------------------------------------------------------------------------------

function sumOfSeries(series: Series, x: number, xLow: number): Pair {
  let high = 0;
  for (let i = REST_TERMS - 1; i >= 0; i--) high = high * x + series.rest[i]!;
  let low = 0;
  for (let i = PRECISE_TERMS - 1; i >= 0; i--) {
    const product = high * x;
    const error = productError(high, x, product) + (high * xLow + low * x);
    const coefficient = series.high[i]!;
    const sum = coefficient + product;
    const rest = sumError(coefficient, product, sum) + (error + series.low[i]!);
    high = sum + rest;
    low = rest - (high - sum);
  }
  return { high, low };
}

/** 1 / (2n + first)! with alternating signs. */
function seriesFrom(first: 0 | 1): Series {
  const high = new Float64Array(PRECISE_TERMS);
  const low = new Float64Array(PRECISE_TERMS);
  const rest = new Float64Array(REST_TERMS);
  for (let n = 0; n < PRECISE_TERMS + REST_TERMS; n++) {
    const factorial = factorialOf(2 * n + first) * (n % 2 === 0 ? 1 : -1);
    const quotient = 1 / factorial;
    if (n >= PRECISE_TERMS) {
      rest[n - PRECISE_TERMS] = quotient;
      continue;
    }
    const product = quotient * factorial;
    high[n] = quotient;
    low[n] = ((1 - product) - productError(quotient, factorial, product)) / factorial;
  }
  return { high, low, rest };
}

function factorialOf(n: number): number {
  let product = 1;
  for (let i = 2; i <= n; i++) product *= i;
  return product;
}

function arcSineSeries(terms: number): Float64Array {
  const series = new Float64Array(terms);
  let binomial = 1;
  for (let n = 0; n < terms; n++) {
    series[n] = binomial / (2 * n + 1);
    binomial *= (2 * n + 1) / (2 * n + 2);
  }
  return series;
}

// ---- Exact errors -------------------------------------------------------------------------------

/** What a + b is more than `sum`, which is that rounded. */
function sumError(a: number, b: number, sum: number): number {
  const ofB = sum - a;
  return (a - (sum - ofB)) + (b - ofB);
}

/** What a · b is more than `product`, which is that rounded. */
function productError(a: number, b: number, product: number): number {
  const aScaled = a * SPLITTER;
  const aHigh = aScaled - (aScaled - a);
  const aLow = a - aHigh;
  const bScaled = b * SPLITTER;
  const bHigh = bScaled - (bScaled - b);
  const bLow = b - bHigh;
  return ((aHigh * bHigh - product) + aHigh * bLow + aLow * bHigh) + aLow * bLow;
}
