/**
 * What a leader knows of one other member, and what it may send it.
 *
 * - `probe`: it is not known where the logs agree. One append at a time, until one is answered.
 * - `stream`: they agree up to `match`, and appends follow each other without waiting for answers,
 *   up to a bound of messages and bytes under way.
 * - `snapshot`: the entries that it needs are gone; it is being sent the whole state.
 *
 * match < next. `match` only grows within a term.
 */

import type { MemberId } from './entry.ts';

export type ProgressState = 'probe' | 'stream' | 'snapshot';

interface Flight {
  readonly lastIndex: number;
  readonly bytes: number;
}

export class Progress {
  readonly id: MemberId;
  state: ProgressState = 'probe';
  /** Everything up to here is as the leader's, and durable there. */
  match = 0;
  /** The next entry to send. */
  next: number;
  /** Monotonic time of its last message; decides whether it counts as there. */
  lastHeardMs: number;
  /** The greatest heartbeat round that it answered. */
  heardRound = 0;
  /** The round, and what had been sent before it: its answer tells whether that arrived. */
  sentRound = 0;
  sentBeforeRound = 0;
  /** The last round whose heartbeat overtook appends: answers up to it tell nothing of those. */
  overtakenRound = 0;
  /** Probing, and the answer is not there yet. */
  isProbeSent = false;
  /** Entries for it are being read from disk. */
  isReading = false;
  #flights: Flight[] = [];
  #flightBytes = 0;

  constructor(id: MemberId, next: number, nowMs: number) {
    this.id = id;
    this.next = next;
    this.lastHeardMs = nowMs;
  }

  /** Whether an append may be sent now. */
  mayAppend(flightsMax: number, flightBytesMax: number): boolean {
    if (this.isReading || this.state === 'snapshot') return false;
    if (this.state === 'probe') return !this.isProbeSent;
    return this.#flights.length < flightsMax && this.#flightBytes < flightBytesMax;
  }

  becomeProbe(): void {
    this.state = 'probe';
    this.next = this.match + 1;
    this.isProbeSent = false;
    this.#land();
  }

  /**
   * From `next` on, not from `match`: what lies between may have arrived and not be durable yet, as
   * a state that is being installed. If it has not, the first append of the stream is rejected.
   */
  becomeStream(): void {
    this.state = 'stream';
    this.#land();
  }

  becomeSnapshot(): void {
    this.state = 'snapshot';
    this.#land();
  }

  /** Entries up to `lastIndex` were sent. */
  sent(lastIndex: number, bytes: number): void {
    if (this.state === 'probe') {
      this.isProbeSent = true;
      return;
    }
    this.next = lastIndex + 1;
    this.#flights.push({ lastIndex, bytes });
    this.#flightBytes += bytes;
  }

  /** It says that it has everything up to `index`. True when that is news. */
  matched(index: number): boolean {
    while ((this.#flights[0]?.lastIndex ?? Infinity) <= index) {
      this.#flightBytes -= this.#flights.shift()!.bytes;
    }
    this.next = Math.max(this.next, index + 1);
    if (index <= this.match) return false;
    this.match = index;
    return true;
  }

  #land(): void {
    this.#flights = [];
    this.#flightBytes = 0;
  }
}
