/**
 * Finds the members of a sorted set that are in a shape. Of the sorted set only the ranges of
 * scores are read that belong to the cells of the map around the center.
 */

import type { VisitMember, ZsetView } from '../../keyspace/collection/zset/zset-view.ts';
import { coordinatesOf, endScore, firstScore, type Coordinates } from '../../lib/geo/geohash.ts';
import { distanceWithin, outsideTest, type Shape } from '../../lib/geo/geo-shape.ts';
import { cellsOf } from '../../lib/geo/search-cells.ts';
import { sortFirst, type Compare } from '../../lib/partial-sort.ts';
import { ByteRange } from '../../lib/byte-range.ts';
import type { Search } from './geo-search-options.ts';

export interface Place {
  /** Owns its bytes, together with other places. */
  readonly member: ByteRange;
  readonly score: number;
  readonly coordinates: Coordinates;
  readonly meters: number;
}

/**
 * So many members are looked at before the search asks whether it has found enough: blocks that
 * are behind that need not be read.
 */
const PIECE_MEMBERS = 256;

/** Members are kept side by side, in chunks of so many bytes or what one of them needs. */
const CHUNK_BYTES = 4096;

/** At most `count` of them, in the order that is wanted. */
export function findPlaces(zset: ZsetView, shape: Shape, search: Search): Place[] {
  const { count, isAny, order } = search;
  const found = new FoundPlaces(shape, isAny ? count : Infinity);
  for (const cell of cellsOf(shape)) {
    const end = zset.rankOfScore(endScore(cell), false);
    collect(zset, zset.rankOfScore(firstScore(cell), false), end, found);
    if (found.isEnough) break;
  }
  const { places } = found;
  const wanted = count === 0 ? places.length : Math.min(count, places.length);
  if (order !== 'none') sortPlaces(places, wanted, order === 'nearest' ? nearer : farther);
  return wanted === places.length ? places : places.slice(0, wanted);
}

/** From a rank up to another. */
function collect(zset: ZsetView, first: number, end: number, found: FoundPlaces): void {
  for (let rank = first; rank < end && !found.isEnough; rank += PIECE_MEMBERS) {
    zset.walk(rank, Math.min(PIECE_MEMBERS, end - rank), 1, found.visit);
  }
}

class FoundPlaces {
  readonly places: Place[] = [];
  readonly #shape: Shape;
  readonly #isOutside: (point: Coordinates) => boolean;
  readonly #limit: number;
  #chunk = Buffer.alloc(0);
  #used = 0;

  constructor(shape: Shape, limit: number) {
    this.#shape = shape;
    this.#isOutside = outsideTest(shape);
    this.#limit = limit;
  }

  get isEnough(): boolean {
    return this.places.length >= this.#limit;
  }

  readonly visit: VisitMember = (member, score) => {
    if (this.isEnough) return;
    const coordinates = coordinatesOf(score);
    if (this.#isOutside(coordinates)) return;
    const meters = distanceWithin(this.#shape, coordinates);
    if (meters === undefined) return;
    this.places.push({ member: this.#copyOf(member), score, coordinates, meters });
  };

  #copyOf({ buf, end, start }: ByteRange): ByteRange {
    const bytes = end - start;
    if (this.#used + bytes > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes));
      this.#used = 0;
    }
    const at = this.#used;
    buf.copy(this.#chunk, at, start, end);
    this.#used += bytes;
    return new ByteRange(this.#chunk, at, this.#used);
  }
}

const nearer: Compare<Place> = (a, b) => a.meters - b.meters;
const farther: Compare<Place> = (a, b) => b.meters - a.meters;

/** Places that are equally far come as in Redis: one way if all are wanted, and another if not. */
function sortPlaces(places: Place[], wanted: number, compare: Compare<Place>): void {
  if (wanted === places.length) places.sort(compare);
  else sortFirst(places, wanted, compare);
}
