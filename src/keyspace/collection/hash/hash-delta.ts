/**
 * Hashes as bytes, and sets, which are hashes whose values are empty. A delta is an operation byte
 * and pieces (pieces.ts) to its end:
 *
 *   SET     01 | field | value | field | value ...     HSET k a 1 = 01 01 61 01 31
 *   REMOVE  02 | field | field ...                     HDEL k a   = 02 01 61
 *   SET_EXPIRING  03 | field | value | expiry ...      the expiry is a varint of ms since the
 *   EXPIRE        04 | field | expiry ...              epoch, 0 = none
 *
 * A SET takes the expiry from a field. A REMOVE names only fields that are there, each once: it
 * asserts otherwise, and so does an EXPIRE of a field that is not there. A SET of a set names only
 * members that are not there.
 *
 * A base is two varints, the longest length that was ever noted (`notedLength`) and the most fields
 * there ever were (what OBJECT ENCODING goes by), then all pairs in order of position. If some of
 * the fields expire, a 0 is before the peak, which is never 0 where there is a field, and each
 * value has its expiry in front (timed-pairs.ts):
 *
 *   longest | peak | field | value | field | value ...
 *   longest | 0 | peak | field | expiry value | field | expiry value ...
 */

import { parseInt64 } from '../../../lib/int64.ts';
import { varintBytes, writeVarint } from '../../../lib/varint.ts';
import type { PieceReader } from '../../pieces.ts';
import { SET, ZSET, type HASH } from '../../value-type.ts';

/** The types that are hashes; the one of a sorted set goes from members to scores. */
export type HashType = typeof HASH | typeof SET | typeof ZSET;

/** First bytes of deltas. */
export const HASH_SET = 1;
export const HASH_REMOVE = 2;
export const HASH_SET_EXPIRING = 3;
export const HASH_EXPIRE = 4;

/** The pairs of a hash, packed, and what its base begins with. */
export interface PackedPairs {
  readonly buf: Buffer;
  readonly start: number;
  readonly end: number;
  readonly longest: number;
  readonly peak: number;
  /** Some of its fields expire: its values have the expiry in front. */
  readonly isTimed: boolean;
}

/** What a base begins with. */
export type HashHead = Pick<PackedPairs, 'longest' | 'peak' | 'isTimed'>;

export function readHashHead(reader: PieceReader): HashHead {
  const [longest, peak] = [reader.number(), reader.number()];
  const isTimed = peak === 0 && reader.hasMore;
  return { longest, peak: isTimed ? reader.number() : peak, isTimed };
}

/** Returns the offset behind it. */
export function writeHashHead(buf: Buffer, at: number, head: HashHead): number {
  const behind = writeVarint(buf, at, head.longest);
  return writeVarint(buf, head.isTimed ? writeVarint(buf, behind, 0) : behind, head.peak);
}

export function hashHeadBytes(longest: number, peak: number, isTimed: boolean): number {
  return varintBytes(longest) + varintBytes(peak) + (isTimed ? 1 : 0);
}

/**
 * What the longest of a hash counts: bytes of the field or value, whichever has more. Of a set: 0
 * for an integer, else the member's bytes and one, so that 0 says that all there ever were are
 * integers. Of a sorted set: bytes of the member.
 */
export function notedLength(
  type: HashType, buf: Buffer, start: number, end: number, valueBytes: number,
): number {
  if (type === ZSET) return end - start;
  if (type !== SET) return Math.max(end - start, valueBytes);
  return parseInt64(buf, start, end) === undefined ? end - start + 1 : 0;
}
