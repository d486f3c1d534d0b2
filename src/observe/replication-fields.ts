/**
 * INFO's section Replication: Redis's fields, and behind them, with peers, those of the order.
 *
 * The role is master on every peer: each takes writes, and clients and proxies that find a slave
 * stop sending them. Who leads the order is in order_role.
 */

import type { PeersPort } from '../commands/peers-port.ts';
import { replicasOf } from '../commands/server/replicas.ts';
import type { PeerStatus } from '../raft/core/total-order-broadcast.ts';

export type Field = readonly [name: string, value: string | number];

const ZERO_ID = '0'.repeat(40);

/** `peers`: undefined for a server that stands alone. */
export function replicationFields(runId: string, peers: PeersPort | undefined): Field[] {
  const status = peers?.status();
  const replicas = status === undefined ? [] : replicasOf(status);
  return [
    ['role', 'master'],
    ['connected_slaves', replicas.length],
    ...replicas.map(({ host, port, position, silentMs }, i): Field => [
      `slave${i}`,
      `ip=${host},port=${port},state=online,offset=${position},` +
        `lag=${Math.max(0, Math.floor(silentMs / 1000))}`,
    ]),
    ['master_failover_state', 'no-failover'],
    ['master_replid', runId],
    ['master_replid2', ZERO_ID],
    ['master_repl_offset', peers?.applied ?? 0],
    ['second_repl_offset', -1],
    ['repl_backlog_active', 0],
    ['repl_backlog_size', 0],
    ['repl_backlog_first_byte_offset', 0],
    ['repl_backlog_histlen', 0],
    ...(peers === undefined ? [] : orderFields(peers)),
  ];
}

function orderFields(peers: PeersPort): Field[] {
  const { node, applied, waitingBytes, featureLevel, notServing } = peers;
  const status = peers.status();
  return [
    ['node', node],
    ['engine', status.engine],
    ['order_role', status.role],
    ['order_term', status.term],
    ['order_leader', status.leader],
    ['order_last_position', status.lastPosition],
    ['order_committed', status.committed],
    ['order_applied', applied],
    ['order_waiting_bytes', waitingBytes],
    ['order_feature_level', featureLevel],
    ['order_serving', notServing?.text ?? 'yes'],
    ...status.removedBy === undefined ? [] : [['order_removed_by', status.removedBy] as const],
    ['order_clock_error_ms', status.clockErrorMs ?? 0],
    ['order_time_ahead_ms', status.timeAheadMs ?? 0],
    ...status.peers.map((peer, i): Field => [`peer${i}`, describePeer(peer)]),
  ];
}

function describePeer(
  { name, role, position, lag, isConnected, lastContactMs }: PeerStatus,
): string {
  return `name=${name},role=${role},position=${position},lag=${lag},` +
    `connected=${isConnected ? 1 : 0},last_contact_ms=${lastContactMs}`;
}
