/**
 * Sorted sets as bytes. A delta is an operation byte and pieces (pieces.ts) to its end; a score is
 * a piece of 8 bytes, an IEEE double, little endian:
 *
 *   SET     01 | member | score | member | score ...
 *   REMOVE  02 | member | member ...                                 ZREM k a = 02 01 61
 *
 *   ZADD k 1.5 a = 01 01 61 08 00 00 00 00 00 00 f8 3f
 *
 * So a delta is one of a hash from members to scores (hash-delta.ts), and its pairs are what a
 * HashBlock keeps. A SET names each member once, whether it is there already or not. A REMOVE names
 * only members that are there, each once: it asserts otherwise. Deltas hold results: ZINCRBY logs
 * the new score.
 *
 * A delta of a block of the order (sorted-block.ts) has one pair, also to remove it:
 *
 *   SET     01 | member | score
 *   REMOVE  02 | member | score
 *
 * A base is two varints, the longest member there ever was and the most members there ever were
 * (what OBJECT ENCODING goes by), then all pairs in the order of (score, member):
 *
 *   longest | peak | member | score | member | score ...
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import { DeltaWriter } from '../../pieces.ts';
import { HASH_REMOVE, HASH_SET } from '../hash/hash-delta.ts';

/** First bytes of deltas. */
export const ZSET_SET = HASH_SET;
export const ZSET_REMOVE = HASH_REMOVE;

export const SCORE_BYTES = 8;

/** Of a score with its length. */
export const SCORE_PIECE_BYTES = SCORE_BYTES + 1;

/** Builds the deltas of sorted sets, one at a time; each is borrowed until the next. */
export class ZsetDelta {
  readonly #writer = new DeltaWriter();
  /** Members so far. */
  count = 0;

  begin(op: typeof ZSET_SET | typeof ZSET_REMOVE): void {
    this.count = 0;
    this.#writer.begin(op);
  }

  /** Minus zero becomes zero, as Redis keeps it in small sorted sets. */
  set(buf: Buffer, start: number, end: number, value: number): void {
    this.count++;
    this.#writer.bytes(buf, start, end);
    this.#writer.double(value === 0 ? 0 : value);
  }

  remove(buf: Buffer, start: number, end: number): void {
    this.count++;
    this.#writer.bytes(buf, start, end);
  }

  finish(): ByteRange {
    return this.#writer.finish();
  }
}
