/**
 * The end of each turn of the event loop: one commit for everything that all connections wrote in it
 * (group commit), then one socket write for each connection that has something to say.
 *
 * With `appendfsync always` the promise behind a reply holds only later: outputs wait in order, each
 * for its ticket. Reads wait too, so that nobody sees a value that a power cut could take back.
 */

import type { WriteGate } from '../session/write-gate.ts';

/** A connection as the turn sees it. */
export interface Talker {
  /** Takes what was written so far as one piece that waits for `ticket`. */
  seal(ticket: number): void;
  /** Sends pieces whose ticket is acknowledged; true if others still wait for theirs. */
  send(acknowledged: number): boolean;
  /** Replies to writes that were not acknowledged become this error. */
  fail(text: string): void;
}

export class Turn {
  readonly #gate: WriteGate;
  readonly #isHeld: () => boolean;
  readonly #talkers = new Set<Talker>();
  readonly #waiting = new Set<Talker>();
  #scheduled = false;

  /**
   * While `isHeld`, a batch is under way that must not be cut: turns end without a commit. Whoever
   * ends the batch writes a reply, and so schedules the turn that commits it.
   */
  constructor(gate: WriteGate, isHeld: () => boolean) {
    this.#gate = gate;
    this.#isHeld = isHeld;
    gate.onAcknowledged(() => this.#sendWaiting());
    gate.onFailure((text) => this.#failWaiting(text));
  }

  /** Something was written for this connection, or into the log: end this turn with a commit. */
  add(talker: Talker): void {
    this.#talkers.add(talker);
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.end());
  }

  /** The connection is closed. */
  remove(talker: Talker): void {
    this.#talkers.delete(talker);
    this.#waiting.delete(talker);
  }

  end(): void {
    this.#scheduled = false;
    if (this.#isHeld()) return;
    const ticket = this.#gate.commit();
    const acknowledged = this.#gate.acknowledged;
    const talkers = [...this.#talkers];
    this.#talkers.clear();
    for (const talker of talkers) {
      talker.seal(ticket);
      if (talker.send(acknowledged)) this.#waiting.add(talker);
    }
  }

  #sendWaiting(): void {
    const acknowledged = this.#gate.acknowledged;
    const talkers = [...this.#waiting];
    this.#waiting.clear();
    for (const talker of talkers) if (talker.send(acknowledged)) this.#waiting.add(talker);
  }

  #failWaiting(text: string): void {
    for (const talker of [...this.#talkers, ...this.#waiting]) talker.fail(text);
  }
}
