import { describe, expect, it } from 'vitest';
import { TermRuns } from '../../../src/raft/core/term-runs.ts';
import { withSeed } from '../../lib/seeded.ts';

/** The terms of entries 1, 2, 3 ... */
function runsOf(terms: readonly number[]): TermRuns {
  const runs = new TermRuns(0, 0);
  for (const [i, term] of terms.entries()) runs.append(i + 1, term);
  return runs;
}

describe('the terms of a log', () => {
  it('are those that were appended, and none outside of the log', () => {
    const runs = runsOf([1, 1, 2, 5, 5]);
    expect([0, 1, 2, 3, 4, 5].map((index) => runs.termOf(index))).toEqual([0, 1, 1, 2, 5, 5]);
    expect([-1, 6, -Infinity, Infinity].map((index) => runs.termOf(index)))
      .toEqual([undefined, undefined, undefined, undefined]);
    expect([runs.lastIndex, runs.lastTerm, runs.lastTermFrom]).toEqual([5, 5, 4]);
  });

  it('of a log without entries are that of its base', () => {
    const runs = new TermRuns(7, 3);
    expect([runs.lastIndex, runs.lastTerm, runs.termOf(7)]).toEqual([7, 3, 3]);
    expect(runs.lastTermFrom).toBe(7);
    expect([runs.termOf(6), runs.termOf(8)]).toEqual([undefined, undefined]);
    expect(runs.lastAtMost(9, 100)).toBe(7);
    expect(runs.lastAtMost(1, 5)).toBe(7);
  });

  it('may begin with the term of the base', () => {
    const runs = new TermRuns(7, 3);
    runs.extend(8, 9, 3);
    runs.extend(10, 12, 4);
    expect([7, 8, 9, 10, 12].map((index) => runs.termOf(index))).toEqual([3, 3, 3, 4, 4]);
  });

  it('say how far a log can agree with one that ends in a term', () => {
    const runs = runsOf([1, 1, 1, 4, 4, 5, 5, 6, 6, 6]);
    expect(runs.lastAtMost(6, 10)).toBe(10);
    expect(runs.lastAtMost(6, 9)).toBe(9);
    expect(runs.lastAtMost(5, 10)).toBe(7);
    expect(runs.lastAtMost(4, 4)).toBe(4);
    expect(runs.lastAtMost(3, 10)).toBe(3);
    expect(runs.lastAtMost(0, 10)).toBe(0);
    expect(runs.lastAtMost(9, 99)).toBe(10);
  });

  it('are cut off at the back, within a term and between two', () => {
    const runs = runsOf([1, 1, 2, 2, 3]);
    runs.truncate(4);
    expect([runs.lastIndex, runs.lastTerm, runs.termOf(5)]).toEqual([4, 2, undefined]);
    runs.truncate(2);
    expect([runs.lastIndex, runs.lastTerm]).toEqual([2, 1]);
    runs.append(3, 4);
    expect([runs.termOf(2), runs.termOf(3)]).toEqual([1, 4]);
    runs.truncate(9);
    expect(runs.lastIndex).toBe(3);
  });

  it('are cut off at the front, and the term of the last one that went is still known', () => {
    const runs = runsOf([1, 1, 2, 2, 3]);
    runs.trim(3);
    expect([2, 3, 4, 5].map((index) => runs.termOf(index))).toEqual([undefined, 2, 2, 3]);
    expect(runs.lastAtMost(2, 5)).toBe(4);
    expect(runs.lastAtMost(1, 5)).toBe(3);
    runs.trim(5);
    expect([runs.lastIndex, runs.lastTerm, runs.termOf(5)]).toEqual([5, 3, 3]);
  });

  it('never go down and leave no gap: that is asserted', () => {
    const runs = runsOf([2, 2]);
    expect(() => runs.append(3, 1)).toThrow('assertion failed');
    expect(() => runs.append(4, 2)).toThrow('assertion failed');
    expect(() => runs.append(2, 2)).toThrow('assertion failed');
    expect(() => runs.extend(3, 2, 2)).toThrow('assertion failed');
    expect(() => runs.trim(3)).toThrow('assertion failed');
  });

  it('agree with a list of all of them, whatever is done', () => {
    withSeed((random) => {
      let base = 0;
      let list = [0];
      const runs = new TermRuns(0, 0);
      for (let n = 0; n < 1000; n++) {
        const last = base + list.length - 1;
        const what = random.below(10);
        if (what < 7) {
          const term = list.at(-1)! + (random.below(4) === 0 ? 1 : 0);
          runs.append(last + 1, term);
          list.push(term);
        } else if (what < 9) {
          const to = base + random.below(list.length);
          runs.truncate(to);
          list = list.slice(0, to - base + 1);
        } else {
          const to = base + random.below(list.length);
          runs.trim(to);
          list = list.slice(to - base);
          base = to;
        }
        const end = base + list.length - 1;
        expect([runs.lastIndex, runs.lastTerm]).toEqual([end, list.at(-1)]);
        const index = base + random.below(list.length + 2) - 1;
        expect(runs.termOf(index)).toBe(list[index - base]);
        const term = random.below(list.at(-1)! + 2);
        let expected = Math.min(end, Math.max(base, index));
        while (expected > base && list[expected - base]! > term) expected--;
        expect(runs.lastAtMost(term, index)).toBe(expected);
      }
    });
  });
});
