/** What commands read of a hash, whatever its size. */

import type { ByteRange } from '../lib/byte-range.ts';

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
  /** The field at a position, and its value; borrowed until the next change. */
  fieldAt(position: number): ByteRange;
  valueAt(position: number): ByteRange;
  /**
   * A scan visits positions downwards; its cursor is the number of positions still to visit, so 0
   * is the end. The cursor of the first page is the size, and one that is too large counts as that.
   */
  scanStart(cursor: number): number;
}
