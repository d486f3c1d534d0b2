/** What a start finds on its disk, before it is decided who this peer is (begin-life.ts). */

import type { Logger } from 'pino';
import type { Files } from '../../io/files.ts';
import type { RandomSource } from '../../io/random-source.ts';
import type { LogBase, MemberId, NamedPeer } from '../core/entry.ts';
import { parseLogBase } from '../core/log-base-codec.ts';
import type { RaftLog } from '../log/raft-log.ts';

/** What the store says of the order. */
export interface HeldState {
  /** The highest position that it has applied; 0 = it has never been in a total order. */
  readonly applied: number;
  /** How many keys it holds. */
  readonly keys: number;
  readonly timeMs: number;
  /** See OrderedState. */
  readonly snapshotMeta: Uint8Array | undefined;
  /** The last start of which it holds a batch of this member; 0 = none. */
  epochOf(id: MemberId): number;
  /** What it holds without any position becomes its state at `position`, durably. */
  takeAs(position: number): Promise<void>;
}

export interface LifeParts {
  readonly files: Files;
  readonly dir: string;
  readonly self: NamedPeer;
  readonly random: RandomSource;
  readonly log: Logger;
  readonly raftLog: RaftLog;
  /** Undefined where the state is not known yet: then only the files of raft/ are looked at. */
  readonly held: HeldState | undefined;
  /** See the option of that name; '' = not asked for. */
  readonly goOnAlone: string;
  /** The highest feature level that this build knows. */
  readonly featureLevel?: number;
}

/**
 * Where the store says that the log goes on: a state that was installed, while the start of the log
 * behind it was cut off, counts instead of that log.
 */
export function installedBase(
  raftLog: RaftLog, snapshotMeta: Uint8Array | undefined,
): LogBase | undefined {
  const base = snapshotMeta === undefined ? undefined : parseLogBase(snapshotMeta);
  if (base === undefined || raftLog.isFresh || base.index <= raftLog.base.index) return undefined;
  return raftLog.termOf(base.index) === base.term ? undefined : base;
}
