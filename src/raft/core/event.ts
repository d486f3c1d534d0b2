/** What a Raft instance is told, and what it answers: the whole of its connection to the world. */

import type {
  Configuration, HardState, LogBase, LogEntry, Member, MemberId, NamedPeer,
} from './entry.ts';
import type { Message, Snapshot } from './message.ts';

/** Monotonic time decides timeouts; wall time is stamped on entries. Milliseconds. */
export interface Now {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** Who shall vote and learn from now on; the leader takes the way there in safe steps. */
export interface MembersTarget {
  readonly voters: readonly MemberId[];
  readonly learners: readonly MemberId[];
  readonly members: readonly Member[];
  /** Absent: as before. */
  readonly featureLevel?: number;
  readonly invited?: readonly NamedPeer[];
}

export type RaftEvent =
  /** Time has passed: due at Raft.deadlineMs. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'propose'; readonly payloads: readonly Uint8Array[] }
  /** The log up to this entry, and every hard state given before it, are durable. */
  | { readonly kind: 'persisted'; readonly index: number; readonly term: number }
  /** Asks for a read index; the answer comes by Raft.takeReads, or not at all. */
  | { readonly kind: 'read'; readonly request: number }
  /** Answer to Update.logReads; no entries when they are gone. */
  | { readonly kind: 'logRead'; readonly to: MemberId; readonly entries: readonly LogEntry[] }
  /** The stream that Update.snapshots asked for has ended; `index`: which state it carried. */
  | {
    readonly kind: 'snapshotSent'; readonly to: MemberId; readonly index: number;
    readonly isOk: boolean;
  }
  /** The heartbeat of this round was sent ahead of appends that wait for the line. */
  | { readonly kind: 'overtook'; readonly to: MemberId; readonly round: number }
  /** What was sent to it lately may be lost. */
  | { readonly kind: 'unreachable'; readonly id: MemberId }
  | { readonly kind: 'trimmed'; readonly base: LogBase }
  | { readonly kind: 'changeMembers'; readonly target: MembersTarget }
  | { readonly kind: 'transfer'; readonly to: MemberId };

export interface LogRead {
  readonly to: MemberId;
  readonly from: number;
  readonly bytesMax: number;
}

export interface ReadReady {
  readonly request: number;
  readonly index: number;
}

/**
 * What to do, in this order:
 * 1. If `install` is there, replace state and log by the snapshot that has arrived.
 * 2. Write `hardState` and `entries` to the log. An entry whose index is taken replaces what is
 *    there from that index on. When they are durable, say 'persisted'.
 * 3. Send `messages`; if there is a hard state, not before it is durable, nor those of any later
 *    update before that.
 */
export interface Update {
  readonly install: Snapshot | undefined;
  readonly hardState: HardState | undefined;
  readonly entries: readonly LogEntry[];
  readonly messages: readonly Message[];
  /** Members that need entries from disk; a new leader may be one of them. */
  readonly logReads: readonly LogRead[];
  /** Members that need the whole state. */
  readonly snapshots: readonly MemberId[];
  /** Payloads of 'propose', its own or forwarded, that found no leader or no room. */
  readonly dropped: number;
}

export type Role = 'follower' | 'preCandidate' | 'candidate' | 'leader';

/** What people and tools are shown. */
export interface RaftStatus {
  readonly id: MemberId;
  readonly role: Role;
  readonly term: number;
  readonly leader: MemberId | undefined;
  readonly lastIndex: number;
  readonly commit: number;
  readonly configuration: Configuration;
}
