import { describe, expect, it } from 'vitest';
import type { Coordinates } from '../../../src/lib/geo/geohash.ts';
import {
  EARTH_RADIUS_METERS, distanceMeters, distanceWithin, outsideTest, type Shape,
} from '../../../src/lib/geo/geo-shape.ts';
import { Random } from '../../../src/lib/random.ts';
import { testSeed } from '../seeded.ts';

const random = new Random(24, testSeed());

function between(low: number, high: number): number {
  return low + random.below(2 ** 30) / 2 ** 30 * (high - low);
}

function place(): Coordinates {
  return { longitude: between(-180, 180), latitude: between(-85, 85) };
}

function near({ latitude, longitude }: Coordinates, degrees: number): Coordinates {
  const within = (x: number, max: number): number => Math.max(-max, Math.min(max, x));
  return {
    longitude: within(longitude + between(-degrees, degrees), 180),
    latitude: within(latitude + between(-degrees, degrees), 85),
  };
}

describe('distances', () => {
  it('are those along meridians and the equator', () => {
    const zero = { longitude: 0, latitude: 0 };
    const quarter = Math.PI / 2 * EARTH_RADIUS_METERS;
    expect(distanceMeters(zero, zero)).toBe(0);
    expect(distanceMeters(zero, { longitude: 90, latitude: 0 })).toBeCloseTo(quarter, 6);
    expect(distanceMeters(zero, { longitude: -180, latitude: 0 })).toBeCloseTo(2 * quarter, 6);
    expect(distanceMeters(zero, { longitude: 0, latitude: 45 })).toBeCloseTo(quarter / 2, 6);
  });

  it('of opposite places are numbers', () => {
    for (let i = 0; i < 2000; i++) {
      const { latitude, longitude } = place();
      const across = longitude < 0 ? longitude + 180 : longitude - 180;
      const opposite = { longitude: across, latitude: -latitude };
      const meters = distanceMeters({ longitude, latitude }, opposite);
      expect(meters).toBeCloseTo(Math.PI * EARTH_RADIUS_METERS, 0);
    }
  });
});

describe('the quick test of what is outside', () => {
  it('is never wrong, and right of nearly all that is', () => {
    let [outside, told] = [0, 0];
    for (let i = 0; i < 20_000; i++) {
      const center = place();
      const size = (): number => between(0, random.below(2) === 0 ? 300 : 20_000);
      const shape: Shape = random.below(2) === 0
        ? { center, unitMeters: 1000, kind: 'circle', radius: size() }
        : { center, unitMeters: 1000, kind: 'box', width: size(), height: size() };
      const point = random.below(2) === 0 ? place() : near(center, 2);
      const isOutside = distanceWithin(shape, point) === undefined;
      const isTold = outsideTest(shape)(point);
      expect(isTold && !isOutside, JSON.stringify({ shape, point })).toBe(false);
      outside += Number(isOutside);
      told += Number(isTold);
    }
    expect(told).toBeGreaterThan(outside * 0.99);
  });

  it('lets the border of a circle pass', () => {
    for (let i = 0; i < 2000; i++) {
      const center = place();
      const point = near(center, 3);
      const radius = distanceMeters(center, point);
      const shape: Shape = { center, unitMeters: 1, kind: 'circle', radius };
      expect(outsideTest(shape)(point)).toBe(false);
      expect(distanceWithin(shape, point)).toBe(radius);
    }
  });
});
