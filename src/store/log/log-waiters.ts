/** Who waits until the log is acknowledged up to a length, in the order of the lengths. */

import type { StoreError } from '../store-error.ts';

/** Called with null when what it waited for is acknowledged, else with why it never will be. */
export type Acknowledged = (failure: StoreError | null) => void;

interface Waiter {
  readonly lsn: number;
  readonly done: Acknowledged;
}

export class LogWaiters {
  readonly #waiters: Waiter[] = [];

  add(lsn: number, done: Acknowledged): void {
    this.#waiters.push({ lsn, done });
  }

  release(acknowledgedLsn: number): void {
    let count = 0;
    while (count < this.#waiters.length && this.#waiters[count]!.lsn <= acknowledgedLsn) count += 1;
    for (const waiter of this.#waiters.splice(0, count)) waiter.done(null);
  }

  /** Tells those who wait for more than `keptLsn` that it never comes. */
  refuse(keptLsn: number, reason: StoreError): void {
    let first = this.#waiters.length;
    while (first > 0 && this.#waiters[first - 1]!.lsn > keptLsn) first -= 1;
    for (const waiter of this.#waiters.splice(first)) waiter.done(reason);
  }
}
