/**
 * Whether this peer's wall clock is wrong, as far as the clocks of the other voters tell: where a
 * majority of clocks is known, the one in their middle is right. Nothing is corrected for a little,
 * nor when two clocks disagree and no third one says which of them is wrong.
 *
 * The clocks of the others are kept against the own monotonic clock (links/peer-clock.ts), so that
 * a jump of the own wall clock is seen at once, before the next entry is stamped.
 */

import type { Logger } from 'pino';
import { CLOCK_ERROR_MS_MIN } from '../limits.ts';

/** How often the clocks of the others are compared; they are asked every LINK_PING_MS. */
const CLOCK_LOOK_MS = 100;

export interface MembersClockParts {
  readonly log: Logger;
  /** Of each other voter whose clock is known: its wall clock less the own monotonic clock. */
  bases(): readonly number[];
  /** All of them, this peer too. */
  voters(): number;
}

export class MembersClock {
  readonly #parts: MembersClockParts;
  #lookedMs = -Infinity;
  #baseMs = 0;
  #errorMs = 0;

  constructor(parts: MembersClockParts) {
    this.#parts = parts;
  }

  /** By how much the own wall clock is ahead of the right time; 0 when it is about right. */
  errorMs(wallMs: number, monotonicMs: number): number {
    const baseMs = wallMs - monotonicMs;
    const hasJumped = Math.abs(baseMs - this.#baseMs) >= CLOCK_ERROR_MS_MIN / 4;
    if (hasJumped || monotonicMs - this.#lookedMs >= CLOCK_LOOK_MS) {
      this.#lookedMs = monotonicMs;
      this.#baseMs = baseMs;
      this.#note(errorOf(baseMs, this.#parts.bases(), this.#parts.voters()));
    }
    return this.#errorMs;
  }

  #note(errorMs: number): void {
    const wasWrong = this.#errorMs !== 0;
    this.#errorMs = errorMs;
    if (wasWrong === (errorMs !== 0)) return;
    const { log } = this.#parts;
    if (errorMs === 0) return log.info("this peer's clock is right again");
    const way = errorMs > 0 ? 'ahead of' : 'behind';
    log.warn({ errorMs }, `this peer's clock is ${Math.abs(errorMs)} ms ${way} those of most ` +
      'peers: it goes by theirs until it is set right');
  }
}

function errorOf(ownMs: number, others: readonly number[], voters: number): number {
  const known = [ownMs, ...others].toSorted((one, other) => one - other);
  if (known.length * 2 <= voters) return 0;
  const low = known[Math.floor((known.length - 1) / 2)]!;
  const high = known[Math.floor(known.length / 2)]!;
  const rightMs = Math.min(Math.max(ownMs, low), high);
  const errorMs = Math.round(ownMs - rightMs);
  return Math.abs(errorMs) < CLOCK_ERROR_MS_MIN ? 0 : errorMs;
}
