/** Keys that only disk can answer for, noted to be loaded. */

import { ByteRange } from '../lib/byte-range.ts';
import type { KeyToLoad, Need, Storage } from './storage.ts';

/** Appends the key to `cold` if it is not in RAM. `key` must be owned. */
export function collectCold(
  storage: Storage, space: number, key: Buffer, need: Need, cold: KeyToLoad[],
): void {
  if (storage.isCold(space, new ByteRange(key), need)) cold.push({ space, key, need });
}
