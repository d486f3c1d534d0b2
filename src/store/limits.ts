/**
 * Bounds that several files of store/ share, or that others share with it.
 * A bound with one user stands beside that user.
 */

import { KiB, MiB } from '../lib/size-units.ts';

/** Records start at multiples of this, so that an offset fits 26 bits of an index slot. */
export const RECORD_ALIGN_BYTES = 8;

/** Segment numbers alive at one time: 20 bits of an index slot. */
export const SEGMENT_SLOTS_MAX = 1 << 20;

/** From this dead share a segment is copied whatever the ratio: one byte written frees nineteen. */
export const COMPACTION_NEARLY_DEAD_SHARE = 0.95;

/** What a tombstone is taken to need where only their number is known: header and short key. */
export const TOMBSTONE_BYTES_TYPICAL = 64;

/** The copier reads and writes in pieces of this size (and of one record, if that is larger). */
export const COMPACTION_WINDOW_BYTES = 1 * MiB;

/** How often the owner asks whether a round is due; what writers add meanwhile is reckoned with. */
export const COMPACTION_TICK_MS = 100;

/** Records of one question to the main thread: about 3 ms of look-ups, answered in slices. */
export const COMPACTION_QUESTION_RECORDS = 4096;

/** The main thread works for the compactor this long at a time, then serves its clients. */
export const COMPACTION_SLICE_MS = 1;

/** Records between two looks at the clock in such a slice: about 0.1 ms. */
export const COMPACTION_SLICE_RECORDS = 128;

/** After a failed round the compactor waits so long, twice as long each time, up to the maximum. */
export const COMPACTION_RETRY_MS_MIN = 1000;
export const COMPACTION_RETRY_MS_MAX = 60_000;

/** The pacer looks at the whole log this often: the sums go over all segments. */
export const PACE_STATE_MS = 50;

/** Policy everysec: how often the log is synced. */
export const LOG_SYNC_INTERVAL_MS = 1000;

/** More than this in one commit is written in the background: a copy of 4 MiB takes about 1 ms. */
export const LOG_WRITE_BLOCKING_BYTES_MAX = 4 * MiB;

/** Larger records are not cached: a few of them would push out thousands of small ones. */
export const READ_CACHE_RECORD_BYTES_MAX = 128 * KiB;

/**
 * A larger group is synced in the pool, however quick: running the requests of the next one takes
 * longer than the sync, and can be done meanwhile.
 */
export const DIRECT_SYNC_RECORDS_MAX = 256;

/** Reads under way for one load or scan: enough to fill the thread pool and the disk's queue. */
export const READS_AT_ONCE = 64;

/** With fewer bytes of deltas no base is written anew: a small value would be all the time. */
export const CHAIN_DELTA_BYTES_MIN = 4 * KiB;

/** EXPIRE rewrites a record in RAM up to this size; a larger or cold one gets an EXPIRE record. */
export const EXPIRE_REWRITE_BYTES_MAX = 16 * KiB;

/**
 * A cache that is too large, and warm values beyond their share, are given back in slices of this
 * time: a gigabyte of small records takes seconds, and clients wait meanwhile.
 */
export const SHRINK_SLICE_MS = 5;

/** Warm values that are let go between two looks at the clock. */
export const COOLED_PER_LOOK = 32;

/** How often the store divides its memory anew and asks how full the disk is. */
export const STORE_TICK_MS = 1000;

/** Read at once when a segment is scanned; a larger record makes the window as large as itself. */
export const RECOVERY_WINDOW_BYTES = 1 * MiB;

/**
 * Free space that must remain when recovery copies the end of the log: for a manifest and the next
 * segments. With less it makes that end durable where it lies.
 */
export const RECOVERY_SPARE_BYTES = 1 * MiB;

/**
 * Files of one snapshot: a quarter of a million segments with their hints. That is 64 TiB in
 * segments of 256 MiB; what a peer announces beyond that is refused.
 */
export const SNAPSHOT_FILES_MAX = 512 * 1024;

/** A manifest of so many segments; the receiver holds it in RAM. */
export const SNAPSHOT_MANIFEST_BYTES_MAX = 64 * MiB;

/** Slots whose records a check reads and holds together: with pieces, 8 MiB of RAM. */
export const CHECK_SLOTS_AT_ONCE = 64;
