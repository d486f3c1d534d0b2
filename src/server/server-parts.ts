/** What the facade of a server is made of: given by the composition (running-server.ts). */

import type { PeersPort } from '../commands/peers-port.ts';
import type { ClientsPort, ConfigPort } from '../commands/server-port.ts';
import type { CommandTable } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../io/clock.ts';
import type { RandomSource } from '../io/random-source.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { NetCounters } from '../net/connection-host.ts';
import type { CommandStats, ErrorStats } from '../observe/command-stats.ts';
import type { SaveFacts, StoreFacts } from '../observe/info-source.ts';
import type { LatencyMonitor } from '../observe/latency-monitor.ts';
import type { SlowLog } from '../observe/slow-log.ts';
import type { PubSubHub } from '../session/pub-sub-hub.ts';
import type { RateCounters } from './rates.ts';

/** Requests that wait for keys: see engine/blocked-requests.ts. */
export interface BlockedFacts {
  readonly keys: number;
  readonly withTimeout: number;
  undelivered: number;
}

export interface ServerParts {
  readonly config: Config;
  readonly configPort: ConfigPort;
  readonly table: CommandTable;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly keyspace: Keyspace;
  readonly hub: PubSubHub;
  readonly watched: { readonly count: number };
  readonly monitors: { readonly count: number };
  readonly slowLog: SlowLog;
  readonly latency: LatencyMonitor;
  readonly commandStats: CommandStats;
  readonly errorStats: ErrorStats;
  readonly callLog: { calls: number };
  readonly rates: { perSecond(): RateCounters };
  readonly counters: NetCounters;
  /** 40 hexadecimal digits, chosen at this start. */
  readonly runId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Functions where the part is made after this one: they are called when a command asks. */
  clients(): ClientsPort;
  blocked(): BlockedFacts;
  /** Undefined for a server that stands alone. */
  peers(): PeersPort | undefined;
  expiry(): { isOn: boolean };
  listening(): { readonly port: number; readonly addresses: readonly string[] };
  /** The store's figures at this moment. */
  store(): StoreFacts;
  saves(): SaveFacts;
  /** The memory budget in bytes: `maxmemory`, or what was chosen for it. */
  memoryBudget(): number;
  memoryUsage(): NodeJS.MemoryUsage;
  /** Begins a clean stop. */
  shutdown(): void;
}
