/**
 * Which of a connection's unsent replies speak of writes that the log has not taken yet, so that they
 * can be replaced by errors when it refuses: a client must not read OK for a write that is lost.
 *
 * From the first such reply on, every reply is replaced, those to reads included: what they saw may
 * rest on the lost write.
 */

interface Sealed {
  /** Offset of the first reply to a write, or -1. */
  readonly wroteAt: number;
  /** Replies from there to the end of the piece. */
  readonly replies: number;
}

export class Unacknowledged {
  /** One for each sealed piece that is not sent. */
  #sealed: Sealed[] = [];
  #wroteAt = -1;
  #replies = 0;

  /** The reply that begins at `mark` is to a write. */
  wrote(mark: number): void {
    if (this.#wroteAt < 0) this.#wroteAt = mark;
  }

  /** A request ended. */
  replied(): void {
    if (this.#wroteAt >= 0) this.#replies++;
  }

  /** The open piece was sealed. */
  seal(_bytes: number): void {
    this.#sealed.push({ wroteAt: this.#wroteAt, replies: this.#replies });
    this.#wroteAt = -1;
    this.#replies = 0;
  }

  /** So many of the oldest pieces were sent. */
  sent(pieces: number): void {
    if (pieces > 0) this.#sealed = this.#sealed.slice(pieces);
  }

  /** What may be sent instead of the unsent pieces (the last one not sealed). */
  rewrite(pieces: readonly Buffer[], text: string): Buffer {
    const states = [...this.#sealed, { wroteAt: this.#wroteAt, replies: this.#replies }];
    const error = Buffer.from(`-${text}\r\n`);
    const honest: Buffer[] = [];
    let isLost = false;
    pieces.forEach((bytes, i) => {
      const { wroteAt, replies } = states[i] as Sealed;
      const from = isLost ? 0 : wroteAt;
      honest.push(from < 0 ? Buffer.from(bytes) : Buffer.from(bytes.subarray(0, from)));
      if (from < 0) return;
      isLost = true;
      for (let reply = 0; reply < replies; reply++) honest.push(error);
    });
    this.#sealed = [{ wroteAt: -1, replies: 0 }];
    this.#wroteAt = -1;
    this.#replies = 0;
    return Buffer.concat(honest);
  }
}
