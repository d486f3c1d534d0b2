/** What every command on sorted sets does: finding them, replying their members, changing one. */

import { WRONG_TYPE } from '../../keyspace/database.ts';
import { ZSETS, zsetOf } from '../../keyspace/collection/zset/zset-type.ts';
import { ZSET_REMOVE, ZSET_SET, ZsetDelta } from '../../keyspace/collection/zset/zset-delta.ts';
import type { ZsetView } from '../../keyspace/collection/zset/zset-view.ts';
import type { Found } from '../../keyspace/storage.ts';
import { ZSET } from '../../keyspace/value-type.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import type { ReplyWriter } from '../../protocol/reply-encoder.ts';
import { CollectionMaker, MADE_DELTA_BYTES, type MadeType } from '../collection-maker.ts';
import type { WriteContext } from '../command.ts';
import { WRONG_TYPE_TEXT } from '../reply-errors.ts';
import type { ConfigPort } from '../server-port.ts';

/**
 * Most members of one sorted set: ZADD refuses more with a clear reply. At 100 bytes a member, in
 * both of its orders, such a set takes 2 GB of RAM.
 */
export const ZSET_MEMBERS_MAX = 16_000_000;

export const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });

const TOO_MANY_MEMBERS = `ERR a sorted set holds at most ${ZSET_MEMBERS_MAX} members`;

/** Null when there is none; undefined when there is another type, and the error is replied. */
export type ZsetOrNone = ZsetView | null | undefined;

export function readZset(ctx: WriteContext, arg = 1): ZsetOrNone {
  return toZset(ctx, ctx.db.readCollection(ctx.args.at(arg), ZSET));
}

/** Of a sorted set about to be changed. */
export function findZset(ctx: WriteContext, arg = 1): ZsetOrNone {
  return toZset(ctx, ctx.db.findCollection(ctx.args.at(arg), ZSET));
}

function toZset(ctx: WriteContext, found: Found | undefined | typeof WRONG_TYPE): ZsetOrNone {
  if (found === undefined) return null;
  if (found !== WRONG_TYPE) return zsetOf(found);
  ctx.reply.error(WRONG_TYPE_TEXT);
  return undefined;
}

/** The error if a sorted set would come to have so many members, or undefined. */
export function boundError(members: number): string | undefined {
  return members > ZSET_MEMBERS_MAX ? TOO_MANY_MEMBERS : undefined;
}

// ---- Replying -----------------------------------------------------------------------------------

/** Members from a rank on, up or down. */
export interface Walk {
  readonly rank: number;
  readonly count: number;
  readonly step: 1 | -1;
}

/** Pairs of member and score are arrays of their own in RESP3, where `inPairs`. */
export function replyWalk(
  reply: ReplyWriter, zset: ZsetView, { count, rank, step }: Walk, withScores: boolean,
): void {
  if (!withScores) {
    reply.array(count);
    zset.walk(rank, count, step, (member) => reply.bulkRange(member));
    return;
  }
  beginScored(reply, count);
  zset.walk(rank, count, step, (member, score) => replyScored(reply, member, score));
}

/** To be followed by so many members with `replyScored`. */
export function beginScored(reply: ReplyWriter, count: number): void {
  reply.array(reply.protocol === 3 ? count : 2 * count);
}

export function replyScored(reply: ReplyWriter, member: ByteRange, score: number): void {
  if (reply.protocol === 3) reply.array(2);
  reply.bulkRange(member);
  reply.double(score);
}

// ---- Changing -----------------------------------------------------------------------------------

/** Deltas of all commands on sorted sets: one is in use at a time. */
export const zsetDelta = new ZsetDelta();

/** Applies the delta that sets members; makes the sorted set when there is none. */
export function applySet(
  { db, random }: WriteContext, key: ByteRange, isNew: boolean, event: string,
): void {
  db.changeCollection(key, ZSETS, zsetDelta.finish(), random);
  if (isNew) db.notify('n', 'new', key);
  db.notify('z', event, key);
}

/** Applies the delta that removes members, not all of them. */
export function applyRemoval({ db, random }: WriteContext, key: ByteRange, event: string): void {
  db.changeCollection(key, ZSETS, zsetDelta.finish(), random);
  db.notify('z', event, key);
}

/** Removes members next to each other; the key goes with the last of them. */
export function removeRange(
  ctx: WriteContext, key: ByteRange, zset: ZsetView, { count, rank, step }: Walk, event: string,
): void {
  if (count === 0) return;
  if (count === zset.size) return removeAll(ctx, key, event);
  zsetDelta.begin(ZSET_REMOVE);
  zset.walk(rank, count, step, ({ buf, start, end }) => zsetDelta.remove(buf, start, end));
  applyRemoval(ctx, key, event);
}

/** A large one goes at once, and its blocks in the background. */
export function removeAll({ db }: WriteContext, key: ByteRange, event: string): void {
  db.remove(key);
  db.notify('z', event, key);
  db.notify('g', 'del', key);
}

/** A sorted set of members, each of which comes once. */
export class ZsetMaker extends CollectionMaker {
  constructor() {
    super(MADE_ZSET);
  }

  add({ buf, end, start }: ByteRange, score: number): void {
    this.beginElement();
    zsetDelta.set(buf, start, end, score);
  }

  /** Replies its size too, or that it would be too large. */
  override store(ctx: WriteContext, key: ByteRange, event: string): void {
    const { db, reply } = ctx;
    const refused = boundError(this.size);
    if (refused !== undefined) return reply.error(refused);
    const wasThere = db.remove(key);
    reply.integer(this.size);
    this.put(ctx, key, event, wasThere);
  }
}

const MADE_ZSET: MadeType = Object.freeze({
  type: ZSETS, notified: 'z', deltaBytes: MADE_DELTA_BYTES,
  begin: () => zsetDelta.begin(ZSET_SET), finish: () => zsetDelta.finish(),
});

// ---- Names --------------------------------------------------------------------------------------

/** What OBJECT ENCODING calls a sorted set: by what it held at any time since it was made. */
export function zsetEncoding({ longest, peak }: ZsetView, config: ConfigPort): string {
  const isSmall = peak <= Number(config.get('zset-max-listpack-entries'))
    && longest <= Number(config.get('zset-max-listpack-value'));
  return isSmall ? 'listpack' : 'skiplist';
}
