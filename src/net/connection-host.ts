/** What all connections of a server share. Filled by the server's composition. */

import type { Logger } from 'pino';
import type { Clock } from '../io/clock.ts';
import type { LimitedLog } from '../io/limited-log.ts';
import type { Args } from '../protocol/args.ts';
import type { OutputPool } from '../protocol/output-pool.ts';
import type { Engine } from '../engine/engine.ts';
import type { SessionRealm } from '../session/session.ts';
import type { OutputLimits } from './output-limit.ts';
import type { Turn } from './turn.ts';

/** Counted for INFO; reset by CONFIG RESETSTAT. */
export interface NetCounters {
  connections: number;
  rejected: number;
  bytesIn: number;
  bytesOut: number;
  protocolErrors: number;
  outputLimitCloses: number;
}

export interface ConnectionHost {
  readonly clock: Clock;
  readonly engine: Engine;
  readonly turn: Turn;
  readonly pool: OutputPool;
  /** Requests that are decoded together; their places are used by one connection at a time. */
  readonly batch: Args[];
  readonly realm: SessionRealm;
  readonly log: Logger;
  /** For lines that a stranger can cause. */
  readonly limitedLog: LimitedLog;
  readonly counters: NetCounters;
  /** `proto-max-bulk-len` and `client-query-buffer-limit` at present. */
  readonly bulkBytesMax: number;
  readonly queryBytesMax: number;
  outputLimits(kind: 'normal' | 'pubsub'): OutputLimits;
  /** The connection with this id is closed. */
  onClosed(id: number): void;
  /** Something that cannot happen did. */
  onBug(error: unknown): void;
}
