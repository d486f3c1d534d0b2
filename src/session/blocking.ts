/**
 * The wait of one connection in a command that blocks, for peers (WAIT) or for keys (BLPOP): ended
 * by its timeout, by CLIENT UNBLOCK, because the connection or the server ends, or by what it waits
 * for.
 *
 * Once `forbid` was called nothing blocks any more: a client that ended its side, or a server that
 * stops, must not be kept by a wait that may have no timeout.
 */

import type { BlockingPort, Unblocked } from '../commands/session-port.ts';

export class Blocking implements BlockingPort {
  #resume: ((how: Unblocked) => void) | undefined;
  /** How waits end at once. */
  #forbidden: Unblocked | undefined;

  get isBlocked(): boolean {
    return this.#resume !== undefined;
  }

  begin(resume: (how: Unblocked) => void): void {
    if (this.#resume !== undefined) throw new Error('assertion failed: it is blocked already');
    if (this.#forbidden !== undefined) return resume(this.#forbidden);
    this.#resume = resume;
  }

  end(how: Unblocked): boolean {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.(how);
    return resume !== undefined;
  }

  /** What it waited for has come: `resume` is not called. */
  clear(): void {
    this.#resume = undefined;
  }

  /** Ends the wait, if there is one; later ones end as they begin. */
  forbid(how: Unblocked = 'timeout'): void {
    this.#forbidden = how;
    this.end(how);
  }
}
