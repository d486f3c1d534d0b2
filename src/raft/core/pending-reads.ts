/**
 * Reads that wait for a leader's proof that it still leads (ReadIndex; thesis, section 6.4). Those
 * that arrive while one round of heartbeats is under way share the next.
 */

import type { MemberId } from './entry.ts';

export interface PendingRead {
  readonly from: MemberId;
  readonly request: number;
}

interface Round {
  readonly number: number;
  /** What was committed before the round began, and so before it was answered. */
  readonly index: number;
  readonly reads: readonly PendingRead[];
}

export class PendingReads {
  #gathered: PendingRead[] = [];
  #round: Round | undefined;

  get isRoundUnderWay(): boolean {
    return this.#round !== undefined;
  }

  get hasGathered(): boolean {
    return this.#gathered.length > 0;
  }

  add(read: PendingRead): void {
    this.#gathered.push(read);
  }

  /** Everything gathered waits for this round of heartbeats, which begins now. */
  begin(number: number, index: number): void {
    this.#round = { number, index, reads: this.#gathered };
    this.#gathered = [];
  }

  /** A majority has answered `round`: the reads that waited for it, if any did. */
  confirm(round: number): Round | undefined {
    if (this.#round === undefined || round < this.#round.number) return undefined;
    const done = this.#round;
    this.#round = undefined;
    return done;
  }

  /** None waits any more: the members that asked will ask the next leader. */
  clear(): void {
    this.#round = undefined;
    this.#gathered = [];
  }
}
