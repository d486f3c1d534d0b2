/** What every command on hashes does: finding the hash at the first argument and changing it. */

import { WRONG_TYPE } from '../../keyspace/database.ts';
import { removeExpiredOf } from '../../keyspace/expired-fields.ts';
import { fieldsOf, hashOf } from '../../keyspace/collection/hash/hashes.ts';
import { HASH_SET, HASH_SET_EXPIRING } from '../../keyspace/collection/hash/hash-delta.ts';
import { HASHES } from '../../keyspace/collection/hash/hash-type.ts';
import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import { DeltaWriter } from '../../keyspace/pieces.ts';
import type { Found } from '../../keyspace/storage.ts';
import { HASH } from '../../keyspace/value-type.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import type { WriteContext } from '../command.ts';
import type { Args } from '../../protocol/args.ts';
import { WRONG_TYPE_TEXT } from '../reply-errors.ts';
import type { ConfigPort } from '../server-port.ts';

/**
 * Most fields of one hash: HSET refuses more with a clear reply. At 100 bytes a field such a hash
 * takes 2 GB of RAM.
 */
export const HASH_FIELDS_MAX = 16_000_000;

const NO_FIELDS: NamedFields = Object.freeze({ first: 0, end: 0, step: 1 });

export const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });

const TOO_MANY_FIELDS = `ERR a hash holds at most ${HASH_FIELDS_MAX} fields`;

/** Null when there is none; undefined when there is another type, and the error is replied. */
export type HashOrNone = HashView | null | undefined;

/** Without the fields that have expired. */
export function readHash(ctx: WriteContext): HashOrNone {
  return toHash(ctx, ctx.db.readCollection(ctx.args.at(1), HASH));
}

/** The arguments from `first` up to, not including, `end` that are fields. */
export interface NamedFields {
  readonly first: number;
  readonly end: number;
  readonly step: number;
}

/** A hash some fields of which will be changed: those of them that have expired go first. */
export function findHash(ctx: WriteContext, named: NamedFields): HashOrNone {
  const { args, db, now, random } = ctx;
  const key = args.at(1);
  const found = db.findCollection(key, HASH);
  if (found === undefined || found === WRONG_TYPE) return toHash(ctx, found);
  const hash = hashOf(found);
  if (hash.soonestMs > now) return hash;
  const hasChanged = removeExpiredOf(db, key, hash, fieldsIn(args, named), now, random);
  return hasChanged ? toHash(ctx, db.findCollection(key, HASH)) : fieldsOf(found, now);
}

/** Replies the error if the key has a value of another type; changes nothing. */
export function isOtherType(ctx: WriteContext): boolean {
  return findHash(ctx, NO_FIELDS) === undefined;
}

function* fieldsIn(args: Args, { first, end, step }: NamedFields): Generator<ByteRange> {
  for (let i = first; i < end; i += step) yield args.at(i);
}

function toHash(ctx: WriteContext, found: Found | undefined | typeof WRONG_TYPE): HashOrNone {
  if (found === undefined) return null;
  if (found !== WRONG_TYPE) return fieldsOf(found, ctx.now);
  ctx.reply.error(WRONG_TYPE_TEXT);
  return undefined;
}

/** Deltas of all commands on hashes: one is in use at a time. */
export const hashDelta = new DeltaWriter();

/** Applies a delta that sets fields; makes the hash when there is none. How many are new. */
export function setFields(
  { args, db, random }: WriteContext, hash: HashView | null, delta: ByteRange,
): number {
  const key = args.at(1);
  const added = db.changeCollection(key, HASHES, delta, random);
  if (hash === null) db.notify('n', 'new', key);
  return added;
}

/** Sets one field to a text of the server's own making, such as a number; it keeps its expiry. */
export function setFieldText(ctx: WriteContext, hash: HashView | null, text: string): void {
  const field = ctx.args.at(2);
  const expiryMs = expiryOf(hash, field);
  hashDelta.begin(expiryMs === 0 ? HASH_SET : HASH_SET_EXPIRING);
  hashDelta.range(field);
  hashDelta.latin1(text);
  if (expiryMs !== 0) hashDelta.number(expiryMs);
  setFields(ctx, hash, hashDelta.finish());
}

function expiryOf(hash: HashView | null, field: ByteRange): number {
  if (hash === null || hash.soonestMs === Infinity) return 0;
  const position = hash.find(field);
  return position < 0 ? 0 : hash.expiryAt(position);
}

/** The error if the arguments from 2 on would take a hash beyond its bounds, or undefined. */
export function boundError({ args }: WriteContext, hash: HashView | null): string | undefined {
  const added = Math.ceil((args.count - 2) / 2);
  return hash !== null && hash.wholeSize + added > HASH_FIELDS_MAX ? TOO_MANY_FIELDS : undefined;
}

/**
 * What OBJECT ENCODING calls a hash: by what it held at any time since it was made, and by whether
 * it has fields that expire.
 */
export function hashEncoding(
  hash: HashView, config: ConfigPort,
): 'listpack' | 'listpackex' | 'hashtable' {
  const isSmall = hash.peak <= Number(config.get('hash-max-listpack-entries'))
    && hash.longest <= Number(config.get('hash-max-listpack-value'));
  if (!isSmall) return 'hashtable';
  return hash.soonestMs === Infinity ? 'listpack' : 'listpackex';
}
