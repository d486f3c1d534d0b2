/**
 * The store as the engine and the connections see it: may writes be taken, and when may the reply
 * to one go out. Implemented by server/store-gate.ts.
 */

/**
 * Called when writes that were taken before are lost, perhaps before `commit` returns: with the
 * whole text of the error for them, and the highest ticket that is not concerned.
 */
export type OnLost = (text: string, keptTicket: number) => void;

export interface WriteGate {
  /** Undefined while writes are taken; else the whole text of the error that refuses them. */
  readonly refusal: string | undefined;
  /** The same for reads: what was written last may be lost, and must not be seen. */
  readonly readRefusal: string | undefined;
  /** The same for writes that only make room: deletions are taken on a full disk. */
  readonly freeingRefusal: string | undefined;
  /** Undefined while RAM and disk have room for new data; else the whole text of the error. */
  readonly memoryRefusal: string | undefined;
  /** Milliseconds by which each write is slowed, because the disk is nearly full; usually 0. */
  readonly writeDelayMs: number;
  /**
   * Ends the batch of this turn and hands it to the log. Returns a ticket: replies of this turn may
   * go out once `acknowledged` has reached it. Throws nothing: when the write fails, onLost is
   * called. Once nothing is taken any more, later tickets count as acknowledged.
   */
  commit(): number;
  /** The highest ticket whose promise (see appendfsync) holds. */
  readonly acknowledged: number;
  /** Called whenever `acknowledged` has grown. */
  onAcknowledged(listener: () => void): void;
  onLost(listener: OnLost): void;
}
