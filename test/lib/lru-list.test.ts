import { describe, expect, it } from 'vitest';
import { LruList, lruLinks } from '../../src/lib/lru-list.ts';
import type { LruItem } from '../../src/lib/lru-list.ts';
import { withSeed } from './seeded.ts';

class Item implements LruItem<Item> {
  readonly id: number;
  lru = lruLinks<Item>();

  constructor(id: number) {
    this.id = id;
  }
}

function idsFromOldest(list: LruList<Item>): number[] {
  const ids: number[] = [];
  for (let item = list.oldest; item !== undefined; item = item.lru.newer) ids.push(item.id);
  return ids;
}

function idsFromNewest(list: LruList<Item>): number[] {
  const ids: number[] = [];
  for (let item = list.newest; item !== undefined; item = item.lru.older) ids.push(item.id);
  return ids;
}

describe('LruList', () => {
  it('agrees with an array under random use, in both directions', () => {
    withSeed((random) => {
      const list = new LruList<Item>();
      const items = Array.from({ length: 20 }, (_, id) => new Item(id));
      let model: number[] = [];
      for (let step = 0; step < 5000; step++) {
        const item = items[random.below(items.length)]!;
        const choice = random.below(10);
        if (choice === 0) {
          expect(list.shift()?.id).toBe(model.shift());
        } else if (choice < 4) {
          if (list.has(item)) list.remove(item);
          model = model.filter((id) => id !== item.id);
        } else {
          list.touch(item);
          model = [...model.filter((id) => id !== item.id), item.id];
        }
        expect(idsFromOldest(list)).toEqual(model);
        expect(idsFromNewest(list)).toEqual(model.toReversed());
        expect(list.size).toBe(model.length);
      }
    });
  });

  it('refuses an item of another list, and one of none', () => {
    const item = new Item(1);
    const mine = new LruList<Item>();
    const other = new LruList<Item>();
    expect(() => mine.remove(item)).toThrow('not in this list');
    other.touch(item);
    expect(mine.has(item)).toBe(false);
    expect(() => mine.touch(item)).toThrow('not in this list');
    expect(() => mine.remove(item)).toThrow('not in this list');
  });

  it('lets go of an item that is removed', () => {
    const list = new LruList<Item>();
    const items = [new Item(1), new Item(2), new Item(3)];
    for (const item of items) list.touch(item);
    list.remove(items[1]!);
    expect(items[1]!.lru).toEqual(lruLinks());
    expect(new LruList<Item>().shift()).toBeUndefined();
  });
});
