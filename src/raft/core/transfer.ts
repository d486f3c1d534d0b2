/** Handing leadership over (thesis, section 3.10), as before a shutdown. */

import type { MemberId } from './entry.ts';
import type { RaftState } from './raft-state.ts';
import { sendAppends } from './sending.ts';

/** Proposals are dropped until the other has taken over, or an election timeout has passed. */
export function transfer(raft: RaftState, to: MemberId): void {
  const progress = raft.progress.get(to);
  if (raft.role !== 'leader' || progress === undefined) return;
  if (!raft.configuration.voters.includes(to)) return;
  raft.transferTo = to;
  raft.transferDeadlineMs = raft.now.monotonicMs + raft.options.electionTimeoutMs;
  sendAppends(raft, progress, false);
  maybeHandOver(raft);
}

/** Once the other has everything it shall campaign at once. */
export function maybeHandOver(raft: RaftState): void {
  const { transferTo, log } = raft;
  if (transferTo === undefined) return;
  if (raft.progress.get(transferTo)?.match !== log.lastIndex) return;
  raft.send(transferTo, { kind: 'timeoutNow' });
}

/** The other has not taken over in time: proposals are welcome again. */
export function onTransferTimeout(raft: RaftState): void {
  raft.transferTo = undefined;
  raft.transferDeadlineMs = Infinity;
}
