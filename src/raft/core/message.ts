/**
 * What members say to each other. Plain data; raft/links/message-codec.ts makes bytes of it.
 *
 * Every message carries the sender's term. Messages may be lost, delayed, repeated and reordered;
 * that a link rarely does so makes things faster, not right.
 */

import type { Configuration, LogEntry, MemberId } from './entry.ts';

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  readonly term: number;
}

/** Would you vote for me in `term`, which I have not begun? (Raft thesis, section 9.6) */
export interface PreVote extends Envelope {
  readonly kind: 'preVote';
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/** `term` is that of the request if granted, else the answerer's own. */
export interface PreVoteResponse extends Envelope {
  readonly kind: 'preVoteResponse';
  readonly isGranted: boolean;
}

/** RequestVote (Raft, section 5.2). `isTransfer`: the leader asked for this election. */
export interface Vote extends Envelope {
  readonly kind: 'vote';
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly isTransfer: boolean;
}

export interface VoteResponse extends Envelope {
  readonly kind: 'voteResponse';
  readonly isGranted: boolean;
}

/** AppendEntries (Raft, section 5.3) with at least one entry, or a probe with none. */
export interface Append extends Envelope {
  readonly kind: 'append';
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly commit: number;
  readonly entries: readonly LogEntry[];
}

/** Everything up to `matchIndex` is as the leader's and durable. */
export interface Appended extends Envelope {
  readonly kind: 'appended';
  readonly matchIndex: number;
}

/**
 * The entry at `prevIndex` is missing or of another term. The sender's log agrees with the leader's
 * at most up to `hintIndex`, which it has in term `hintTerm`.
 */
export interface Rejected extends Envelope {
  readonly kind: 'rejected';
  readonly prevIndex: number;
  readonly hintIndex: number;
  readonly hintTerm: number;
}

/** `round` grows with each; an answer proves that its sender still followed in that round. */
export interface Heartbeat extends Envelope {
  readonly kind: 'heartbeat';
  readonly commit: number;
  readonly round: number;
}

/**
 * Everything up to `receivedIndex` is as the leader's, and up to `matchIndex` durable; 0 = unknown.
 * Both again, because what was said before may be lost.
 */
export interface HeartbeatResponse extends Envelope {
  readonly kind: 'heartbeatResponse';
  readonly round: number;
  readonly receivedIndex: number;
  readonly matchIndex: number;
}

/** Payloads for the leader to append, in this order. */
export interface Propose extends Envelope {
  readonly kind: 'propose';
  readonly payloads: readonly Uint8Array[];
}

/** Up to where must I have applied, to see all that was acknowledged before now? */
export interface ReadIndex extends Envelope {
  readonly kind: 'readIndex';
  readonly request: number;
}

export interface ReadIndexed extends Envelope {
  readonly kind: 'readIndexed';
  readonly request: number;
  readonly index: number;
}

/** Campaign at once: the leader hands over (Raft thesis, section 3.10). */
export interface TimeoutNow extends Envelope {
  readonly kind: 'timeoutNow';
}

/**
 * The state at an index, for a member whose next entry is no longer in the log (Raft, section 7).
 * The state itself travels beside it (raft/links/), and this is handed over when all of it
 * has arrived.
 */
export interface Snapshot extends Envelope {
  readonly kind: 'snapshot';
  readonly index: number;
  readonly indexTerm: number;
  readonly timeMs: number;
  readonly configuration: Configuration;
}

export type Message =
  | PreVote | PreVoteResponse | Vote | VoteResponse | Append | Appended | Rejected | Heartbeat
  | HeartbeatResponse | Propose | ReadIndex | ReadIndexed | TimeoutNow | Snapshot;
