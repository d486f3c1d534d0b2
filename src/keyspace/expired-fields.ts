/** Finding and removing the fields of hashes that have expired. */

import type { ByteRange } from '../lib/byte-range.ts';
import type { Random } from '../lib/random.ts';
import { HASH_REMOVE } from './collection/hash/hash-delta.ts';
import { HASHES } from './collection/hash/hash-type.ts';
import type { WholeHash } from './collection/hash/hash-view.ts';
import { hashOf } from './collection/hash/hashes.ts';
import { WRONG_TYPE, type Database } from './database.ts';
import { DeltaWriter } from './pieces.ts';
import { HASH } from './value-type.ts';

const delta = new DeltaWriter();

/**
 * Removes those of some fields that have expired, for a command that is about to change them; true
 * if there were any: the hash has to be found again then. At least one field of it is left, since a
 * hash whose fields have all expired is not found.
 */
export function removeExpiredOf(
  db: Database, key: ByteRange, hash: WholeHash, fields: Iterable<ByteRange>, nowMs: number,
  random: Random,
): boolean {
  if (hash.soonestMs > nowMs) return false;
  const expired = new Set<number>();
  delta.begin(HASH_REMOVE);
  for (const field of fields) {
    const position = hash.find(field);
    if (position < 0 || expired.has(position)) continue;
    const expiryMs = hash.expiryAt(position);
    if (expiryMs === 0 || expiryMs > nowMs) continue;
    expired.add(position);
    delta.range(field);
  }
  if (expired.size === 0) return false;
  db.changeCollection(key, HASHES, delta.finish(), random);
  db.noteExpiredFields(key, expired.size);
  return true;
}

/**
 * The same for the server itself, which has found them. What is noted of the hash is made right
 * then, also where no field was removed.
 */
export function removeExpiredFields(
  db: Database, key: ByteRange, fields: readonly ByteRange[], nowMs: number, random: Random,
): void {
  const found = db.findCollection(key, HASH);
  const isHash = found !== undefined && found !== WRONG_TYPE;
  if (isHash) removeExpiredOf(db, key, hashOf(found), fields, nowMs, random);
  db.refreshExpiring(key, fields);
}

/** What has expired of a hash. */
export interface ExpiredOfHash {
  readonly key: Buffer;
  /** Some of the fields; none if it has no others, and the key may go as a whole. */
  readonly fields: Buffer[];
}

/** How far a search for fields goes at most; the first field may have more bytes than that. */
export interface SearchBounds {
  readonly fields: number;
  readonly bytes: number;
  /** Parts of the hash that may have some. */
  readonly parts: number;
}

/** Finds fields that have expired, in the order of the hash. */
export function findExpiredFields(
  hash: WholeHash, nowMs: number, bounds: SearchBounds,
): Buffer[] {
  const fields: Buffer[] = [];
  let parts = 0;
  let bytes = 0;
  for (let part = 0; part < hash.partCount && parts < bounds.parts; part++) {
    if (hash.partSoonestMs(part) > nowMs) continue;
    parts++;
    if (hash.expiredIn(part, nowMs) === 0) continue;
    const first = hash.partFirst(part);
    const end = first + hash.partSize(part);
    for (let position = first; position < end; position++) {
      const expiryMs = hash.expiryAt(position);
      if (expiryMs === 0 || expiryMs > nowMs) continue;
      const field = hash.fieldAt(position);
      bytes += field.length;
      const isFull = fields.length === bounds.fields || bytes > bounds.bytes;
      if (isFull && fields.length > 0) return fields;
      fields.push(field.copy());
    }
  }
  return fields;
}
