/**
 * Peers as Redis's replicas, for commands and tools that ask for those: ROLE, WAIT, INFO.
 *
 * Every peer takes writes, so each one is a master to its clients, and the others are its replicas.
 */

import { splitAddress } from '../../config/peer-list.ts';
import type { OrderStatus } from '../../raft/core/total-order-broadcast.ts';
import type { PeersPort } from '../peers-port.ts';

export interface ReplicaFacts {
  readonly host: string;
  readonly port: number;
  /** -1 where only the leader knows it. */
  readonly position: number;
  /** Since it was last heard; -1 = never. */
  readonly silentMs: number;
}

/** The other peers that are connected: Redis lists no others. */
export function replicasOf({ peers }: OrderStatus): ReplicaFacts[] {
  return peers.filter(({ isSelf, isConnected }) => !isSelf && isConnected)
    .map(({ clientAddress, position, lastContactMs }) => {
      return { ...splitAddress(clientAddress), position, silentMs: lastContactMs };
    });
}

/**
 * How many other peers surely have what this one has applied up to `position`. The leader knows of
 * each; others know of the majority that it takes to apply anything.
 */
export function countReplicas(peers: PeersPort | undefined, position: number): number {
  if (peers === undefined) return 0;
  const status = peers.status();
  const known = status.role !== 'leader' ? 0
    : status.peers.filter((peer) => !peer.isSelf && peer.position >= position).length;
  return Math.max(known, othersInMajority(status));
}

function othersInMajority({ peers }: OrderStatus): number {
  const voters = peers.filter(({ role }) => role !== 'learner');
  const majority = Math.floor(voters.length / 2) + 1;
  return voters.some(({ isSelf }) => isSelf) ? majority - 1 : majority;
}
