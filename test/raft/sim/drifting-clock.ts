/**
 * The clocks of one simulated machine. One crystal drives both, and runs fast or slow: the
 * monotonic clock, which counts from when the machine came up and never goes back, and the wall
 * clock, which may also be set. No two machines agree on either.
 */

import type { Now } from '../../../src/raft/core/event.ts';
import type { SimWorld } from './sim-world.ts';

/** How far off a crystal in a server is: bad ones are 0.05 % fast or slow. */
const TOLERANCE = 0.0005;

/** Machines came up at different times, and people or NTP set their wall clocks about right. */
const UPTIME_MS_MAX = 30 * 86_400_000;
const STARTED_AT_MS = 1_700_000_000_000;
const SKEW_MS = 200;

/** Timers are late, never early; so much also covers what rounding may take away. */
const TIMER_LATE_MS = 0.001;

export class DriftingClock {
  readonly #world: SimWorld;
  /** What the monotonic clock showed at `#rateSetAtMs`, in virtual time. */
  #shownMs: number;
  #rateSetAtMs: number;
  #rate: number;
  /** From the monotonic to the wall clock. */
  #wallOffsetMs: number;

  constructor(world: SimWorld) {
    this.#world = world;
    this.#shownMs = world.between(0, UPTIME_MS_MAX);
    this.#rateSetAtMs = world.nowMs;
    this.#rate = usualRate(world);
    const wallMs = STARTED_AT_MS + world.nowMs + world.between(-SKEW_MS, SKEW_MS);
    this.#wallOffsetMs = wallMs - this.#shownMs;
  }

  now(): Now {
    const monotonicMs = this.#monotonicMs;
    return { monotonicMs, wallMs: Math.floor(monotonicMs + this.#wallOffsetMs) };
  }

  /** 1 is right; 2 is twice as fast. Timers that were set before must be set anew. */
  set rate(rate: number) {
    this.#shownMs = this.#monotonicMs;
    this.#rateSetAtMs = this.#world.nowMs;
    this.#rate = rate;
  }

  setWallBy(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** When a timer rings that is set for this moment of the monotonic clock, in virtual time. */
  ringsAtMs(monotonicMs: number): number {
    const leftMs = Math.max(0, monotonicMs - this.#monotonicMs);
    return this.#world.nowMs + (leftMs > 0 ? leftMs / this.#rate + TIMER_LATE_MS : 0);
  }

  get #monotonicMs(): number {
    return this.#shownMs + (this.#world.nowMs - this.#rateSetAtMs) * this.#rate;
  }
}

/** Of a clock that nobody would call broken. */
export function usualRate(world: SimWorld): number {
  return world.between(1 - TOLERANCE, 1 + TOLERANCE);
}
