/** What commands read of a list, whatever its size. */

import type { ByteRange } from '../../../lib/byte-range.ts';

export interface ListView {
  /** How many elements it has. */
  readonly size: number;
  /** Of listpacks: it is a quicklist under a limit below these (listpack-size.ts). */
  readonly peakBytes: number;
  readonly peakCount: number;
  /**
   * The element at an index from 0 to size - 1. One beside the last that was asked for is found
   * without a search, in either direction. Borrowed until the next call or change.
   */
  at(index: number): ByteRange;
}
