/**
 * What commands may know and ask of the peers of this server. Implemented by the shell
 * (server/peers-facade.ts); a server that stands alone has none.
 */

import type { NamedPeer } from '../raft/core/entry.ts';
import type { NotServing, OrderStatus } from '../raft/core/total-order-broadcast.ts';

export interface PeersPort {
  /** This server's name among them. */
  readonly node: string;
  status(): OrderStatus;
  /** The highest position that this peer has applied; never goes back. */
  readonly applied: number;
  /** Bytes of this peer's own batches that are not delivered yet. */
  readonly waitingBytes: number;
  /** How long a request waits for a majority, milliseconds. */
  readonly timeoutMs: number;
  /** How reads are where a connection has not said otherwise. */
  readonly isLinearizable: boolean;
  /** Why this server does not answer for its data; undefined if it does. */
  readonly notServing: NotServing | undefined;
  /** What the builds of all peers know. */
  readonly featureLevel: number;
  /**
   * Whether what is committed has a peer of this name, or invites it, with the addresses of `place`
   * if that is given. Undefined while this peer does not take part.
   */
  hasCommitted(name: string, place?: NamedPeer): boolean | undefined;
  /** See ClusterAdministration: undefined when it has begun, else the reason why not. */
  add(peer: NamedPeer): string | undefined;
  remove(name: string): string | undefined;
  /** Begins to hand leadership over; else the reason why not. */
  transfer(name: string): string | undefined;
}
