/** What must hold of a large list, whatever was done to it; throws what does not. */

import type { CollectionLimits } from '../../../src/keyspace/collection/limits.ts';
import { LargeList } from '../../../src/keyspace/collection/list/large-list.ts';
import type { Found, Storage } from '../../../src/keyspace/storage.ts';

/** `others`: other large collections have blocks in the space too. */
export function checkLargeList(
  storage: Storage, { live }: Found, limits: CollectionLimits, others = 0,
): void {
  if (!(live instanceof LargeList)) return;
  const { directory } = live;
  let size = 0;
  for (let entry = 0; entry < directory.length; entry++) {
    const block = directory.block(entry);
    must(block.size === directory.countOf(entry), `entry ${entry}: ${block.size} elements`);
    must(block.size > 0, `entry ${entry} is empty`);
    must(directory.countBefore(entry) === size, `entry ${entry}: ${size} elements before it`);
    must(directory.entryAt(size) === entry, `entry ${entry}: its first element is elsewhere`);
    const isWhole = block.size === 1;
    must(isWhole || block.baseBytes <= limits.blockBytesMax, `entry ${entry}: ${block.baseBytes} bytes`);
    size += block.size;
  }
  must(size === live.size, `the directory counts ${live.size} elements, the blocks ${size}`);
  const blocks = storage.count(live.place.space);
  must(others > 0 ? blocks >= directory.length : blocks === directory.length, `${blocks} blocks`);
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`large list: ${what}`);
}
