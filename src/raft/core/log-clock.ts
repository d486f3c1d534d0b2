/**
 * How the order's time goes on. A leader stamps each entry with the later of its clock and of what
 * this says: the time of the last entry and what has elapsed since, by the monotonic clock.
 *
 * So time never goes back and never stands still. When a wrong clock has put it an hour ahead and
 * is right again, times to live go on running out, for they are counted from the order's time.
 * Elapsed time counts a little less than fully, so that the order's time comes back to the clock by
 * itself: an hour takes four days, and a time to live of a minute lasts 0.6 s longer meanwhile.
 * Exactly as fast, it would stay an hour ahead for good, and every EXPIREAT be an hour early.
 *
 * A member that was down counts from when it is up again: with all of them down the order's time
 * stands still, unless the clock is ahead of it.
 */

/**
 * How fast the order's time goes on while it is ahead of the leader's clock. A hundredth slower
 * than real time is more than crystals differ by, and too little to be noticed of a time to live.
 */
const LOG_TIME_RATE = 0.99;

export class LogClock {
  /** What the order's time was when the monotonic clock showed `#monotonicMs`; with fractions. */
  #timeMs = 0;
  #monotonicMs = 0;

  /** To where the order's time has come. */
  at(monotonicMs: number): number {
    return this.#timeMs + Math.max(0, monotonicMs - this.#monotonicMs) * LOG_TIME_RATE;
  }

  /** An entry of this time is the last one now. */
  note(timeMs: number, monotonicMs: number): void {
    // What it has come to by itself has fractions, which many entries in a millisecond would lose.
    if (timeMs > this.at(monotonicMs)) this.restart(timeMs, monotonicMs);
  }

  /** The log ends with this time, whatever it ended with before. */
  restart(timeMs: number, monotonicMs: number): void {
    this.#timeMs = timeMs;
    this.#monotonicMs = monotonicMs;
  }
}
