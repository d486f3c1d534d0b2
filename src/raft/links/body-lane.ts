/**
 * Messages with bodies on their way to one peer, behind each other and in pieces, so that urgent
 * ones (heartbeats, votes, answers) need not wait for them.
 *
 * Only a window of pieces is on its way at once: what was given to the socket cannot be overtaken
 * any more. The window grows while pieces are confirmed quickly and shrinks while they are slow,
 * so that what is under way takes about LANE_DELAY_MS on a slow line, and a fast one stays full.
 */

import { PieceCutter } from './piece.ts';
import { KiB, MiB } from '../../lib/size-units.ts';

/**
 * One piece: at 10 MB a second it delays what is urgent by 6 ms. With what goes before it, it fits
 * into the first memory of a frame (LINK_FRAME_BYTES_FIRST).
 */
export const LANE_PIECE_BYTES = 63 * KiB;

/** Pieces under way to one peer: at first, and at most, which a fast network needs to stay full. */
export const LANE_WINDOW_BYTES_FIRST = 1 * MiB;
export const LANE_WINDOW_BYTES_MAX = 4 * MiB;

/**
 * Pieces that take so much longer than the quickest have queued on the way: fewer of them then. Far
 * below an election timeout (600 ms), far above what a busy event loop adds.
 */
const LANE_DELAY_MS = 50;

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
