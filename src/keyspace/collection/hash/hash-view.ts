/** What commands read of a hash, whatever its size. */

import type { ByteRange } from '../../../lib/byte-range.ts';

export interface HashPage {
  readonly positions: readonly number[];
  /** Where to go on; 0 = the scan is complete. */
  readonly cursor: number;
}

/**
 * The page of a hash in one piece. A scan visits positions downwards, so its cursor is the number
 * of positions still to visit; the first page begins at the size, and so does a cursor that is too
 * large: that of a hash that was larger.
 */
export function scanDown(size: number, cursor: number, count: number): HashPage {
  const end = cursor === 0 ? size : Math.min(cursor, size);
  const start = Math.max(0, end - count);
  return { positions: Array.from({ length: end - start }, (_, i) => start + i), cursor: start };
}

/**
 * Positions carry what the protocol promises, so they are part of the value and survive base and
 * delta: the same history gives the same positions on every node and after every reload.
 *  - New fields go to the end, so small hashes list their fields in the order of insertion, as a
 *    listpack of Redis does.
 *  - A removal moves fields to lower positions only: in a small hash those behind the gap close up;
 *    in one of many fields the last one jumps into the gap, since closing up would cost O(n), and
 *    in one of a sorted set, whose positions are not used. So a scan from the end to the start
 *    meets every field that is there throughout.
 */
export interface HashView {
  /** How many fields it has. */
  readonly size: number;
  /** The same with those that are hidden, since they have expired and are not removed yet. */
  readonly wholeSize: number;
  /** No field expires before this time, ms since the epoch; Infinity: none expires. */
  readonly soonestMs: number;
  /** Length in bytes of the longest field or value that was ever in it. */
  readonly longest: number;
  /** The most fields that were ever in it at one time. */
  readonly peak: number;
  /** The position of a field, from 0 to size - 1, or -1; valid until the next change. */
  find(field: ByteRange): number;
  /** The value of a field; borrowed until the next change. */
  get(field: ByteRange): ByteRange | undefined;
  has(field: ByteRange): boolean;
  /** Where a field stands among the blocks of a large one. */
  orderOf?(field: ByteRange): number;
  /** The field at a position, and its value; borrowed until the next change. */
  fieldAt(position: number): ByteRange;
  valueAt(position: number): ByteRange;
  /** When the field at a position expires, ms since the epoch; 0 = never. */
  expiryAt(position: number): number;
  /** The position of a field by its rank, from 0 to size - 1: they differ where some are hidden. */
  nth(rank: number): number;
  /**
   * A page of a scan, of about `count` fields. What is there from the first page to the last is in
   * one of them, whatever is added and removed, and whatever size the hash comes to have meanwhile.
   */
  scan(cursor: number, count: number): HashPage;
}

/** A hash with all its fields, also those that have expired and are not removed yet. */
export interface WholeHash extends HashView {
  /** It is one part, or has some, each with the positions behind those of the one before. */
  readonly partCount: number;
  /** The position of a part's first field. */
  partFirst(part: number): number;
  /** Fields of a part. */
  partSize(part: number): number;
  /** How many of them have expired. */
  expiredIn(part: number, nowMs: number): number;
  /** Finds out again when its fields expire, looking at the parts in which these were or are. */
  refreshTimes(fields: readonly ByteRange[]): void;
  /** No field of a part expires before. */
  partSoonestMs(part: number): number;
}
