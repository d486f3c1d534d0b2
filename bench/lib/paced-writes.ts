/**
 * SETs at a steady pace on one connection, whether or not they are answered, with the time of each
 * OK: what a client sees while something fails. Errors are counted, never repeated.
 */

import type { Redis } from 'ioredis';
import { connect } from './server-facts.ts';

const EVERY_MS = 5;
const KEYS = 100;

export interface Acknowledged {
  readonly issuedMs: number;
  readonly ackedMs: number;
}

export class PacedWrites {
  readonly #client: Redis;
  readonly #acked: Acknowledged[] = [];
  readonly #waiters = new Set<{ readonly fromMs: number; readonly done: () => void }>();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;
  #errors = 0;

  /** Begins at once. */
  constructor(port: number) {
    this.#client = connect(port);
    this.#client.on('error', () => {});
    this.#timer = setInterval(() => this.#write(), EVERY_MS);
  }

  get errors(): number {
    return this.#errors;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#client.disconnect();
  }

  /** From `fromMs` to the first OK of a write that was issued then or later. */
  async untilAcked(fromMs: number, timeoutMs: number): Promise<number> {
    if (this.#firstSince(fromMs) === undefined) {
      await new Promise<void>((done, fail) => {
        const timer = setTimeout(() => fail(new Error(`no OK in ${timeoutMs} ms`)), timeoutMs);
        this.#waiters.add({ fromMs, done: () => {
          clearTimeout(timer);
          done();
        } });
      });
    }
    return (this.#firstSince(fromMs)?.ackedMs ?? Number.NaN) - fromMs;
  }

  /** The longest time without an OK, of those that came after `fromMs`. */
  longestGapMs(fromMs: number): number {
    const times = this.#acked.map(({ ackedMs }) => ackedMs).filter((ms) => ms >= fromMs);
    return times.reduce((most, ms, i) => Math.max(most, ms - (times[i - 1] ?? ms)), 0);
  }

  #firstSince(fromMs: number): Acknowledged | undefined {
    return this.#acked.find(({ issuedMs }) => issuedMs >= fromMs);
  }

  #write(): void {
    const issuedMs = performance.now();
    this.#client.set(`paced:${this.#sent++ % KEYS}`, 'x'.repeat(64)).then(
      () => this.#onOk({ issuedMs, ackedMs: performance.now() }),
      () => {
        this.#errors++;
      },
    );
  }

  #onOk(acked: Acknowledged): void {
    this.#acked.push(acked);
    for (const waiter of this.#waiters) {
      if (acked.issuedMs < waiter.fromMs) continue;
      this.#waiters.delete(waiter);
      waiter.done();
    }
  }
}
