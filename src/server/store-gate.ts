/**
 * The store as the executor and the connections see it: may writes be taken, when may replies go.
 */

import type { StoreError } from '../store/store-error.ts';
import type { Store } from '../store/store.ts';
import type { WriteGate } from '../engine/write-gate.ts';

/** Redis's text first: clients look for it. */
const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'.";

export class StoreGate implements WriteGate {
  #store: Store;
  #onAcknowledged: () => void = () => {};
  #onFailure: (text: string) => void = () => {};
  #hasFailed = false;
  /** Tickets go on growing when the store is replaced by itself, recovered. */
  #base = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The store was closed and recovered; everything before is acknowledged. */
  replace(store: Store): void {
    this.#base = this.acknowledged - store.acknowledged;
    this.#store = store;
    this.#hasFailed = false;
  }

  get refusal(): string | undefined {
    const { writable } = this.#store;
    return writable === undefined ? undefined : misconf(writable);
  }

  get memoryRefusal(): string | undefined {
    const { full, oom } = this.#store;
    if (full !== undefined) return misconf(full);
    return oom ? `${OUT_OF_MEMORY} ${this.#wayOut()}` : undefined;
  }

  #wayOut(): string {
    const { budget, needed } = this.#store.memory();
    return `It is ${budget} bytes, and ${needed} are needed: delete keys, or CONFIG SET maxmemory.`;
  }

  get writeDelayMs(): number {
    return this.#store.writeDelayMs;
  }

  get acknowledged(): number {
    return this.#base + this.#store.acknowledged;
  }

  commit(): number {
    const store = this.#store;
    store.commit();
    if (store.acknowledged < store.appended) store.whenCommitted(this.#settled);
    // After a failure nothing more is written, so there is nothing to wait for.
    return store.failure === undefined ? this.#base + store.appended : this.acknowledged;
  }

  onAcknowledged(listener: () => void): void {
    this.#onAcknowledged = listener;
  }

  onFailure(listener: (text: string) => void): void {
    this.#onFailure = listener;
  }

  readonly #settled = (failure: StoreError | null): void => {
    if (failure === null) return this.#onAcknowledged();
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#onFailure(misconf(failure));
  };
}

function misconf(error: StoreError): string {
  return `MISCONF Errors writing to the log: ${error.message}`;
}
