/** Places on the earth: members of sorted sets whose scores are geohashes. */

import { coordinatesOf, scoreOf, textOf, type Coordinates } from '../../lib/geo/geohash.ts';
import { distanceMeters } from '../../lib/geo/geo-shape.ts';
import type { Args } from '../../protocol/args.ts';
import { defineCommands, type Context, type Flag, type WriteContext } from '../command.ts';
import { SYNTAX } from '../reply-errors.ts';
import { ONE_KEY, readZset } from '../zset/zset-access.ts';
import { setMembers, type ScoreOptions } from '../zset/zsets-scores.ts';
import {
  parseCoordinates, parseUnit, replyCoordinates, replyDistance,
} from './geo-access.ts';

const READING: readonly Flag[] = Object.freeze(['readonly']);
const MEMBERS = Object.freeze({ first: 2, last: -1, step: 1 });
const LINEAR = 'O(N) in the number of members asked for';

/** Longitude, latitude and member. */
const TRIPLE = 3;

// ---- GEOADD -------------------------------------------------------------------------------------

function geoadd(ctx: WriteContext): void {
  const { args, reply } = ctx;
  const options = parseOptions(args);
  if (options === undefined) return reply.error(SYNTAX);
  const scores: number[] = [];
  for (let at = options.firstMember - 2; at < args.count; at += TRIPLE) {
    const coordinates = parseCoordinates(args, at);
    if (typeof coordinates === 'string') return reply.error(coordinates);
    scores.push(scoreOf(coordinates));
  }
  setMembers(ctx, options, scores);
}

/** Undefined: a syntax error. */
function parseOptions(args: Args): ScoreOptions | undefined {
  let [nx, xx, ch] = [false, false, false];
  let first = 2;
  for (; first < args.count; first++) {
    if (args.is(first, 'NX')) nx = true;
    else if (args.is(first, 'XX')) xx = true;
    else if (args.is(first, 'CH')) ch = true;
    else break;
  }
  const left = args.count - first;
  if (left === 0 || left % TRIPLE !== 0 || (nx && xx)) return undefined;
  return {
    nx, xx, ch, gt: false, lt: false, incr: false, firstMember: first + 2, step: TRIPLE,
  };
}

// ---- Reading ------------------------------------------------------------------------------------

/** Replies for each member that is named, where it is, or what stands for none. */
function replyEach(
  ctx: Context, replyOne: (coordinates: Coordinates) => void, replyNone: () => void,
): void {
  const { args, reply } = ctx;
  const zset = readZset(ctx);
  if (zset === undefined) return;
  reply.array(args.count - 2);
  for (let at = 2; at < args.count; at++) {
    const score = zset?.scoreOf(args.at(at));
    if (score === undefined) replyNone();
    else replyOne(coordinatesOf(score));
  }
}

function geopos(ctx: Context): void {
  const { reply } = ctx;
  replyEach(ctx, (coordinates) => replyCoordinates(reply, coordinates), () => reply.nilArray());
}

function geohash(ctx: Context): void {
  const { reply } = ctx;
  replyEach(ctx, (coordinates) => reply.bulkText(textOf(coordinates)), () => reply.nil());
}

function geodist(ctx: Context): void {
  const { args, reply } = ctx;
  if (args.count > 5) return reply.error(SYNTAX);
  const unitMeters = args.count === 5 ? parseUnit(args, 4) : 1;
  if (typeof unitMeters === 'string') return reply.error(unitMeters);
  const zset = readZset(ctx);
  if (zset === undefined) return;
  const from = zset?.scoreOf(args.at(2));
  const to = zset?.scoreOf(args.at(3));
  if (from === undefined || to === undefined) return reply.nil();
  replyDistance(reply, distanceMeters(coordinatesOf(from), coordinatesOf(to)) / unitMeters);
}

export const geoCommands = defineCommands([
  {
    name: 'geoadd', group: 'geo', since: '3.2.0', arity: -5, flags: ['write', 'denyoom'],
    keys: ONE_KEY, apply: geoadd,
    complexity: 'O(log(N)) for each member, with N members in the sorted set',
    summary: 'Sets where members of a sorted set are on the earth; replies how many are new.',
  },
  {
    name: 'geodist', group: 'geo', since: '3.2.0', arity: -4, flags: READING, keys: ONE_KEY,
    fields: { first: 2, last: 3, step: 1 }, complexity: 'O(1)', execute: geodist,
    summary: 'Replies the distance between two members of a geospatial index.',
  },
  {
    name: 'geohash', group: 'geo', since: '3.2.0', arity: -2, flags: READING, keys: ONE_KEY,
    fields: MEMBERS, complexity: LINEAR, execute: geohash,
    summary: 'Replies where members of a geospatial index are, as geohash strings.',
  },
  {
    name: 'geopos', group: 'geo', since: '3.2.0', arity: -2, flags: READING, keys: ONE_KEY,
    fields: MEMBERS, complexity: LINEAR, execute: geopos,
    summary: 'Replies the longitudes and latitudes of members of a geospatial index.',
  },
]);
