/**
 * The total order as the engine sees it: where requests that change something go when there are
 * peers. Implemented by cluster/proposals.ts; without peers there is none.
 */

import type { KeyWait } from '../commands/command.ts';
import type { TableEntry } from '../commands/table.ts';
import type { Args } from '../protocol/args.ts';
import type { NotServing } from '../raft/core/total-order-broadcast.ts';
import type { Session } from '../session/session.ts';
import type { TakenTransaction } from '../session/transaction.ts';
import type { Requests } from './requests.ts';

/** Of a request that may wait for keys; it hears once how its attempt has ended. */
export interface Attempt {
  readonly isRetry: boolean;
  /**
   * It was applied: it has its reply, or waits. Called in the middle of a batch. `isDelivered` is
   * false if what it took had no client to go to any more.
   */
  onApplied(wait: KeyWait | undefined, isDelivered: boolean): void;
  /** It was given up, with this error. */
  onRefused(text: string, isSurelyNotMade: boolean): void;
}

export interface RequestOrder {
  /**
   * Why this server does not answer for its data now: the error of every command that is not
   * allowed while loading. Undefined while it answers.
   */
  readonly notServing: NotServing | undefined;
  /** See TotalOrderBroadcast. */
  readonly featureLevel: number;
  /** Milliseconds since 1970 up to which the order has come; reads take no earlier time. */
  readonly timeMs: number;
  /** The time by which a read finds keys expired when this peer's clock says `nowMs`. */
  readTimeMs(nowMs: number): number;
  /** Why the request cannot be proposed: the whole text of an error; else undefined. */
  refusal(session: Session, entry: TableEntry, args: Args): string | undefined;
  /**
   * Proposes requests `from` up to, not including, `to`, one after the other. Resolves when all of
   * them have their replies, which are written where they are applied. The bytes are copied.
   */
  propose(session: Session, requests: Requests, from: number, to: number): Promise<void>;
  /** Proposes one request that may wait for keys. */
  attempt(session: Session, entry: TableEntry, args: Args, attempt: Attempt): void;
  /** The same for what MULTI queued; `exec` is the request that ended it. */
  proposeTransaction(
    session: Session, exec: TableEntry, transaction: TakenTransaction,
  ): Promise<void>;
  /** Whether the request may read what is here now. */
  mayRead(session: Session, entry: TableEntry, args: Args): boolean;
  /** It may when this resolves, or there is an error in `session.progress.readFailure`. */
  waitToRead(session: Session): Promise<void>;
  /**
   * Has keys removed whose time is over; resolves when that is done, or failed. False when another
   * peer sees to that.
   */
  expire(db: number, keys: readonly Buffer[]): Promise<boolean>;
}
