/**
 * Hashes as bytes. A delta is an operation byte and pieces (pieces.ts) to its end:
 *
 *   SET     01 | field | value | field | value ...     HSET k a 1 = 01 01 61 01 31
 *   REMOVE  02 | field | field ...                     HDEL k a   = 02 01 61
 *
 * A REMOVE names only fields that are there, each once: it asserts otherwise.
 *
 * A base is two varints, the longest field or value and the most fields there ever were (what
 * OBJECT ENCODING goes by), then all pairs in order of position:
 *
 *   longest | peak | field | value | field | value ...
 */

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
