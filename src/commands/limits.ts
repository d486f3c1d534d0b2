/**
 * Bounds that several files of commands/ share, or that others share with it.
 * A bound with one user stands beside that user.
 */

/** Bytes of an argument that an error shows; as Redis. */
export const SHOWN_ARG_BYTES_MAX = 128;

/**
 * Latest expiry: a record keeps it in 48 bits (the year 10889). Later times are refused, because a
 * key that lives shorter than it was told to would be worse than an error.
 */
export const EXPIRE_AT_MS_MAX = 2 ** 48 - 1;
