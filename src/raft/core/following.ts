/** What a follower does with what its leader sends (Raft, sections 5.3 and 7). */

import { parseConfiguration } from './configuration-codec.ts';
import type { Configuration, LogEntry } from './entry.ts';
import type { LogView } from './log-view.ts';
import type { Append, Heartbeat, Snapshot } from './message.ts';
import type { RaftState } from './raft-state.ts';

/** `message` is of the present term. */
export function onAppend(raft: RaftState, message: Append): void {
  follow(raft, message);
  const { log } = raft;
  const { prevIndex, prevTerm, entries, from, commit } = message;
  raft.contradictedAt ??= findContradiction(log, message);
  if (raft.contradictedAt !== undefined) return;
  raft.statedCommit = Math.max(raft.statedCommit, commit);
  // What is committed here is as the leader's (leader completeness, section 5.4.3).
  const isKnown = prevIndex < log.commit || log.termOf(prevIndex) === prevTerm;
  if (!isKnown) {
    const hintIndex = log.lastAtMost(prevTerm, Math.min(prevIndex, log.lastIndex));
    const hintTerm = log.termOf(hintIndex) ?? 0;
    return raft.send(from, { kind: 'rejected', prevIndex, hintIndex, hintTerm });
  }
  const isNews = store(raft, entries);
  raft.matched = Math.max(raft.matched, prevIndex + entries.length);
  log.commitTo(Math.min(commit, raft.matched));
  if (!isNews) acknowledge(raft);
}

export function onHeartbeat(raft: RaftState, message: Heartbeat): void {
  follow(raft, message);
  raft.statedCommit = Math.max(raft.statedCommit, message.commit);
  raft.log.commitTo(Math.min(message.commit, raft.matched));
  const { round, from } = message;
  if (round === 0) return;
  // It may have become durable while nobody seemed to lead, and the leader not have heard of it.
  raft.acknowledged = Math.max(raft.acknowledged, durableOf(raft));
  const { matched: receivedIndex, acknowledged: matchIndex } = raft;
  raft.send(from, { kind: 'heartbeatResponse', round, receivedIndex, matchIndex });
}

/** A snapshot has arrived whole. */
export function onSnapshot(raft: RaftState, message: Snapshot): void {
  follow(raft, message);
  const { log } = raft;
  const { index, indexTerm: term, timeMs, configuration } = message;
  if (index > log.commit) {
    // A log that holds the entry must keep what follows it: that may have been acknowledged.
    if (log.termOf(index) === term) log.commitTo(index);
    else {
      log.reset({ index, term, timeMs, configuration });
      raft.logClock.restart(timeMs, raft.now.monotonicMs);
      raft.outbox.entries = [];
      raft.outbox.install = message;
    }
  }
  raft.matched = Math.max(raft.matched, index);
  if (raft.outbox.install === undefined) acknowledge(raft);
}

/** More of the log is durable. */
export function onFollowerPersisted(raft: RaftState): void {
  if (raft.leader === undefined || raft.leader === raft.id) return;
  if (durableOf(raft) > raft.acknowledged) acknowledge(raft);
}

/** What is durable of that which agrees with the leader's log. */
function durableOf({ matched, log }: RaftState): number {
  return Math.min(matched, log.durable);
}

/** Tells the leader so. */
function acknowledge(raft: RaftState): void {
  raft.acknowledged = durableOf(raft);
  const { leader, acknowledged } = raft;
  if (leader === undefined) return;
  raft.send(leader, { kind: 'appended', matchIndex: acknowledged });
}

function follow(raft: RaftState, message: Append | Heartbeat | Snapshot): void {
  const { from, term } = message;
  if (raft.leader === from && raft.role === 'follower') raft.resetElectionTimer();
  else raft.becomeFollower(term, from);
  raft.heardLeaderAtMs = raft.now.monotonicMs;
  const commit = message.kind === 'snapshot' ? message.index : message.commit;
  raft.leaderCommit = Math.max(raft.leaderCommit, commit);
}

/**
 * What is committed here, and another there: a majority of disks has lost what it had confirmed.
 */
function findContradiction(
  log: LogView, { prevIndex, prevTerm, entries }: Append,
): number | undefined {
  const isAnother = (index: number, term: number): boolean =>
    index <= log.commit && (log.termOf(index) ?? term) !== term;
  if (isAnother(prevIndex, prevTerm)) return prevIndex;
  return entries.find(({ index, term }) => isAnother(index, term))?.index;
}

/** True when entries were appended. */
function store(raft: RaftState, entries: readonly LogEntry[]): boolean {
  const { log } = raft;
  const from = entries.findIndex(({ index, term }) => {
    return index > log.commit && log.termOf(index) !== term;
  });
  if (from === -1) return false;
  const first = entries[from]!;
  if (first.index <= log.lastIndex) truncate(raft, first.index - 1);
  for (let i = from; i < entries.length; i++) {
    raft.append(entries[i]!, configurationOf(entries[i]!));
  }
  return true;
}

/** Removes entries that contradict the leader's (section 5.3, log matching). */
function truncate(raft: RaftState, lastIndex: number): void {
  raft.log.truncate(lastIndex);
  // It begins with the entries that replace them.
  raft.logClock.restart(0, raft.now.monotonicMs);
  raft.outbox.entries = raft.outbox.entries.filter(({ index }) => index <= lastIndex);
}

function configurationOf({ kind, payload }: LogEntry): Configuration | undefined {
  if (kind !== 'configuration') return undefined;
  const configuration = parseConfiguration(payload);
  if (configuration === undefined) throw new Error('assertion failed: no configuration in entry');
  return configuration;
}
