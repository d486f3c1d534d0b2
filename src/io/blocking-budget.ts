/**
 * How much of the serving thread's time one kind of disk call may take. Such a call is tried on the
 * thread itself as long as it is quick, because the way through libuv's pool and back costs more
 * than a quick call; when calls turn out to be slow, the pool has them for a while.
 *
 * A single slow call means nothing: the thread may have lost its processor meanwhile. So the time
 * above what a call may take for nothing is added up as debt, and quick calls pay it off. After
 * each rest half of the debt is left to try again with, and the rest grows longer while calls stay
 * slow.
 */

import type { Clock } from './clock.ts';

/** Time above that, added up, at which libuv's pool takes over for a while (blocking-budget.ts). */
const BLOCKING_DEBT_MS = 20;
const BLOCKING_REST_MS = 500;
/** The rest doubles up to this while the disk stays slow. */
const BLOCKING_REST_MS_MAX = 16_000;

export class BlockingBudget {
  readonly #clock: Clock;
  readonly #freeMs: number;
  #debtMs = 0;
  #restsUntilMs = 0;
  #restMs = BLOCKING_REST_MS;

  /** A call may take `freeMs` for nothing. */
  constructor(clock: Clock, freeMs: number) {
    this.#clock = clock;
    this.#freeMs = freeMs;
  }

  /** The time at which a call may begin on this thread, now; -1 if the pool has to do it. */
  begin(): number {
    const nowMs = this.#clock.monotonicMs();
    return nowMs < this.#restsUntilMs ? -1 : nowMs;
  }

  /** The call that began then has ended. */
  end(beganMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#debtMs = Math.max(0, this.#debtMs + nowMs - beganMs - this.#freeMs);
    if (this.#debtMs === 0) this.#restMs = BLOCKING_REST_MS;
    if (this.#debtMs <= BLOCKING_DEBT_MS) return;
    this.#restsUntilMs = nowMs + this.#restMs;
    this.#restMs = Math.min(this.#restMs * 2, BLOCKING_REST_MS_MAX);
    this.#debtMs = BLOCKING_DEBT_MS / 2;
  }
}
