/**
 * Bounds that several files of io/ share, or that others share with it.
 * A bound with one user stands beside that user.
 */

/**
 * How long a connection that we ended stays open for the client to read the last replies and to end
 * its side: closed at once, what it still sends would reset the connection and destroy them.
 */
export const CLOSE_LINGER_MS = 1000;

/** Work on the serving thread pauses after so long, so that no command waits for it noticeably. */
export const SLICE_MS = 2;

/**
 * An fsync that blocks the event loop costs its budget (blocking-budget.ts) nothing up to this
 * long: several times one of a good SSD.
 */
export const DIRECT_SYNC_FREE_MS = 2;
