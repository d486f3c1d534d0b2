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

export interface HashView {
  /** How many fields it has. */
  readonly size: number;
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
  /**
   * A page of a scan, of about `count` fields. What is there from the first page to the last is in
   * one of them, whatever is added and removed, and whatever size the hash comes to have meanwhile.
   */
  scan(cursor: number, count: number): HashPage;
}
