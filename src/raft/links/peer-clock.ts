/**
 * What a peer's wall clock shows, asked over the link. The answer is kept as the difference to the
 * own monotonic clock, which does not jump when the own wall clock does; half of the way there and
 * back counts for the way.
 *
 *   askClock  u48  number of the question
 *   clock     u48  number of the question, u48 milliseconds since 1970
 */

import type { Clock } from '../../io/clock.ts';
import { readU48, writeU48 } from '../../lib/words.ts';
import { FRAME, encodeFrame } from './frame.ts';

const ASK_BYTES = 6;
export const PEER_CLOCK_BYTES = 12;

/** The frame that answers a question. */
export function answerClock(question: Uint8Array, clock: Clock): Uint8Array {
  const body = new Uint8Array(PEER_CLOCK_BYTES);
  body.set(question);
  writeU48(body, ASK_BYTES, Math.max(0, clock.nowMs()));
  return encodeFrame(FRAME.clock, body);
}

export class PeerClock {
  readonly #clock: Clock;
  #questions = 0;
  #askedMs = 0;
  baseMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The frame that asks. */
  ask(): Uint8Array {
    const body = new Uint8Array(ASK_BYTES);
    this.#questions += 1;
    this.#askedMs = this.#clock.monotonicMs();
    writeU48(body, 0, this.#questions);
    return encodeFrame(FRAME.askClock, body);
  }

  /** The answer to an older question is too old to say anything. */
  onAnswer(body: Uint8Array): void {
    if (readU48(body, 0) !== this.#questions) return;
    const halfwayMs = (this.#askedMs + this.#clock.monotonicMs()) / 2;
    this.baseMs = readU48(body, ASK_BYTES) - halfwayMs;
  }

  forget(): void {
    this.baseMs = undefined;
  }
}
