/**
 * What becomes of the blocks when a large collection goes as a whole: its key is gone at once, and
 * a system record says that the blocks are to be removed, in slices, by whoever finds the time.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { COLD, NEED_VALUE, SYSTEM_SPACE, type Found, type Storage } from '../storage.ts';
import { blockKey, blocksSpaceOf, leftOverKey, type LeftOver } from './block-keys.ts';
import type { LargeCollection } from './large-collection.ts';

/** Notes that the blocks of a collection are to be removed; the caller removes its key. */
export function leaveBlocks(storage: Storage, { directories, place }: LargeCollection): void {
  for (const { id, nextBlock } of directories) {
    const value = Buffer.alloc(4);
    value.writeUInt32LE(nextBlock);
    const key = leftOverKey({ space: place.space, id });
    findNow(storage, SYSTEM_SPACE, key);
    storage.put(SYSTEM_SPACE, key, new ByteRange(value), 0, false);
  }
}

/** The number that the next block would have had; undefined when nothing is left over. */
export function leftOverUntil(storage: Storage, leftOver: LeftOver): number | undefined {
  const found = findNow(storage, SYSTEM_SPACE, leftOverKey(leftOver));
  return found?.value.buf.readUInt32LE(found.value.start);
}

/** Removes a left-over block, if it is there. */
export function removeLeftOver(storage: Storage, { space, id }: LeftOver, block: number): void {
  const key = blockKey(id, block);
  if (findNow(storage, space, key) !== undefined) storage.remove(space, key);
}

/** All blocks of a collection are removed. */
export function endLeftOver(storage: Storage, leftOver: LeftOver): void {
  const key = leftOverKey(leftOver);
  if (findNow(storage, SYSTEM_SPACE, key) !== undefined) storage.remove(SYSTEM_SPACE, key);
}

/** Copies a large collection for a key of the space, block by block. */
export function copyBlocks(
  storage: Storage, from: LargeCollection, space: number,
): LargeCollection {
  const place = { port: storage.blocks, space: blocksSpaceOf(space) };
  return from.copyTo(place, () => storage.uniqueNumber());
}

function findNow(storage: Storage, space: number, key: ByteRange): Found | undefined {
  const found = storage.find(space, key, NEED_VALUE);
  return found === COLD ? storage.findNow(space, key, NEED_VALUE) : found;
}
