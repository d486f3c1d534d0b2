/**
 * Warnings about peers and strangers, each once in LINK_REFUSAL_LOG_MS: who is refused dials again
 * every second, and a log that says so every second says nothing else.
 */

import type { Logger } from 'pino';
import type { Clock } from '../../io/clock.ts';
import { LINK_REFUSALS_KEPT, LINK_REFUSAL_LOG_MS } from '../../limits.ts';

export class TroubleLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  /** When each was logged, the oldest first. */
  readonly #loggedMs = new Map<string, number>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** `peer` is a name, or the address of somebody who has not proved one. */
  report(peer: string, reason: string): void {
    const key = JSON.stringify([peer, reason]);
    const nowMs = this.#clock.monotonicMs();
    const loggedMs = this.#loggedMs.get(key);
    if (loggedMs !== undefined && nowMs - loggedMs < LINK_REFUSAL_LOG_MS) return;
    this.#loggedMs.delete(key);
    this.#loggedMs.set(key, nowMs);
    this.#forgetOldest();
    this.#log.warn({ peer, reason }, `no link with ${peer}: ${reason}`);
  }

  #forgetOldest(): void {
    if (this.#loggedMs.size <= LINK_REFUSALS_KEPT) return;
    for (const key of this.#loggedMs.keys()) {
      this.#loggedMs.delete(key);
      return;
    }
  }
}
