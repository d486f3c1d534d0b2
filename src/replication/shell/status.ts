/** What INFO and PEERS show of the cluster, put together from what Raft and the links know. */

import type { Member, MemberId, NamedPeer } from '../core/entry.ts';
import type { RaftStatus } from '../core/event.ts';
import type { ReplicaDriver } from '../core/replica-driver.ts';
import { isVoter } from '../core/quorum.ts';
import type { OrderStatus, PeerStatus } from '../core/total-order-broadcast.ts';
import type { PeerLink } from '../links/peer.ts';
import { nameOf } from './role-log.ts';

export interface StatusSource {
  readonly self: NamedPeer;
  readonly driver: ReplicaDriver | undefined;
  readonly links: readonly PeerLink[];
  readonly members: readonly NamedPeer[];
  readonly isStopped: boolean;
  readonly nowMs: number;
  readonly clockErrorMs: number;
}

export function statusOf(source: StatusSource): OrderStatus {
  const status = source.driver?.replica.status;
  const members = status === undefined || status.configuration.members.length === 0
    ? source.members.map((one) => ({ ...one, id: '' as MemberId }))
    : status.configuration.members;
  return {
    engine: 'raft',
    role: roleOf(source, status),
    term: status?.term ?? 0,
    leader: status?.leader === undefined ? '' : nameOf(status.leader),
    lastPosition: status?.lastIndex ?? 0,
    committed: status?.commit ?? 0,
    clockErrorMs: source.clockErrorMs,
    timeAheadMs: Math.max(0, Math.round(source.driver?.replica.raft.timeAheadMs ?? 0)),
    peers: members.map((one) => peerOf(source, status, one)),
  };
}

/** For MembersClock: the clocks of the other voters, where the links know them. */
export function clockBases(
  links: readonly PeerLink[], driver: ReplicaDriver | undefined,
): number[] {
  const voters = driver?.replica.status.configuration.voters ?? [];
  return links.flatMap(({ id, clockBaseMs }) => {
    const isKnown = id !== undefined && voters.includes(id) && clockBaseMs !== undefined;
    return isKnown ? [clockBaseMs] : [];
  });
}

function roleOf({ isStopped }: StatusSource, status: RaftStatus | undefined): OrderStatus['role'] {
  if (isStopped) return 'stopped';
  if (status === undefined) return 'joining';
  return status.role === 'preCandidate' ? 'candidate' : status.role;
}

function peerOf(
  source: StatusSource, status: RaftStatus | undefined,
  { id, name, clientAddress, peerAddress }: Member,
): PeerStatus {
  const isSelf = name === source.self.name;
  const link = source.links.find((one) => one.name === name);
  const heardAtMs = link?.lastContactAt;
  const progress = source.driver?.replica.raft.progress.get(id);
  const position = isSelf ? status?.commit ?? 0 : progress?.match ?? -1;
  return {
    name, id, clientAddress, peerAddress, isSelf, position,
    role: peerRole(status, id, isSelf),
    isConnected: isSelf || link?.connected === true,
    lag: lagOf(status, position),
    lastContactMs: isSelf ? 0 : sinceMs(source.nowMs, heardAtMs),
    roundTripMs: isSelf ? 0 : link?.roundTripMs ?? -1,
  };
}

/** Only the leader knows what its last position is. */
function lagOf(status: RaftStatus | undefined, position: number): number {
  if (status?.role !== 'leader' || position < 0) return -1;
  return Math.max(0, status.lastIndex - position);
}

function peerRole(
  status: RaftStatus | undefined, id: MemberId, isSelf: boolean,
): PeerStatus['role'] {
  if (status === undefined) return 'unknown';
  if (status.leader === id) return 'leader';
  if (!isVoter(status.configuration, id)) return 'learner';
  return isSelf && status.role !== 'follower' ? 'candidate' : 'follower';
}

function sinceMs(nowMs: number, atMs: number | undefined): number {
  return atMs === undefined || atMs <= 0 ? -1 : Math.max(0, Math.round(nowMs - atMs));
}
