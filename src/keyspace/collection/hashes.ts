/** Hashes and sets of all sizes, as commands read them. */

import type { Found } from '../storage.ts';
import type { HashBlock } from './hash-block.ts';
import type { HashView } from './hash-view.ts';
import type { LargeHash } from './large-hash.ts';
import { PackedHash } from './packed-hash.ts';

/** The hash or set that was found, of whatever size. */
export function hashOf({ live, value }: Found): HashView {
  return live === undefined ? new PackedHash(value) : live as HashBlock | LargeHash;
}
