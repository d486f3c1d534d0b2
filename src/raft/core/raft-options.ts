/** What a Raft instance is told when it is made. */

import type { HardState, MemberId } from './entry.ts';
import type { RecoveredLog } from './log-view.ts';

export interface RaftOptions {
  readonly id: MemberId;
  /** A follower campaigns after one to two times this without a leader; a leader steps down after
   * this long without a majority. */
  readonly electionTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Payload bytes in one append; a single larger entry goes alone. */
  readonly appendBytesMax: number;
  /** Appends under way to one member, and their bytes. */
  readonly flightsMax: number;
  readonly flightBytesMax: number;
  /** Bytes of recent entries that are kept in RAM. */
  readonly windowBytesMax: number;
  /** Payload bytes that may wait to be committed; further proposals are dropped. */
  readonly uncommittedBytesMax: number;
  /** A candidate's term is above the present one by 1 to this many, at random. */
  readonly termStepMax: number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

/** What a restart brings back. */
export interface RaftStart {
  readonly hardState: HardState;
  readonly log: RecoveredLog;
  /** What the state machine holds; it was committed. */
  readonly applied: number;
}
