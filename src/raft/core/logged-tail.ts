/**
 * Leaders: the part of the log that others wrote and that was not committed when the term began.
 * What batches are in it has to be known before any is appended (proposing.ts).
 */

export interface LoggedTail {
  /** The first entry that has not been looked at. */
  next: number;
  readonly lastIndex: number;
  /** Payload bytes of those entries of it that only the disk has, as far as looked at. */
  bytesOnDisk: number;
  /** Payloads that wait until all of it has been looked at, and their bytes. */
  held: Uint8Array[];
  heldBytes: number;
}
