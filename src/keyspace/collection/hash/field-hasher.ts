/** The hash of fields in RAM, of all hashes but those that bring a hasher of their own. */

import { KeyHash, type KeyHashSeed } from '../../../lib/key-hash.ts';

let hasher = new KeyHash({ a: 0x5eed_0001, b: 0x5eed_0002 });

export function fieldHasher(): KeyHash {
  return hasher;
}

/** To be called before there is a hash: clients must not know which fields collide. */
export function seedFieldHasher(seed: KeyHashSeed): void {
  hasher = new KeyHash(seed);
}
