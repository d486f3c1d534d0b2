/**
 * Bounds that several files of config/ share, or that others share with it.
 * A bound with one user stands beside that user.
 */

import { MiB } from '../lib/size-units.ts';

/** Default of `proto-max-bulk-len`: the longest argument. */
export const BULK_BYTES_MAX_DEFAULT = 512 * MiB;

/** Default of `hll-sparse-max-bytes`; as Redis. */
export const HLL_SPARSE_BYTES_MAX_DEFAULT = 3000;

/** Default of `databases`; SELECT accepts 0 to this minus one. */
export const DATABASES_DEFAULT = 16;

/**
 * Most databases: all of them are there whatever `databases` says, since that differs between
 * peers. Each is an object of some hundred bytes; some loops of the background work go over all.
 */
export const DATABASES_MAX = 1024;

/** A record starts below this offset of its segment (26 bits of 8-byte units). */
export const SEGMENT_START_BYTES_MAX = 512 * MiB;

/** Default of `client-query-buffer-limit`: one command not yet complete; as Redis. */
export const QUERY_BUFFER_BYTES_MAX_DEFAULT = 1024 * MiB;

/** Default of `slowlog-max-len`; as Redis. */
export const SLOWLOG_ENTRIES_MAX_DEFAULT = 128;

/**
 * Nine survive four failures. With more, a leader sends every write to more than eight others and
 * waits for the sixth disk or more: a majority of more costs more than it gives.
 */
export const PEERS_MAX = 9;
