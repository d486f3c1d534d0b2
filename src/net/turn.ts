/**
 * The end of each turn of the event loop: one commit for everything that all connections wrote in
 * it (group commit), then one socket write for each connection that has something to say.
 *
 * With `appendfsync always` the promise behind a reply holds only later: outputs wait in order,
 * each for its ticket. Reads wait too, so that nobody sees a value that a power cut could take
 * back.
 *
 * When the log does not take what was written, it is taken back, and nobody may have seen it. In
 * the turn itself, replies to it, and all that were written behind it, become errors. A connection
 * that waits for the log is closed: its client would have to tell which of its replies are missing.
 */

import type { WriteGate } from '../session/write-gate.ts';

/** A connection as the turn sees it. */
export interface Talker {
  /**
   * Everything written so far may go out once `ticket` is acknowledged; true if some of it still
   * waits for that. After `failure` no write of this turn was kept.
   */
  endTurn(ticket: number, acknowledged: number, failure: string | undefined): boolean;
  /** The log went on; true if something still waits for its ticket. */
  acknowledge(acknowledged: number): boolean;
  /**
   * Writes were lost. Closed if it waits for a ticket above `keptTicket`; if not, its replies to
   * writes of this turn, which has not ended, become this error.
   */
  fail(text: string, keptTicket: number): void;
}

export class Turn {
  readonly #gate: WriteGate;
  readonly #isHeld: () => boolean;
  readonly #onEnd: () => void;
  /** Those that have something to say at the end of this turn; swapped with an empty one then. */
  #talkers = new Set<Talker>();
  #ending = new Set<Talker>();
  readonly #waiting = new Set<Talker>();
  #scheduled = false;
  /** Something was written in this turn, and can be seen: it may be taken back yet. */
  hasWrites = false;
  #isCommitting = false;
  /** Why the last turn's writes were lost. */
  #lost: string | undefined;
  readonly #end = (): void => this.end();

  /**
   * While `isHeld`, a batch is under way that must not be cut: turns end without a commit. Whoever
   * ends the batch writes a reply, and so schedules the turn that commits it. `onEnd` is called
   * first: what came in this turn is all there.
   */
  constructor(gate: WriteGate, isHeld: () => boolean, onEnd: () => void = () => {}) {
    this.#gate = gate;
    this.#isHeld = isHeld;
    this.#onEnd = onEnd;
    gate.onAcknowledged(() => this.#acknowledge());
    gate.onLost((text, keptTicket) => this.#onLost(text, keptTicket));
  }

  /** Something was written for this connection, or into the log: end this turn with a commit. */
  add(talker: Talker): void {
    this.#talkers.add(talker);
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#end);
  }

  /** The connection is closed. */
  remove(talker: Talker): void {
    this.#talkers.delete(talker);
    this.#ending.delete(talker);
    this.#waiting.delete(talker);
  }

  end(): void {
    this.#scheduled = false;
    this.#onEnd();
    if (this.#isHeld()) return;
    // What is written to a log that takes nothing any more is lost in each turn.
    if (this.#gate.freeingRefusal === undefined) this.#lost = undefined;
    this.#isCommitting = true;
    const ticket = this.#gate.commit();
    this.#isCommitting = false;
    this.hasWrites = false;
    const { acknowledged } = this.#gate;
    const talkers = this.#talkers;
    this.#talkers = this.#ending;
    this.#ending = talkers;
    for (const talker of talkers) {
      const waits = talker.endTurn(ticket, acknowledged, this.#lost);
      if (waits) this.#waiting.add(talker);
      else if (this.#waiting.size > 0) this.#waiting.delete(talker);
    }
    talkers.clear();
  }

  #acknowledge(): void {
    const { acknowledged } = this.#gate;
    for (const talker of this.#waiting) {
      if (!talker.acknowledge(acknowledged)) this.#waiting.delete(talker);
    }
  }

  /** What the commit of this turn could not write is dealt with at its end. */
  #onLost(text: string, keptTicket: number): void {
    this.#lost = text;
    for (const talker of this.#waiting) talker.fail(text, keptTicket);
    if (this.#isCommitting) return;
    for (const talker of this.#talkers) {
      if (!this.#waiting.has(talker)) talker.fail(text, keptTicket);
    }
    this.schedule();
  }
}
