/**
 * Warnings about peers, each once in LINK_REFUSAL_LOG_MS: one that is refused dials again every
 * second, and a log that says so every second says nothing else. Those about connections without a
 * name are limited together.
 */

import type { Logger } from 'pino';
import type { Clock } from '../../io/clock.ts';
import { LimitedLog } from '../../io/limited-log.ts';

/** The same refusal is logged once in this time: a peer dials again every second. */
export const LINK_REFUSAL_LOG_MS = 60_000;

/** Refusals that are remembered for that; strangers from many addresses only repeat lines. */
export const LINK_REFUSALS_KEPT = 256;

export class TroubleLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #strangers: LimitedLog;
  /** When each was logged, the oldest first. */
  readonly #loggedMs = new Map<string, number>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
    this.#strangers = new LimitedLog(log, () => clock.monotonicMs());
  }

  /** `peer` is a name. */
  report(peer: string, reason: string): void {
    if (this.#isNew(peer, reason)) this.#log.warn({ peer, reason }, lineOf(peer, reason));
  }

  /** Of one that has not proved a name: its addresses and reasons may be as many as it likes. */
  reportStranger(address: string, reason: string): void {
    if (!this.#isNew(address, reason)) return;
    const fields = { peer: address, reason };
    this.#strangers.warn(fields, lineOf(address, reason), 'no link with one that is no known peer');
  }

  #isNew(peer: string, reason: string): boolean {
    const key = JSON.stringify([peer, reason]);
    const nowMs = this.#clock.monotonicMs();
    const loggedMs = this.#loggedMs.get(key);
    if (loggedMs !== undefined && nowMs - loggedMs < LINK_REFUSAL_LOG_MS) return false;
    this.#loggedMs.delete(key);
    this.#loggedMs.set(key, nowMs);
    this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    if (this.#loggedMs.size <= LINK_REFUSALS_KEPT) return;
    for (const key of this.#loggedMs.keys()) {
      this.#loggedMs.delete(key);
      return;
    }
  }
}

function lineOf(peer: string, reason: string): string {
  return `no link with ${peer}: ${reason}`;
}
