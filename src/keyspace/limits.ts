/**
 * Bounds that several files of keyspace/ share, or that others share with it.
 * A bound with one user stands beside that user.
 */

/** Keys of one burst that are looked up ahead; further ones are looked up when they run. */
export const LOOKAHEAD_KEYS_MAX = 256;

/**
 * Bytes of a small collection: one that is nothing but its record, read in place and written again
 * as a whole with each change, as a string is.
 */
export const PACKED_BYTES_MAX = 512;
