/**
 * How `maxmemory` is shared out. Index, in-memory tail and read cache together are the budget; the
 * index grows with the keys, the tail is fixed, and the cache takes what is left unless given a
 * size.
 */
import { HOT_TAIL_BYTES_MIN, type ConfigValues } from './options.ts';

/** `maxmemory 0` takes the machine's memory divided by this: index, tail and cache together. */
const MEMORY_AUTO_DIVISOR = 4;

/**
 * The tail takes at most the budget divided by this: with `maxmemory 32mb` alone, one of the
 * default size would leave no room for keys.
 */
const TAIL_DIVISOR = 4;

export interface MemoryBudget {
  readonly totalBytes: number;
  /** Whether it follows from the machine rather than from `maxmemory`. */
  readonly isAutomatic: boolean;
  readonly hotTailBytes: number;
  /** At most this; 0 when the tail alone fills the budget. */
  readonly readCacheBytes: number;
}

type Shares = Pick<ConfigValues, 'maxmemory' | 'hot-tail-bytes' | 'read-cache-bytes'>;

/** `machineBytes` is the memory of the machine or, where it is smaller, of the container. */
export function shareMemory(
  values: Shares,
  indexBytes: number,
  machineBytes: number,
): MemoryBudget {
  const isAutomatic = values.maxmemory === 0;
  const totalBytes = isAutomatic
    ? Math.floor(machineBytes / MEMORY_AUTO_DIVISOR)
    : values.maxmemory;
  const tailBytesMax = Math.max(HOT_TAIL_BYTES_MIN, Math.floor(totalBytes / TAIL_DIVISOR));
  const hotTailBytes = Math.min(values['hot-tail-bytes'], tailBytesMax);
  const leftBytes = Math.max(0, totalBytes - hotTailBytes - indexBytes);
  const asked = values['read-cache-bytes'];
  const readCacheBytes = asked === 0 ? leftBytes : Math.min(asked, leftBytes);
  return { totalBytes, isAutomatic, hotTailBytes, readCacheBytes };
}
