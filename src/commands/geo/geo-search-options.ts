/** The arguments of GEOSEARCH, of GEORADIUS, and of the commands like them. */

import type { ZsetView } from '../../keyspace/collection/zset/zset-view.ts';
import { coordinatesOf, type Coordinates } from '../../lib/geo/geohash.ts';
import type { Shape } from '../../lib/geo/geo-shape.ts';
import type { Args } from '../../protocol/args.ts';
import { NOT_AN_INTEGER, SYNTAX } from '../reply-errors.ts';
import { doubleAt, parseCoordinates, parseUnit } from './geo-access.ts';

const NO_SUCH_MEMBER = 'ERR could not decode requested zset member';

/** What the name of a command says. */
export interface SearchForm {
  /** GEORADIUS has its center and radius at fixed places, GEOSEARCH in options. */
  readonly center: 'coordinates' | 'member' | 'option';
  readonly keyAt: number;
  /** Whether the result is stored: an option may say so, or the key is the first argument. */
  readonly store: 'never' | 'option' | 'always';
}

/** Undefined: the whole earth has no such place, because the key is not there. */
type Center = Coordinates | undefined;

type Size =
  | { readonly kind: 'circle'; readonly radius: number; readonly unitMeters: number }
  | {
    readonly kind: 'box'; readonly width: number; readonly height: number;
    readonly unitMeters: number;
  };

export interface Search {
  /** Undefined if the sorted set is not there. */
  readonly shape: Shape | undefined;
  readonly order: 'none' | 'nearest' | 'farthest';
  /** 0: all. */
  readonly count: number;
  /** Any so many that are found first. */
  readonly isAny: boolean;
  readonly withDistance: boolean;
  readonly withHash: boolean;
  readonly withCoordinates: boolean;
  /** The argument with the key to store the result at; undefined: it is replied. */
  readonly storeAt: number | undefined;
  /** Distances are stored as scores, not geohashes. */
  readonly storesDistance: boolean;
}

type Draft = {
  -readonly [K in keyof Omit<Search, 'shape'>]: Search[K];
} & {
  from: { readonly center: Center; readonly isMember: boolean } | undefined;
  size: Size | undefined;
};

/** The search in the arguments, or the text of an error. Null: there is no sorted set. */
export function parseSearch(args: Args, zset: ZsetView | null, form: SearchForm): Search | string {
  const draft: Draft = {
    from: undefined, size: undefined, order: 'none', count: 0, isAny: false, withDistance: false,
    withHash: false, withCoordinates: false,
    storeAt: form.store === 'always' ? 1 : undefined, storesDistance: false,
  };
  const first = noteFixed(args, zset, form, draft);
  if (typeof first === 'string') return first;
  for (let at = first; at < args.count; at++) {
    const used = noteOption(args, at, zset, form, draft);
    if (typeof used === 'string') return used;
    at += used;
  }
  return errorOf(args, form, draft) ?? finish(draft);
}

function errorOf(args: Args, form: SearchForm, draft: Draft): string | undefined {
  const { count, from, isAny, size, storeAt, withCoordinates, withDistance, withHash } = draft;
  if (storeAt !== undefined && (withDistance || withHash || withCoordinates)) {
    const what = form.store === 'always' ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS';
    return `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`;
  }
  if (form.center === 'option' && from === undefined) {
    return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${args.text(0)}`;
  }
  if (form.center === 'option' && size === undefined) {
    return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${args.text(0)}`;
  }
  return isAny && count === 0 ? 'ERR the ANY argument requires COUNT argument' : undefined;
}

/** The nearest ones, if so many are wanted and not any of them. */
function finish({ from, size, ...rest }: Draft): Search {
  const center = from?.center;
  const isNearest = rest.count !== 0 && rest.order === 'none' && !rest.isAny;
  const shape = center === undefined || size === undefined ? undefined : { center, ...size };
  return { ...rest, shape, order: isNearest ? 'nearest' : rest.order };
}

// ---- Parts --------------------------------------------------------------------------------------

/** Where options begin, or the text of an error. */
function noteFixed(
  args: Args, zset: ZsetView | null, form: SearchForm, draft: Draft,
): number | string {
  if (form.center === 'option') return form.keyAt + 1;
  const isMember = form.center === 'member';
  const [radiusAt, first] = isMember ? [3, 5] : [4, 6];
  // As in Redis: without a sorted set nothing is wrong with the radius.
  if (isMember && zset === null) return first;
  const refused = isMember
    ? noteMember(args, 2, zset, draft) : noteCoordinates(args, 2, draft);
  return refused ?? noteRadius(args, radiusAt, draft) ?? first;
}

/** How many arguments more the option has, or the text of an error. */
function noteOption(
  args: Args, at: number, zset: ZsetView | null, form: SearchForm, draft: Draft,
): number | string {
  const left = args.count - at - 1;
  if (args.is(at, 'WITHDIST')) draft.withDistance = true;
  else if (args.is(at, 'WITHHASH')) draft.withHash = true;
  else if (args.is(at, 'WITHCOORD')) draft.withCoordinates = true;
  else if (args.is(at, 'ANY')) draft.isAny = true;
  else if (args.is(at, 'ASC')) draft.order = 'nearest';
  else if (args.is(at, 'DESC')) draft.order = 'farthest';
  else if (args.is(at, 'COUNT') && left >= 1) return noteCount(args, at + 1, draft) ?? 1;
  else if (form.center === 'option') return noteShape(args, at, zset, form, draft);
  else return noteStore(args, at, form, draft);
  return 0;
}

function noteCount(args: Args, at: number, draft: Draft): string | undefined {
  const count = args.int64(at);
  if (count === undefined) return NOT_AN_INTEGER;
  if (count <= 0) return 'ERR COUNT must be > 0';
  draft.count = Number(count);
  return undefined;
}

/** Of GEORADIUS. The last one counts. */
function noteStore(args: Args, at: number, form: SearchForm, draft: Draft): number | string {
  const isDistance = args.is(at, 'STOREDIST');
  const isStore = isDistance || args.is(at, 'STORE');
  if (!isStore || form.store !== 'option' || at + 1 >= args.count) return SYNTAX;
  draft.storeAt = at + 1;
  draft.storesDistance = isDistance;
  return 1;
}

/** Of GEOSEARCH: center and size. */
function noteShape(
  args: Args, at: number, zset: ZsetView | null, form: SearchForm, draft: Draft,
): number | string {
  const left = args.count - at - 1;
  const { from, size } = draft;
  if (left >= 1 && from?.isMember !== false && args.is(at, 'FROMMEMBER')) {
    return noteMember(args, at + 1, zset, draft) ?? 1;
  }
  if (left >= 2 && from?.isMember !== true && args.is(at, 'FROMLONLAT')) {
    return noteCoordinates(args, at + 1, draft) ?? 2;
  }
  if (left >= 2 && size?.kind !== 'box' && args.is(at, 'BYRADIUS')) {
    return noteRadius(args, at + 1, draft) ?? 2;
  }
  if (left >= 3 && size?.kind !== 'circle' && args.is(at, 'BYBOX')) {
    return noteBox(args, at + 1, draft) ?? 3;
  }
  if (form.store !== 'always' || !args.is(at, 'STOREDIST')) return SYNTAX;
  draft.storesDistance = true;
  return 0;
}

function noteMember(
  args: Args, at: number, zset: ZsetView | null, draft: Draft,
): string | undefined {
  const score = zset?.scoreOf(args.at(at));
  if (zset !== null && score === undefined) return NO_SUCH_MEMBER;
  draft.from = { center: score === undefined ? undefined : coordinatesOf(score), isMember: true };
  return undefined;
}

function noteCoordinates(args: Args, at: number, draft: Draft): string | undefined {
  const center = parseCoordinates(args, at);
  if (typeof center === 'string') return center;
  draft.from = { center, isMember: false };
  return undefined;
}

function noteRadius(args: Args, at: number, draft: Draft): string | undefined {
  const radius = doubleAt(args, at);
  if (radius === undefined) return 'ERR need numeric radius';
  if (radius < 0) return 'ERR radius cannot be negative';
  const unitMeters = parseUnit(args, at + 1);
  if (typeof unitMeters === 'string') return unitMeters;
  draft.size = { kind: 'circle', radius, unitMeters };
  return undefined;
}

function noteBox(args: Args, at: number, draft: Draft): string | undefined {
  const [width, height] = [doubleAt(args, at), doubleAt(args, at + 1)];
  if (width === undefined) return 'ERR need numeric width';
  if (height === undefined) return 'ERR need numeric height';
  if (width < 0 || height < 0) return 'ERR height or width cannot be negative';
  const unitMeters = parseUnit(args, at + 2);
  if (typeof unitMeters === 'string') return unitMeters;
  draft.size = { kind: 'box', width, height, unitMeters };
  return undefined;
}
