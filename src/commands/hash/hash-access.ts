/** What every command on hashes does: finding the hash at the first argument and changing it. */

import { WRONG_TYPE } from '../../keyspace/database.ts';
import { hashOf } from '../../keyspace/collection/hash/hashes.ts';
import { HASH_SET } from '../../keyspace/collection/hash/hash-delta.ts';
import { HASHES } from '../../keyspace/collection/hash/hash-type.ts';
import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import { DeltaWriter } from '../../keyspace/pieces.ts';
import type { Found } from '../../keyspace/storage.ts';
import { HASH } from '../../keyspace/value-type.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import type { WriteContext } from '../command.ts';
import { WRONG_TYPE_TEXT } from '../reply-errors.ts';
import type { ConfigPort } from '../server-port.ts';

/**
 * Most fields of one hash: HSET refuses more with a clear reply. At 100 bytes a field such a hash
 * takes 2 GB of RAM.
 */
export const HASH_FIELDS_MAX = 16_000_000;

export const ONE_KEY = Object.freeze({ first: 1, last: 1, step: 1 });

const TOO_MANY_FIELDS = `ERR a hash holds at most ${HASH_FIELDS_MAX} fields`;

/** Null when there is none; undefined when there is another type, and the error is replied. */
export type HashOrNone = HashView | null | undefined;

export function readHash(ctx: WriteContext): HashOrNone {
  return toHash(ctx, ctx.db.readCollection(ctx.args.at(1), HASH));
}

/** Of a hash about to be changed. */
export function findHash(ctx: WriteContext): HashOrNone {
  return toHash(ctx, ctx.db.findCollection(ctx.args.at(1), HASH));
}

function toHash(ctx: WriteContext, found: Found | undefined | typeof WRONG_TYPE): HashOrNone {
  if (found === undefined) return null;
  if (found !== WRONG_TYPE) return hashOf(found);
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

/** Sets one field to a text of the server's own making, such as a number. */
export function setFieldText(ctx: WriteContext, hash: HashView | null, text: string): void {
  hashDelta.begin(HASH_SET);
  hashDelta.range(ctx.args.at(2));
  hashDelta.latin1(text);
  setFields(ctx, hash, hashDelta.finish());
}

/** The error if the arguments from 2 on would take a hash beyond its bounds, or undefined. */
export function boundError({ args }: WriteContext, hash: HashView | null): string | undefined {
  const added = Math.ceil((args.count - 2) / 2);
  return hash !== null && hash.size + added > HASH_FIELDS_MAX ? TOO_MANY_FIELDS : undefined;
}

/** What OBJECT ENCODING calls a hash: by what it held at any time since it was made. */
export function hashEncoding(hash: HashView, config: ConfigPort): 'listpack' | 'hashtable' {
  const isSmall = hash.peak <= Number(config.get('hash-max-listpack-entries'))
    && hash.longest <= Number(config.get('hash-max-listpack-value'));
  return isSmall ? 'listpack' : 'hashtable';
}
