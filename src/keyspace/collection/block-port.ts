/** What a large collection needs of the storage for its blocks: records under hidden keys. */

import type { ByteRange } from '../../lib/byte-range.ts';

export interface BlockPort {
  /**
   * The bytes of a block, read at once if they are not in RAM; borrowed until the next command.
   * Undefined when there is none. Throws a StoreError that names file and offset, and the key of
   * the collection, `ofKey`, if that is known.
   */
  read(space: number, key: ByteRange, ofKey: Buffer | undefined): ByteRange | undefined;
  /** Sets a block, whatever was there. */
  write(space: number, key: ByteRange, bytes: ByteRange): void;
  /** Removes a block, if it is there. */
  remove(space: number, key: ByteRange): void;
}
