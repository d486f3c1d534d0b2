/** The machine's own clocks. See clock.ts. */

import type { Clock, Timer } from './clock.ts';

/** setTimeout holds its delay in 31 bits and fires at once when given more (25 days). */
const SET_TIMEOUT_MS_MAX = 2 ** 31 - 1;

class NodeTimer {
  #handle: ReturnType<typeof setTimeout> | undefined;
  readonly #fn: () => void;

  constructor(delayMs: number, fn: () => void) {
    this.#fn = fn;
    this.#arm(Math.max(0, delayMs));
  }

  clear(): void {
    clearTimeout(this.#handle);
  }

  /** Longer delays are slept in laps. */
  #arm(leftMs: number): void {
    const lapMs = Math.min(leftMs, SET_TIMEOUT_MS_MAX);
    this.#handle = setTimeout(() => {
      if (leftMs > lapMs) this.#arm(leftMs - lapMs);
      else this.#fn();
    }, lapMs);
  }
}

export class NodeClock implements Clock {
  nowMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    return new NodeTimer(delayMs, fn) as unknown as Timer;
  }

  clearTimer(timer: Timer): void {
    (timer as unknown as NodeTimer).clear();
  }

  soon(fn: () => void): void {
    setImmediate(fn);
  }
}
