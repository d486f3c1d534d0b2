/**
 * The end of each turn of the event loop: one commit for everything that all connections wrote in
 * it (group commit), then one socket write for each connection that has something to say.
 *
 * With `appendfsync always` the promise behind a reply holds only later: outputs wait in order,
 * each for its ticket. Reads wait too, so that nobody sees a value that a power cut could take
 * back.
 *
 * When the log fails, replies to writes that it did not take become errors, and nothing waits any
 * more: reads go on, and what was written after the last good commit is refused in the same way.
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
  /** Replies to writes that were not acknowledged become this error; the turn ends once more. */
  fail(text: string): void;
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
  #failure: string | undefined;
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
    gate.onFailure((text) => this.#fail(text));
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
    // A store that was recovered takes writes again.
    if (this.#gate.refusal === undefined) this.#failure = undefined;
    const ticket = this.#gate.commit();
    const acknowledged = this.#acknowledged();
    const talkers = this.#talkers;
    this.#talkers = this.#ending;
    this.#ending = talkers;
    for (const talker of talkers) {
      const waits = talker.endTurn(ticket, acknowledged, this.#failure);
      if (waits) this.#waiting.add(talker);
      else if (this.#waiting.size > 0) this.#waiting.delete(talker);
    }
    talkers.clear();
  }

  /** After a failure no ticket is worth waiting for. */
  #acknowledged(): number {
    return this.#failure === undefined ? this.#gate.acknowledged : Infinity;
  }

  #acknowledge(): void {
    const acknowledged = this.#acknowledged();
    for (const talker of this.#waiting) {
      if (!talker.acknowledge(acknowledged)) this.#waiting.delete(talker);
    }
  }

  #fail(text: string): void {
    this.#failure = text;
    for (const talker of this.#waiting) talker.fail(text);
    this.#waiting.clear();
    this.schedule();
  }
}
