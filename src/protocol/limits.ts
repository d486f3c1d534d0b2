/**
 * Bounds that several files of protocol/ share, or that others share with it.
 * A bound with one user stands beside that user.
 */

import { KiB, MiB } from '../lib/size-units.ts';

/** Longest inline command or length line before its newline; the same bound as Redis. */
export const INLINE_BYTES_MAX = 64 * KiB;

/**
 * Most arguments of one command: the bound of Redis up to 6.2. Redis 7 takes 2^31 - 1, of which the
 * offsets alone would fill 16 GiB.
 */
export const ARGS_MAX = 1024 * 1024;

/**
 * Requests of one chunk that are decoded before the first of them runs, so that the memory that
 * they need can be fetched at the same time. More would not fit the processor's nearest caches.
 */
export const REQUEST_BATCH_MAX = 64;

/** Before authentication a stranger may send so many arguments of so many bytes; as in Redis 7. */
export const UNAUTHENTICATED_ARGS_MAX = 10;
export const UNAUTHENTICATED_BULK_BYTES_MAX = 16 * KiB;

/** No option may allow a longer request: offsets have 32 bits, and Node's Buffers end there too. */
export const REQUEST_BYTES_CEILING = 4 * 1024 * MiB - 1;

/** Largest reply that is built in memory before it is sent; above any value a client can set. */
export const REPLY_BYTES_MAX = 1024 * MiB;
