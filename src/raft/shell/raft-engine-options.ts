/** What a RaftEngine is made of. */

import type { Logger } from 'pino';
import type { Clock } from '../../io/clock.ts';
import type { Files } from '../../io/files.ts';
import type { RandomSource } from '../../io/random-source.ts';
import type { NamedPeer } from '../core/entry.ts';
import type { Links } from '../links/links.ts';
import type { RaftLog } from '../log/raft-log.ts';
import type { Identity } from './identity.ts';

export interface RaftEngineOptions {
  readonly files: Files;
  /** Holds the replicated log and the identity. */
  readonly dir: string;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Logger;
  readonly self: NamedPeer;
  /** All of them, this one too. */
  readonly members: readonly NamedPeer[];
  readonly electionTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Bytes of log that are kept behind what is saved. */
  readonly logBytes: () => number;
  /** Bytes a second of a state that is sent to a peer which is far behind. */
  readonly snapshotRate: () => number;
  /** The highest feature level that this build knows; for tests another than FEATURE_LEVEL. */
  readonly featureLevel?: number;
}

/** What has been opened before. */
export interface RaftEngineParts {
  readonly identity: Identity;
  readonly raftLog: RaftLog;
  readonly links: Links;
}
