/**
 * The cells of the map that a search looks into: the one with the center and up to eight around it,
 * as large as the shape needs. Their order is the order of results that are not sorted.
 */

import {
  STEP_MAX, areaOf, cellAt, type Area, type Cell,
} from './geohash.ts';
import { EARTH_RADIUS_METERS, degrees, radians, type Shape } from './geo-shape.ts';
import { cosine } from './rounded-trigonometry.ts';

/** Half of the equator in Mercator's projection. */
const MERCATOR_MAX_METERS = 20037726.37;

/** Latitudes where a degree of longitude is so short that cells twice as large are needed. */
const WIDER_LATITUDES = [66, 80];

/** East and north are 1. */
type Move = -1 | 0 | 1;

const MOVES: readonly (readonly [x: Move, y: Move])[] = [
  [0, 0], [0, 1], [0, -1], [1, 0], [-1, 0], [1, 1], [-1, 1], [1, -1], [-1, -1],
];

/** In the order of Redis. No two are the same. */
export function cellsOf(shape: Shape): Cell[] {
  const { center } = shape;
  let step = stepOf(radiusMeters(shape), center.latitude);
  if (step === 1) return cellsAround(cellAt(center, step));
  const bounds = boundsOf(shape);
  if (!areNeighborsEnough(cellAt(center, step), bounds)) step--;
  const middle = cellAt(center, step);
  return step === 1 ? cellsAround(middle) : cellsAround(middle, bounds);
}

/** To the corners, of a box. */
function radiusMeters(shape: Shape): number {
  if (shape.kind === 'circle') return shape.radius * shape.unitMeters;
  const [x, y] = [shape.width / 2, shape.height / 2];
  return Math.sqrt(x * x + y * y) * shape.unitMeters;
}

/** So many bits that three cells side by side are mostly enough. */
function stepOf(radius: number, latitude: number): number {
  if (radius === 0) return STEP_MAX;
  let step = -1;
  for (let range = radius; range < MERCATOR_MAX_METERS; range *= 2) step++;
  for (const border of WIDER_LATITUDES) if (Math.abs(latitude) > border) step--;
  return Math.max(1, Math.min(STEP_MAX, step));
}

/** What the shape reaches, measured on its side that is nearer to a pole. */
function boundsOf(shape: Shape): Area {
  const { center: { latitude, longitude }, unitMeters } = shape;
  const [x, y] = shape.kind === 'circle'
    ? [shape.radius, shape.radius] : [shape.width / 2, shape.height / 2];
  const latitudes = degrees(unitMeters * y / EARTH_RADIUS_METERS);
  const side = latitude < 0 ? latitude - latitudes : latitude + latitudes;
  const longitudes = degrees(unitMeters * x / EARTH_RADIUS_METERS / cosine(radians(side)));
  return {
    west: longitude - longitudes, east: longitude + longitudes,
    south: latitude - latitudes, north: latitude + latitudes,
  };
}

function areNeighborsEnough(middle: Cell, bounds: Area): boolean {
  return areaOf(moved(middle, 0, 1)).north >= bounds.north
    && areaOf(moved(middle, 0, -1)).south <= bounds.south
    && areaOf(moved(middle, 1, 0)).east >= bounds.east
    && areaOf(moved(middle, -1, 0)).west <= bounds.west;
}

/** Without those on a side where the middle itself reaches as far as the shape. */
function cellsAround(middle: Cell, bounds?: Area): Cell[] {
  const area = areaOf(middle);
  const cells: Cell[] = [];
  for (const [x, y] of MOVES) {
    if (bounds !== undefined && !reaches(area, bounds, x, y)) continue;
    const cell = moved(middle, x, y);
    // With cells as large as half of the map, east is west.
    const before = cells.at(-1);
    if (cells.length < 2 || before?.x !== cell.x || before.y !== cell.y) cells.push(cell);
  }
  return cells;
}

function reaches(area: Area, bounds: Area, x: Move, y: Move): boolean {
  if (x > 0 && area.east > bounds.east) return false;
  if (x < 0 && area.west < bounds.west) return false;
  if (y > 0 && area.north > bounds.north) return false;
  return !(y < 0 && area.south < bounds.south);
}

/** Round the world, in both directions. */
function moved({ step, x, y }: Cell, east: Move, north: Move): Cell {
  const size = 2 ** step;
  return { x: around(x, east, size), y: around(y, north, size), step };
}

function around(at: number, move: Move, size: number): number {
  return move === 0 ? at : (at + move + size) % size;
}
