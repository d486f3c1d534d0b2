/**
 * Bounds that several files of raft/ share, or that others share with it.
 * A bound with one user stands beside that user.
 */

import { KiB, MiB } from '../lib/size-units.ts';

/** The buffer that entries wait in, at first, and the most of it that is kept for the next ones. */
export const RAFT_BUFFER_BYTES = 64 * KiB;
export const RAFT_BUFFER_KEPT_BYTES = 1 * MiB;

/**
 * With less to write, peers are sent it before it is synced here: a client that waits alone has its
 * reply a tenth sooner. With more, it cost 4 % of the writes of 512 clients.
 */
export const RAFT_SEND_FIRST_BYTES_MAX = 4 * KiB;

/** Distance of the entries whose offsets are in RAM: 64 KiB of RAM for a segment of 64 MiB. */
export const RAFT_OFFSETS_SPACING_BYTES = 16 * KiB;

/**
 * Largest frame on a link, and so the largest message: with more, everything behind it would wait
 * for seconds even on a fast network.
 */
export const LINK_FRAME_BYTES_MAX = 64 * MiB;

/** From dialling to an agreed link: three round trips around the world, and a busy machine. */
export const LINK_HANDSHAKE_MS_MAX = 5000;

/** How often a link asks whether the other side is there. */
export const LINK_PING_MS = 250;

/**
 * A link without an answer for so long is dropped and dialled again. Longer than a pause of a
 * healthy peer, far shorter than TCP's own retransmission timer, which sleeps for minutes.
 */
export const LINK_TIMEOUT_MS = 2000;

/** A stream on which nothing moves for so long is given up. A slow disk pauses for seconds. */
export const LINK_STREAM_IDLE_MS = 30_000;

/** The header of a stream, and its receiver's answer. */
export const LINK_STREAM_HEADER_BYTES_MAX = 64 * KiB;

/**
 * Raft only asks that a candidate's term is above the present one. When older copies of directories
 * were put back on a majority, the members that elect somebody then have forgotten later terms, and
 * would give a term out twice: a member that has kept the entries of the first would take those of
 * the second for the same. So terms go up by up to this many, and it notices, but for once in so
 * many times.
 */
export const RAFT_TERM_STEP_MAX = 1024;

/**
 * The numbers of a member's starts go up by up to this many, so that one whose directory is an
 * older copy does not use that of a start which the copy does not know: what it proposes would be
 * taken for what that start proposed. Below EPOCHS_APART: two starts in a row have read index
 * requests of different numbers.
 */
export const RAFT_START_STEP_MAX = 255;

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

/**
 * A wall clock that is off by less counts as right: NTP keeps clocks far nearer, and what a network
 * adds to a question for the time is less.
 */
export const CLOCK_ERROR_MS_MIN = 2000;

/** How often a leader looks whether a peer is to be let in or promoted. */
export const RAFT_MEMBERS_MS = 500;

/** The same while the cluster has not the feature level of this build: it was founded just now. */
export const RAFT_MEMBERS_EARLY_MS = 50;
