/** Keeps a transfer to a rate: tells how long to wait before more of it may go. */

export class Pace {
  #freeAtMs: number;

  constructor(nowMs: number) {
    this.#freeAtMs = nowMs;
  }

  /** So many bytes go now; returns the milliseconds that the next ones have to wait, or 0. */
  sent(bytes: number, bytesPerSecond: number, nowMs: number): number {
    // Time that was not used is not made up for: that would be a burst.
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + bytes / bytesPerSecond * 1000;
    return this.#freeAtMs - nowMs;
  }
}
