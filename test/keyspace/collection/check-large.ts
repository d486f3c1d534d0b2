/** What must hold of a large hash, whatever was done to it; throws what does not. */

import type { CollectionLimits } from '../../../src/keyspace/collection/limits.ts';
import { hashesOf } from '../../../src/keyspace/collection/hash/hash-shape.ts';
import { LargeHash } from '../../../src/keyspace/collection/hash/large-hash.ts';
import type { Found, Storage } from '../../../src/keyspace/storage.ts';

/** `others`: other large hashes have blocks in the space too. */
export function checkLarge(
  storage: Storage, { live }: Found, limits: CollectionLimits, others = 0,
): void {
  if (!(live instanceof LargeHash)) return;
  const { directory } = live;
  let size = 0;
  for (let entry = 0; entry < directory.length; entry++) {
    const block = directory.block(entry);
    size += block.size;
    must(block.size === directory.countOf(entry), `entry ${entry}: ${block.size} fields`);
    must(block.size > 0, `entry ${entry} is empty`);
    const hashes = hashesOf(block, live.head.salt);
    must(hashes.every((hash) => live.entryOf(hash) === entry), `entry ${entry}: a hash is elsewhere`);
    const isWhole = new Set(hashes).size === 1;
    must(isWhole || block.baseBytes <= limits.blockBytesMax, `entry ${entry}: ${block.baseBytes} bytes`);
  }
  must(directory.starts[0] === 0, 'the first entry does not start at 0');
  must(size === live.size, `the directory counts ${live.size} fields, the blocks ${size}`);
  const blocks = storage.count(live.place.space);
  must(others > 0 ? blocks >= directory.length : blocks === directory.length, `${blocks} blocks`);
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`large hash: ${what}`);
}
