/**
 * The seam between a server and whatever orders its writes: all peers are given the same batches
 * at the same positions. Behind it the built-in Raft (shell/raft-engine.ts); one contract suite
 * runs on every engine (test/raft/contract).
 *
 * What an engine promises:
 * - Batches are delivered in one order, the same everywhere, each once, and those of one peer in
 *   the order in which it broadcast them.
 * - A batch that was delivered anywhere survives what `durability` says.
 * - A read index names a position that includes every batch that was delivered, on any peer, before
 *   the read index was asked for.
 * - The caller of `broadcast` or `readIndex` is told the outcome, in bounded time: delivered,
 *   certainly not made, or not known. Nothing is called back before the call that caused it has
 *   returned.
 */

import type { ClusterAdministration } from './cluster-administration.ts';
import type { BatchId } from './proposal.ts';

export interface Capabilities {
  /** What a delivered batch survives: nothing, the end of a process, or the loss of power. */
  readonly durability: 'none' | 'process' | 'power';
  /** Bytes of the largest body. */
  readonly bodyBytesMax: number;
}

/** A batch in its place. */
export interface OrderedBatch {
  readonly position: number;
  /** Milliseconds since 1970; never goes back. The only clock that the batch may use. */
  readonly timeMs: number;
  readonly seed: readonly [number, number];
  /** Borrowed until the batch is applied. Empty for one that was given up. */
  readonly body: Uint8Array;
  /** To be kept with the state, and given back at the next start. */
  readonly id: BatchId;
  /** What `broadcast` returned, if this start of this peer did and still waits. */
  readonly ticket: number | undefined;
}

/** The whole state at one position, as bytes. */
export interface OrderedSnapshot {
  readonly position: number;
  /** Each is the caller's until it asks for the next. */
  chunks(): AsyncIterable<Uint8Array>;
  release(): Promise<void>;
}

/** The state that batches are applied to. */
export interface OrderedState {
  /** The highest position that is applied. */
  readonly applied: number;
  /** No more batches are wanted at the moment; the owner says `resume`. */
  readonly isBusy: boolean;
  /** The next position, with a batch or without one. Applied in this order, perhaps later. */
  apply(position: number, batch: OrderedBatch | undefined): void;
  /** The last batch of each peer that is applied. */
  readonly batchIds: readonly BatchId[];
  /** What was kept with the snapshot that this state began as; undefined if it began empty. */
  readonly snapshotMeta: Uint8Array | undefined;
  /** For a peer that is far behind. Batches go on meanwhile. */
  exportSnapshot(): Promise<OrderedSnapshot>;
  /** Stages what another peer has exported; returns its position. The state stays as it is. */
  receiveSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<number>;
  /**
   * Replaces the state by what was staged last, in one step that survives a crash, and keeps `meta`
   * with it. No batch is delivered meanwhile.
   */
  installSnapshot(meta: Uint8Array): Promise<void>;
}

export interface OrderOutcome {
  /** Time is up. `mayApply`: it may be delivered all the same, soon; if not, it never will be. */
  onExpired(ticket: number, mayApply: boolean): void;
  /** They were delivered, but the state came from a peer, and their results are not known. */
  onSkipped(tickets: readonly number[]): void;
  /** What asked for this read index may read once `position` is applied. */
  onReadIndex(id: number, position: number): void;
  /** No majority answered in time. */
  onReadIndexFailed(id: number): void;
  /** Ordering has stopped for good on this peer, such as after a failed write. */
  onStopped(reason: string): void;
}

/** What is known of one peer; position and lag are -1 where only a leader knows them. */
export interface PeerStatus {
  readonly name: string;
  readonly id: string;
  readonly clientAddress: string;
  readonly peerAddress: string;
  /**
   * `joining`: it is there, but under an identity that is no member, as with a new disk.
   * `invited`: it has not come yet. `removed`: this peer itself, which is no member any more.
   */
  readonly role: 'leader' | 'follower' | 'candidate' | 'learner' | 'joining' | 'invited' |
    'removed' | 'unknown';
  readonly isSelf: boolean;
  readonly isConnected: boolean;
  /** Up to where its log is durable; of this peer itself, up to where it knows of a majority. */
  readonly position: number;
  /** How many positions that is behind the leader's last one. */
  readonly lag: number;
  /** Milliseconds since it was last heard; -1 = never. */
  readonly lastContactMs: number;
  /** Milliseconds there and back, lately; -1 = not known. */
  readonly roundTripMs: number;
}

export interface OrderStatus {
  readonly engine: string;
  readonly role: 'leader' | 'follower' | 'candidate' | 'learner' | 'joining' | 'removed' |
    'stopped';
  readonly term: number;
  /** Name of the leader; '' when none is known. */
  readonly leader: string;
  readonly lastPosition: number;
  readonly committed: number;
  /** Index of the configuration that took this peer out. */
  readonly removedBy?: number;
  /** See TotalOrderBroadcast; and by how much the order's time is ahead of the right one. */
  readonly clockErrorMs?: number;
  readonly timeAheadMs?: number;
  readonly peers: readonly PeerStatus[];
}

/**
 * Why a peer does not answer for the data: LOADING until it has caught up with the others once,
 * REMOVED when it is not one of them any more.
 */
export interface NotServing {
  readonly code: 'LOADING' | 'REMOVED';
  /** The whole text of the error, the code included. */
  readonly text: string;
}

export interface TotalOrderBroadcast {
  readonly capabilities: Capabilities;
  /** Why nothing can be broadcast or asked at the moment; undefined when it can. */
  readonly refusal: string | undefined;
  /** Why this peer does not answer for the data at all; undefined when it does. */
  readonly notServing?: NotServing | undefined;
  /** What every peer's build knows: see feature-level.ts. Nothing newer may be broadcast. */
  readonly featureLevel: number;
  /** Delivers what follows `state.applied`. Called once. */
  start(state: OrderedState, outcome: OrderOutcome): void;
  /**
   * Broadcasts a batch, by the next `flush` at the latest, and never before this call has returned;
   * `body` is owned from now on. Returns a ticket.
   */
  broadcast(body: Uint8Array, seed: readonly [number, number], timeoutMs: number): number;
  /** Asks for a read index by the next `flush`; returns its id. */
  readIndex(timeoutMs: number): number;
  /**
   * By how much this peer's wall clock is ahead of the right time, as far as the engine can tell
   * from the other peers' clocks; 0 while it is about right or nobody knows.
   */
  readonly clockErrorMs: number;
  /**
   * The highest position that this peer has heard to be committed; undefined while it hears nobody
   * who would know.
   */
  readonly knownCommit: number | undefined;
  /**
   * Everything that was committed before the present leader led is at or below this position;
   * undefined while that is not known.
   */
  readonly leaderSince: number | undefined;
  /** Body bytes of own batches that are not delivered yet. */
  readonly waitingBytes: number;
  flush(): void;
  /** The state is not busy any more. */
  resume(): void;
  /** The state is durable up to `position`: a restart will ask for what follows, nothing before. */
  saved(position: number): void;
  status(): OrderStatus;
  /** Undefined for an engine without a leader. */
  readonly administration?: ClusterAdministration | undefined;
  /** Hands leadership over if it can, and lets go of everything. */
  stop(): Promise<void>;
}
