import { describe, expect, it } from 'vitest';
import { findPlaces } from '../../../src/commands/geo/geo-search.ts';
import type { Search } from '../../../src/commands/geo/geo-search-options.ts';
import type { VisitMember, ZsetView } from '../../../src/keyspace/collection/zset/zset-view.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { coordinatesOf, scoreOf, type Coordinates } from '../../../src/lib/geo/geohash.ts';
import { distanceMeters, distanceWithin, type Shape } from '../../../src/lib/geo/geo-shape.ts';
import { Random } from '../../../src/lib/random.ts';
import { testSeed } from '../../lib/seeded.ts';

const MEMBERS = 4000;

const ALL: Search = {
  shape: undefined, order: 'none', count: 0, isAny: false, withDistance: false, withHash: false,
  withCoordinates: false, storeAt: undefined, storesDistance: false,
};

/** A sorted set that counts the members that were looked at. */
class CountedZset implements Pick<ZsetView, 'size' | 'rankOfScore' | 'walk'> {
  readonly scores: readonly number[];
  visited = 0;

  constructor(scores: readonly number[]) {
    this.scores = scores.toSorted((a, b) => a - b);
  }

  get size(): number {
    return this.scores.length;
  }

  rankOfScore(score: number, isOpen: boolean): number {
    return this.scores.filter((each) => isOpen ? each <= score : each < score).length;
  }

  walk(rank: number, count: number, step: 1 | -1, visit: VisitMember): void {
    for (let i = 0; i < count; i++) {
      const at = rank + i * step;
      this.visited++;
      visit(ByteRange.ofText(`m${at}`), this.scores[at]!);
    }
  }
}

function find(zset: CountedZset, shape: Shape, search: Partial<Search> = {}): string[] {
  const places = findPlaces(zset as unknown as ZsetView, shape, { ...ALL, ...search });
  return places.map(({ member }) => member.text());
}

describe('a search', () => {
  const random = new Random(31, testSeed());
  const between = (low: number, high: number): number =>
    low + random.below(2 ** 30) / 2 ** 30 * (high - low);
  const place = (): Coordinates =>
    ({ longitude: between(-180, 180), latitude: between(-60, 60) });
  const zset = new CountedZset(Array.from({ length: MEMBERS }, () => scoreOf(place())));
  const shape = (): Shape => {
    const member = coordinatesOf(zset.scores[random.below(MEMBERS)]!);
    const center = random.below(2) === 0 ? place() : member;
    return random.below(2) === 0
      ? { center, unitMeters: 1000, kind: 'circle', radius: between(0, 1500) }
      : {
        center, unitMeters: 1000, kind: 'box', width: between(0, 2000), height: between(0, 2000),
      };
  };

  it('finds what is in the shape, each once', () => {
    let found = 0;
    for (let round = 0; round < 200; round++) {
      const wanted = shape();
      const inShape = zset.scores.flatMap((score, at) =>
        distanceWithin(wanted, coordinatesOf(score)) === undefined ? [] : [`m${at}`]);
      expect(find(zset, wanted).toSorted(), JSON.stringify(wanted)).toEqual(inShape.toSorted());
      found += inShape.length;
    }
    expect(found).toBeGreaterThan(2000);
  });

  it('looks at few members for a small shape', () => {
    for (let round = 0; round < 50; round++) {
      zset.visited = 0;
      find(zset, { center: place(), unitMeters: 1000, kind: 'circle', radius: 50 });
      expect(zset.visited).toBeLessThan(MEMBERS / 50);
    }
  });

  it('gives the nearest first, and the farthest', () => {
    const wanted: Shape = { center: place(), unitMeters: 1000, kind: 'circle', radius: 4000 };
    const meters = (name: string): number =>
      distanceMeters(wanted.center, coordinatesOf(zset.scores[Number(name.slice(1))]!));
    const all = find(zset, wanted).map(meters).toSorted((a, b) => a - b);
    expect(all.length).toBeGreaterThan(100);
    expect(find(zset, wanted, { order: 'nearest' }).map(meters)).toEqual(all);
    expect(find(zset, wanted, { order: 'farthest' }).map(meters)).toEqual(all.toReversed());
    expect(find(zset, wanted, { order: 'nearest', count: 20 }).map(meters))
      .toEqual(all.slice(0, 20));
    expect(find(zset, wanted, { order: 'farthest', count: 20 }).map(meters))
      .toEqual(all.toReversed().slice(0, 20));
  });

  it('for any so many stops when it has found them', () => {
    const wanted: Shape = { center: place(), unitMeters: 1000, kind: 'circle', radius: 30_000 };
    zset.visited = 0;
    expect(find(zset, wanted, { count: 3, isAny: true })).toHaveLength(3);
    expect(zset.visited).toBeLessThanOrEqual(256);
  });

  it('keeps long members whole', () => {
    const long = 'x'.repeat(10_000);
    const view = {
      size: 3, rankOfScore: (score: number) => score > 0 ? 3 : 0,
      walk: (rank: number, count: number, _step: number, visit: VisitMember) => {
        for (let at = rank; at < rank + count; at++) visit(ByteRange.ofText(`${long}${at}`), 0);
      },
    } as unknown as ZsetView;
    const corner: Shape = { center: coordinatesOf(0), unitMeters: 1, kind: 'circle', radius: 1 };
    const found = findPlaces(view, corner, ALL).map(({ member }) => member.text());
    expect(found).toEqual([`${long}0`, `${long}1`, `${long}2`]);
  });
});
