/**
 * The one way in which a collection changes: a delta, whatever the collection's type and size. What
 * the change makes of it (small to medium to large, and back) follows from the bytes that it then
 * has, so it is the same on every peer.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { Random } from '../../lib/random.ts';
import type { LiveValue } from '../live-value.ts';
import { COLD, NEED_VALUE, type Found, type Storage } from '../storage.ts';
import { blocksSpaceOf } from './block-keys.ts';
import type { CollectionType } from './collection-type.ts';
import { LargeCollection } from './large-collection.ts';
import { LargeEdit } from './large-edit.ts';
import { COLLECTION_LIMITS, type CollectionLimits } from './limits.ts';

export class CollectionChange {
  readonly #storage: Storage;
  readonly #limits: CollectionLimits;
  /** Large collections may be cut into blocks: all peers know them. */
  mayCut = true;

  /** `limits`: smaller ones for tests. */
  constructor(storage: Storage, limits: CollectionLimits = COLLECTION_LIMITS) {
    this.#storage = storage;
    this.#limits = limits;
  }

  /**
   * Applies a delta to the collection at a key, or makes one; the key must not hold another type,
   * and must not be expired. Returns by how many elements it has grown. The key goes with its last
   * element. `random` gives a large one its salt.
   */
  apply(
    space: number, key: ByteRange, type: CollectionType, delta: ByteRange, random: Random,
  ): number {
    const found = this.#find(space, key);
    const live = found?.live;
    if (live instanceof LargeCollection) {
      return this.#changeLarge(space, key, type, live, delta, found!.expireAt);
    }
    const packed = found === undefined ? null : found.value;
    const expireAt = found === undefined ? 0 : found.expireAt;
    if (live === undefined) {
      const { packedWriter } = type;
      const changed = packedWriter.change(packed, delta);
      if (changed !== undefined) {
        if (packedWriter.isEmpty) this.#storage.remove(space, key);
        else this.#storage.putPacked(space, key, type.type, changed, expireAt);
        return packedWriter.growth;
      }
    }
    const medium = live ?? type.toMedium(packed, delta.length);
    const before = medium.size;
    if (live === undefined) medium.applyDelta(delta.buf, delta.start, delta.end, delta.words);
    else this.#storage.change(space, key, delta);
    if (medium.size === 0) this.#storage.remove(space, key);
    else if (this.#isTooLarge(medium)) this.#enlarge(space, key, type, medium, expireAt, random);
    else if (live === undefined) this.#storage.putLive(space, key, medium, expireAt);
    return medium.size - before;
  }

  #isTooLarge({ baseBytes, size }: LiveValue): boolean {
    return this.mayCut && size > 1 && baseBytes > this.#limits.mediumBytesMax;
  }

  #find(space: number, key: ByteRange): Found | undefined {
    const found = this.#storage.find(space, key, NEED_VALUE);
    return found === COLD ? this.#storage.findNow(space, key, NEED_VALUE) : found;
  }

  // ---- In blocks --------------------------------------------------------------------------------

  #changeLarge(
    space: number, key: ByteRange, type: CollectionType, large: LargeCollection, delta: ByteRange,
    expireAt: number,
  ): number {
    const before = large.size;
    const log = (change: ByteRange): void => this.#storage.change(space, key, change);
    type.changeLarge(new LargeEdit(this.#limits, log), large, delta);
    const growth = large.size - before;
    if (large.size === 0) {
      removeBlocks(large);
      this.#storage.remove(space, key);
    } else this.#maybeShrink(space, key, type, large, expireAt);
    return growth;
  }

  #enlarge(
    space: number, key: ByteRange, type: CollectionType, medium: LiveValue, expireAt: number,
    random: Random,
  ): void {
    const storage = this.#storage;
    const place = { port: storage.blocks, space: blocksSpaceOf(space) };
    const newId = (): number => storage.uniqueNumber();
    const large = type.toLarge(medium, { limits: this.#limits, newId, place, random });
    this.#find(space, key);
    storage.putLive(space, key, large, expireAt);
  }

  /** A large one of one block becomes a medium one, or a small one when it is next read. */
  #maybeShrink(
    space: number, key: ByteRange, type: CollectionType, large: LargeCollection, expireAt: number,
  ): void {
    const [directory] = large.directories;
    if (directory!.length > 1) return;
    if (directory!.block(0).baseBytes > this.#limits.mediumBytesMax / 2) return;
    const medium = type.toMediumAgain(large);
    removeBlocks(large);
    this.#find(space, key);
    this.#storage.putLive(space, key, medium, expireAt);
  }
}

/** The records of all blocks; there are few. */
function removeBlocks(large: LargeCollection): void {
  for (const directory of large.directories) {
    for (let entry = 0; entry < directory.length; entry++) directory.removeBlock(entry);
  }
}
