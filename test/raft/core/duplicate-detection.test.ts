import { describe, expect, it } from 'vitest';
import { DuplicateDetection } from '../../../src/raft/core/duplicate-detection.ts';
import { idOf } from './members.ts';
import { withSeed } from '../../lib/seeded.ts';

const [a, b] = [idOf('a'), idOf('b')];

describe('a batch is applied', () => {
  it('once, in the order of its member', () => {
    const origins = new DuplicateDetection();
    const numbers = [1, 1, 2, 1, 4, 2, 3, 3, 4].map((number) => {
      return origins.accept({ origin: a, epoch: 1, number }) ? number : 0;
    });
    expect(numbers).toEqual([1, 0, 2, 0, 0, 0, 3, 0, 4]);
  });

  it('whatever other members do', () => {
    const origins = new DuplicateDetection();
    expect(origins.accept({ origin: a, epoch: 1, number: 1 })).toBe(true);
    expect(origins.accept({ origin: b, epoch: 1, number: 2 })).toBe(false);
    expect(origins.accept({ origin: b, epoch: 1, number: 1 })).toBe(true);
    expect(origins.accept({ origin: a, epoch: 1, number: 2 })).toBe(true);
  });

  it('only if its start of the member is not past, and a new start begins with 1', () => {
    const origins = new DuplicateDetection();
    origins.accept({ origin: a, epoch: 5, number: 1 });
    expect(origins.accept({ origin: a, epoch: 6, number: 2 })).toBe(false);
    expect(origins.accept({ origin: a, epoch: 8, number: 1 })).toBe(true);
    expect(origins.accept({ origin: a, epoch: 5, number: 2 })).toBe(false);
    expect(origins.accept({ origin: a, epoch: 6, number: 1 })).toBe(false);
    expect(origins.numberOf(a, 8)).toBe(1);
  });

  it('exactly once, however a member sends again what is not applied', () => {
    withSeed((random) => {
      const origins = new DuplicateDetection();
      const applied: number[] = [];
      while (applied.length < 500) {
        const number = Math.max(1, applied.length - 3 + random.below(8));
        if (origins.accept({ origin: a, epoch: 1, number })) applied.push(number);
      }
      expect(applied).toEqual(applied.map((_, i) => i + 1));
    });
  });
});

describe('what is known of origins', () => {
  it('is nothing of another start, nor of a stranger', () => {
    const origins = new DuplicateDetection();
    origins.accept({ origin: a, epoch: 3, number: 1 });
    expect([origins.numberOf(a, 3), origins.numberOf(a, 2), origins.numberOf(b, 3)])
      .toEqual([1, 0, 0]);
  });

  it('comes back with the state, in place of what was known before', () => {
    const origins = new DuplicateDetection();
    origins.accept({ origin: a, epoch: 3, number: 1 });
    const copy = new DuplicateDetection();
    copy.accept({ origin: b, epoch: 9, number: 1 });
    copy.restore(origins.marks());
    expect(copy.numberOf(b, 9)).toBe(0);
    expect(copy.accept({ origin: a, epoch: 3, number: 1 })).toBe(false);
    expect(copy.accept({ origin: a, epoch: 3, number: 2 })).toBe(true);
    expect(origins.numberOf(a, 3)).toBe(1);
  });
});
