import { describe, expect, it } from 'vitest';
import { Histogram } from '../../src/lib/histogram.ts';
import { withSeed } from './seeded.ts';

function rankValue(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(1, Math.ceil((percent / 100) * sorted.length)) - 1]!;
}

describe('Histogram', () => {
  it('is all zero when empty', () => {
    const { count, sum, mean, min, max } = new Histogram();
    expect([count, sum, mean, min, max]).toEqual([0, 0, 0, 0, 0]);
    expect(new Histogram().percentile(99)).toBe(0);
  });

  it('is exact below 256', () => {
    const histogram = new Histogram();
    for (let value = 0; value < 256; value++) histogram.record(value);
    expect(histogram.percentile(50)).toBe(127);
    expect(histogram.percentile(100)).toBe(255);
    expect(histogram.percentile(0)).toBe(0);
    expect(histogram.mean).toBe(127.5);
  });

  it('puts every value into a bucket that holds it and is less than 1 % wide', () => {
    for (let power = 0; power <= 41; power++) {
      for (const value of [2 ** power, 2 ** power + 1, 2 ** (power + 1) - 1, 1.37 * 2 ** power]) {
        const histogram = new Histogram();
        histogram.record(value);
        histogram.forEachBucket((first, last, count) => {
          const whole = Math.floor(value);
          expect(count).toBe(1);
          expect(first <= whole && whole <= last, `${first} ${whole} ${last}`).toBe(true);
          expect(last - first).toBeLessThanOrEqual(whole / 128);
        });
        expect(histogram.percentile(50)).toBe(Math.floor(value));
      }
    }
  });

  it('has buckets that follow one another without gap or overlap', () => {
    const histogram = new Histogram();
    for (let value = 0; value < 5000; value++) histogram.record(value);
    let next = 0;
    histogram.forEachBucket((first, last) => {
      expect(first).toBe(next);
      next = last + 1;
    });
    expect(next).toBeGreaterThanOrEqual(5000);
  });

  it('gives percentiles within 1 % of the sorted values', () => {
    withSeed((random) => {
      const histogram = new Histogram();
      const values = Array.from({ length: 20_000 }, () => Math.floor(2 ** (random.float() * 40)));
      for (const value of values) histogram.record(value);
      values.sort((a, b) => a - b);
      for (const percent of [0, 1, 25, 50, 90, 99, 99.9, 100]) {
        const exact = rankValue(values, percent);
        const got = histogram.percentile(percent);
        expect(got).toBeGreaterThanOrEqual(exact);
        expect(got).toBeLessThanOrEqual(exact * 1.01);
      }
      expect([histogram.min, histogram.max]).toEqual([values[0], values.at(-1)]);
    });
  });

  it('merges to what recording everything in one place gives, and resets', () => {
    withSeed((random) => {
      const [a, b, both] = [new Histogram(), new Histogram(), new Histogram()];
      for (let i = 0; i < 2000; i++) {
        const value = Math.floor(2 ** (random.float() * (i % 2 === 0 ? 12 : 30)));
        (i % 2 === 0 ? a : b).record(value);
        both.record(value);
      }
      const first = new Histogram();
      first.merge(a);
      first.merge(b);
      const second = new Histogram();
      second.merge(b);
      second.merge(a);
      for (const merged of [first, second]) {
        for (const percent of [1, 50, 99]) {
          expect(merged.percentile(percent)).toBe(both.percentile(percent));
        }
        expect([merged.count, merged.sum, merged.min, merged.max])
          .toEqual([both.count, both.sum, both.min, both.max]);
      }
      first.reset();
      expect([first.count, first.percentile(50), first.min, first.max]).toEqual([0, 0, 0, 0]);
    });
  });

  it('counts what lies outside its range at the nearer end', () => {
    const histogram = new Histogram();
    for (const value of [-5, NaN, Infinity, 2 ** 50]) histogram.record(value);
    expect([histogram.count, histogram.min, histogram.max]).toEqual([4, 0, 2 ** 42 - 1]);
  });
});
