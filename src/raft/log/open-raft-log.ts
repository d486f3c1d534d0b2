/**
 * Opens the replicated log of a directory, whatever the last life left there.
 *
 * It makes the directory if it is missing. It rejects with DiskError, or with DAMAGED when
 * something that was durable is not there any more; then nothing was changed.
 */

import type { Clock } from '../../io/clock.ts';
import type { Files } from '../../io/files.ts';
import { WatermarkFile } from '../../io/watermark-file.ts';
import { EMPTY_BASE } from '../core/entry.ts';
import type { SyncBudget } from './group-commit.ts';
import { LogIndex } from './log-index.ts';
import { mustBe } from './raft-log-error.ts';
import { RaftLog } from './raft-log.ts';
import type { RaftLogEvents } from './raft-log.ts';
import { RAFT_OWNER, recoverRaftLog } from './recover-raft-log.ts';
import { MiB } from '../../lib/size-units.ts';

/** A segment of the replicated log: what one start rewrites, and the grain of trimming. */
export const RAFT_SEGMENT_BYTES = 64 * MiB;

/**
 * What is kept beyond `raft-log-bytes` is up to a segment: a quarter of it at most. The default has
 * the largest segments.
 */
const RAFT_SEGMENTS_KEPT_MIN = 4;

/** Recovery holds one segment in RAM. */
export const RAFT_SEGMENT_BYTES_MAX = 256 * MiB;

export interface OpenRaftLogOptions {
  readonly events: RaftLogEvents;
  /** Default RAFT_SEGMENT_BYTES. */
  readonly segmentBytes?: number;
  /** Default: libuv's pool has all syncs. */
  readonly syncBudget?: SyncBudget;
  /** Default: how far the log is durable is noted after every sync. */
  readonly clock?: Clock;
  /** Called once if that cannot be noted any more. */
  readonly onNoteFailure?: (error: unknown) => void;
}

/** So that a log of which `logBytes` are to be kept is not much larger than that. */
export function segmentBytesFor(logBytes: number): number {
  return Math.min(RAFT_SEGMENT_BYTES, Math.ceil(logBytes / RAFT_SEGMENTS_KEPT_MIN));
}

/** `dir` has no '/' at its end. The caller holds its lock. */
export async function openRaftLog(files: Files, dir: string,
  options: OpenRaftLogOptions): Promise<RaftLog> {
  const { events, segmentBytes = RAFT_SEGMENT_BYTES, syncBudget } = options;
  mustBe(segmentBytes > 0 && segmentBytes <= RAFT_SEGMENT_BYTES_MAX, () =>
    `segments of ${segmentBytes} bytes, at most ${RAFT_SEGMENT_BYTES_MAX}`);
  await makeDirectory(files, dir);
  const state = await recoverRaftLog(files, dir) ?? {
    segments: [], index: new LogIndex(EMPTY_BASE), hardState: { term: 0, votedFor: undefined },
  };
  const notes = await WatermarkFile.open({
    files, dir, owner: RAFT_OWNER, clock: options.clock,
    onFailure: options.onNoteFailure ?? (() => undefined),
  });
  const newest = state.segments.at(-1);
  if (newest !== undefined) {
    notes.note({ fileId: newest.sequence, bytes: newest.synced, proof: undefined });
  }
  return new RaftLog(files, dir, { events, segmentBytes, syncBudget, notes }, state);
}

/** Its name has to last before anything in it does. */
async function makeDirectory(files: Files, dir: string): Promise<void> {
  await files.mkdir(dir);
  const slash = dir.lastIndexOf('/');
  await files.syncDir(slash === -1 ? '.' : dir.slice(0, slash) || '/');
}
