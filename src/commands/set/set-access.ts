/** What every command on sets does: finding sets, and changing one. A set is a hash of fields. */

import { HASH_REMOVE, HASH_SET } from '../../keyspace/collection/hash/hash-delta.ts';
import { SETS } from '../../keyspace/collection/hash/hash-type.ts';
import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import { hashOf } from '../../keyspace/collection/hash/hashes.ts';
import { WRONG_TYPE } from '../../keyspace/database.ts';
import { DeltaWriter } from '../../keyspace/pieces.ts';
import type { Found } from '../../keyspace/storage.ts';
import { SET } from '../../keyspace/value-type.ts';
import { ByteRange } from '../../lib/byte-range.ts';
import { parseInt64, type Int64 } from '../../lib/int64.ts';
import { CollectionMaker, MADE_DELTA_BYTES, type MadeType } from '../collection-maker.ts';
import type { WriteContext } from '../command.ts';
import { WRONG_TYPE_TEXT } from '../reply-errors.ts';
import type { ConfigPort } from '../server-port.ts';

export const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });

const EMPTY = new ByteRange(Buffer.alloc(0));

/** Null when there is none; undefined when there is another type, and the error is replied. */
export type SetOrNone = HashView | null | undefined;

export function readSet(ctx: WriteContext, arg = 1): SetOrNone {
  return toSet(ctx, ctx.db.readCollection(ctx.args.at(arg), SET));
}

/** Of a set about to be changed. */
export function findSet(ctx: WriteContext, arg = 1): SetOrNone {
  return toSet(ctx, ctx.db.findCollection(ctx.args.at(arg), SET));
}

function toSet(ctx: WriteContext, found: Found | undefined | typeof WRONG_TYPE): SetOrNone {
  if (found === undefined) return null;
  if (found !== WRONG_TYPE) return hashOf(found);
  ctx.reply.error(WRONG_TYPE_TEXT);
  return undefined;
}

// ---- Changing -----------------------------------------------------------------------------------

/** Deltas of all commands on sets: one is in use at a time. */
const delta = new DeltaWriter();

/** Begins a delta; the members of an addition must not be in the set, and come once. */
export function beginAddition(): void {
  delta.begin(HASH_SET);
}

export function beginRemoval(): void {
  delta.begin(HASH_REMOVE);
}

export function addMember(member: ByteRange): void {
  delta.range(member);
  delta.range(EMPTY);
}

export function removeMember(member: ByteRange): void {
  delta.range(member);
}

/** Applies the delta; makes the set when there is none, and tells of it. */
export function applyAddition({ db, random }: WriteContext, key: ByteRange, isNew: boolean): void {
  db.changeCollection(key, SETS, delta.finish(), random);
  if (isNew) db.notify('n', 'new', key);
}

/** Applies the delta and tells of it; the key goes with its last member. */
export function applyRemoval(
  { db, random }: WriteContext, key: ByteRange, event: string, isAll: boolean,
): void {
  db.changeCollection(key, SETS, delta.finish(), random);
  db.notify('s', event, key);
  if (isAll) db.notify('g', 'del', key);
}

/** A set of members, each of which comes once. */
export class SetMaker extends CollectionMaker {
  constructor() {
    super(MADE_SET);
  }

  add(member: ByteRange): void {
    this.beginElement();
    addMember(member);
  }
}

const MADE_SET: MadeType = Object.freeze({
  type: SETS, notified: 's', deltaBytes: MADE_DELTA_BYTES,
  begin: beginAddition, finish: () => delta.finish(),
});

// ---- Names and order ----------------------------------------------------------------------------

type SetEncoding = 'intset' | 'listpack' | 'hashtable';

/** What OBJECT ENCODING calls a set: by what it held at any time since it was made. */
export function setEncoding({ longest, peak }: HashView, config: ConfigPort): SetEncoding {
  const isOfIntegers = longest === 0;
  if (isOfIntegers && peak <= Number(config.get('set-max-intset-entries'))) return 'intset';
  const isSmall = peak <= Number(config.get('set-max-listpack-entries'))
    && longest - 1 <= Number(config.get('set-max-listpack-value'));
  return isSmall ? 'listpack' : 'hashtable';
}

/** All positions, in the order in which members are replied: integers of an intset go up. */
export function positionsOf(set: HashView, config: ConfigPort): readonly number[] {
  const positions = Array.from({ length: set.size }, (_, at) => at);
  return setEncoding(set, config) === 'intset' ? sortByInteger(set, positions) : positions;
}

/** Positions of integers, smallest first; others as they are. */
export function sortByInteger(set: HashView, positions: readonly number[]): readonly number[] {
  const values = new Map<number, Int64>();
  for (const at of positions) {
    const { buf, start, end } = set.fieldAt(at);
    const value = parseInt64(buf, start, end);
    if (value === undefined) return positions;
    values.set(at, value);
  }
  return positions.toSorted((a, b) => values.get(a)! < values.get(b)! ? -1 : 1);
}
