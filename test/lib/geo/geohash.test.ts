import { describe, expect, it } from 'vitest';
import {
  LATITUDE_MAX, LONGITUDE_MAX, areaOf, cellAt, coordinatesOf, endScore, firstScore, isOnMap,
  scoreOf, textOf, type Coordinates,
} from '../../../src/lib/geo/geohash.ts';
import { Random } from '../../../src/lib/random.ts';
import { testSeed } from '../seeded.ts';

/** By halving the map 26 times: the slow clear twin. */
function halved({ latitude, longitude }: Coordinates, latitudeMax: number): string {
  let [west, east, south, north] = [-180, 180, -latitudeMax, latitudeMax];
  let bits = '';
  for (let i = 0; i < 26; i++) {
    const middle = (west + east) / 2;
    const isEast = longitude >= middle;
    if (isEast) west = middle;
    else east = middle;
    const equator = (south + north) / 2;
    const isNorth = latitude >= equator;
    if (isNorth) south = equator;
    else north = equator;
    bits += `${isEast ? 1 : 0}${isNorth ? 1 : 0}`;
  }
  return bits;
}

describe('geohashes', () => {
  const random = new Random(22, testSeed());
  const between = (low: number, high: number): number =>
    low + random.below(2 ** 30) / 2 ** 30 * (high - low);
  const places = Array.from({ length: 500 }, () =>
    ({ longitude: between(-180, 180), latitude: between(-85, 85) }));

  it('are the bits of halving the map again and again', () => {
    for (const place of places) {
      expect(scoreOf(place)).toBe(Number(`0b${halved(place, LATITUDE_MAX)}`));
    }
  });

  it('lead back to within a cell of the place, and the same cell', () => {
    for (const place of places) {
      const found = coordinatesOf(scoreOf(place));
      expect(Math.abs(found.longitude - place.longitude)).toBeLessThanOrEqual(180 / 2 ** 26);
      expect(Math.abs(found.latitude - place.latitude)).toBeLessThanOrEqual(LATITUDE_MAX / 2 ** 26);
      expect(scoreOf(found)).toBe(scoreOf(place));
    }
  });

  it('have 54 bits at the ends of the map', () => {
    const corner = { longitude: LONGITUDE_MAX, latitude: LATITUDE_MAX };
    expect(isOnMap(corner)).toBe(true);
    expect(scoreOf(corner)).toBe(2 ** 53 + 2 ** 52);
    expect(coordinatesOf(scoreOf(corner))).toEqual(corner);
    expect(isOnMap({ ...corner, latitude: 85.0511288 })).toBe(false);
  });

  it('of a cell are one range of scores, and no other cell has them', () => {
    for (const place of places) {
      const step = 1 + random.below(26);
      const cell = cellAt(place, step);
      const score = scoreOf(place);
      expect(firstScore(cell) <= score && score < endScore(cell)).toBe(true);
      expect(endScore(cell) - firstScore(cell)).toBe(4 ** (26 - step));
      const { east, north, south, west } = areaOf(cell);
      const { latitude, longitude } = coordinatesOf(score);
      expect(west <= longitude && longitude <= east).toBe(true);
      expect(south <= latitude && latitude <= north).toBe(true);
    }
  });

  it('are written with five bits a digit, over latitudes from -90 to 90', () => {
    for (const place of places) {
      const bits = halved(place, 90);
      const digits = Array.from({ length: 10 }, (_, i) =>
        '0123456789bcdefghjkmnpqrstuvwxyz'.charAt(Number(`0b${bits.slice(5 * i, 5 * i + 5)}`)));
      expect(textOf(place)).toBe(`${digits.join('')}0`);
    }
  });
});
