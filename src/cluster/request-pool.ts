/**
 * Objects for the requests of one batch after the other: each costs more to make than its request
 * takes to run. They are borrowed until the batch ends.
 */

import { Args } from '../protocol/args.ts';
import { OrderedRequest, type RequestLender } from './proposal-body.ts';

/** Objects for requests that are kept from one batch to the next: 300 bytes each. */
export const ORDERED_KEPT_MAX = 8192;

/** Objects of one kind. */
class Kept<T> {
  readonly #make: () => T;
  readonly #all: T[] = [];
  #used = 0;

  constructor(make: () => T) {
    this.#make = make;
  }

  next(): T {
    const one = this.#all[this.#used] ?? this.#make();
    this.#all[this.#used++] = one;
    return one;
  }

  reset(release: (one: T) => void): void {
    if (this.#all.length > ORDERED_KEPT_MAX) this.#all.length = ORDERED_KEPT_MAX;
    const used = Math.min(this.#used, this.#all.length);
    for (let i = 0; i < used; i++) release(this.#all[i]!);
    this.#used = 0;
  }
}

export class RequestPool implements RequestLender {
  readonly #requests = new Kept(() => new OrderedRequest());
  readonly #args = new Kept(() => new Args());

  nextRequest(): OrderedRequest {
    return this.#requests.next();
  }

  nextArgs(): Args {
    return this.#args.next();
  }

  /** The batch has ended: nobody uses any of them. */
  reset(): void {
    this.#requests.reset((request) => request.release());
    this.#args.reset((args) => args.release());
  }
}
