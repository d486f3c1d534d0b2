/**
 * How fast the compactor may copy, and how much writers must be slowed. Pure: times and byte counts
 * come in, delays go out.
 *
 * The copier asks the main thread about each batch of records; the answer is held back for as long
 * as `delayFor` says. So pacing needs no second channel, and a stopped main thread stops the
 * copier.
 *
 *   copy rate        = writes x PACE_FACTOR, at least PACE_BYTES_PER_SECOND_MIN
 *   log over bound   -> the rate grows with the excess, and has no limit from PACE_OVERDUE_SHARE on
 *
 *   free space    |-------- plenty --------|---- as much as the reserve ----|---- the reserve ----|
 *   copy rate       as above, then no limit once less than 2 x reserve is left above the reserve
 *   write delay     0                         0 ........ WRITE_DELAY_MS_MAX    writes are refused
 *
 * Invariants: the delay never passes PACE_DELAY_MS_MAX, so a round always ends; time that went by
 * unused is worth one batch at most, so a pause is not followed by a burst.
 */

import { MiB } from '../../lib/size-units.ts';

/**
 * Bytes of input that the compactor reads per byte that writers append. 1.7 keep up with uniform
 * overwrites at the disk bound; the rest is for the pauses between rounds.
 */
export const PACE_FACTOR = 4;

/** The compactor's rate when nobody writes: done soon, and not felt by readers of a slow disk. */
export const PACE_BYTES_PER_SECOND_MIN = 32 * MiB;

/** A log that passes its bound by this share is compacted at full speed. */
const PACE_OVERDUE_SHARE = 0.1;

/** The write rate is smoothed over so long: more than a client's burst, less than a round. */
const PACE_RATE_WINDOW_MS = 1000;

/** Longest wait between two batches of a copy, so that a round ends whatever the rate. */
export const PACE_DELAY_MS_MAX = 250;

/** Delay of each write when only the disk reserve is left: 50 writes a second and connection. */
export const WRITE_DELAY_MS_MAX = 20;

/** The disk and the log, as seen now. */
export interface PaceState {
  /** Bytes of all segments. */
  readonly logBytes: number;
  readonly liveBytes: number;
  readonly diskRatioMax: number;
  /** What may be written before the store refuses writes: free space without the reserve. */
  readonly roomBytes: number;
  readonly reserveBytes: number;
}

export class Pacer {
  #writeBytesPerSecond = 0;
  #sampledAtMs: number;
  #sampledBytes: number;
  /** When the copier will have paid for what it was allowed so far. */
  #paidAtMs: number;

  /** `appendedBytes`: what writers have appended since the store was opened. */
  constructor(nowMs: number, appendedBytes: number) {
    this.#sampledAtMs = nowMs;
    this.#sampledBytes = appendedBytes;
    this.#paidAtMs = nowMs;
  }

  /** Smoothed over PACE_RATE_WINDOW_MS; bytes of the log, headers included. */
  get writeBytesPerSecond(): number {
    return this.#writeBytesPerSecond;
  }

  /** Takes note of the writers' progress. Any number of calls. */
  observe(nowMs: number, appendedBytes: number): void {
    const elapsedMs = nowMs - this.#sampledAtMs;
    if (elapsedMs < 10) return;
    const rate = ((appendedBytes - this.#sampledBytes) * 1000) / elapsedMs;
    const weight = 1 - Math.exp(-elapsedMs / PACE_RATE_WINDOW_MS);
    this.#writeBytesPerSecond += (rate - this.#writeBytesPerSecond) * weight;
    this.#sampledAtMs = nowMs;
    this.#sampledBytes = appendedBytes;
  }

  /** How long the copier must wait, in ms, before it goes on after `bytes` bytes of input. */
  delayFor(nowMs: number, bytes: number, state: PaceState): number {
    const rate = copyBytesPerSecond(this.#writeBytesPerSecond, state);
    const costMs = rate === Infinity ? 0 : (bytes * 1000) / rate;
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs - costMs) + costMs;
    const delayMs = Math.min(this.#paidAtMs - nowMs, PACE_DELAY_MS_MAX);
    this.#paidAtMs = Math.min(this.#paidAtMs, nowMs + PACE_DELAY_MS_MAX);
    return delayMs;
  }
}

/** Bytes of input a second; Infinity = as fast as it goes. */
export function copyBytesPerSecond(writeBytesPerSecond: number, state: PaceState): number {
  if (state.roomBytes < 2 * state.reserveBytes) return Infinity;
  const bound = state.liveBytes * state.diskRatioMax;
  const over = bound === 0 ? 1 : state.logBytes / bound - 1;
  if (over >= PACE_OVERDUE_SHARE) return Infinity;
  const base = Math.max(PACE_BYTES_PER_SECOND_MIN, writeBytesPerSecond * PACE_FACTOR);
  return over <= 0 ? base : base / (1 - over / PACE_OVERDUE_SHARE);
}

/**
 * Milliseconds by which each write is to be delayed: 0 while as much as the reserve is left above
 * it, then in proportion to what is missing. Without room the store refuses writes.
 */
export function writeDelayMs(roomBytes: number, reserveBytes: number): number {
  if (reserveBytes === 0) return 0;
  return Math.min(1, Math.max(0, 1 - roomBytes / reserveBytes)) * WRITE_DELAY_MS_MAX;
}
