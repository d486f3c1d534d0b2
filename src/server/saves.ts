/**
 * SAVE, BGSAVE and what INFO tells of them. The log is always written, so a save is a sync; what
 * makes it one is that it is counted, and that `changes` since then are.
 */

import type { Logger } from 'pino';
import type { Clock } from '../io/clock.ts';
import type { SaveFacts } from '../observe/info-source.ts';

export interface SavesParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** Resolves when everything acknowledged is on disk. */
  sync(): Promise<void>;
  /** Changes to the keyspace since the start. */
  changes(): number;
}

export class Saves {
  readonly #parts: SavesParts;
  #lastAtMs: number;
  #changesSaved = 0;
  /** When the save under way began, by the monotonic clock. */
  #startedAt: number | undefined;
  #hasFailed = false;
  #lastMs: number | undefined;
  #count = 0;

  constructor(parts: SavesParts) {
    this.#parts = parts;
    this.#lastAtMs = parts.clock.nowMs();
  }

  get isRunning(): boolean {
    return this.#startedAt !== undefined;
  }

  facts(): SaveFacts {
    const { changes, clock } = this.#parts;
    const started = this.#startedAt;
    return {
      lastAt: Math.floor(this.#lastAtMs / 1000),
      changesSince: changes() - this.#changesSaved,
      isRunning: this.isRunning,
      runningSeconds: started === undefined ? -1 : seconds(clock.monotonicMs() - started),
      hasFailed: this.#hasFailed,
      lastSeconds: this.#lastMs === undefined ? -1 : seconds(this.#lastMs),
      count: this.#count,
    };
  }

  /** Rejects when the disk refuses, or a save is under way: commands have asked before. */
  async save(): Promise<void> {
    if (this.isRunning) throw new Error('Background save already in progress');
    const { clock } = this.#parts;
    const startedAt = clock.monotonicMs();
    this.#startedAt = startedAt;
    try {
      await this.#sync();
      this.#lastAtMs = clock.nowMs();
      this.#hasFailed = false;
      this.#count++;
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    } finally {
      this.#lastMs = clock.monotonicMs() - startedAt;
      this.#startedAt = undefined;
    }
  }

  saveInBackground(): void {
    if (this.isRunning) return;
    this.save().then(
      () => this.#parts.log.info('background saving has ended'),
      (error: unknown) => this.#parts.log.error({ error }, 'background saving has failed'),
    );
  }

  /** Begins in a later turn: an EXEC with BGSAVE in it means what it writes as well. */
  async #sync(): Promise<void> {
    const { changes, clock, sync } = this.#parts;
    await new Promise<void>((resolve) => void clock.setTimer(0, resolve));
    const before = changes();
    await sync();
    this.#changesSaved = before;
  }
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
