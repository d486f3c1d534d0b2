/** The replicated log on disk as the driver sees it, and what a restart begins with. */

import type { HardState, LogBase, LogEntry } from '../core/entry.ts';
import type { RecoveredLog } from '../core/log-view.ts';
import type { LogPort } from '../core/replica-driver.ts';
import type { RaftLog } from '../log/raft-log.ts';

interface Waiter {
  readonly ticket: number;
  readonly durable: () => void;
}

export class LogAdapter implements LogPort {
  readonly #log: RaftLog;
  readonly #onError: (error: unknown) => void;
  readonly #pump: (act: () => void) => void;
  /** In the order of their tickets. */
  #waiters: Waiter[] = [];
  /** Something was appended that was not flushed. */
  isDirty = false;

  /** `pump` runs what comes later of itself, and then sends and writes all that follows from it. */
  constructor(
    log: RaftLog, onError: (error: unknown) => void, pump: (act: () => void) => void,
  ) {
    this.#log = log;
    this.#onError = onError;
    this.#pump = pump;
  }

  append(
    hardState: HardState | undefined, entries: readonly LogEntry[], durable: () => void,
  ): void {
    try {
      const ticket = this.#log.append(entries, hardState);
      this.#waiters.push({ ticket, durable });
      this.isDirty = true;
    } catch (error) {
      this.#onError(error);
    }
  }

  read(from: number, bytesMax: number, done: (entries: readonly LogEntry[]) => void): void {
    this.#log.read(from, bytesMax)
      .then((entries) => this.#pump(() => done(entries)), this.#onError);
  }

  reset(base: LogBase, hardState: HardState, durable: () => void): void {
    this.#log.reset(base, hardState).then(() => this.#pump(durable), this.#onError);
  }

  /** To be called by the log's owner whenever more is durable. */
  onDurable(ticket: number): void {
    const open = this.#waiters.findIndex((waiter) => waiter.ticket > ticket);
    const done = this.#waiters.splice(0, open === -1 ? this.#waiters.length : open);
    for (const { durable } of done) durable();
  }
}

/** What a restart knows of the log. */
export function recoveredFrom(log: RaftLog): RecoveredLog {
  const { base, lastIndex, lastTimeMs, termRuns } = log;
  const configurations = log.configurations().filter(({ index }) => index > base.index);
  return { base, lastIndex, lastTimeMs, terms: [...termRuns], configurations };
}
