/**
 * Every bound in dkvs, with its reason. A bound first slows its cause down, then refuses with a clear
 * reply. What a user may change is an option in config/dkvs.conf; the numbers here are its defaults,
 * or limits that follow from a format.
 *
 * Units are in the names. Nothing here is computed at run time.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

// ---- Protocol ------------------------------------------------------------------------------------

/** Longest inline command or length line before its newline; the same bound as Redis. */
export const INLINE_BYTES_MAX = 64 * KiB;

/** Most arguments of one command; the same bound as Redis. */
export const ARGS_MAX = 1024 * 1024;

/** Default of `proto-max-bulk-len`: the longest argument. */
export const BULK_BYTES_MAX_DEFAULT = 512 * MiB;

/** Before authentication a stranger may send this many arguments of this many bytes; as in Redis 7. */
export const UNAUTHENTICATED_ARGS_MAX = 10;
export const UNAUTHENTICATED_BULK_BYTES_MAX = 16 * KiB;

// ---- Databases -----------------------------------------------------------------------------------

/** Number of databases; SELECT accepts 0 to this minus one. */
export const DATABASES = 16;

// ---- Store format --------------------------------------------------------------------------------

/** Longest key: a record's header gives it 28 bits; a key is an argument, so the bulk limit binds too. */
export const KEY_BYTES_MAX = 256 * MiB - 1;

/** Records start at multiples of this, so that an offset fits 26 bits of an index slot. */
export const RECORD_ALIGN_BYTES = 8;

/** A record starts below this offset of its segment (26 bits of 8-byte units). */
export const SEGMENT_START_BYTES_MAX = 512 * MiB;

/** Segment numbers alive at one time: 20 bits of an index slot. */
export const SEGMENT_SLOTS_MAX = 1 << 20;
