/** What OBJECT ENCODING calls a list, by the rules of Redis 7.2. */

import type { ListView } from '../../keyspace/collection/list/list-view.ts';
import { KiB } from '../../lib/size-units.ts';
import type { ConfigPort } from '../server-port.ts';

/** For `list-max-listpack-size` of -1 to -5. */
const BYTES_MAX: readonly number[] = [4 * KiB, 8 * KiB, 16 * KiB, 32 * KiB, 64 * KiB];

/** Where the option counts elements. */
const BYTES_MAX_BESIDE_COUNT = 8 * KiB;

export function listEncoding(
  { peakBytes, peakCount }: ListView, config: ConfigPort,
): 'listpack' | 'quicklist' {
  const limit = Number(config.get('list-max-listpack-size'));
  const isSmall = limit < 0
    ? peakBytes <= BYTES_MAX[-limit - 1]!
    : peakBytes <= BYTES_MAX_BESIDE_COUNT && peakCount <= Math.max(1, limit);
  return isSmall ? 'listpack' : 'quicklist';
}
