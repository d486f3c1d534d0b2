/**
 * The end of each turn of the event loop: one commit for everything that all connections wrote in
 * it (group commit), then one socket write for each connection that has something to say.
 *
 * With `appendfsync always` the promise behind a reply holds only later: outputs wait in order,
 * each for its ticket. Reads wait too, so that nobody sees a value that a power cut could take
 * back.
 *
 * When the log fails, connections that wait for it are closed: what they are owed rests on writes
 * that are lost, and a closed connection is the one reply that no client can take for another. From
 * then on writes are refused, reads go on, and nothing waits any more.
 */

import type { WriteGate } from '../engine/write-gate.ts';

/** A connection as the turn sees it. */
export interface Talker {
  /**
   * Everything written so far may go out once `ticket` is acknowledged; true if some of it still
   * waits for that.
   */
  endTurn(ticket: number, acknowledged: number): boolean;
  /** The log went on; true if something still waits for its ticket. */
  acknowledge(acknowledged: number): boolean;
  /** The log has lost what it waits for: its replies must not go out. */
  lose(): void;
}

export class Turn {
  readonly #gate: WriteGate;
  readonly #onEnd: () => void;
  /** Those that have something to say at the end of this turn; swapped with an empty one then. */
  #talkers = new Set<Talker>();
  #ending = new Set<Talker>();
  readonly #waiting = new Set<Talker>();
  #scheduled = false;
  /** The log failed in this turn's commit. */
  #hasFailed = false;
  readonly #end = (): void => this.end();

  /** `onEnd` is called before the commit: what came in this turn is all there. */
  constructor(gate: WriteGate, onEnd: () => void = () => {}) {
    this.#gate = gate;
    this.#onEnd = onEnd;
    gate.onAcknowledged(() => this.#acknowledge());
    gate.onFailure(() => this.#fail());
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
    const hadFailed = this.#gate.refusal !== undefined;
    const ticket = this.#gate.commit();
    if (!hadFailed && this.#hasFailed) this.#loseAll(this.#talkers);
    this.#hasFailed = false;
    const { acknowledged } = this.#gate;
    const talkers = this.#talkers;
    this.#talkers = this.#ending;
    this.#ending = talkers;
    for (const talker of talkers) {
      const waits = talker.endTurn(ticket, acknowledged);
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

  #fail(): void {
    this.#hasFailed = true;
    this.#loseAll(this.#waiting);
    this.schedule();
  }

  #loseAll(talkers: Set<Talker>): void {
    for (const talker of talkers) talker.lose();
    talkers.clear();
  }
}
