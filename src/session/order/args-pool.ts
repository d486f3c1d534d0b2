/**
 * Objects for the requests of one batch after the other: each costs more to make than its request
 * takes to run. They are borrowed until the batch ends.
 */

import { ORDERED_ARGS_KEPT_MAX } from '../../limits.ts';
import { Args } from '../../protocol/args.ts';

export class ArgsPool {
  readonly #all: Args[] = [];
  #used = 0;

  next(): Args {
    const args = this.#all[this.#used] ?? new Args();
    this.#all[this.#used++] = args;
    return args;
  }

  /** The batch has ended: nobody uses any of them. */
  reset(): void {
    if (this.#all.length > ORDERED_ARGS_KEPT_MAX) this.#all.length = ORDERED_ARGS_KEPT_MAX;
    const used = Math.min(this.#used, this.#all.length);
    for (let i = 0; i < used; i++) this.#all[i]!.release();
    this.#used = 0;
  }
}
