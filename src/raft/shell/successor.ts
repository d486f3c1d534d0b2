/** Whether a leader can hand over to the peer that an operator names, and when it has. */

import type { Clock } from '../../io/clock.ts';
import type { MemberId } from '../core/entry.ts';
import type { Replica } from '../core/replica.ts';
import type { OrderStatus } from '../core/total-order-broadcast.ts';
import { placeOf } from './role-log.ts';

/** A leader that shuts down waits so long for another to take over. */
const RAFT_TRANSFER_MS_MAX = 2000;

export type Successor =
  | { readonly ok: true; readonly id: MemberId }
  | { readonly ok: false; readonly reason: string };

/**
 * A peer that is asked to take over holds up all writes until it has: one that cannot hear of it,
 * or may not lead, is refused before that.
 */
export function chooseSuccessor({ role, leader, peers }: OrderStatus, name: string): Successor {
  if (role !== 'leader') return refuse(whoLeads(leader, peers));
  const peer = peers.find((one) => one.name === name);
  if (peer === undefined) {
    return refuse(`no peer is called '${name}': ${peers.map((one) => one.name).join(', ')}`);
  }
  if (peer.isSelf) return refuse('this peer leads already');
  if (peer.role === 'learner') return refuse(`${name} has no vote and cannot lead`);
  if (!peer.isConnected) return refuse(`${name} is not connected`);
  return { ok: true, id: peer.id as MemberId };
}

/** Whom a leader that shuts down asks to take over; undefined when it does not lead, or alone. */
export function mostAdvancedVoter({ raft, status }: Replica): MemberId | undefined {
  const { role, configuration } = status;
  if (role !== 'leader') return undefined;
  const voters = [...raft.progress.values()].filter(({ id }) => configuration.voters.includes(id));
  return voters.toSorted((one, other) => other.match - one.match)[0]?.id;
}

/** Resolves when another leads, or RAFT_TRANSFER_MS_MAX have passed. */
export async function waitForSuccessor(replica: Replica, clock: Clock): Promise<void> {
  const untilMs = clock.monotonicMs() + RAFT_TRANSFER_MS_MAX;
  while (replica.status.role === 'leader' && clock.monotonicMs() < untilMs) {
    await new Promise<void>((resolve) => void clock.setTimer(1, resolve));
  }
}

function whoLeads(leader: string, peers: OrderStatus['peers']): string {
  if (leader === '') return 'only a leader hands over, and no peer leads now';
  const address = peers.find(({ name }) => name === leader)?.clientAddress;
  return `only the leader hands over: ask ${placeOf(leader, address)}`;
}

function refuse(reason: string): Successor {
  return { ok: false, reason };
}
