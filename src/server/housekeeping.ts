/** What a server does by itself, `hz` times a second: expiry, idle clients, rates. */

import type { Clock, Timer } from '../io/clock.ts';
import type { Clients } from '../net/clients.ts';
import type { Turn } from '../net/turn.ts';
import type { ActiveExpiry } from '../engine/active-expiry.ts';
import type { BlockSweeper } from '../engine/block-sweeper.ts';
import type { Rates } from './rates.ts';

export interface HousekeepingParts {
  readonly clock: Clock;
  readonly clients: Clients;
  readonly turn: Turn;
  readonly expiry: ActiveExpiry;
  readonly sweeper: BlockSweeper;
  readonly rates: Rates;
  /** Times a second, and how hard to look for expired keys; both may change. */
  hz(): number;
  effort(): number;
  /** Called about once a second. */
  sampleMemory(): void;
  onBug(error: unknown): void;
}

export class Housekeeping {
  readonly #parts: HousekeepingParts;
  #timer: Timer | undefined;
  #lastSweepAt = 0;
  #isStopped = false;

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#isStopped) return;
    const { clock, hz } = this.#parts;
    this.#timer = clock.setTimer(1000 / hz(), () => {
      this.#tick();
      this.start();
    });
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
    this.#parts.expiry.stop();
    this.#parts.sweeper.stop();
    if (this.#timer !== undefined) this.#parts.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const { clock, clients, expiry, rates, effort, sweeper } = this.#parts;
    this.#follow(expiry.cycle(effort()));
    this.#follow(sweeper.cycle());
    const now = clock.monotonicMs();
    rates.sample(now);
    if (now - this.#lastSweepAt < 1000) return;
    this.#lastSweepAt = now;
    clients.sweep(clock.nowMs());
    this.#parts.sampleMemory();
  }

  /** Has what a cycle removed committed. */
  #follow(cycle: Promise<number>): void {
    const { onBug, turn } = this.#parts;
    cycle.then((removed) => {
      if (removed > 0) turn.schedule();
    }, (error: unknown) => {
      // What it had removed before is to be committed all the same.
      turn.schedule();
      onBug(error);
    });
  }
}
