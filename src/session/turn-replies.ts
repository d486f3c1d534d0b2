/**
 * Replies of this turn that rest on the data, where they follow each other at the end of what was
 * written: if the log does not take the turn, they can all be replaced by the error. With anything
 * else behind the first of them (a message, a change of the connection itself) they cannot.
 */

import type { ReplyEncoder } from '../protocol/reply-encoder.ts';

export class TurnReplies {
  #from = 0;
  #end = 0;
  #count = 0;
  #isMixed = false;

  /** A request has its reply, from `from` up to `end` bytes of the encoder. */
  add(from: number, end: number): void {
    if (this.#count === 0) this.#from = from;
    else if (from !== this.#end) this.#isMixed = true;
    this.#end = end;
    this.#count += 1;
  }

  /** A reply rests on the data that cannot be replaced: what it tells of is not all taken back. */
  addFixed(): void {
    this.#count += 1;
    this.#isMixed = true;
  }

  /** The turn has ended. */
  clear(): void {
    this.#count = 0;
    this.#isMixed = false;
  }

  /** Replaces each by the error; false if that cannot be done. */
  replace(reply: ReplyEncoder, text: string): boolean {
    const count = this.#count;
    const isWhole = count > 0 && !this.#isMixed && reply.length === this.#end;
    this.clear();
    if (!isWhole) return false;
    reply.rewind(this.#from);
    for (let i = 0; i < count; i += 1) reply.error(text);
    return true;
  }
}
