/**
 * Which of a connection's unsent replies speak of writes that the log has not taken yet, so that
 * they can be replaced by errors when it refuses: a client must not read OK for a write that is
 * lost.
 *
 * From the first such reply on, every reply is replaced, those to reads included: what they saw may
 * rest on the lost write. Each becomes one error, so that the client's count of replies stays
 * right; messages between them (pub/sub, MONITOR) are dropped.
 *
 * There are at most two pieces: one that is sealed and waits for its ticket, and the open one.
 */

/** What is known of one piece. */
interface Ledger {
  /** Offset of the first reply to a write, or -1. */
  wroteAt: number;
  /** Replies in front of that one. */
  repliesBefore: number;
  replies: number;
}

/** What a piece becomes: its first `keptBytes`, then so many errors. */
export interface Correction {
  readonly keptBytes: number;
  readonly errors: number;
}

export class Unacknowledged {
  #open: Ledger = { wroteAt: -1, repliesBefore: 0, replies: 0 };
  #sealed: Ledger = { wroteAt: -1, repliesBefore: 0, replies: 0 };
  /** The sealed piece had a lost write, so everything in the open one is lost too. */
  #isOpenLost = false;

  /**
   * The reply that begins at `mark` of the open piece is to a write. `before`: replies in front of
   * it for which `replied` will be called only later.
   */
  wrote(mark: number, before = 0): void {
    const open = this.#open;
    if (open.wroteAt >= 0) return;
    open.wroteAt = mark;
    open.repliesBefore = open.replies + before;
  }

  /** So many requests have their replies in the open piece. */
  replied(count = 1): void {
    this.#open.replies += count;
  }

  /** The open piece is sealed; the one before it is sent. */
  seal(): void {
    const empty = this.#sealed;
    this.#sealed = this.#open;
    this.#open = empty;
    clear(empty);
  }

  /** The writes of the sealed piece are lost; undefined when it may be sent as it is. */
  loseSealed(): Correction | undefined {
    const { wroteAt, repliesBefore, replies } = this.#sealed;
    clear(this.#sealed);
    if (wroteAt < 0) return undefined;
    this.#isOpenLost = true;
    return { keptBytes: wroteAt, errors: replies - repliesBefore };
  }

  /** The same for the open piece. */
  loseOpen(): Correction | undefined {
    const { wroteAt, repliesBefore, replies } = this.#open;
    const wasLost = this.#isOpenLost;
    this.#isOpenLost = false;
    clear(this.#open);
    this.#open.replies = replies;
    if (wasLost) return { keptBytes: 0, errors: replies };
    return wroteAt < 0 ? undefined : { keptBytes: wroteAt, errors: replies - repliesBefore };
  }
}

function clear(ledger: Ledger): void {
  ledger.wroteAt = -1;
  ledger.repliesBefore = 0;
  ledger.replies = 0;
}
