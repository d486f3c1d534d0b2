import { describe, expect, it } from 'vitest';
import {
  everyMember, isJoint, isMajority, isVoter, reachedByMajority,
} from '../../../src/raft/core/quorum.ts';
import { configurationOf, idOf } from './members.ts';

const NAMES = [...'abcdefghi'];

/** Every choice of the names. */
function subsets(names: readonly string[]): string[][] {
  return names.reduce<string[][]>((all, name) => {
    return [...all, ...all.map((one) => [...one, name])];
  }, [[]]);
}

describe('a majority', () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])('of %i voters is more than half of them', (count) => {
    const names = NAMES.slice(0, count);
    const configuration = configurationOf(names.join(','));
    for (const yes of subsets(names)) {
      const agrees = isMajority(configuration, (id) => yes.includes(id));
      expect([yes.join(''), agrees]).toEqual([yes.join(''), yes.length * 2 > count]);
    }
  });

  it('while members change is one of the old voters and one of the new', () => {
    const old = ['a', 'b', 'c'];
    const now = ['c', 'd', 'e', 'f'];
    const configuration = configurationOf(now.join(','), '', old.join(','));
    for (const yes of subsets(['a', 'b', 'c', 'd', 'e', 'f'])) {
      const ofOld = old.filter((name) => yes.includes(name)).length;
      const ofNow = now.filter((name) => yes.includes(name)).length;
      expect([yes.join(''), isMajority(configuration, (id) => yes.includes(id))])
        .toEqual([yes.join(''), ofOld >= 2 && ofNow >= 3]);
    }
  });

  it('is asked of nobody who only learns, nor of strangers', () => {
    const configuration = configurationOf('a,b,c', 'd,e');
    expect(isMajority(configuration, (id) => 'ade'.includes(id))).toBe(false);
    expect(isMajority(configuration, (id) => 'abz'.includes(id))).toBe(true);
  });
});

describe('what a majority has reached', () => {
  it.each([
    ['a', [7], 7],
    ['a,b', [7, 3], 3],
    ['a,b,c', [7, 3, 5], 5],
    ['a,b,c,d', [7, 3, 5, 9], 5],
    ['a,b,c,d,e', [0, 0, 4, 9, 9], 4],
  ])('of %s at %j is %i', (names, reached, expected) => {
    const ids = names.split(',');
    const index = reachedByMajority(configurationOf(names), (id) => reached[ids.indexOf(id)]!);
    expect(index).toBe(expected);
  });

  it('is the lesser of old and new voters, and nothing where nobody votes', () => {
    const reached = (id: string): number => ({ a: 1, b: 5, c: 5, d: 3, e: 9 })[id] ?? 0;
    expect(reachedByMajority(configurationOf('a,d,e', '', 'a,b,c'), reached)).toBe(3);
    expect(reachedByMajority(configurationOf('a,b,c', '', 'a,d,e'), reached)).toBe(3);
    expect(reachedByMajority(configurationOf(''), reached)).toBe(-Infinity);
    expect(reachedByMajority(configurationOf('', '', 'b'), reached)).toBe(-Infinity);
  });

  it('sorts numbers as numbers, and takes the infinite', () => {
    const reached = (id: string): number => ({ a: 9, b: 10, c: -Infinity })[id] ?? 0;
    expect(reachedByMajority(configurationOf('a,b,c'), reached)).toBe(9);
  });
});

describe('a configuration', () => {
  it('has voters old and new, learners, and everybody once', () => {
    const configuration = configurationOf('a,b', 'c', 'b,d');
    expect(['a', 'b', 'c', 'd'].map((name) => isVoter(configuration, idOf(name))))
      .toEqual([true, true, false, true]);
    expect(everyMember(configuration).toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect([isJoint(configuration), isJoint(configurationOf('a,b', 'c'))]).toEqual([true, false]);
  });
});
