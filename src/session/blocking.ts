/**
 * The wait of one connection in a command that blocks (WAIT): begun by the command's step, ended by
 * its timeout, by CLIENT UNBLOCK, or because nobody is left to hear the end of it.
 *
 * Once `forbid` was called nothing blocks any more: a client that ended its side, or a server that
 * stops, must not be kept by a wait that may have no timeout.
 */

import type { BlockingPort, Unblocked } from '../commands/session-port.ts';

export class Blocking implements BlockingPort {
  #resume: ((how: Unblocked) => void) | undefined;
  #isForbidden = false;

  get isBlocked(): boolean {
    return this.#resume !== undefined;
  }

  begin(resume: (how: Unblocked) => void): void {
    if (this.#resume !== undefined) throw new Error('assertion failed: it is blocked already');
    if (this.#isForbidden) return resume('timeout');
    this.#resume = resume;
  }

  end(how: Unblocked): boolean {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.(how);
    return resume !== undefined;
  }

  /** Ends the wait, if there is one, as its timeout would; later ones end as they begin. */
  forbid(): void {
    this.#isForbidden = true;
    this.end('timeout');
  }
}
