/** What geo commands have in common: coordinates and lengths in requests and in replies. */

import { formatFixed } from '../../lib/format-fixed.ts';
import { isOnMap, type Coordinates } from '../../lib/geo/geohash.ts';
import { parseDouble } from '../../lib/parse-double.ts';
import type { Args } from '../../protocol/args.ts';
import type { ReplyWriter } from '../../protocol/reply-encoder.ts';
import { NOT_A_FLOAT } from '../reply-errors.ts';

const WRONG_UNIT = 'ERR unsupported unit provided. please use M, KM, FT, MI';

const METERS: readonly (readonly [unit: string, meters: number])[] = [
  ['M', 1], ['KM', 1000], ['FT', 0.3048], ['MI', 1609.34],
];

/** Digits behind the point. */
const DISTANCE_DIGITS = 4;
const COORDINATE_DIGITS = 17;
const SHOWN_DIGITS = 6;

export function doubleAt(args: Args, at: number): number | undefined {
  return parseDouble(args.buf, args.start(at), args.end(at));
}

/** The longitude in an argument and the latitude behind it, or the text of an error. */
export function parseCoordinates(args: Args, at: number): Coordinates | string {
  const [longitude, latitude] = [doubleAt(args, at), doubleAt(args, at + 1)];
  if (longitude === undefined || latitude === undefined) return NOT_A_FLOAT;
  const coordinates = { longitude, latitude };
  if (isOnMap(coordinates)) return coordinates;
  const shown = `${formatFixed(longitude, SHOWN_DIGITS)},${formatFixed(latitude, SHOWN_DIGITS)}`;
  return `ERR invalid longitude,latitude pair ${shown}`;
}

/** How many meters the unit in an argument has, or the text of an error. */
export function parseUnit(args: Args, at: number): number | string {
  return METERS.find(([unit]) => args.is(at, unit))?.[1] ?? WRONG_UNIT;
}

export function replyDistance(reply: ReplyWriter, distance: number): void {
  reply.bulkText(formatFixed(distance, DISTANCE_DIGITS));
}

export function replyCoordinates(
  reply: ReplyWriter, { latitude, longitude }: Coordinates,
): void {
  reply.array(2);
  reply.doubleText(formatCoordinate(longitude));
  reply.doubleText(formatCoordinate(latitude));
}

/** As C's "%.17Lf", without zeros at the end. */
function formatCoordinate(degrees: number): string {
  return formatFixed(degrees, COORDINATE_DIGITS).replace(/\.?0+$/, '');
}
