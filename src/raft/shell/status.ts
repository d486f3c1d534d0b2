/** What INFO and PEERS show of the cluster, put together from what Raft and the links know. */

import type { MemberId, NamedPeer } from '../core/entry.ts';
import type { RaftStatus } from '../core/event.ts';
import { invitedBy } from '../core/feature-level.ts';
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
  readonly removedBy: number | undefined;
  readonly nowMs: number;
  readonly clockErrorMs: number;
}

export function statusOf(source: StatusSource): OrderStatus {
  const status = source.driver?.replica.status;
  const { removedBy } = source;
  return {
    engine: 'raft',
    role: roleOf(source, status),
    term: status?.term ?? 0,
    leader: status?.leader === undefined ? '' : nameOf(status.leader),
    lastPosition: status?.lastIndex ?? 0,
    committed: status?.commit ?? 0,
    ...removedBy !== undefined && { removedBy },
    clockErrorMs: source.clockErrorMs,
    timeAheadMs: Math.max(0, Math.round(source.driver?.replica.raft.timeAheadMs ?? 0)),
    peers: rowsOf(source, status).map((one) => peerOf(source, status, one)),
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

/** Members, invited peers and this one; until there are members, those that are configured. */
function rowsOf({ self, members: configured }: StatusSource, status: RaftStatus | undefined):
(NamedPeer & { readonly id: MemberId })[] {
  const members = status?.configuration.members ?? [];
  const others = status === undefined || members.length === 0
    ? configured : invitedBy(status.configuration);
  const rows = [...members, ...others.map((one) => ({ ...one, id: '' as MemberId }))];
  if (rows.some(({ name }) => name === self.name)) return rows;
  return [...rows, { ...self, id: status?.id ?? '' as MemberId }];
}

function roleOf(
  { isStopped, removedBy }: StatusSource, status: RaftStatus | undefined,
): OrderStatus['role'] {
  if (isStopped) return 'stopped';
  if (removedBy !== undefined) return 'removed';
  if (status === undefined) return 'joining';
  const { configuration, id, role } = status;
  if (!isVoter(configuration, id) && role === 'follower') {
    return configuration.learners.includes(id) ? 'learner' : 'joining';
  }
  return role === 'preCandidate' ? 'candidate' : role;
}

function peerOf(
  source: StatusSource, status: RaftStatus | undefined,
  { id, name, clientAddress, peerAddress }: NamedPeer & { readonly id: MemberId },
): PeerStatus {
  const isSelf = name === source.self.name;
  const link = source.links.find((one) => one.name === name);
  const heardAtMs = link?.lastContactAt;
  const progress = source.driver?.replica.raft.progress.get(id);
  const position = isSelf ? status?.commit ?? 0 : progress?.match ?? -1;
  return {
    name, id, clientAddress, peerAddress, isSelf, position,
    role: peerRole(source, status, id, isSelf, link),
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
  { removedBy }: StatusSource, status: RaftStatus | undefined, id: MemberId, isSelf: boolean,
  link: PeerLink | undefined,
): PeerStatus['role'] {
  if (status === undefined || status.configuration.members.length === 0) return 'unknown';
  const { configuration, leader, role } = status;
  const isMember = configuration.members.some((one) => one.id === id);
  if (isSelf && removedBy !== undefined) return 'removed';
  if (!isMember) return isSelf || link?.connected === true ? 'joining' : 'invited';
  // Who comes with a new disk has the name of the member that is gone.
  const present = isSelf ? status.id : link?.connected === true ? link.id : id;
  if (present !== id) return 'joining';
  if (leader === id) return 'leader';
  if (!isVoter(configuration, id)) return 'learner';
  return isSelf && role !== 'follower' ? 'candidate' : 'follower';
}

function sinceMs(nowMs: number, atMs: number | undefined): number {
  return atMs === undefined || atMs <= 0 ? -1 : Math.max(0, Math.round(nowMs - atMs));
}
