/** Hashes and sets of all sizes, as commands read them. */

import type { LiveValue } from '../../live-value.ts';
import type { Found } from '../../storage.ts';
import type { HashView, WholeHash } from './hash-view.ts';
import { PackedHash, isTimedPacked } from './packed-hash.ts';
import { UnexpiredFields } from './unexpired-fields.ts';

/** The hash or set that was found, of whatever size, with fields that have expired. */
export function hashOf({ live, value }: Found): WholeHash {
  return live === undefined ? new PackedHash(value) : live as LiveValue & WholeHash;
}

/** The hash that was found, without the fields that have expired. */
export function fieldsOf(found: Found, nowMs: number): HashView {
  const hash = hashOf(found);
  return hash.soonestMs > nowMs ? hash : new UnexpiredFields(hash, nowMs);
}

/** No field of the hash that was found expires before. Quick where none does: Infinity then. */
export function soonestOf(found: Found): number {
  if (found.live === undefined && !isTimedPacked(found.value)) return Infinity;
  return hashOf(found).soonestMs;
}

/** Whether all fields of the hash that was found have expired: then there is no such key. */
export function isEmptied(found: Found, nowMs: number): boolean {
  return soonestOf(found) <= nowMs && hasOnlyExpired(hashOf(found), nowMs);
}

export function hasOnlyExpired(hash: WholeHash, nowMs: number): boolean {
  for (let part = 0; part < hash.partCount; part++) {
    if (hash.expiredIn(part, nowMs) < hash.partSize(part)) return false;
  }
  return true;
}
