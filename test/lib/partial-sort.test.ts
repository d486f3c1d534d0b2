import { describe, expect, it } from 'vitest';
import { sortFirst } from '../../src/lib/partial-sort.ts';
import { Random } from '../../src/lib/random.ts';
import { testSeed } from './seeded.ts';

describe('a partial sort', () => {
  const random = new Random(23, testSeed());

  it('has what a whole sort has first, and loses nothing', () => {
    for (let round = 0; round < 400; round++) {
      const length = random.below(pickOf(8, 42, 300));
      const distinct = 1 + random.below(pickOf(3, 30, 1000));
      const list = Array.from({ length }, () => random.below(distinct));
      const wanted = random.below(length + 1);
      const sorted = list.toSorted((a, b) => a - b);
      const found = [...list];
      sortFirst(found, wanted, (a, b) => a - b);
      expect(found.slice(0, wanted)).toEqual(sorted.slice(0, wanted));
      expect(found.toSorted((a, b) => a - b)).toEqual(sorted);
    }
  });

  it('leaves alone what is behind', () => {
    const list = Array.from({ length: 1000 }, () => random.below(1_000_000));
    let compared = 0;
    sortFirst(list, 1, (a, b) => (compared++, a - b));
    expect(compared).toBeLessThan(5000);
  });

  function pickOf(...from: readonly number[]): number {
    return from[random.below(from.length)]!;
  }
});
