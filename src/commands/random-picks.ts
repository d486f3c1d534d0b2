/** Positions chosen by chance: the random commands of all collections. */

import type { Random } from '../lib/random.ts';

/** Elements that one command with a negative count may reply: a second of work, 100 MB. */
export const RANDOM_PICKS_MAX = 10_000_000;

/**
 * Positions below `size`: different ones, which go up, so that each block of a large collection
 * comes to RAM once; or, with a negative count, as many as asked for, each by itself. A count of
 * `size` or more chooses all.
 */
export function pickPositions(random: Random, size: number, count: number): Float64Array {
  if (count < 0) return Float64Array.from({ length: -count }, () => random.below(size));
  if (count >= size) return Float64Array.from({ length: size }, (_, at) => at);
  return Float64Array.from(distinctPositions(random, size, count)).sort();
}

/** `count` different numbers below `size`, all choices equally likely, in O(count) (Floyd). */
export function distinctPositions(random: Random, size: number, count: number): Set<number> {
  const chosen = new Set<number>();
  for (let end = size - count; end < size; end++) {
    const one = random.below(end + 1);
    chosen.add(chosen.has(one) ? end : one);
  }
  return chosen;
}
