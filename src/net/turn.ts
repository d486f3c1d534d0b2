/**
 * The end of each turn of the event loop: one commit for everything that all connections wrote in
 * it (group commit), then one socket write for each connection that has something to say.
 *
 * With `appendfsync always` the promise behind a reply holds only later: outputs wait in order,
 * each for its ticket. Reads wait too, so that nobody sees a value that a power cut could take
 * back.
 *
 * When the log does not take what was written, that is taken back, and nobody may have seen it. In
 * its own turn the replies to it, and to what ran beside it, become the error. Connections for
 * which that cannot be told (session/turn-replies.ts), and those that wait for what is lost, are
 * closed: that is the one reply which no client can take for another. Writes are refused then,
 * until there is room or for good, and reads go on.
 */

import type { WriteGate } from '../engine/write-gate.ts';
import type { Clock } from '../io/clock.ts';

/** A connection as the turn sees it. */
export interface Talker {
  /**
   * Everything written so far may go out once `ticket` is acknowledged; true if some of it still
   * waits for that.
   */
  endTurn(ticket: number, acknowledged: number): boolean;
  /** The log went on; true if something still waits for its ticket. */
  acknowledge(acknowledged: number): boolean;
  /** Some of what it was told rests on a ticket above this one. */
  waitsBeyond(ticket: number): boolean;
  /** The log has lost what it waits for: its replies must not go out. */
  lose(text?: string): void;
}

export class Turn {
  readonly #gate: WriteGate;
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  /** Those that have something to say at the end of this turn; swapped with an empty one then. */
  #talkers = new Set<Talker>();
  #ending = new Set<Talker>();
  readonly #waiting = new Set<Talker>();
  #scheduled = false;
  #isCommitting = false;
  /** Why the commit of this turn was refused. */
  #lost: string | undefined;
  readonly #end = (): void => this.end();

  /** `onEnd` is called before the commit: what came in this turn is all there. */
  constructor(gate: WriteGate, clock: Clock, onEnd: () => void = () => {}) {
    this.#gate = gate;
    this.#clock = clock;
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
    this.#clock.soon(this.#end);
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
    this.#isCommitting = true;
    const ticket = this.#gate.commit();
    this.#isCommitting = false;
    if (this.#lost !== undefined) this.#loseTalkers(this.#lost);
    this.#lost = undefined;
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

  #onLost(text: string, keptTicket: number): void {
    for (const talker of this.#waiting) {
      if (!talker.waitsBeyond(keptTicket)) continue;
      this.#waiting.delete(talker);
      talker.lose();
    }
    if (this.#isCommitting) this.#lost = text;
    else this.#loseTalkers(text);
    this.schedule();
  }

  /** Those that are not closed have their errors sent at the end of the turn. */
  #loseTalkers(text: string): void {
    for (const talker of this.#talkers) talker.lose(text);
  }
}
