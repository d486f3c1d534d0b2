/**
 * Which hashes of a database have fields that expire, and from when on: so that those fields are
 * found without reading all hashes, and a command that does not read a hash knows whether it must
 * look at the fields to say that the key is there.
 *
 * For each such hash there is a record without a value, under the hash's own key in a space beside
 * that of the database, which expires no later than the first of the fields: sooner, if that field
 * has gone meanwhile. A hash without one has no such fields; a database without any has an empty
 * space, which is all that this costs it.
 *
 * It follows from the hashes, and may differ between peers as far as that allows.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { COLD, NEED_KEY, type Found, type Need, type Storage } from '../storage.ts';
import { expiringSpaceOf } from './block-keys.ts';

const NO_VALUE = new ByteRange(Buffer.alloc(0));

/** Whether fields of the hash at a key may have expired. */
export function mayHaveExpired(
  storage: Storage, space: number, key: ByteRange, nowMs: number,
): boolean {
  const soonestMs = noted(storage, space, key);
  return soonestMs !== 0 && soonestMs <= nowMs;
}

/** A field of the hash at a key expires at a time. */
export function noteExpiring(
  storage: Storage, space: number, key: ByteRange, expireAtMs: number,
): void {
  const soonestMs = noted(storage, space, key);
  if (soonestMs === 0 || expireAtMs < soonestMs) write(storage, space, key, expireAtMs);
}

/** No field of what is at a key expires before; Infinity: none expires, or nothing is there. */
export function setExpiring(
  storage: Storage, space: number, key: ByteRange, soonestMs: number,
): void {
  const before = noted(storage, space, key);
  if (soonestMs !== Infinity) {
    // 0 would be never.
    if (before !== soonestMs) write(storage, space, key, Math.max(1, soonestMs));
  } else if (before !== 0) storage.remove(expiringSpaceOf(space), key);
}

/** When fields of the hash at a key begin to expire, by what is noted; 0: none does. */
function noted(storage: Storage, space: number, key: ByteRange): number {
  const expiring = expiringSpaceOf(space);
  if (storage.count(expiring) === 0) return 0;
  return findNow(storage, expiring, key, NEED_KEY)?.expireAt ?? 0;
}

function write(storage: Storage, space: number, key: ByteRange, expireAtMs: number): void {
  const expiring = expiringSpaceOf(space);
  findNow(storage, expiring, key, NEED_KEY);
  storage.put(expiring, key, NO_VALUE, expireAtMs, false);
}

function findNow(storage: Storage, space: number, key: ByteRange, need: Need): Found | undefined {
  const found = storage.find(space, key, need);
  return found === COLD ? storage.findNow(space, key, need) : found;
}
