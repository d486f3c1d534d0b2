/**
 * The store as the engine and the connections see it: may writes be taken, and when may the reply
 * to one go out. Implemented by store/store.ts.
 */

export interface WriteGate {
  /** Undefined while writes are taken; else the whole text of the error that refuses them. */
  readonly refusal: string | undefined;
  /** Undefined while RAM and disk have room for new data; else the whole text of the error. */
  readonly memoryRefusal: string | undefined;
  /** Milliseconds by which each write is slowed, because the disk is nearly full; usually 0. */
  readonly writeDelayMs: number;
  /**
   * Ends the batch of this turn and hands it to the log. Returns a ticket: replies of this turn may
   * go out once `acknowledged` has reached it. Throws nothing: when the write fails, onFailure
   * tells, perhaps before this returns, and this and every later ticket counts as acknowledged:
   * nothing is kept any more, and so there is nothing to wait for.
   */
  commit(): number;
  /** The highest ticket whose promise (see appendfsync) holds. */
  readonly acknowledged: number;
  /** Called whenever `acknowledged` has grown. */
  onAcknowledged(listener: () => void): void;
  /** Called once, when a write or a sync failed: what is not acknowledged is lost. */
  onFailure(listener: (text: string) => void): void;
}
