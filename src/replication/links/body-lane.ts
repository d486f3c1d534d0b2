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
import { encodePiece } from './piece.ts';

interface Body {
  readonly kind: number;
  readonly bytes: Uint8Array;
  sent: number;
}

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
  #bodies: Body[] = [];
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

  /** `bytes`: the body of a message of this kind; owned from now on. */
  add(kind: number, bytes: Uint8Array): void {
    this.#bodies.push({ kind, bytes, sent: 0 });
    this.queuedBytes += bytes.length;
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
      const to = Math.min(body.sent + LANE_PIECE_BYTES, body.bytes.length);
      const frame = encodePiece(body.kind, body.bytes, body.sent, to);
      const bytes = to - body.sent;
      body.sent = to;
      this.queuedBytes -= bytes;
      if (to === body.bytes.length) this.#bodies.shift();
      this.#flights.push({ bytes, sentMs: this.#parts.monotonicMs() });
      this.#flightBytes += bytes;
      this.#parts.write(frame);
    }
  }
}
