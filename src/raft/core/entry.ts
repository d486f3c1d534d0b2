/**
 * What the replicated log is made of: entries, the configuration of members that entries may
 * change, and what has to survive a crash besides them.
 *
 * A position is the index of an entry; the first entry has index 1, and 0 means "before all". A
 * term has one leader at most. Times are milliseconds since 1970 by the clock of the leader
 * that proposed the entry, and never go back along the log.
 */

declare const memberId: unique symbol;

/**
 * One life of one peer: its name and the nonce that it drew when its data directory was made, such
 * as `a:1f3c9a2b5d7e8f01`. A peer that lost its directory comes back as another member, because it
 * has forgotten what it promised.
 */
export type MemberId = string & { readonly [memberId]: never };

/** A peer as people name it. */
export interface NamedPeer {
  /** As configured: `a`. */
  readonly name: string;
  /** host:port for clients and for peers. */
  readonly clientAddress: string;
  readonly peerAddress: string;
}

/** What the log's configuration says of a member. */
export interface Member extends NamedPeer {
  readonly id: MemberId;
}

/**
 * Who votes (Raft, section 6). While `outgoing` is not empty the change is joint: decisions need a
 * majority of `voters` and one of `outgoing`. Learners get everything and count for nothing. Every
 * id that is named is in `members`, once.
 */
export interface Configuration {
  readonly voters: readonly MemberId[];
  readonly outgoing: readonly MemberId[];
  readonly learners: readonly MemberId[];
  readonly members: readonly Member[];
  /** What all members' builds know; see feature-level.ts. Absent: the first. */
  readonly featureLevel?: number;
  /** Peers that become members when they are there; no name of a member. Absent: none. */
  readonly invited?: readonly NamedPeer[];
}

/** A configuration and the index from which on it is in the log. */
export interface PlacedConfiguration {
  readonly index: number;
  readonly configuration: Configuration;
}

/** `empty`: a new leader's first entry. `configuration`: the payload is an encoded one. */
export type EntryKind = 'empty' | 'batch' | 'configuration';

export interface LogEntry {
  readonly index: number;
  readonly term: number;
  readonly timeMs: number;
  readonly kind: EntryKind;
  /** Never changed once the entry is made; may be a view into a larger buffer. */
  readonly payload: Uint8Array;
}

/** Must be durable before any message of its term is sent (Raft, figure 2, persistent state). */
export interface HardState {
  readonly term: number;
  readonly votedFor: MemberId | undefined;
}

/** What is known just before a log's first entry: where the entries before it were cut off. */
export interface LogBase {
  readonly index: number;
  readonly term: number;
  readonly timeMs: number;
  /** In force at `index`. */
  readonly configuration: Configuration;
}

export const NO_MEMBERS: Configuration = { voters: [], outgoing: [], learners: [], members: [] };

/** Before the first entry of a log that nobody has written. */
export const EMPTY_BASE: LogBase = { index: 0, term: 0, timeMs: 0, configuration: NO_MEMBERS };
