/**
 * What INFO and MEMORY know: plain numbers and texts, gathered by the server at the moment of
 * asking.
 *
 * Units are in the names. Counters run since the start or the last CONFIG RESETSTAT.
 */

import type { PeersPort } from '../commands/peers-port.ts';
import type { CommandStat } from '../commands/server-port.ts';
import type { ErrorStat } from './command-stats.ts';

export interface ServerFacts {
  readonly version: string;
  readonly redisVersion: string;
  /** 40 hexadecimal digits, chosen at each start. */
  readonly runId: string;
  /** Name, release and machine of the operating system. */
  readonly os: string;
  readonly nodeVersion: string;
  readonly processId: number;
  readonly executable: string;
  /** Absolute path, or empty. */
  readonly configFile: string;
  readonly tcpPort: number;
  /** 'host:port' or the path of a Unix socket. */
  readonly listening: readonly string[];
  readonly nowMs: number;
  readonly startedAtMs: number;
  readonly hz: number;
}

export interface ClientFactsTotal {
  readonly connected: number;
  readonly pubsub: number;
  readonly watching: number;
  readonly blocked: number;
  /** Keys that they wait for, and how many of them wait for so long only. */
  readonly blockingKeys: number;
  readonly withTimeout: number;
  readonly monitors: number;
  readonly max: number;
  readonly watchedKeys: number;
  readonly largestQueryBufferBytes: number;
  readonly largestOutputBytes: number;
  /** Output and query buffers of all of them. */
  readonly bufferBytes: number;
}

export interface MemoryFacts {
  /** The process: heap in use and memory outside of the heap. */
  readonly usedBytes: number;
  readonly peakBytes: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  /** When the server had started and held no data yet. */
  readonly startupBytes: number;
  readonly systemBytes: number;
  /** The budget: `maxmemory`, or what it chose for itself. */
  readonly maxBytes: number;
  readonly policy: string;
}

/** SAVE and BGSAVE. */
export interface SaveFacts {
  /** Seconds since the epoch of the last one, or of the start. */
  readonly lastAt: number;
  /** Changes to keys since then. */
  readonly changesSince: number;
  readonly isRunning: boolean;
  /** For how long the one under way has run; -1 = none is. */
  readonly runningSeconds: number;
  /** The last one failed. */
  readonly hasFailed: boolean;
  /** How long the last one took; -1 = there was none. */
  readonly lastSeconds: number;
  readonly count: number;
}

/** The store as INFO tells of it. Filled by the server's composition. */
export interface StoreFacts {
  /** Why writes are refused, or undefined. */
  readonly failure: string | undefined;
  /** Places on disk that are not as they were written, and reads that failed, since the start. */
  readonly damagedPlaces: number;
  readonly readErrors: number;
  /** The last of them, with file and offset. */
  readonly lastBadRead: string | undefined;
  readonly policy: string;
  /** Syncs of files that have ended, and those under way. */
  readonly syncs: number;
  readonly pendingSyncs: number;
  /** Bytes committed that the kernel does not have yet. */
  readonly backlogBytes: number;
  /** What this start cut from the end of the log, oldest segment first. */
  readonly tornTails: readonly {
    readonly file: string; readonly offset: number; readonly bytes: number;
  }[];
  /** It is not noted any more how far the log is synced. */
  readonly hasNotesFailed: boolean;
  readonly isCompacting: boolean;
  readonly compactions: number;
  readonly compactionFailures: number;
  /** Of the last round; -1 = there was none. */
  readonly lastCompactionSeconds: number;
  readonly segments: number;
  readonly logBytes: number;
  readonly liveBytes: number;
  readonly cacheHits: number;
  readonly cacheMisses: number;
  readonly recoveryMs: number;
  readonly recoveredKeys: number;
  /** RAM by part. */
  readonly indexBytes: number;
  readonly hotTailBytes: number;
  readonly readCacheBytes: number;
  /** Warm collections and strings under change. */
  readonly liveValueBytes: number;
  /** The smallest memory budget that lets keys be added now. */
  readonly neededBytes: number;
}

export interface StatsFacts {
  readonly connections: number;
  readonly rejectedConnections: number;
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
  readonly protocolErrors: number;
  readonly outputLimitCloses: number;
  readonly expiredKeys: number;
  /** Of hashes. */
  readonly expiredFields: number;
  readonly hits: number;
  readonly misses: number;
  readonly channels: number;
  readonly patterns: number;
  readonly shardChannels: number;
  readonly errorReplies: number;
  /** What requests took that had waited for keys, and whose clients had gone. */
  readonly undeliveredReplies: number;
}

export interface CpuFacts {
  readonly userSeconds: number;
  readonly systemSeconds: number;
}

export interface DatabaseFacts {
  readonly index: number;
  readonly keys: number;
  readonly expires: number;
  /** Of a sample of the keys that expire; 0 = none does. */
  readonly averageTtlMs: number;
  /** Hashes that have fields that expire. */
  readonly expiringHashes: number;
}

export interface InfoSource {
  readonly server: ServerFacts;
  readonly clients: ClientFactsTotal;
  readonly memory: MemoryFacts;
  readonly store: StoreFacts;
  readonly saves: SaveFacts;
  readonly stats: StatsFacts;
  readonly cpu: CpuFacts;
  /** Undefined for a server that stands alone. */
  readonly peers: PeersPort | undefined;
  readonly commands: readonly CommandStat[];
  readonly errors: readonly ErrorStat[];
  /** Those that hold keys. */
  readonly databases: readonly DatabaseFacts[];
}
