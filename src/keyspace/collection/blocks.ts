/**
 * The blocks of one large collection, one at a time: each is a collection of its own, small or
 * medium, under a hidden key.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import { COLD, NEED_VALUE, type Found, type Storage } from '../storage.ts';
import { blockKey } from './block-keys.ts';
import type { Directory } from './directory.ts';

export class Blocks {
  readonly storage: Storage;
  readonly directory: Directory;

  constructor(storage: Storage, directory: Directory) {
    this.storage = storage;
    this.directory = directory;
  }

  get space(): number {
    return this.directory.head.space;
  }

  /** The hidden key of an entry's block. */
  keyOf(entry: number): ByteRange {
    const { head } = this.directory;
    return blockKey(head.id, this.directory.blockOf(entry));
  }

  /** The block of an entry, read at once if it is not in RAM. Throws StoreError. */
  get(entry: number): Found {
    const { space, storage } = this;
    const key = this.keyOf(entry);
    let found = storage.find(space, key, NEED_VALUE);
    if (found === COLD) found = storage.findNow(space, key, NEED_VALUE);
    if (found !== undefined) return found;
    const { id } = this.directory.head;
    throw new Error(`assertion failed: collection ${id} has no block ${key.view().toString('hex')}`);
  }
}
