/** Notes which hashes two keys of one space share, when the second is inserted (collisions.ts). */

import { ByteRange } from '../../lib/byte-range.ts';
import { collisionName } from '../index/collisions.ts';
import { entryKeyBytesAt, entryKeyStartAt } from '../format/data-entry.ts';
import type { Space } from '../index/space-table.ts';
import type { StoreParts } from '../store-parts.ts';
import type { KeyIndex } from '../index/key-index.ts';

type NoteParts = Pick<StoreParts, 'collisions' | 'hasher' | 'chains' | 'residents' | 'journal'>;

/**
 * Another key has the same tag and page as the slot that was inserted. Returns the name under which
 * a system record must say so; undefined if the hashes differ, or it is known.
 */
export function noteCollision(parts: NoteParts, space: Space, hi: number, lo: number,
  inserted: number): string | undefined {
  const { collisions, hasher, journal } = parts;
  const name = collisionName(space.id, hi, lo);
  if (collisions.has(name)) return undefined;
  let isShared = false;
  const { index } = space;
  for (let slot = index.find(hi, lo); slot !== -1; slot = index.findNext(slot)) {
    if (slot === inserted) continue;
    const other = keyOfSlot(parts, index, slot);
    hasher.hash(other.buf, other.start, other.end);
    isShared ||= (hasher.hi & 0xffff) === hi && hasher.lo === lo;
  }
  if (!isShared) return undefined;
  collisions.add(name);
  journal.push({ undo: () => collisions.delete(name), settle: () => undefined });
  return name;
}

/** The key of a slot that the probe has compared just now, so that it is in RAM. */
function keyOfSlot({ chains, residents }: NoteParts, index: KeyIndex, slot: number): ByteRange {
  if (index.isChained(slot)) return new ByteRange(chains.mustGet(index.chainOf(slot)).key!);
  if (!residents.find(index.segmentOf(slot), index.offsetOf(slot))) {
    throw new Error('store: the key of a compared slot is gone');
  }
  const { buf, at } = residents;
  const start = entryKeyStartAt(buf, at);
  return new ByteRange(buf, start, start + entryKeyBytesAt(buf, at));
}
