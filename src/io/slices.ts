/** Long work on the serving thread, cut into slices of SLICE_MS: others go on in between. */

import type { Clock } from './clock.ts';
import { SLICE_MS } from './limits.ts';

export class Slices {
  readonly #clock: Clock;
  #startedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAt = clock.monotonicMs();
  }

  /** Resolves at once while the slice lasts, else in a later turn of the event loop. */
  async pause(): Promise<void> {
    const clock = this.#clock;
    if (clock.monotonicMs() - this.#startedAt < SLICE_MS) return;
    await new Promise<void>((resolve) => clock.soon(resolve));
    this.#startedAt = clock.monotonicMs();
  }
}
