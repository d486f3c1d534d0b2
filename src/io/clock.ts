/**
 * Time, behind an interface, so that a test decides when it passes (test/sim/sim-clock.ts).
 *
 * Two times that must not be mixed up: the wall clock is what expiry means and may jump either way;
 * the monotonic clock is what durations and timeouts mean and never goes back.
 */

/** A pending timer; opaque, given back to `clearTimer` of the clock that made it. */
export interface Timer {
  readonly timer: unique symbol;
}

export interface Clock {
  /** Wall time: whole milliseconds since 1970-01-01 UTC. */
  nowMs(): number;

  /** Milliseconds since a moment of its own choosing, with a fraction; never decreases. */
  monotonicMs(): number;

  /**
   * Calls `fn` once, `delayMs` later by the monotonic clock, never before returning. A real timer
   * may be early by a millisecond and late without bound. Any delay is allowed; below zero means
   * zero.
   */
  setTimer(delayMs: number, fn: () => void): Timer;

  /** Forgets a timer; does nothing when it has fired or was cleared. */
  clearTimer(timer: Timer): void;

  /** Calls `fn` once, when what the event loop has at hand is done; never before returning. */
  soon(fn: () => void): void;
}
