/** What must hold of a large hash in a storage, whatever was done to it; throws what does not. */

import type { CollectionLimits } from '../../../src/keyspace/collection/collection-change.ts';
import { Blocks } from '../../../src/keyspace/collection/blocks.ts';
import { Directory } from '../../../src/keyspace/collection/directory.ts';
import { hashesOf, oneHashOf } from '../../../src/keyspace/collection/hashes.ts';
import type { Found, Storage } from '../../../src/keyspace/storage.ts';

export function checkLarge(storage: Storage, { live }: Found, limits: CollectionLimits): void {
  if (!(live instanceof Directory)) return;
  const blocks = new Blocks(storage, live);
  const numbers = new Set<number>();
  let size = 0;
  for (let entry = 0; entry < live.length; entry++) {
    const block = oneHashOf(blocks.get(entry));
    numbers.add(live.blockOf(entry));
    size += block.size;
    must(block.size === live.countOf(entry), `entry ${entry}: ${block.size} fields`);
    must(block.size > 0, `entry ${entry} is empty`);
    const hashes = hashesOf(block, live.head.salt);
    must(hashes.every((hash) => live.entryOf(hash) === entry), `entry ${entry}: a hash is elsewhere`);
    const isWhole = new Set(hashes).size === 1;
    must(isWhole || block.baseBytes <= limits.blockBytesMax, `entry ${entry}: ${block.baseBytes} bytes`);
  }
  must(live.startOf(0) === 0, 'the first entry does not start at 0');
  must(size === live.size, `the directory counts ${live.size} fields, the blocks ${size}`);
  must(numbers.size === live.length, 'a block has two entries');
  must(storage.count(live.head.space) >= live.length, 'blocks are missing');
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`large hash: ${what}`);
}
