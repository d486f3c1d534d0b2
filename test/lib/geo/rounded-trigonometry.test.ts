import { describe, expect, it } from 'vitest';
import { arcSine, cosine, sine } from '../../../src/lib/geo/rounded-trigonometry.ts';
import { Random } from '../../../src/lib/random.ts';
import { testSeed } from '../seeded.ts';

/** Fixed point with so many bits behind the point: the slow clear twin. */
const BITS = 400n;
const ONE = 1n << BITS;

const CASES = 600;

describe('sine, cosine and arc sine', () => {
  const random = new Random(21, testSeed());
  const between = (low: number, high: number): number =>
    low + (random.below(2 ** 30) / 2 ** 30 + random.below(2 ** 22) / 2 ** 52) * (high - low);
  const tiny = (): number => between(-1, 1) * 2 ** -random.below(40);

  const angles = [
    0, 2 ** -60, Math.PI, -Math.PI, Math.PI / 2, -Math.PI / 2, Math.PI / 4, 2.3,
    ...Array.from({ length: CASES }, () => between(-3.2, 3.2)),
    ...Array.from({ length: CASES }, tiny),
    ...Array.from({ length: 40 }, () => Math.PI / 2 + tiny() / 2 ** 20),
  ];

  it('are the double nearest to the sine', () => {
    expect(angles.filter((x) => sine(x) !== nearest(exactSine(fixed(x))))).toEqual([]);
  });

  it('are the double nearest to the cosine', () => {
    expect(angles.filter((x) => cosine(x) !== nearest(exactCosine(fixed(x))))).toEqual([]);
  });

  it('are the double nearest to the angle of a sine', () => {
    const sines = [
      0, 0.5, 0.5 + 2 ** -53, 0.5 - 2 ** -54, 1 - 2 ** -53, 2 ** -60,
      ...Array.from({ length: CASES }, () => between(-1, 1)),
      ...Array.from({ length: CASES }, tiny),
      ...Array.from({ length: CASES }, () => 1 - Math.abs(tiny())),
    ];
    expect(sines.filter((x) => !isAngleOf(arcSine(x), x))).toEqual([]);
  });

  it('know the ends', () => {
    expect([arcSine(1), arcSine(-1)]).toEqual([Math.PI / 2, -Math.PI / 2]);
    expect([sine(0), cosine(0), arcSine(0)]).toEqual([0, 1, 0]);
  });
});

/** A double is a fraction of a power of two, so this is exact down to 2^-BITS. */
function fixed(x: number): bigint {
  let [mantissa, shift] = [x, 0n];
  for (; !Number.isInteger(mantissa); mantissa *= 2) shift++;
  const scaled = BigInt(mantissa);
  return shift > BITS ? scaled >> (shift - BITS) : scaled << (BITS - shift);
}

function times(a: bigint, b: bigint): bigint {
  return (a * b) >> BITS;
}

function taylor(x: bigint, firstTerm: bigint, first: bigint): bigint {
  const square = times(x, x);
  let [term, sum] = [firstTerm, firstTerm];
  for (let n = first; term !== 0n && term !== -1n; n += 2n) {
    term = -times(term, square) / (n * (n + 1n));
    sum += term;
  }
  return sum;
}

function exactSine(x: bigint): bigint {
  return taylor(x, x, 2n);
}

function exactCosine(x: bigint): bigint {
  return taylor(x, ONE, 1n);
}

/** The double nearest to a fixed-point number. */
function nearest(x: bigint): number {
  const size = x < 0n ? -x : x;
  const excess = size.toString(2).length - 53;
  const shift = BigInt(Math.max(0, excess));
  const half = shift === 0n ? 0n : 1n << (shift - 1n);
  const rounded = Number((size + half) >> shift) * 2 ** (Number(shift) - Number(BITS));
  return x < 0n ? -rounded : rounded;
}

/** Whether the sine of the middles to the doubles beside it are on both sides of `x`. */
function isAngleOf(angle: number, x: number): boolean {
  if (x === 0 || Math.abs(x) < 2 ** -50) return angle === x;
  const [size, wanted] = [fixed(Math.abs(angle)), fixed(Math.abs(x))];
  const spacing = size - fixed(before(Math.abs(angle)));
  const below = exactSine(size - spacing / 2n);
  const above = exactSine(size + spacing / 2n);
  return below <= wanted && (wanted <= above || size + spacing / 2n > fixed(Math.PI / 2));
}

/** The next smaller double of a positive one. */
function before(x: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  view.setBigUint64(0, view.getBigUint64(0) - 1n);
  return view.getFloat64(0);
}
