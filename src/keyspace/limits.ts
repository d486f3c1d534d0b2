/**
 * Bounds that several files of keyspace/ share, or that others share with it.
 * A bound with one user stands beside that user.
 */

/** Keys of one burst that are looked up ahead; further ones are looked up when they run. */
export const LOOKAHEAD_KEYS_MAX = 256;

/**
 * Pairs of one page of a hash in RAM, as a power of two. All of a hash that keeps its order is in
 * one.
 */
export const HASH_PAGE_PAIRS_BITS = 9;
