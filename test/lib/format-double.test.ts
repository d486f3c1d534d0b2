import { describe, expect, it } from 'vitest';
import { formatDouble, formatPrecise } from '../../src/lib/format-double.ts';
import { withSeed } from './seeded.ts';

/** By the rules of Redis 7.2 (d2string over the shortest digits). */
const CASES: readonly (readonly [number, string])[] = [
  [0, '0'], [-0, '-0'], [1, '1'], [-1, '-1'], [3, '3'], [1e15, '1000000000000000'],
  [2 ** 52, '4503599627370496'], [-(2 ** 52), '-4503599627370496'],
  [2 ** 53, '9007199254740992'], [2 ** 60, '1152921504606847000'],
  [1e16, '1e+16'], [1e20, '1e+20'], [1.5e21, '1.5e+21'], [123456789e13, '1.23456789e+21'],
  [0.1, '0.1'], [0.1 + 0.2, '0.30000000000000004'], [-2.5, '-2.5'], [3.14, '3.14'],
  [Math.PI, '3.141592653589793'], [1700000000.125, '1700000000.125'],
  [12345.678901, '12345.678901'], [1234.5678901, '1234.5678901'],
  [12345.6789012, '1.23456789012e+4'], [0.001, '0.001'], [0.000001, '0.000001'],
  [0.0000001, '1e-7'], [1.5e-8, '1.5e-8'], [0.00012345, '1.2345e-4'],
  [5e-324, '5e-324'], [1.7976931348623157e308, '1.7976931348623157e+308'],
  [Infinity, 'inf'], [-Infinity, '-inf'], [NaN, 'nan'],
];

describe('formatDouble', () => {
  it.each(CASES)('writes %d as %s', (x, text) => {
    expect(formatDouble(x)).toBe(text);
  });

  it('reads back as the same double', () => {
    withSeed((random) => {
      const bits = new DataView(new ArrayBuffer(8));
      for (let n = 0; n < 100_000; n++) {
        bits.setUint32(0, random.next());
        bits.setUint32(4, random.next());
        const x = bits.getFloat64(0);
        if (!Number.isFinite(x)) continue;
        const text = formatDouble(x);
        if (Number(text) !== x) throw new Error(`${x} written as ${text}`);
      }
    });
  });
});

/** As printf("%.17g") of C. */
const PRECISE: readonly (readonly [number, string])[] = [
  [0, '0'], [-0, '-0'], [1, '1'], [-5, '-5'], [100, '100'], [0.1, '0.10000000000000001'],
  [1.5, '1.5'], [-2.25, '-2.25'], [1234567.891, '1234567.8910000001'],
  [0.0001, '0.0001'], [0.00001, '1.0000000000000001e-05'], [3e-7, '2.9999999999999999e-07'],
  [1e16, '10000000000000000'], [1e17, '1e+17'], [1e20, '1e+20'], [1.5e300, '1.5000000000000001e+300'],
  [2 ** 53, '9007199254740992'], [2 ** 60, '1.152921504606847e+18'], [5e-324, '4.9406564584124654e-324'],
  [Infinity, 'inf'], [-Infinity, '-inf'],
];

describe('formatPrecise', () => {
  it.each(PRECISE)('writes %d as %s', (x, text) => {
    expect(formatPrecise(x)).toBe(text);
  });
});
