/**
 * Linearizable reads without writing (ReadIndex; thesis, section 6.4): the leader notes what is
 * committed, proves by a round of heartbeats that it still leads, and names the index. Whoever has
 * applied that much sees every write that was acknowledged before the read was asked for.
 */

import type { MemberId } from './entry.ts';
import type { ReadIndex, ReadIndexed } from './message.ts';
import { reachedByMajority } from './quorum.ts';
import type { RaftState } from './raft-state.ts';
import { sendHeartbeats } from './sending.ts';

/** A read of this member itself. */
export function onRead(raft: RaftState, request: number): void {
  if (raft.role === 'leader') return gather(raft, raft.id, request);
  if (raft.leader !== undefined) raft.send(raft.leader, { kind: 'readIndex', request });
}

export function onReadIndex(raft: RaftState, { from, request }: ReadIndex): void {
  if (raft.role === 'leader') gather(raft, from, request);
}

export function onReadIndexed(raft: RaftState, { request, index }: ReadIndexed): void {
  raft.outbox.readsReady.push({ request, index });
}

/**
 * Begins a round for the reads that wait, unless one is under way. A new leader knows what is
 * committed only once an entry of its own term is.
 */
export function maybeBeginReadRound(raft: RaftState): void {
  const { reads, log } = raft;
  if (reads.isRoundUnderWay || !reads.hasGathered) return;
  if (log.termOf(log.commit) !== raft.term) return;
  sendHeartbeats(raft);
  reads.begin(raft.round, log.commit);
  confirmReads(raft);
}

/** Answers the reads whose round a majority has answered. */
export function confirmReads(raft: RaftState): void {
  const round = reachedByMajority(raft.configuration, (id) => {
    return id === raft.id ? Infinity : raft.progress.get(id)?.heardRound ?? 0;
  });
  const done = raft.reads.confirm(round);
  if (done === undefined) return;
  for (const { from, request } of done.reads) {
    const { index } = done;
    if (from === raft.id) raft.outbox.readsReady.push({ request, index });
    else raft.send(from, { kind: 'readIndexed', request, index });
  }
  maybeBeginReadRound(raft);
}

function gather(raft: RaftState, from: MemberId, request: number): void {
  raft.reads.add({ from, request });
  maybeBeginReadRound(raft);
}
