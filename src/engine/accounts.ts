/**
 * How long requests took: told to the observer one by one, or, for brief ones of one command in a
 * row, together, because reading a clock costs as much as a GET.
 */

import type { Context } from '../commands/command.ts';
import type { TableEntry } from '../commands/table.ts';
import type { Clock } from '../io/clock.ts';

/** Hears of every call: statistics, the slow log, latency. Times in microseconds. */
export interface CallObserver {
  called(entry: TableEntry, microseconds: number, failed: string | undefined, ctx: Context): void;
  /** So many calls took so long each, on average, and did not fail; `ctx` is the last one's. */
  calledOften(entry: TableEntry, count: number, microseconds: number, ctx: Context): void;
  /** Calls are to be told one by one, with their own times. */
  readonly wantsEach: boolean;
  /** A call that took so long is worth a note of its own. */
  isSlow(microseconds: number): boolean;
  refused(entry: TableEntry | undefined, text: string): void;
  /** A command threw: a bug, or the disk. The client is told, the server goes on. */
  crashed(entry: TableEntry, error: unknown): void;
}

export class Accounts {
  readonly #clock: Clock;
  readonly #observer: CallObserver;
  /** When the call that is next to be told began; -1 between bursts. */
  #startedAt = -1;
  /** Brief calls in a row that are not told yet. */
  #entry: TableEntry | undefined;
  #count = 0;

  constructor(clock: Clock, observer: CallObserver) {
    this.#clock = clock;
    this.#observer = observer;
  }

  begin(): void {
    this.#startedAt = this.#clock.monotonicMs();
  }

  /** The request has run. `failed`: the text of its error. */
  ran(entry: TableEntry, failed: string | undefined, context: Context): void {
    if (this.#entry !== undefined && this.#entry !== entry) this.#tellRow(context);
    const isBrief = entry.isBrief && failed === undefined && !this.#observer.wantsEach;
    if (isBrief) {
      this.#entry = entry;
      this.#count += 1;
      return;
    }
    if (this.#count > 0) this.#tellRow(context);
    this.#tell(entry, this.#take(), failed, context);
  }

  /** The burst is over. */
  end(context: Context): void {
    if (this.#count > 0) this.#tellRow(context);
  }

  /** Microseconds since the last call ended. */
  #take(): number {
    const nowMs = this.#clock.monotonicMs();
    const microseconds = (nowMs - this.#startedAt) * 1000;
    this.#startedAt = nowMs;
    return microseconds;
  }

  #tellRow(context: Context): void {
    const entry = this.#entry!;
    const count = this.#count;
    this.#entry = undefined;
    this.#count = 0;
    const microseconds = this.#take();
    if (!this.#observer.isSlow(microseconds)) {
      return this.#tellMany(entry, count, microseconds / count, context);
    }
    // A row that took long did so because of what ended it, such as a large reply.
    const each = Math.min(microseconds / count, 1);
    if (count > 1) this.#tellMany(entry, count - 1, each, context);
    this.#tell(entry, microseconds - (count - 1) * each, undefined, context);
  }

  #tellMany(entry: TableEntry, count: number, each: number, context: Context): void {
    try {
      this.#observer.calledOften(entry, count, each, context);
    } catch (error) {
      this.#observer.crashed(entry, error);
    }
  }

  #tell(entry: TableEntry, us: number, failed: string | undefined, context: Context): void {
    try {
      this.#observer.called(entry, us, failed, context);
    } catch (error) {
      this.#observer.crashed(entry, error);
    }
  }
}
