/**
 * By which time this peer's own reads find keys expired: the later of its clock and of where the
 * order's time has come to. That goes on by elapsed time between batches: when a wrong clock has
 * put it ahead, keys must not stay until the next write.
 *
 * A read never moves the order's time. What it finds expired by a time that no batch has yet is in
 * doubt (see RequestOrder.settle) or a little earlier than a batch would find it, never later.
 */

import { LogClock } from '../raft/core/log-clock.ts';

export interface LogTimeParts {
  monotonicMs(): number;
  /** The time of the last batch that is applied. */
  readonly applied: { readonly timeMs: number };
  /** What the order's engine knows better of this peer's clock; see TotalOrderBroadcast. */
  clockErrorMs(): number;
}

export class LogTime {
  readonly #parts: LogTimeParts;
  readonly #clock = new LogClock();
  /** The last answer: a chunk of requests asks with one time. */
  #askedMs = -1;
  #answerMs = -1;

  constructor(parts: LogTimeParts) {
    this.#parts = parts;
    this.note();
  }

  /** A batch is applied, or another state has taken the place of the one before. */
  note(): void {
    this.#clock.note(this.#parts.applied.timeMs, this.#parts.monotonicMs());
    this.#askedMs = -1;
  }

  /** `nowMs`: what this peer's clock says. */
  readTimeMs(nowMs: number): number {
    if (nowMs === this.#askedMs) return this.#answerMs;
    const orderMs = Math.floor(this.#clock.at(this.#parts.monotonicMs()));
    this.#askedMs = nowMs;
    this.#answerMs = Math.max(nowMs - this.#parts.clockErrorMs(), orderMs);
    return this.#answerMs;
  }
}
