/** For values that have no blocks. */

import type { BlockPort } from '../../../src/keyspace/collection/block-port.ts';

function fail(): never {
  throw new Error('a value without blocks asks for one');
}

export const NO_BLOCKS: BlockPort = { read: fail, write: fail, remove: fail };
