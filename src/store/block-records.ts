/** The blocks of large collections as records of the store. */

import type { BlockPort } from '../keyspace/collection/block-port.ts';
import { COLD, NEED_VALUE } from '../keyspace/storage.ts';
import { BLOCK } from '../keyspace/value-type.ts';
import type { ByteRange } from '../lib/byte-range.ts';
import type { StoreChanges } from './changes/store-changes.ts';
import type { Finder } from './finder.ts';
import type { ReadNow } from './loading/read-now.ts';
import { StoreError } from './store-error.ts';

/** Of a key that a message names: keys may have 512 MB. */
const SHOWN_KEY_BYTES_MAX = 128;

export class BlockRecords implements BlockPort {
  readonly #finder: Finder;
  readonly #readNow: ReadNow;
  readonly #changes: StoreChanges;

  constructor(finder: Finder, readNow: ReadNow, changes: StoreChanges) {
    this.#finder = finder;
    this.#readNow = readNow;
    this.#changes = changes;
  }

  read(space: number, key: ByteRange, ofKey: Buffer | undefined): ByteRange | undefined {
    let found = this.#finder.find(space, key, NEED_VALUE);
    if (found === COLD) {
      this.#bring(space, key, ofKey);
      found = this.#finder.find(space, key, NEED_VALUE);
    }
    if (found === COLD) throw new Error('assertion failed: a block is cold after it was read');
    return found?.value;
  }

  /** A client knows the collection, not the block. */
  #bring(space: number, key: ByteRange, ofKey: Buffer | undefined): void {
    try {
      this.#readNow.bring(space, key, NEED_VALUE);
    } catch (error) {
      if (!(error instanceof StoreError) || ofKey === undefined) throw error;
      const { cause, code, file, message, offset } = error;
      const name = JSON.stringify(ofKey.toString('latin1', 0, SHOWN_KEY_BYTES_MAX));
      throw new StoreError(code, `${message} (a block of the value at ${name})`,
        { cause, file, offset, key: ofKey });
    }
  }

  write(space: number, key: ByteRange, bytes: ByteRange): void {
    this.#changes.putPacked(space, key, BLOCK, bytes, 0);
  }

  remove(space: number, key: ByteRange): void {
    this.#changes.remove(space, key);
  }
}
