/**
 * Hashes as bytes, and sets, which are hashes whose values are empty. A delta is an operation byte
 * and pieces (pieces.ts) to its end:
 *
 *   SET     01 | field | value | field | value ...     HSET k a 1 = 01 01 61 01 31
 *   REMOVE  02 | field | field ...                     HDEL k a   = 02 01 61
 *
 * A REMOVE names only fields that are there, each once: it asserts otherwise. A SET of a set names
 * only members that are not there.
 *
 * A base is two varints, the longest length that was ever noted (`notedLength`) and the most fields
 * there ever were (what OBJECT ENCODING goes by), then all pairs in order of position:
 *
 *   longest | peak | field | value | field | value ...
 */

import { parseInt64 } from '../../../lib/int64.ts';
import { SET, ZSET, type HASH } from '../../value-type.ts';

/** The types that are hashes; the one of a sorted set goes from members to scores. */
export type HashType = typeof HASH | typeof SET | typeof ZSET;

/** First bytes of deltas. */
export const HASH_SET = 1;
export const HASH_REMOVE = 2;

/** The pairs of a hash, packed, and what its base begins with. */
export interface PackedPairs {
  readonly buf: Buffer;
  readonly start: number;
  readonly end: number;
  readonly longest: number;
  readonly peak: number;
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
