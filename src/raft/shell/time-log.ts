/** Says in the log when the order's time is ahead of the clock of the peer that leads. */

import type { Logger } from 'pino';
import { CLOCK_ERROR_MS_MIN } from '../limits.ts';

export class TimeLog {
  readonly #log: Logger;
  #isAhead = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  note(role: string, aheadMs: number): void {
    // Halfway back is not yet back: a time at the bound is not said again and again.
    const boundMs = this.#isAhead ? CLOCK_ERROR_MS_MIN / 2 : CLOCK_ERROR_MS_MIN;
    const isAhead = role === 'leader' && aheadMs >= boundMs;
    if (isAhead === this.#isAhead) return;
    this.#isAhead = isAhead;
    if (isAhead) {
      this.#log.warn({ aheadMs: Math.round(aheadMs) }, "a wrong clock has put the order's time " +
        'ahead: it goes on by elapsed time, a hundredth slower, until it is right');
    } else if (role === 'leader') this.#log.info("the order's time is right again");
  }
}
