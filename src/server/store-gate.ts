/**
 * The store as the engine and the connections see it: may writes be taken, when may replies go.
 * An error must be as true as an OK: MISCONF says that nothing was made, UNKNOWN that it may be.
 */

import type { StoreError } from '../store/store-error.ts';
import type { Store } from '../store/store.ts';
import type { OnLost, WriteGate } from '../engine/write-gate.ts';

/** Redis's text first: clients look for it. */
const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";

const CLOSED = 'MISCONF Errors writing to the log: the store is closed and could not be opened ' +
  'again; restart the server';

export class StoreGate implements WriteGate {
  #store: Store;
  #onAcknowledged: () => void = () => {};
  #onLost: OnLost = () => {};
  /** Tickets go on growing when the store is replaced by itself, recovered. */
  #base = 0;
  /** The listener knows that the log has failed for good. */
  #hasFailed = false;
  #isAbandoned = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The store was closed and recovered; everything before is acknowledged. */
  replace(store: Store): void {
    this.#base = this.acknowledged - store.acknowledged;
    this.#store = store;
    this.#hasFailed = false;
    this.#isAbandoned = false;
  }

  /** The store is closed for good, and there is no other: nothing may touch it. */
  abandon(): void {
    this.#isAbandoned = true;
  }

  get refusal(): string | undefined {
    if (this.#isAbandoned) return CLOSED;
    const { writeRefusal } = this.#store;
    return writeRefusal === undefined ? undefined : textOf(writeRefusal);
  }

  get readRefusal(): string | undefined {
    if (this.#isAbandoned) return CLOSED;
    const { doubt } = this.#store;
    return doubt === undefined ? undefined : textOf(doubt);
  }

  get freeingRefusal(): string | undefined {
    if (this.#isAbandoned) return CLOSED;
    const { failure } = this.#store;
    return failure === undefined ? undefined : textOf(failure);
  }

  get memoryRefusal(): string | undefined {
    if (this.#isAbandoned) return CLOSED;
    const { full, oom } = this.#store;
    if (full !== undefined) return textOf(full);
    return oom ? `${OUT_OF_MEMORY} ${this.#wayOut()}` : undefined;
  }

  #wayOut(): string {
    const { budget, needed } = this.#store.memory();
    return `It is ${budget} bytes, and ${needed} are needed for keys, values in use and the ` +
      'newest of the log (hot-tail-bytes): delete keys, or CONFIG SET maxmemory.';
  }

  get writeDelayMs(): number {
    return this.#store.writeDelayMs;
  }

  get acknowledged(): number {
    return this.#base + this.#store.acknowledged;
  }

  commit(): number {
    const store = this.#store;
    if (this.#isAbandoned) return this.acknowledged;
    const refused = store.commit();
    if (refused !== undefined) this.#lose(refused);
    else if (store.lost !== undefined) {
      // It failed before this turn ended, and has what is in it.
      if (!this.#hasFailed) this.#lose(store.lost);
    }
    // After a failure nothing more is written, so there is nothing to wait for.
    if (store.failure !== undefined) return this.acknowledged;
    if (store.acknowledged < store.appended) store.whenAcknowledged(this.#settled);
    return this.#base + store.appended;
  }

  onAcknowledged(listener: () => void): void {
    this.#onAcknowledged = listener;
  }

  onLost(listener: OnLost): void {
    this.#onLost = listener;
  }

  readonly #settled = (failure: StoreError | null): void => {
    if (failure === null) this.#onAcknowledged();
    else this.#lose(failure);
  };

  #lose(reason: StoreError): void {
    this.#hasFailed = this.#store.failure !== undefined;
    this.#onLost(textOf(reason), this.#base + this.#store.kept);
  }
}

function textOf(error: StoreError): string {
  if (error.code === 'UNKNOWN') return `UNKNOWN ${error.message}`;
  return `MISCONF Errors writing to the log: ${error.message}`;
}
