// tidy: table
/**
 * Every bound in dkvs, with its reason. A bound first slows its cause down, then refuses with a
 * clear reply. What a user may change is an option in config/dkvs.conf; the numbers here are its
 * defaults, or limits that follow from a format.
 *
 * Units are in the names. Nothing here is computed at run time.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

// ---- Protocol -----------------------------------------------------------------------------------

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

/**
 * A burst of requests that is run together ends when its replies are this large: then the client's
 * output limits are looked at, and the clock.
 */
export const BURST_REPLY_BYTES_MAX = 64 * KiB;

/** Keys that are looked up ahead for such a batch; further ones are looked up when they run. */
export const LOOKAHEAD_KEYS_MAX = 256;

/** A connection keeps room for so many arguments between requests: 8 KiB of offsets. */
export const ARGS_KEPT_MAX = 1024;

/** Default of `proto-max-bulk-len`: the longest argument. */
export const BULK_BYTES_MAX_DEFAULT = 512 * MiB;

/** Before authentication a stranger may send so many arguments of so many bytes; as in Redis 7. */
export const UNAUTHENTICATED_ARGS_MAX = 10;
export const UNAUTHENTICATED_BULK_BYTES_MAX = 16 * KiB;

/** No option may allow a longer request: offsets have 32 bits, and Node's Buffers end there too. */
export const REQUEST_BYTES_CEILING = 4 * 1024 * MiB - 1;

/** First memory for a request that a chunk cut in two; ten thousand strangers cost 5 MB. */
export const DECODER_CARRY_BYTES_MIN = 512;

/**
 * Once this part of a long argument has come, its whole length is given to it: doubling on would
 * leave as much again behind for the garbage collector, which comes late. Pages that nothing was
 * written to take no memory.
 */
export const CARRY_ARRIVED_DIVISOR = 8;

/** A connection keeps so much of that memory between requests, not more. */
export const DECODER_KEPT_BYTES_MAX = 4 * KiB;

/** Replies are written into buffers of powers of two from here (a busy turn of one client) ... */
export const OUTPUT_BUFFER_BYTES_MIN = 16 * KiB;
/** ... up to here, which are kept for reuse; larger ones are left to the garbage collector ... */
export const OUTPUT_BUFFER_POOLED_BYTES_MAX = 1 * MiB;
/** ... and so many bytes of unused ones are kept at most. */
export const OUTPUT_POOL_BYTES_MAX = 8 * MiB;

/** Largest reply that is built in memory before it is sent; above any value a client can set. */
export const REPLY_BYTES_MAX = 1024 * MiB;

// ---- Databases ----------------------------------------------------------------------------------

/** Default of `databases`; SELECT accepts 0 to this minus one. */
export const DATABASES_DEFAULT = 16;

/**
 * Most databases: all of them are there whatever `databases` says, since that differs between
 * peers. Each is an object of some hundred bytes; some loops of the background work go over all.
 */
export const DATABASES_MAX = 1024;

/**
 * A database beyond the default number begins in the space of this number plus its own, so that
 * the spaces of those before it, which a directory may have given out, are never taken twice.
 */
export const FURTHER_SPACES_FROM = 2 ** 30;

// ---- Configuration ------------------------------------------------------------------------------

/** `hz`: from this to that, as in Redis; a value beyond becomes the nearest. */
export const HZ_MIN = 1;
export const HZ_MAX = 500;

/** Percentiles of `latency-tracking-info-percentiles`: more than anybody's dashboard shows. */
export const PERCENTILES_MAX = 64;

/** Files that include files: a file that includes itself ends here, with an error. */
export const INCLUDE_DEPTH_MAX = 16;

/** Included files altogether, so that files which include each other twice end as well. */
export const INCLUDED_FILES_MAX = 256;

// ---- Store format -------------------------------------------------------------------------------

/** Longest key: a record's header gives it 28 bits; as an argument, the bulk limit binds it too. */
export const KEY_BYTES_MAX = 256 * MiB - 1;

/** Records start at multiples of this, so that an offset fits 26 bits of an index slot. */
export const RECORD_ALIGN_BYTES = 8;

/** A record starts below this offset of its segment (26 bits of 8-byte units). */
export const SEGMENT_START_BYTES_MAX = 512 * MiB;

/** Segment numbers alive at one time: 20 bits of an index slot. */
export const SEGMENT_SLOTS_MAX = 1 << 20;

// ---- Configuration (defaults of options; config/dkvs.conf explains them) ------------------------

/** Most addresses of `bind`; the same bound as Redis. */
export const BIND_ADDRESSES_MAX = 16;

/** Default of `maxclients`; as Redis. Each costs a descriptor and its buffers. */
export const CLIENTS_MAX_DEFAULT = 10_000;

/** Default of `tcp-backlog`; as Redis. The kernel cuts it to net.core.somaxconn. */
export const TCP_BACKLOG_DEFAULT = 511;

/** Default of `client-query-buffer-limit`: one command not yet complete; as Redis. */
export const QUERY_BUFFER_BYTES_MAX_DEFAULT = 1024 * MiB;

/**
 * Defaults of `client-output-buffer-limit`. Redis leaves normal clients unbounded; here a client
 * that does not read its replies must not be able to take the server's memory. Requests are not
 * read beyond UNSENT_BYTES_PAUSE, so only single large replies get near these bounds: the hard one
 * lets twice the longest value pass, the soft one any value that is read at 4 MiB a second.
 */
export const NORMAL_OUTPUT_HARD_BYTES_DEFAULT = 1024 * MiB;
export const NORMAL_OUTPUT_SOFT_BYTES_DEFAULT = 256 * MiB;
export const NORMAL_OUTPUT_SOFT_SECONDS_DEFAULT = 60;
export const REPLICA_OUTPUT_HARD_BYTES_DEFAULT = 256 * MiB;
export const REPLICA_OUTPUT_SOFT_BYTES_DEFAULT = 64 * MiB;
export const REPLICA_OUTPUT_SOFT_SECONDS_DEFAULT = 60;
export const PUBSUB_OUTPUT_HARD_BYTES_DEFAULT = 32 * MiB;
export const PUBSUB_OUTPUT_SOFT_BYTES_DEFAULT = 8 * MiB;
export const PUBSUB_OUTPUT_SOFT_SECONDS_DEFAULT = 60;

/** Default of `tracking-table-max-keys`: keys remembered for client-side caching; as Redis. */
export const TRACKED_KEYS_MAX_DEFAULT = 1_000_000;

/** Default of `slowlog-max-len`; as Redis. */
export const SLOWLOG_ENTRIES_MAX_DEFAULT = 128;

/** `maxmemory 0` takes the machine's memory divided by this: index, tail and cache together. */
export const MEMORY_AUTO_DIVISOR = 4;

/** Default of `segment-bytes`: 1 TiB is 16 Ki files, and copying one takes less than a second. */
export const SEGMENT_BYTES_DEFAULT = 64 * MiB;
export const SEGMENT_BYTES_MIN = 1 * MiB;

/** Default of `hot-tail-bytes`: what was written last is read from RAM; half a default segment. */
export const HOT_TAIL_BYTES_DEFAULT = 32 * MiB;
export const HOT_TAIL_BYTES_MIN = 1 * MiB;

/** Default of `disk-reserve-bytes`: one segment, so that a full disk can still be compacted. */
export const DISK_RESERVE_BYTES_DEFAULT = 64 * MiB;

/** Default of `compaction-min-bytes`: a log smaller than four segments is not worth compacting. */
export const COMPACTION_MIN_BYTES_DEFAULT = 256 * MiB;

/** Cells of the approximate last-use clock: 4 bytes each, a power of two. */
export const ACCESS_CLOCK_CELLS = 1 << 16;

// ---- Disk ---------------------------------------------------------------------------------------

/**
 * How long a server that starts waits for another claimant of its directory to make up its mind.
 * That takes the other a few directory operations; one that is silent for longer (stopped, or its
 * machine thrashing) counts as the holder, because it may wake up.
 */
export const LOCK_ANSWER_MS_MAX = 2000;

// ---- Value index --------------------------------------------------------------------------------

/**
 * Pages of one value index, as a power of two. Fewer make one page's growth long: at 20 million
 * keys 2^12 pages hold 4900 slots each, and moving those takes about 0.1 ms. More make a small
 * database large, because a page in use takes at least one chunk of 512 bytes.
 */
export const INDEX_PAGE_BITS_DEFAULT = 12;

/** The directory takes at most the 16 bits that a key's hash has beside the 32-bit tag. */
export const INDEX_PAGE_BITS_MAX = 16;

/** Chunks of one page: 16 bits of a chunk's owner word, beside 16 bits for the page. */
export const INDEX_PAGE_CHUNKS_MAX = (1 << 16) - 1;

/** Slots of one index: a slot handle stays a small integer (31 bits) in V8; 34 GB of index. */
export const INDEX_SLOTS_MAX = 2 ** 31;

// ---- Numbers ------------------------------------------------------------------------------------

/** Longest text read as a float; the bound of Redis for INCRBYFLOAT, here for doubles too. */
export const FLOAT_TEXT_BYTES_MAX = 5 * KiB - 1;

// ---- Compaction ---------------------------------------------------------------------------------

/**
 * Default of `compaction-disk-ratio`: log and hints, a running compaction's outputs included, take
 * at most this many times the live bytes. Disk against write amplification: with values of 256
 * bytes 1.5 costs 1.9 bytes written per byte under uniform overwrites, 1.3 would cost 2.9, 1.6
 * costs 1.7, 2.0 costs 1.3 (store/compaction/DECISIONS.md).
 */
export const COMPACTION_DISK_RATIO_MAX = 1.5;

/** Copying a segment that is less dead than this gains too little to be worth its writes. */
export const COMPACTION_DEAD_SHARE_MIN = 0.05;

/** From this dead share a segment is copied whatever the ratio: one byte written frees nineteen. */
export const COMPACTION_NEARLY_DEAD_SHARE = 0.95;

/**
 * Tombstones that cannot go may take this share of the live bytes before old segments are copied.
 */
export const COMPACTION_PINNED_SHARE_MAX = 0.1;

/**
 * A round writes at most this share of the live bytes (and at least one input's), because its
 * outputs exist beside its inputs until it ends. In a log of few segments a larger one would have
 * to begin early.
 */
export const COMPACTION_ROUND_SHARE_MAX = 1 / 64;

/** The same for a log that is past its bound (and at least one segment): it must catch up. */
export const COMPACTION_LATE_SHARE_MAX = 1 / 8;

/**
 * What a tombstone is taken to need on disk, where only their number is known: header and short
 * key.
 */
export const TOMBSTONE_BYTES_TYPICAL = 64;

/**
 * What a record's row is taken to need in a hint (store/format/hint-columns.ts): 8.1 bytes in a
 * full LOG segment, up to 9 in a small one or in a PACK, more only if sizes and types are mixed.
 */
export const HINT_RECORD_BYTES_TYPICAL = 8.5;

/** And each hint for headers and the heads of its columns. */
export const HINT_FILE_BYTES_TYPICAL = 300;

/** The copier reads and writes in pieces of this size (and of one record, if that is larger). */
export const COMPACTION_WINDOW_BYTES = 1 * MiB;

/** How often the owner asks whether a round is due; what writers add meanwhile is reckoned with. */
export const COMPACTION_TICK_MS = 100;

/** A frame of an output ends at about this size: a frame header is 0.02 % of it. */
export const COMPACTION_FRAME_BYTES = 256 * KiB;

/** Records of one question to the main thread: about 3 ms of look-ups, answered in slices. */
export const COMPACTION_QUESTION_RECORDS = 4096;

/** The main thread works for the compactor this long at a time, then serves its clients. */
export const COMPACTION_SLICE_MS = 1;

/** Records between two looks at the clock in such a slice: about 0.1 ms. */
export const COMPACTION_SLICE_RECORDS = 128;

/** After a failed round the compactor waits so long, twice as long each time, up to the maximum. */
export const COMPACTION_RETRY_MS_MIN = 1000;
export const COMPACTION_RETRY_MS_MAX = 60_000;

/**
 * Bytes of input that the compactor reads per byte that writers append. 1.7 keep up with uniform
 * overwrites at the disk bound; the rest is for the pauses between rounds.
 */
export const PACE_FACTOR = 4;

/** The compactor's rate when nobody writes: done soon, and not felt by readers of a slow disk. */
export const PACE_BYTES_PER_SECOND_MIN = 32 * MiB;

/** A log that passes its bound by this share is compacted at full speed. */
export const PACE_OVERDUE_SHARE = 0.1;

/** The pacer looks at the whole log this often: the sums go over all segments. */
export const PACE_STATE_MS = 50;

/**
 * The write rate is smoothed over this time: longer than a burst of one client, shorter than a
 * round.
 */
export const PACE_RATE_WINDOW_MS = 1000;

/** Longest wait between two batches of a copy, so that a round ends whatever the rate. */
export const PACE_DELAY_MS_MAX = 250;

/** Delay of each write when only the disk reserve is left: 50 writes a second and connection. */
export const WRITE_DELAY_MS_MAX = 20;

// ---- Sessions -----------------------------------------------------------------------------------

/** Bytes that one MULTI may queue, so that a transaction fits memory; beyond it EXEC aborts. */
export const TRANSACTION_BYTES_MAX = 1024 * MiB;

/** What a queued request costs beside its bytes, so that a queue of tiny ones is bounded too. */
export const QUEUED_REQUEST_BYTES = 512;

/** Bytes of an argument that an error shows; as Redis. */
export const SHOWN_ARG_BYTES_MAX = 128;

// ---- Log ----------------------------------------------------------------------------------------

/** Tail blocks start at multiples of this in a segment; no header crosses one (store/format). */
export const LOG_GRANULE_BYTES = 64 * KiB;

/** A block of the hot tail; a record that is larger gets a block of its own. */
export const TAIL_BLOCK_BYTES = 1 * MiB;

/** Free blocks kept for reuse: dead array buffers are collected too late (DESIGN.md). */
export const TAIL_FREE_BLOCKS_MAX = 64;

// ---- Values -------------------------------------------------------------------------------------

/**
 * Latest expiry: a record keeps it in 48 bits (the year 10889). Later times are refused, because a
 * key that lives shorter than it was told to would be worse than an error.
 */
export const EXPIRE_AT_MS_MAX = 2 ** 48 - 1;

/**
 * A string of up to so many bytes is written again in whole when a part of it changes: beside the
 * header of a record and the chain that a reader of deltas would have to follow, a KiB costs
 * little.
 */
export const STRING_REWRITE_BYTES_MAX = 1 * KiB;

/** Keys that are read from disk before the requests run that need them; the others when they do. */
export const PREFETCH_KEYS_MAX = 4096;

/**
 * Bytes of records that one such prefetch keeps in RAM. What is beyond was read all the same, and
 * so is likely in the kernel's page cache when the request reads it again.
 */
export const PREFETCH_BYTES_MAX = 16 * MiB;

// ---- Connections --------------------------------------------------------------------------------

/**
 * While a client has this many reply bytes unsent, its further requests are not read: a client that
 * does not read is slowed down long before client-output-buffer-limit closes it.
 */
export const UNSENT_BYTES_PAUSE = 1 * MiB;

/** While a request waits for the disk, so many bytes of further ones are read ahead, not more. */
export const READ_AHEAD_BYTES_MAX = 1 * MiB;

/**
 * How far the thread that makes hints steps back (thread-priority.ts). A third of the weight of the
 * thread that serves is still enough for hints of all that it can write.
 */
export const HINT_THREAD_NICE = 5;

/** One read of a socket; what libuv reads at once by itself. */
export const SOCKET_READ_BYTES = 64 * KiB;

/**
 * A large reply goes to the socket in slices of this size, so that a slow reader's progress shows.
 */
export const SOCKET_WRITE_BYTES_MAX = 1 * MiB;

/**
 * How long a connection that we ended stays open for the client to read the last replies and to end
 * its side: closed at once, what it still sends would reset the connection and destroy them.
 */
export const CLOSE_LINGER_MS = 1000;

/** Expired keys that one batch removes: well below a millisecond of work. */
export const EXPIRY_BATCH_KEYS = 256;

/** Full batches in a row for each unit of `active-expire-effort`, before others have their turn. */
export const EXPIRY_ROUNDS_MAX = 8;

/** Samples over which INFO's rates are taken: 1.6 seconds at the default `hz`, as in Redis. */
export const RATE_SAMPLES = 16;

/** Policy everysec: how often the log is synced. */
export const LOG_SYNC_INTERVAL_MS = 1000;

/**
 * How far a log is synced is noted outside it at most so often: a note is a write of 64 bytes into
 * the page cache, 3 to 5 microseconds, and under `always` there are thousands of syncs a second.
 * Only damage within so short a time before the end of a process can pass for a torn tail.
 */
export const WATERMARK_NOTE_MS = 20;

/** How often the notes are synced while there are new ones: one sync a second beside the log's. */
export const WATERMARK_SYNC_MS = 1000;

/** More than this in one commit is written in the background: a copy of 4 MiB takes about 1 ms. */
export const LOG_WRITE_BLOCKING_BYTES_MAX = 4 * MiB;

/** Work on the serving thread pauses after so long, so that no command waits for it noticeably. */
export const SLICE_MS = 2;

/** Records between two looks at the clock while a hint is made: about 0.1 ms. */
export const HINT_SLICE_RECORDS = 512;

/**
 * A mark of a hint stands for at most so many records (format/hint-marks.ts): more marks take more
 * bytes, fewer make each row wider.
 */
export const HINT_MARK_RECORDS = 64;

/** A value_index that is this far from its mark's needs another mark: 9 bits of each row. */
export const HINT_MARK_SPAN = 512;

/** So does a record that is so many times 8 bytes behind: 13 bits, 64 records of 1 KiB. */
export const HINT_MARK_PLACES = 8192;

/**
 * How long sealing waits before it looks again whether the batch that crosses segments has ended.
 */
export const SEAL_WAIT_MS = 10;

/** After a start clients come first; then the hints that are missing are made. */
export const LATE_HINTS_WAIT_MS = 1000;

/** Segment files open for reading: well below the usual limit of 1024 descriptors. */
export const SEGMENT_FILES_OPEN_MAX = 256;

// ---- Reading records ----------------------------------------------------------------------------

/** A chunk of the read cache: the unit in which it grows, shrinks and forgets. */
export const READ_CACHE_CHUNK_BYTES = 1 * MiB;

/** Larger records are not cached: a few of them would push out thousands of small ones. */
export const READ_CACHE_RECORD_BYTES_MAX = 128 * KiB;

/** A record up to this size is read whole even if only its key is needed: one page, one read. */
export const KEY_READ_BYTES = 4 * KiB;

/**
 * Memory for records that are read at once for one command (direct-reads.ts). More, as for an EXEC
 * of many cold keys, come through the pool.
 */
export const GUEST_BYTES = 256 * KiB;
export const GUESTS_MAX = 64;

/**
 * Memory of the records that one command has read at once (Storage.findNow) and may ask for again:
 * a few of the usual large ones. Of those that are beyond, the proof of the key is read again.
 */
export const SCRATCH_BYTES_MAX = 16 * MiB;

/** What a read on the serving thread may take for nothing: several times one of the page cache. */
export const DIRECT_READ_FREE_MS = 0.02;

/** The same of an fsync under `appendfsync always`: several times one of a good SSD. */
export const DIRECT_SYNC_FREE_MS = 2;

/**
 * A larger group is synced in the pool, however quick: running the requests of the next one takes
 * longer than the sync, and can be done meanwhile.
 */
export const DIRECT_SYNC_RECORDS_MAX = 256;

/** Time above that, added up, at which libuv's pool takes over for a while (blocking-budget.ts). */
export const BLOCKING_DEBT_MS = 20;
export const BLOCKING_REST_MS = 500;
/** The rest doubles up to this while the disk stays slow. */
export const BLOCKING_REST_MS_MAX = 16_000;

// ---- Collections --------------------------------------------------------------------------------

/**
 * Most fields of one hash: HSET refuses more with a clear reply. At 100 bytes a field such a hash
 * takes 2 GB of RAM.
 */
export const HASH_FIELDS_MAX = 16_000_000;

/**
 * A hash with more fields than this has an index. Measured: walking 16 fields of 10 bytes takes as
 * long as one look-up in an index (0.1 µs), and the index would cost more than three such fields.
 */
export const HASH_INDEXED_FIELDS_MIN = 16;

/**
 * Up to so many fields a removal keeps the order of the others, which takes time proportional to
 * them (15 µs at most). The default of `hash-max-listpack-entries`, up to which Redis keeps it too.
 */
export const HASH_ORDERED_FIELDS_MAX = 512;

/**
 * Pairs of one page of a hash in RAM, as a power of two. All of a hash that keeps its order is in
 * one.
 */
export const HASH_PAGE_PAIRS_BITS = 9;

/**
 * Longer pairs have memory of their own, so a page has 2 MB of pairs at most: what a change copies
 * while a snapshot is there, or when it has no room (0.3 ms).
 */
export const HASH_PAIR_INLINE_BYTES_MAX = 4 * KiB;

/**
 * Most memory of a hash's first page before its pairs are there: long ones will not be in it, and
 * pages of larger pairs grow.
 */
export const HASH_PAGE_ROOM_BYTES_MAX = 64 * KiB;

/** Entries of one table of a hash's index on average: dividing one takes about 50 µs. */
export const FIELD_TABLE_ENTRIES_MAX = 2048;

/** Elements that one HRANDFIELD with a negative count may reply: a second of work, 100 MB. */
export const RANDOM_PICKS_MAX = 10_000_000;

/** Memory in which deltas are built that is kept from one to the next. */
export const PIECES_KEPT_BYTES_MAX = 1 * MiB;

// ---- Scans --------------------------------------------------------------------------------------

/** Largest cursor of SCAN; see storage.ts. */
export const SCAN_CURSOR_MAX = 2 ** 48;

/** Keys asked of the storage at a time by KEYS and by SCAN with a large COUNT: well below 1 ms. */
export const SCAN_PAGE_KEYS = 1000;

/** COUNT of one SCAN is cut to this: it is a hint, and the reply is gathered in RAM. */
export const SCAN_COUNT_MAX = 1_000_000;

/** Random keys that RANDOMKEY tries before it looks for any key that has not expired. */
export const RANDOM_KEY_TRIES_MAX = 100;

// ---- Observation --------------------------------------------------------------------------------

/** Kinds of errors that INFO counts apart; as Redis. Scripts can reply errors of any first word. */
export const ERROR_KINDS_MAX = 128;

/** Longest first word of an error that INFO shows. */
export const ERROR_WORD_LENGTH_MAX = 64;

/** What SLOWLOG keeps of one command; as Redis. */
export const SLOW_ARGS_MAX = 32;
export const SLOW_ARG_BYTES_MAX = 128;

/**
 * Kinds of events that LATENCY tells apart: the code names each, so this only catches a mistake.
 */
export const LATENCY_EVENTS_MAX = 64;

/** Samples that LATENCY keeps of each; as Redis. */
export const LATENCY_SAMPLES_MAX = 160;

/** Reads under way for one load or scan: enough to fill the thread pool and the disk's queue. */
export const READS_AT_ONCE = 64;

/** Index slots that one step of the expiry cycle looks at: about 0.1 ms. */
export const EXPIRY_SLOTS_PER_CALL = 16 * 1024;

/**
 * Slots of the index that INFO looks at for a database's avg_ttl: 16 databases take about a
 * millisecond, and a mean of thousands is good to a few per cent.
 */
export const TTL_SAMPLE_SLOTS = 16 * 1024;

// ---- Warm values --------------------------------------------------------------------------------

/**
 * Deltas below this never make a base be written anew: a small value would be rewritten all the
 * time.
 */
export const CHAIN_DELTA_BYTES_MIN = 4 * KiB;

/**
 * From this size on a base is written in pages. Below it, encoding the whole takes about a
 * millisecond, and reading the few thousand deltas that it may have takes 20.
 */
export const PAGED_BASE_BYTES_MIN = 256 * KiB;

/** A page ends when it has so many bytes: 0.4 ms to encode, 2 ms to decode. */
export const PAGE_BYTES = 64 * KiB;

/**
 * So many bytes of deltas of a value in pages, or so many records of them, are written again as one
 * record: that is how many single ones a reader may have to fetch. As many bytes in one tick are
 * written as such a record at once.
 */
export const RUN_BYTES_MIN = 8 * KiB;
export const RUN_DELTAS_MIN = 1024;

/**
 * Changes of the index of which the undo journal keeps its memory between two frames: 512 KiB, more
 * than a turn of 50 pipelining clients makes.
 */
export const UNDO_ENTRIES_KEPT = 16_384;

/** Deltas of one value that are gathered in one tick; more go to the log before its end. */
export const DELTA_GROUP_BYTES_MAX = 64 * KiB;

/**
 * Memory of groups that is kept for the next tick, 1 KiB each: as many as a tick of 50 pipelining
 * clients may need.
 */
export const DELTA_GROUPS_KEPT = 1024;

/** Warm values that get a second chance in a row before one of them goes cold all the same. */
export const SECOND_CHANCES_MAX = 64;

/** EXPIRE rewrites a record in RAM up to this size; a larger or cold one gets an EXPIRE record. */
export const EXPIRE_REWRITE_BYTES_MAX = 16 * KiB;

/** Bases written at one commit, so that letting values go cold stalls nobody: 3 ms. */
export const SETTLE_BYTES_PER_COMMIT = 512 * KiB;

/** How long a clean stop waits for clients to read their last replies. */
export const SHUTDOWN_GRACE_MS = 2000;

/**
 * What warm values may take however large the index is: without any, no collection could be used.
 */
export const LIVE_BYTES_MIN = 4 * MiB;

/**
 * Room for keys in the smallest budget that is said to work: the first pages of two indexes, or
 * some hundred thousand keys. Without it, the budget would be too small again after the first key.
 */
export const INDEX_ROOM_BYTES = 4 * MiB;

/**
 * A cache that is too large, and warm values beyond their share, are given back in slices of this
 * time: a gigabyte of small records takes seconds, and clients wait meanwhile.
 */
export const SHRINK_SLICE_MS = 5;

/** Warm values that are let go between two looks at the clock. */
export const COOLED_PER_LOOK = 32;

/** How often the store divides its memory anew and asks how full the disk is. */
export const STORE_TICK_MS = 1000;

/** Ticks between two tries to write a manifest that could not be written, after the first ones. */
export const MANIFEST_RETRY_TICKS_MAX = 32;

/** Slots of a dropped database that are accounted for in one slice: about 1 ms. */
export const GRAVEYARD_SLOTS_PER_SLICE = 20_000;

// ---- Recovery -----------------------------------------------------------------------------------

/** Read at once when a segment is scanned; a larger record makes the window as large as itself. */
export const RECOVERY_WINDOW_BYTES = 1 * MiB;

/**
 * Rows of segments without a hint that recovery holds in RAM (32 bytes a record, so some eight
 * million records); beyond that it writes hints and reads them back.
 */
export const RECOVERY_ROWS_BYTES_MAX = 256 * MiB;

/**
 * Free space that must remain when recovery copies the end of the log: for a manifest and the next
 * segments. With less it makes that end durable where it lies.
 */
export const RECOVERY_SPARE_BYTES = 1 * MiB;

/** Of one torn tail so much is kept aside; one that a killed process leaves is a few commits. */
export const TORN_TAIL_BYTES_MAX = 16 * MiB;

/** So many torn tails stay in the directory, and so many bytes of them; the oldest go first. */
export const TORN_TAILS_MAX = 8;
export const TORN_TAILS_BYTES_MAX = 64 * MiB;

/**
 * The file that a start on a full disk gives up: as much as recovery wants to spare. If there is
 * less room, half of it and so on, down to a manifest of some hundred segments and the headers of
 * the next two.
 */
export const BALLAST_BYTES = RECOVERY_SPARE_BYTES;
export const BALLAST_BYTES_MIN = 64 * KiB;

/** A block of a checkpoint: one read, one checksum. */
export const CHECKPOINT_BLOCK_BYTES = 1 * MiB;

// ---- Configuration of peers ---------------------------------------------------------------------

/**
 * Nine survive four failures. With more, a leader sends every write to more than eight others and
 * waits for the sixth disk or more: a majority of more costs more than it gives.
 */
export const PEERS_MAX = 9;

/** A peer's name is in member ids, in the log and in every table of peers. */
export const PEER_NAME_CHARS_MAX = 32;

/** The longest name that DNS can hold. */
export const HOST_NAME_CHARS_MAX = 253;

/** An election and its retry fit several times; a client that waits longer has long given up. */
export const BROADCAST_TIMEOUT_MS_DEFAULT = 5000;

/** Below, a single slow fsync on a majority would look like an outage. */
export const BROADCAST_TIMEOUT_MS_MIN = 100;

/** Ten minutes: beyond, a partition would only pile up clients that wait. */
export const BROADCAST_TIMEOUT_MS_MAX = 600_000;

/** Six heartbeats: rides out a pause of the collector and a slow fsync; still about a second. */
export const ELECTION_TIMEOUT_MS_DEFAULT = 600;

/** Within one machine; below, the timer of a busy event loop alone causes elections. */
export const ELECTION_TIMEOUT_MS_MIN = 50;

/** A minute without writes after every loss of a leader is the most that anyone could want. */
export const ELECTION_TIMEOUT_MS_MAX = 60_000;

/** Ten small messages a second to every peer are not noticed; a round trip fits many times. */
export const HEARTBEAT_INTERVAL_MS_DEFAULT = 100;

/** Below, the timer of a busy event loop is late by as much as the interval. */
export const HEARTBEAT_INTERVAL_MS_MIN = 10;

/** One or two heartbeats may be lost before a follower doubts its leader. */
export const HEARTBEATS_PER_ELECTION_TIMEOUT_MIN = 3;

/** A third of the longest election timeout: a longer one would always be refused. */
export const HEARTBEAT_INTERVAL_MS_MAX = 20_000;

/** At 1000 writes a second of 1 KiB each, four minutes of absence without a snapshot. */
export const RAFT_LOG_BYTES_DEFAULT = 256 * MiB;

/**
 * A state of 5 million small keys takes ten seconds, and a quarter of a terabyte an hour. As fast
 * as it can, on a machine without processors to spare, latencies at the leader trebled.
 */
export const SNAPSHOT_RATE_DEFAULT = 64 * MiB;

/** Below, the log would outgrow what is held of it before a state of some gigabytes has arrived. */
export const SNAPSHOT_RATE_MIN = 1 * MiB;

/** Below, a restart of one peer under load would already cost a snapshot of everything. */
export const RAFT_LOG_BYTES_MIN = 16 * MiB;

// ---- Replicated log (raft/log) -----------------------------------------------------------

/** Members of one configuration: a byte counts them, and clusters have 3 to 7. */
export const MEMBERS_MAX = 64;

/** A member's id, name or address: the longest host name, a colon and a port take 259 bytes. */
export const MEMBER_TEXT_BYTES_MAX = 300;

/**
 * A configuration in which each of the 64 members has four texts of 300 bytes, and each of 64
 * invited peers three.
 */
export const CONFIGURATION_BYTES_MAX = 160 * KiB;

/** A segment of the replicated log: what one start rewrites, and the grain of trimming. */
export const RAFT_SEGMENT_BYTES = 64 * MiB;

/**
 * What is kept beyond `raft-log-bytes` is up to a segment: a quarter of it at most. The default has
 * the largest segments.
 */
export const RAFT_SEGMENTS_KEPT_MIN = 4;

/** Recovery holds one segment in RAM. */
export const RAFT_SEGMENT_BYTES_MAX = 256 * MiB;

/** One entry: the largest transaction. With it a segment's offsets stay below 2^32. */
export const RAFT_ENTRY_BYTES_MAX = 1024 * MiB + 64 * KiB;

/** Entries that wait for the disk; with more, their sender has to wait. */
export const RAFT_QUEUE_BYTES_MAX = 64 * MiB;

/** The buffer that entries wait in, at first, and the most of it that is kept for the next ones. */
export const RAFT_BUFFER_BYTES = 64 * KiB;
export const RAFT_BUFFER_KEPT_BYTES = 1 * MiB;

/**
 * With less to write, peers are sent it before it is synced here: a client that waits alone has its
 * reply a tenth sooner. With more, it cost 4 % of the writes of 512 clients.
 */
export const RAFT_SEND_FIRST_BYTES_MAX = 4 * KiB;

/** A larger group is written and synced in the pool: that takes longer than the way there. */
export const RAFT_DIRECT_BYTES_MAX = 64 * KiB;

/** A larger group is also copied into the page cache in the pool: a copy of 1 MiB takes 0.3 ms. */
export const RAFT_BLOCKING_WRITE_BYTES_MAX = 1 * MiB;

/**
 * Zeros written ahead of the log's end. A sync that neither grows the file nor takes new blocks for
 * it needs no journal: measured on ext4, 0.14 ms instead of 0.20 to 0.30. Writing and syncing so
 * many zeros takes 0.3 ms.
 */
export const RAFT_ZEROS_BYTES = 256 * KiB;

/** From this size on a group grows the file: zeros would double what is written. */
export const RAFT_ZEROED_WRITE_BYTES_MAX = 32 * KiB;

/** Distance of the entries whose offsets are in RAM: 64 KiB of RAM for a segment of 64 MiB. */
export const RAFT_OFFSETS_SPACING_BYTES = 16 * KiB;

/** Segments open for reading: one for each follower that lags behind. */
export const RAFT_READ_FILES_MAX = 8;

// ---- Links between peers ------------------------------------------------------------------------

/**
 * Largest frame on a link, and so the largest message: with more, everything behind it would wait
 * for seconds even on a fast network.
 */
export const LINK_FRAME_BYTES_MAX = 64 * MiB;

/**
 * A frame that arrives in pieces gets so much memory at first and more as its bytes arrive, so that
 * an announced length alone costs little.
 */
export const LINK_FRAME_BYTES_FIRST = 64 * KiB;

/**
 * Bytes for one peer that its socket has not taken; what is sent beyond them is dropped. It spans
 * the pauses of a healthy peer, and holds what may be under way to it: appends of 8 MiB and a
 * largest one, or proposals of 32 MiB. One message is always taken, however large.
 */
export const LINK_QUEUE_BYTES_MAX = 40 * MiB;

/** A larger message with a body goes in pieces, between which urgent messages may go. */
export const LANE_WHOLE_BYTES_MAX = 64 * KiB;

/**
 * One piece: at 10 MB a second it delays what is urgent by 6 ms. With what goes before it, it fits
 * into the first memory of a frame (LINK_FRAME_BYTES_FIRST).
 */
export const LANE_PIECE_BYTES = 63 * KiB;

/** Pieces under way to one peer: at first, and at most, which a fast network needs to stay full. */
export const LANE_WINDOW_BYTES_FIRST = 1 * MiB;
export const LANE_WINDOW_BYTES_MAX = 4 * MiB;

/**
 * Pieces that take so much longer than the quickest have queued on the way: fewer of them then. Far
 * below an election timeout (600 ms), far above what a busy event loop adds.
 */
export const LANE_DELAY_MS = 50;

/** One name or address in what a peer says of itself. A host name has 253 characters at most. */
export const LINK_FACT_BYTES_MAX = 512;

/**
 * Largest frame before the other side has proved itself: a configuration and five facts, with room
 * to spare.
 */
export const LINK_HANDSHAKE_BYTES_MAX = 32 * KiB;

/** From dialling to an agreed link: three round trips around the world, and a busy machine. */
export const LINK_HANDSHAKE_MS_MAX = 5000;

/**
 * Inbound connections that have not proved themselves; one more closes the oldest. Nine peers dial
 * a few at a time, and a stranger's 64 cost 2 MiB at most.
 */
export const LINK_STRANGERS_MAX = 64;

/** Longest reason of a refusal that is sent, kept or logged. */
export const LINK_REASON_BYTES_MAX = 512;

/**
 * Lines of one class that anybody who can open a connection can cause, in this time: enough to see
 * who it is, too few to fill a disk. The others are counted.
 */
export const LIMITED_LOG_LINES_MAX = 10;
export const LIMITED_LOG_MS = 60_000;

/** The same refusal is logged once in this time: a peer dials again every second. */
export const LINK_REFUSAL_LOG_MS = 60_000;

/** Refusals that are remembered for that; strangers from many addresses only repeat lines. */
export const LINK_REFUSALS_KEPT = 256;

/** How often a link asks whether the other side is there. */
export const LINK_PING_MS = 250;

/**
 * A link without an answer for so long is dropped and dialled again. Longer than a pause of a
 * healthy peer, far shorter than TCP's own retransmission timer, which sleeps for minutes.
 */
export const LINK_TIMEOUT_MS = 2000;

/** Waits between dials: they double, and each is shortened at random by up to a half. */
export const LINK_BACKOFF_MS_MIN = 20;
export const LINK_BACKOFF_MS_MAX = 1000;

/** Streams at a time, each way. A node gives one snapshot to each peer that needs one. */
export const LINK_STREAMS_MAX = 16;

/** A stream on which nothing moves for so long is given up. A slow disk pauses for seconds. */
export const LINK_STREAM_IDLE_MS = 30_000;

/** Larger chunks are sent in pieces of this size, so that progress shows. */
export const LINK_STREAM_CHUNK_BYTES = 256 * KiB;

/** Chunks that wait for a stream's reader; then its socket is not read. */
export const LINK_STREAM_AHEAD_BYTES = 1 * MiB;

/** The header of a stream, and its receiver's answer. */
export const LINK_STREAM_HEADER_BYTES_MAX = 64 * KiB;

// ---- Raft (raft/core, raft/shell) -------------------------------------------------

/** Payload bytes in one append: a follower writes and syncs them together. */
export const RAFT_APPEND_BYTES_MAX = 1 * MiB;

/** Appends under way to one follower, and their bytes: some round trips of a fast network. */
export const RAFT_FLIGHTS_MAX = 256;
export const RAFT_FLIGHT_BYTES_MAX = 8 * MiB;

/** Recent entries in RAM: a follower that lags by more is served from disk. */
export const RAFT_WINDOW_BYTES_MAX = 64 * MiB;

/** Payloads that wait for a majority; below what the log queues (RAFT_QUEUE_BYTES_MAX). */
export const RAFT_UNCOMMITTED_BYTES_MAX = 32 * MiB;

/**
 * The largest batch. A frame that holds it keeps heartbeats waiting behind it: measured on
 * loopback, bodies of 60 MiB cost elections at the default timeout, and 20 MB did at half of it.
 */
export const RAFT_BODY_BYTES_MAX = 16 * MiB;

/**
 * A log that is larger is cut although a member that gets a state needs what follows it: it will be
 * sent another state. An hour of writing at full speed, in which a quarter of a terabyte moves.
 */
export const RAFT_HELD_LOG_BYTES_MAX = 8 * 1024 * MiB;

/** A member that is silent for so long while it installs a state is not waited for. */
export const RAFT_HELD_SILENT_MS = 60_000;

/**
 * How fast the order's time goes on while it is ahead of the leader's clock. A hundredth slower
 * than real time is more than crystals differ by, and too little to be noticed of a time to live.
 */
export const LOG_TIME_RATE = 0.99;

/**
 * A wall clock that is off by less counts as right: NTP keeps clocks far nearer, and what a network
 * adds to a question for the time is less.
 */
export const CLOCK_ERROR_MS_MIN = 2000;

/** How often the clocks of the others are compared; they are asked every LINK_PING_MS. */
export const CLOCK_LOOK_MS = 100;

/** How often a leader looks whether a peer is to be let in or promoted. */
export const RAFT_MEMBERS_MS = 500;

/** How often WATCH looks whether the cluster's feature level has risen. */
export const LEVEL_LOOK_MS = 50;

/**
 * How often it looks before it is refused: for two seconds. A cluster that has just been founded
 * has the level of its builds after the first of RAFT_MEMBERS_MS; one with an older build among its
 * members has it only when somebody upgrades that.
 */
export const LEVEL_LOOKS_MAX = 40;

/** A learner that lacks no more entries than this votes from now on: some turns' worth. */
export const RAFT_CAUGHT_UP_ENTRIES = 64;

/** A leader that shuts down waits so long for another to take over. */
export const RAFT_TRANSFER_MS_MAX = 2000;

// ---- Requests in the total order (cluster) ------------------------------------------------------

/** The first memory of a batch's body. */
export const ORDERED_BATCH_BYTES_MIN = 16 * KiB;

/** A batch with so much is closed: a peer that applies it does nothing else meanwhile. */
export const ORDERED_BATCH_BYTES_MAX = 1 * MiB;

/** Own batches that are broadcast and not applied; with more, the next ones wait here. */
export const ORDERED_WAITING_BYTES_MAX = 16 * MiB;

/** Batches that wait to be applied while one waits for the disk. */
export const ORDERED_QUEUE_MAX = 64;

/** How often the store's position is made durable, so that the replicated log can be cut. */
export const ORDER_SAVE_MS = 1000;

/**
 * Requests of one connection that are proposed at once: what arrives in one or two reads. More
 * wait undecoded until these have their replies.
 */
export const BURST_ORDERED_MAX = 4096;

/** Objects for requests that are kept from one batch to the next: 300 bytes each. */
export const ORDERED_KEPT_MAX = 8192;

/** Records of the system space that are looked at together at a start. */
export const ORDER_MARKS_PAGE = 100;

// ---- Snapshots of the store (store/snapshot) ----------------------------------------------------

/** Read, summed and sent at once: 0.2 ms of this thread, and one frame on a link. */
export const SNAPSHOT_CHUNK_BYTES = 256 * KiB;

/**
 * Files of one snapshot: a quarter of a million segments with their hints. That is 64 TiB in
 * segments of 256 MiB; what a peer announces beyond that is refused.
 */
export const SNAPSHOT_FILES_MAX = 512 * 1024;

/** A manifest of so many segments; the receiver holds it in RAM. */
export const SNAPSHOT_MANIFEST_BYTES_MAX = 64 * MiB;

/** What the owner keeps beside a snapshot: a configuration of 80 KiB at most, and some numbers. */
export const SNAPSHOT_META_BYTES_MAX = 1 * MiB;

// ---- What people hear of peers -------------------------------------------------------------------

/** How often peers are looked at for the log: far below what is worth a line. */
export const PEER_WATCH_MS = 500;

/** An election with a retry takes less; what lasts longer needs somebody to see to it. */
export const NO_MAJORITY_LOG_MS = 5000;

/** A peer that restarts is back by then; one that is slow for so long stays slow. */
export const PEER_TROUBLE_LOG_MS = 10_000;

// ---- Damaged records in the log (server/damage-log.ts) ------------------------------------------

/** Damaged places that are known, so that each is logged once: about 100 bytes each. */
export const DAMAGED_PLACES_MAX = 10_000;

/** So many lines in such a time tell what is wrong; a disk that fails at each read makes more. */
export const DAMAGE_LINES_MAX = 10;
export const DAMAGE_LINES_MS = 10_000;

// ---- Checks of the index (store/check) ----------------------------------------------------------

/** A check stops after so many findings: they have one cause, and the first ones show it. */
export const INDEX_FINDINGS_MAX = 100;

/** Slots whose records a check reads and holds together: with pieces, 8 MiB of RAM. */
export const CHECK_SLOTS_AT_ONCE = 64;

/** A longer record is summed in pieces. Whatever the read cache may hold is in one. */
export const CHECK_PIECE_BYTES = READ_CACHE_RECORD_BYTES_MAX;

/** How often a slot that changed while it was read is looked up again: then it is a busy one. */
export const CHECK_TRIES_MAX = 3;

/** Of so many findings an error reply tells; the log has all. */
export const CHECK_FINDINGS_SHOWN_MAX = 3;

// ---- Tools that ask servers (src/cli) -----------------------------------------------------------

/** How often the launcher of peers asks who leads: a person hardly notices the delay. */
export const ASK_LEADER_MS = 300;

/** A server that does not answer in this time is not counted on. */
export const ASK_MS_MAX = 2000;

/** A name and an address are far shorter. */
export const ASK_REPLY_BYTES_MAX = 64 * KiB;
