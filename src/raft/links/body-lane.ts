/**
 * Messages with bodies on their way to one peer, behind each other and in pieces, so that urgent
 * ones (heartbeats, votes, answers) need not wait for them.
 *
 * Only a window of pieces is on its way at once: what was given to the socket cannot be overtaken
 * any more. The window grows while pieces are confirmed quickly and shrinks while they are slow,
 * so that what is under way takes about LANE_DELAY_MS on a slow line, and a fast one stays full.
 */

import {
  LANE_DELAY_MS, LANE_PIECE_BYTES, LANE_WINDOW_BYTES_FIRST, LANE_WINDOW_BYTES_MAX,
} from '../../limits.ts';
import { PieceCutter } from './piece.ts';

interface Flight {
  readonly bytes: number;
  readonly sentMs: number;
}

export interface BodyLaneParts {
  monotonicMs(): number;
  write(frame: Uint8Array): void;
}

export class BodyLane {
  readonly #parts: BodyLaneParts;
  #bodies: PieceCutter[] = [];
  #flights: Flight[] = [];
  #flightBytes = 0;
  #windowBytes = LANE_WINDOW_BYTES_FIRST;
  /** The quickest confirmation so far: the way there and back without a queue. */
  #quickestMs = Infinity;
  /** Bytes that were not given to the socket. */
  queuedBytes = 0;

  constructor(parts: BodyLaneParts) {
    this.#parts = parts;
  }

  /** Something waits here: what is sent by another way overtakes it. */
  get isBusy(): boolean {
    return this.#bodies.length > 0;
  }

  /** The body of a message of this kind, in parts that nobody changes any more. */
  add(kind: number, parts: readonly Uint8Array[]): void {
    const body = new PieceCutter(kind, parts);
    this.#bodies.push(body);
    this.queuedBytes += body.left;
    this.#fill();
  }

  /** The receiver has confirmed the oldest piece. */
  confirmed(): void {
    const flight = this.#flights.shift();
    if (flight === undefined) return;
    this.#flightBytes -= flight.bytes;
    this.#adapt(this.#parts.monotonicMs() - flight.sentMs);
    this.#fill();
  }

  #adapt(tookMs: number): void {
    this.#quickestMs = Math.min(this.#quickestMs, tookMs);
    const isSlow = tookMs > this.#quickestMs + LANE_DELAY_MS;
    const wanted = isSlow ? this.#windowBytes / 2 : this.#windowBytes + LANE_PIECE_BYTES;
    this.#windowBytes = Math.min(LANE_WINDOW_BYTES_MAX, Math.max(LANE_PIECE_BYTES, wanted));
  }

  #fill(): void {
    for (;;) {
      const body = this.#bodies[0];
      if (body === undefined || this.#flightBytes >= this.#windowBytes) return;
      const before = body.left;
      const frame = body.next(LANE_PIECE_BYTES);
      const bytes = before - body.left;
      this.queuedBytes -= bytes;
      if (body.left === 0) this.#bodies.shift();
      this.#flights.push({ bytes, sentMs: this.#parts.monotonicMs() });
      this.#flightBytes += bytes;
      this.#parts.write(frame);
    }
  }
}
