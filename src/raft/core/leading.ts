/**
 * What a leader does: it appends, sends, counts what a majority holds durably, and commits (Raft,
 * sections 5.3 and 5.4.2). Its own write to disk goes on meanwhile (thesis, section 10.2.1).
 */

import type { LogEntry, MemberId } from './entry.ts';
import { afterCommit } from './membership.ts';
import type { Appended, HeartbeatResponse, Rejected } from './message.ts';
import type { Progress } from './progress.ts';
import { onTailRead, takeLogged } from './proposing.ts';
import { reachedByMajority } from './quorum.ts';
import type { RaftState } from './raft-state.ts';
import { confirmReads, maybeBeginReadRound } from './reading.ts';
import { appendOwn, payloadBytes, sendAppends, sendHeartbeats } from './sending.ts';
import { maybeHandOver } from './transfer.ts';

const NOTHING = new Uint8Array(0);

/** The election is won. */
export function becomeLeader(raft: RaftState): void {
  raft.becomeLeader();
  takeLogged(raft);
  // Entries of older terms are committed by committing one of this term (section 5.4.2).
  appendOwn(raft, 'empty', NOTHING);
  for (const progress of raft.progress.values()) sendAppends(raft, progress, true);
  sendHeartbeats(raft);
}

/** Entries that a member needs, or the leader itself, have been read from disk. */
export function onLogRead(
  raft: RaftState, to: MemberId, entries: readonly LogEntry[],
): void {
  if (to === raft.id) return onTailRead(raft, entries);
  const progress = raft.progress.get(to);
  if (raft.role !== 'leader' || progress === undefined || !progress.isReading) return;
  progress.isReading = false;
  const first = entries[0];
  const { log, options } = raft;
  const fits = first !== undefined && first.index === progress.next &&
    entries.every(({ index, term }) => log.termOf(index) === term);
  const prevTerm = log.termOf(progress.next - 1);
  if (fits && prevTerm !== undefined && progress.mayAppend(options.flightsMax, Infinity)) {
    raft.send(to, {
      kind: 'append', prevIndex: first.index - 1, prevTerm, commit: log.commit, entries,
    });
    progress.sent(first.index + entries.length - 1, payloadBytes(entries));
  }
  sendAppends(raft, progress, false);
}

// ---- Answers ------------------------------------------------------------------------------------

export function onAppended(raft: RaftState, { from, matchIndex }: Appended): void {
  const progress = heard(raft, from);
  if (progress === undefined) return;
  const isNews = progress.matched(matchIndex);
  if (progress.state === 'probe') progress.becomeStream();
  if (progress.state === 'snapshot' && matchIndex >= raft.log.base.index) progress.becomeProbe();
  if (isNews) maybeCommit(raft);
  if (raft.role !== 'leader') return;
  sendAppends(raft, progress, false);
  maybeHandOver(raft);
}

export function onRejected(raft: RaftState, message: Rejected): void {
  const progress = heard(raft, message.from);
  if (progress === undefined || progress.state === 'snapshot') return;
  const { prevIndex, hintIndex, hintTerm } = message;
  // Of an append that has been overtaken: what it asked is settled.
  if (prevIndex <= progress.match) return;
  if (progress.state === 'probe' && prevIndex !== progress.next - 1) return;
  progress.becomeProbe();
  const agreed = raft.log.lastAtMost(hintTerm, hintIndex);
  progress.next = Math.max(Math.min(prevIndex, agreed + 1), progress.match + 1);
  sendAppends(raft, progress, true);
}

export function onHeartbeatResponse(raft: RaftState, message: HeartbeatResponse): void {
  const { from, round, receivedIndex, matchIndex } = message;
  const progress = heard(raft, from);
  if (progress === undefined) return;
  progress.heardRound = Math.max(progress.heardRound, round);
  if (progress.matched(matchIndex)) maybeCommit(raft);
  if (raft.role !== 'leader') return;
  confirmReads(raft);
  // Sent before the heartbeat and not there after it: lost on the way.
  const isInOrder = round > progress.overtakenRound;
  const isLost = progress.state === 'stream' && round === progress.sentRound && isInOrder &&
    receivedIndex < progress.sentBeforeRound;
  if (isLost) progress.becomeProbe();
  if (progress.state === 'probe' && isInOrder) progress.isProbeSent = false;
  sendAppends(raft, progress, progress.state === 'probe');
}

/** Its answer says nothing of the appends that it has overtaken. */
export function onOvertook(raft: RaftState, to: MemberId, round: number): void {
  const progress = raft.progress.get(to);
  if (progress !== undefined) progress.overtakenRound = round;
}

export function onUnreachable(raft: RaftState, id: MemberId): void {
  const progress = raft.progress.get(id);
  if (progress?.state === 'stream') progress.becomeProbe();
}

export function onSnapshotSent(raft: RaftState, to: MemberId, index: number, isOk: boolean): void {
  const progress = raft.progress.get(to);
  if (progress?.state !== 'snapshot') return;
  progress.becomeProbe();
  if (isOk) progress.next = Math.max(progress.next, index + 1);
  // Its answer to the next heartbeat starts the next attempt, not this call: no busy loop.
  progress.isProbeSent = true;
}

// ---- Commit and heartbeats ----------------------------------------------------------------------

/** Commits what a majority holds durably, if it is of this term (section 5.4.2). */
export function maybeCommit(raft: RaftState): void {
  const { log, configuration } = raft;
  const index = reachedByMajority(configuration, (id) => {
    return id === raft.id ? log.durable : raft.progress.get(id)?.match ?? 0;
  });
  if (log.termOf(index) !== raft.term || !log.commitTo(index)) return;
  afterCommit(raft);
  if (raft.role !== 'leader') return;
  tellCommit(raft);
  maybeBeginReadRound(raft);
}

/** Followers hear of commits at once, because clients wait there; no answer is wanted. */
function tellCommit(raft: RaftState): void {
  const { commit } = raft.log;
  for (const { id, state } of raft.progress.values()) {
    if (state === 'stream') raft.send(id, { kind: 'heartbeat', commit, round: 0 });
  }
}

/** Time for heartbeats, and to see whether a majority is still there (thesis, section 6.2). */
export function onHeartbeatTimeout(raft: RaftState): void {
  const { options, now, configuration } = raft;
  const heardAtMs = reachedByMajority(configuration, (id) => {
    return id === raft.id ? now.monotonicMs : raft.progress.get(id)?.lastHeardMs ?? -Infinity;
  });
  if (now.monotonicMs - heardAtMs >= options.electionTimeoutMs) {
    return raft.becomeFollower(raft.term, undefined);
  }
  sendHeartbeats(raft);
}

function heard(raft: RaftState, from: MemberId): Progress | undefined {
  if (raft.role !== 'leader') return undefined;
  const progress = raft.progress.get(from);
  if (progress !== undefined) progress.lastHeardMs = raft.now.monotonicMs;
  return progress;
}
