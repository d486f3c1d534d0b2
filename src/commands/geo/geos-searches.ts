/** What is near a place: GEOSEARCH, GEORADIUS, and those like them that store the result. */

import type { Args } from '../../protocol/args.ts';
import type { ReplyWriter } from '../../protocol/reply-encoder.ts';
import type { VisitKey } from '../command-facts.ts';
import { defineCommands, type Context, type Flag, type WriteContext } from '../command.ts';
import { ONE_KEY, ZsetMaker, readZset } from '../zset/zset-access.ts';
import { replyCoordinates, replyDistance } from './geo-access.ts';
import { parseSearch, type Search, type SearchForm } from './geo-search-options.ts';
import { findPlaces, type Place } from './geo-search.ts';

const READING: readonly Flag[] = Object.freeze(['readonly']);
const STORING: readonly Flag[] = Object.freeze(['write', 'denyoom', 'movablekeys']);
const TWO_KEYS = Object.freeze({ first: 1, last: 2, step: 1 });
const COST = 'O(N+M*log(M)) for N members in the cells around the shape and M in the shape';

/** Replies what is found, or stores it. */
function search(ctx: WriteContext, form: SearchForm): void {
  const { args, reply } = ctx;
  const zset = readZset(ctx, form.keyAt);
  if (zset === undefined) return;
  const wanted = parseSearch(args, zset, form);
  if (typeof wanted === 'string') return reply.error(wanted);
  const { shape } = wanted;
  const places = zset === null || shape === undefined ? [] : findPlaces(zset, shape, wanted);
  const unitMeters = shape?.unitMeters ?? 1;
  if (wanted.storeAt !== undefined) storePlaces(ctx, form, wanted.storeAt, places, wanted);
  else replyPlaces(reply, places, wanted, unitMeters);
}

function replyPlaces(
  reply: ReplyWriter, places: readonly Place[], wanted: Search, unitMeters: number,
): void {
  const { withCoordinates, withDistance, withHash } = wanted;
  const more = Number(withDistance) + Number(withHash) + Number(withCoordinates);
  reply.array(places.length);
  for (const { coordinates, member, meters, score } of places) {
    if (more > 0) reply.array(1 + more);
    reply.bulkRange(member);
    if (withDistance) replyDistance(reply, meters / unitMeters);
    if (withHash) reply.integer(integerOf(score));
    if (withCoordinates) replyCoordinates(reply, coordinates);
  }
}

/** A score may have 54 bits. */
function integerOf(score: number): number | bigint {
  const whole = Math.trunc(score);
  return Number.isSafeInteger(whole) ? whole : BigInt(whole);
}

function storePlaces(
  ctx: WriteContext, form: SearchForm, storeAt: number, places: readonly Place[],
  { shape, storesDistance }: Search,
): void {
  const result = new ZsetMaker();
  const unitMeters = shape?.unitMeters ?? 1;
  for (const { member, meters, score } of places) {
    result.add(member, storesDistance ? meters / unitMeters : score);
  }
  const event = form.store === 'always' ? 'geosearchstore' : 'georadiusstore';
  result.store(ctx, ctx.args.at(storeAt), event);
}

/** The sorted set, and wherever STORE may put the result. */
function visitKeys(args: Args, visit: VisitKey): void {
  visit(1);
  for (let at = 2; at + 1 < args.count; at++) {
    if (args.is(at, 'STORE') || args.is(at, 'STOREDIST')) visit(at + 1);
  }
}

/** A search with a name of its own. */
function searching(form: SearchForm): (ctx: WriteContext) => void {
  return (ctx) => search(ctx, form);
}

const reading = (center: SearchForm['center']): ((ctx: Context) => void) =>
  searching({ center, keyAt: 1, store: 'never' });

const mayStore = (center: SearchForm['center']): ((ctx: WriteContext) => void) =>
  searching({ center, keyAt: 1, store: 'option' });

export const geoSearchCommands = defineCommands([
  {
    name: 'geosearch', group: 'geo', since: '6.2.0', arity: -7, flags: READING, keys: ONE_KEY,
    complexity: COST, execute: reading('option'),
    summary: 'Replies the members of a geospatial index that are in a circle or a box.',
  },
  {
    name: 'geosearchstore', group: 'geo', since: '6.2.0', arity: -8, flags: ['write', 'denyoom'],
    keys: TWO_KEYS, complexity: COST,
    apply: searching({ center: 'option', keyAt: 2, store: 'always' }),
    summary: 'Stores the members of a geospatial index that are in a circle or a box.',
  },
  {
    name: 'georadius', group: 'geo', since: '3.2.0', arity: -6, flags: STORING, keys: ONE_KEY,
    visitKeys, complexity: COST, apply: mayStore('coordinates'),
    summary: 'Replies or stores the members that are within a distance of coordinates.',
  },
  {
    name: 'georadiusbymember', group: 'geo', since: '3.2.0', arity: -5, flags: STORING,
    keys: ONE_KEY, visitKeys, complexity: COST, apply: mayStore('member'),
    summary: 'Replies or stores the members that are within a distance of one of them.',
  },
  {
    name: 'georadius_ro', group: 'geo', since: '3.2.10', arity: -6, flags: READING, keys: ONE_KEY,
    complexity: COST, execute: reading('coordinates'),
    summary: 'Replies the members that are within a distance of coordinates.',
  },
  {
    name: 'georadiusbymember_ro', group: 'geo', since: '3.2.10', arity: -5, flags: READING,
    keys: ONE_KEY, complexity: COST, execute: reading('member'),
    summary: 'Replies the members that are within a distance of one of them.',
  },
]);
