/**
 * The way of a client's request into the total order, as the executor sees it. Implemented by
 * peers-order.ts; without peers there is none, and requests run where they arrive.
 */

import type { TableEntry } from '../../commands/table.ts';
import type { Args } from '../../protocol/args.ts';
import type { Session } from '../session.ts';

/** A key that is over by this peer's clock, but not by the time to which the order has come. */
export interface DoubtfulKey {
  readonly db: number;
  readonly key: Buffer;
}

export interface RequestOrder {
  /** Milliseconds since 1970 up to which the order has come; reads take no earlier time. */
  readonly timeMs: number;
  /** The time by which a read finds keys expired when this peer's clock says `nowMs`. */
  readTimeMs(nowMs: number): number;
  /** Whether the request has to be ordered; EXEC has if something in its queue has. */
  isOrdered(session: Session, entry: TableEntry): boolean;
  /** Why the request cannot be ordered: the whole text of an error; else undefined. */
  refusal(session: Session, entry: TableEntry, args: Args): string | undefined;
  /**
   * Puts requests into the order, one after the other. Resolves when all of them have their
   * replies, which are written where they are applied. The bytes are copied.
   */
  submit(
    session: Session, entries: readonly TableEntry[], requests: readonly Args[],
  ): Promise<void>;
  /** The same for what the session's MULTI has queued; `exec` is the request that ends it. */
  submitQueue(session: Session, entry: TableEntry): Promise<void>;
  /** Whether the request may read what is here now. */
  mayRead(session: Session, entry: TableEntry): boolean;
  /** It may when this resolves, or there is an error in `session.readFailure`. */
  waitToRead(session: Session): Promise<void>;
  /**
   * Has keys removed whose time is over; resolves when that is done, or failed. False when another
   * peer sees to that.
   */
  expire(db: number, keys: readonly Buffer[]): Promise<boolean>;
  /**
   * Whether a read may go by the order's time where a key's time is over by this peer's clock
   * alone. It may not without a majority, because then the order's time stands still.
   */
  readonly hasTime: boolean;
  /** Has the order's time move on, and those keys removed that are over by then. */
  settle(keys: readonly DoubtfulKey[]): Promise<void>;
}
