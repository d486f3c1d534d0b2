import { describe, expect, it } from 'vitest';

import { withSeed } from '../lib/seeded.ts';
import { BucketQueue } from './bucket-queue.ts';
import {
  allBefore, EMPTY_SET, including, includes, isPrefix, keyOf, type LinearizedSet,
} from './linearized-set.ts';

const SIZE = 200;

describe('the set of linearized operations', () => {
  it('holds what was put in, and its base is the first that was not', () => {
    withSeed((random) => {
      for (let round = 0; round < 20; round++) {
        const left = Array.from({ length: SIZE }, (_, at) => at);
        let set: LinearizedSet = EMPTY_SET;
        while (left.length > 0) {
          const [at] = left.splice(random.below(Math.min(left.length, 1 + 5 * round)), 1);
          set = including(set, at!);
          const expected = Array.from({ length: SIZE }, (_, each) => !left.includes(each));
          expect(expected.map((_, each) => includes(set, each))).toEqual(expected);
          expect(set.base).toBe(left[0] ?? SIZE);
          expect(isPrefix(set)).toBe(SIZE - set.base === left.length);
        }
      }
    });
  });

  it('has one key however it came about, and another one for each other set', () => {
    withSeed((random) => {
      const contentOf = new Map<string, string>();
      for (let round = 0; round < 2000; round++) {
        const content = Array.from({ length: 40 }, (_, at) => 25 + at)
          .filter(() => random.below(8) > 0);
        let set = allBefore(25);
        while (content.length > 0) set = including(set, takeAny(content, random.below(1000)));
        const held = Array.from({ length: SIZE }, (_, at) => Number(includes(set, at))).join('');
        expect(contentOf.get(keyOf(set)) ?? held).toBe(held);
        contentOf.set(keyOf(set), held);
      }
      expect(new Set(contentOf.values()).size).toBe(contentOf.size);
    });
  });

  it('made as a prefix is the same as made one by one', () => {
    let set: LinearizedSet = EMPTY_SET;
    for (let end = 1; end <= SIZE; end++) {
      set = including(set, end - 1);
      expect(set).toEqual(allBefore(end));
      expect(isPrefix(set)).toBe(true);
    }
  });
});

function takeAny(list: number[], chance: number): number {
  return list.splice(chance % list.length, 1)[0]!;
}

describe('the bucket queue', () => {
  it('gives the least or the greatest rank, and of one rank what came last', () => {
    withSeed((random) => {
      const queue = new BucketQueue<{ rank: number; number: number }>();
      const model: { rank: number; number: number }[] = [];
      for (let number = 0; number < 5000; number++) {
        if (random.below(2) === 0) {
          const item = { rank: random.below(30) - 10, number };
          queue.push(item.rank, item);
          model.push(item);
        } else if (model.length > 0) {
          const isLowest = random.below(2) === 0;
          const sign = isLowest ? -1 : 1;
          model.sort((a, b) => sign * (a.rank - b.rank) || a.number - b.number);
          expect(isLowest ? queue.takeLowest() : queue.takeHighest()).toBe(model.pop());
        }
        expect(queue.size).toBe(model.length);
      }
    });
  });
});
