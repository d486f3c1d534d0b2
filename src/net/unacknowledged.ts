/**
 * Which of a connection's replies in the open piece speak of writes of this turn, so that they can
 * be replaced by errors when the log refuses the turn: a client must not read OK for a write that
 * is lost, nor a value that nobody wrote.
 *
 * From the first such reply on, every reply is replaced, those to reads included: what they saw may
 * rest on the lost write. Each becomes one error, so that the client's count of replies stays
 * right; messages between them (pub/sub, MONITOR) are dropped. With CLIENT REPLY OFF or SKIP it may
 * not be known how many replies are due (`isCounted`): the connection has to be closed then.
 */

/** What the open piece becomes: its first `keptBytes`, then so many errors. */
export interface Correction {
  readonly keptBytes: number;
  readonly errors: number;
  readonly isCounted: boolean;
}

export class Unacknowledged {
  /** Offset of the first reply that depends on writes of this turn, or -1. */
  #wroteAt = -1;
  /** Replies in front of that one. */
  #repliesBefore = 0;
  #replies = 0;
  #isCounted = true;

  /**
   * The reply that begins at `mark` of the open piece depends on writes of this turn. `before`:
   * replies in front of it for which `replied` will be called only later.
   */
  wrote(mark: number, before = 0): void {
    if (this.#wroteAt >= 0) return;
    this.#wroteAt = mark;
    this.#repliesBefore = this.#replies + before;
  }

  /** Some reply in the piece does, and it is not known which. */
  wroteSomewhere(): void {
    this.#wroteAt = 0;
    this.#repliesBefore = 0;
  }

  /** So many requests have their replies in the open piece. */
  replied(count = 1): void {
    this.#replies += count;
  }

  /** Replies were made, or left out, that `replied` is not called for. */
  repliedUncounted(): void {
    this.#isCounted = false;
  }

  /** What was written so far is in the log, or waits for it: then the connection is closed. */
  endTurn(): void {
    this.#wroteAt = -1;
  }

  /** The open piece is sealed. */
  seal(): void {
    this.#wroteAt = -1;
    this.#replies = 0;
    this.#isCounted = true;
  }

  /** The writes of this turn are lost; undefined when the piece may be sent as it is. */
  lose(): Correction | undefined {
    if (this.#wroteAt < 0) return undefined;
    const errors = this.#isCounted ? this.#replies - this.#repliesBefore : 0;
    const correction = { keptBytes: this.#wroteAt, errors, isCounted: this.#isCounted };
    this.#wroteAt = -1;
    return correction;
  }
}
