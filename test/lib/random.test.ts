import { describe, expect, it } from 'vitest';
import { Random } from '../../src/lib/random.ts';

/** Computed apart from this code, from the published definition of sfc32. */
const GOLDEN_ZERO = [1363572419, 145230303, 808754475, 4216505632];
const GOLDEN_OTHER = [3182650835, 1342663186, 3244911840, 963830745];

const take = (random: Random, count: number): number[] =>
  Array.from({ length: count }, () => random.next());

describe('Random', () => {
  it('gives the sequence that peers have agreed on', () => {
    expect(take(new Random(0, 0), 4)).toEqual(GOLDEN_ZERO);
    expect(take(new Random(0xdeadbeef, 0x12345678), 4)).toEqual(GOLDEN_OTHER);
  });

  it('depends on both halves of the seed', () => {
    const sequences = [[0, 1], [1, 0], [1, 1]].map(([a, b]) => take(new Random(a!, b!), 8).join());
    expect(new Set(sequences).size).toBe(3);
  });

  it('draws below n evenly and never n itself', () => {
    const random = new Random(1, 2);
    for (const n of [1, 2, 3, 10, 1000]) {
      const counts = new Uint32Array(n);
      for (let i = 0; i < 200 * n; i++) counts[random.below(n)]! += 1;
      const chiSquare = counts.reduce((sum, count) => sum + (count - 200) ** 2 / 200, 0);
      expect(chiSquare).toBeLessThan(n + 6 * Math.sqrt(2 * n));
    }
    expect(random.below(2 ** 32)).toBeLessThan(2 ** 32);
  });

  it('is unbiased where the remainder of 2^32 would show', () => {
    const random = new Random(3, 4);
    let low = 0;
    for (let i = 0; i < 30_000; i++) if (random.below(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low / 30_000 - 1 / 3)).toBeLessThan(0.02);
  });

  it('refuses to draw below anything but an integer from 1 to 2^32', () => {
    for (const n of [0, -1, 1.5, NaN, 2 ** 32 + 1]) {
      expect(() => new Random(0, 0).below(n)).toThrow(RangeError);
    }
  });

  it('gives floats from 0 to below 1 with a mean of one half', () => {
    const random = new Random(5, 6);
    const values = Array.from({ length: 50_000 }, () => random.float());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
  });
});
