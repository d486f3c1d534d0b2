/** What a leader puts into its log, and sends: entries and heartbeats. */

import type { EntryKind, LogEntry } from './entry.ts';
import type { Progress } from './progress.ts';
import type { RaftState } from './raft-state.ts';

/** An entry of this leader: behind the last, at a time that never goes back nor stands still. */
export function appendOwn(
  raft: RaftState, kind: EntryKind, payload: Uint8Array,
  configuration?: RaftState['configuration'],
): void {
  const { log, logClock, term, now } = raft;
  const elapsedMs = Math.floor(logClock.at(now.monotonicMs));
  const timeMs = Math.max(log.lastTimeMs, elapsedMs, now.wallMs);
  raft.append({ index: log.lastIndex + 1, term, timeMs, kind, payload }, configuration);
}

export function sendToAll(raft: RaftState): void {
  for (const progress of raft.progress.values()) sendAppends(raft, progress, false);
}

/**
 * Sends what the member lacks, as far as may be under way. `mayBeEmpty`: a probe if it lacks
 * nothing.
 */
export function sendAppends(raft: RaftState, progress: Progress, mayBeEmpty: boolean): void {
  const { log, options, outbox } = raft;
  while (progress.mayAppend(options.flightsMax, options.flightBytesMax)) {
    const isCaughtUp = progress.next > log.lastIndex;
    if (isCaughtUp && !mayBeEmpty) return;
    const prevIndex = progress.next - 1;
    const prevTerm = log.termOf(prevIndex);
    if (prevTerm === undefined) {
      progress.becomeSnapshot();
      outbox.snapshots.push(progress.id);
      return;
    }
    const entries = isCaughtUp ? [] : log.slice(progress.next, options.appendBytesMax);
    if (entries === undefined) {
      progress.isReading = true;
      outbox.logReads.push({
        to: progress.id, from: progress.next, bytesMax: options.appendBytesMax,
      });
      return;
    }
    raft.send(progress.id, {
      kind: 'append', prevIndex, prevTerm, commit: log.commit, entries,
    });
    progress.sent(prevIndex + entries.length, payloadBytes(entries));
    if (entries.length === 0) return;
  }
}

/** One round of heartbeats. */
export function sendHeartbeats(raft: RaftState): void {
  raft.round++;
  raft.heartbeatDeadlineMs = raft.now.monotonicMs + raft.options.heartbeatMs;
  const { commit } = raft.log;
  for (const progress of raft.progress.values()) {
    progress.sentRound = raft.round;
    progress.sentBeforeRound = progress.next - 1;
    raft.send(progress.id, { kind: 'heartbeat', commit, round: raft.round });
  }
}

export function payloadBytes(entries: readonly LogEntry[]): number {
  return entries.reduce((sum, { payload }) => sum + payload.length, 0);
}
