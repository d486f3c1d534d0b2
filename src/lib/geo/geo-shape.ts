/** Circles and rectangles around a point on the earth, and what is within them. */

import type { Coordinates } from './geohash.ts';
import { arcSine, cosine, sine } from './rounded-trigonometry.ts';

/** Of the earth, as Redis has it. */
export const EARTH_RADIUS_METERS = 6372797.560856;

const RADIANS_OF_DEGREE = Math.PI / 180;

/** Lengths are as they were given: times `unitMeters` they are meters. */
export type Shape = {
  readonly center: Coordinates;
  readonly unitMeters: number;
} & (
  | { readonly kind: 'circle'; readonly radius: number }
  | { readonly kind: 'box'; readonly width: number; readonly height: number }
);

export function radians(degrees: number): number {
  return degrees * RADIANS_OF_DEGREE;
}

export function degrees(angle: number): number {
  return angle / RADIANS_OF_DEGREE;
}

/**
 * In meters, by the haversine formula. The far side of the earth is the largest distance, where
 * Redis has "not a number" if rounding makes the sine larger than 1.
 */
export function distanceMeters(from: Coordinates, to: Coordinates): number {
  const fromLatitude = radians(from.latitude);
  const toLatitude = radians(to.latitude);
  const u = sine((toLatitude - fromLatitude) / 2);
  const v = sine((radians(to.longitude) - radians(from.longitude)) / 2);
  const square = u * u + cosine(fromLatitude) * cosine(toLatitude) * v * v;
  return 2 * EARTH_RADIUS_METERS * arcSine(Math.min(1, Math.sqrt(square)));
}

/** The distance of a point from the center in meters if the point is in the shape. */
export function distanceWithin(shape: Shape, point: Coordinates): number | undefined {
  const { center, unitMeters } = shape;
  if (shape.kind === 'circle') {
    const distance = distanceMeters(center, point);
    return distance > shape.radius * unitMeters ? undefined : distance;
  }
  const { latitude, longitude } = point;
  const alongLatitude = distanceMeters(point, { longitude: center.longitude, latitude });
  if (alongLatitude > shape.width * unitMeters / 2) return undefined;
  const alongLongitude = distanceMeters(point, { longitude, latitude: center.latitude });
  if (alongLongitude > shape.height * unitMeters / 2) return undefined;
  return distanceMeters(center, point);
}

/** A part of what is compared: far more than Math.sin may be wrong, wherever it runs. */
const MARGIN = 1 + 1e-9;

/**
 * Tells at little cost of most points outside of a shape that they are: true is certain, so it does
 * not matter that Math.sin differs from machine to machine.
 */
export function outsideTest(shape: Shape): (point: Coordinates) => boolean {
  const { center, unitMeters } = shape;
  const isCircle = shape.kind === 'circle';
  const squareMax = squareOf(unitMeters * (isCircle ? shape.radius : shape.width / 2));
  const heightMax = unitMeters * (isCircle ? shape.radius : shape.height / 2)
    / EARTH_RADIUS_METERS * MARGIN;
  const latitude = radians(center.latitude);
  const centerCosine = Math.cos(latitude);
  return (point) => {
    const pointLatitude = radians(point.latitude);
    const height = Math.abs(pointLatitude - latitude);
    if (height > heightMax) return true;
    const v = Math.sin((radians(point.longitude) - radians(center.longitude)) / 2);
    const pointCosine = Math.cos(pointLatitude);
    if (!isCircle) return pointCosine * pointCosine * v * v > squareMax;
    const u = Math.sin(height / 2);
    return u * u + centerCosine * pointCosine * v * v > squareMax;
  };
}

/** Of the sine of half of the angle that so many meters are, and a little more. */
function squareOf(meters: number): number {
  const half = meters / EARTH_RADIUS_METERS / 2;
  return half < Math.PI / 2 ? Math.sin(half) ** 2 * MARGIN : Infinity;
}
