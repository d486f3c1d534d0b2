/** Hashes and sets of all sizes, as commands read them. */

import type { LiveValue } from '../../live-value.ts';
import type { Found } from '../../storage.ts';
import type { HashView } from './hash-view.ts';
import { PackedHash } from './packed-hash.ts';

/** The hash or set that was found, of whatever size. */
export function hashOf({ live, value }: Found): HashView {
  return live === undefined ? new PackedHash(value) : live as LiveValue & HashView;
}
