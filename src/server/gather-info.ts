/**
 * Reads the figures of every part, and of the process, for INFO and MEMORY. The peak of memory is
 * the largest that anybody asked for or that `sampleMemory` saw.
 */

import { arch, release, totalmem, type } from 'node:os';
import { clientBytes } from '../commands/client/client-list.ts';
import type {
  ClientFactsTotal, CpuFacts, DatabaseFacts, InfoSource, MemoryFacts, ServerFacts, StatsFacts,
} from '../observe/info-source.ts';
import { REDIS_VERSION, VERSION } from '../version.ts';
import type { ServerParts } from './server-parts.ts';

export class InfoGatherer {
  readonly #parts: ServerParts;
  readonly #startupBytes: number;
  #peakBytes = 0;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#startupBytes = this.sampleMemory();
  }

  gather(): InfoSource {
    const parts = this.#parts;
    return {
      server: serverFacts(parts),
      clients: clientFacts(parts),
      memory: this.#memoryFacts(),
      store: parts.store(),
      saves: parts.saves(),
      stats: statsFacts(parts),
      cpu: cpuFacts(),
      peers: parts.peers(),
      commands: parts.commandStats.list(),
      errors: parts.errorStats.list(),
      databases: databaseFacts(parts),
    };
  }

  /** Bytes in use now; remembers the most. */
  sampleMemory(): number {
    return this.#noteUse(this.#parts.memoryUsage());
  }

  /** What is reserved and was never touched, such as an empty read cache, is not in use. */
  #noteUse({ rss, heapUsed, external }: NodeJS.MemoryUsage): number {
    const used = Math.min(heapUsed + external, rss);
    this.#peakBytes = Math.max(this.#peakBytes, used);
    return used;
  }

  #memoryFacts(): MemoryFacts {
    const { config, memoryBudget, memoryUsage } = this.#parts;
    const usage = memoryUsage();
    const { rss, heapTotal, heapUsed, external } = usage;
    return {
      usedBytes: this.#noteUse(usage),
      peakBytes: this.#peakBytes,
      residentBytes: rss,
      heapBytes: heapTotal,
      heapUsedBytes: heapUsed,
      externalBytes: external,
      startupBytes: this.#startupBytes,
      systemBytes: totalmem(),
      maxBytes: memoryBudget(),
      policy: config.values['maxmemory-policy'],
    };
  }
}

function serverFacts(parts: ServerParts): ServerFacts {
  const { config, clock, runId, startedAt } = parts;
  const { port, addresses } = parts.listening();
  return {
    version: VERSION,
    redisVersion: REDIS_VERSION,
    runId,
    os: `${type()} ${release()} ${arch()}`,
    nodeVersion: process.version,
    processId: process.pid,
    executable: process.execPath,
    configFile: config.file ?? '',
    tcpPort: port,
    listening: addresses,
    nowMs: clock.nowMs(),
    startedAtMs: startedAt,
    hz: config.values.hz,
  };
}

function clientFacts(parts: ServerParts): ClientFactsTotal {
  const { blocked: waits, clients, config, watched, monitors } = parts;
  let pubsub = 0;
  let watching = 0;
  let blocked = 0;
  let query = 0;
  let output = 0;
  let bytes = 0;
  const all = clients().all();
  for (const { kind, session } of all) {
    const { queryBufferBytes, outputBytes } = session.facts;
    if (kind === 'pubsub') pubsub++;
    if (session.transaction.watching > 0) watching++;
    if (session.blocking.isBlocked) blocked++;
    query = Math.max(query, queryBufferBytes);
    output = Math.max(output, outputBytes);
    bytes += clientBytes(session);
  }
  return {
    connected: all.length,
    pubsub,
    watching,
    blocked,
    blockingKeys: waits().keys,
    withTimeout: waits().withTimeout,
    monitors: monitors.count,
    max: config.values.maxclients,
    watchedKeys: watched.count,
    largestQueryBufferBytes: query,
    largestOutputBytes: output,
    bufferBytes: bytes,
  };
}

function statsFacts(parts: ServerParts): StatsFacts {
  const { blocked, callLog, counters, errorStats, hub, keyspace, rates } = parts;
  const rate = rates.perSecond();
  return {
    connections: counters.connections,
    rejectedConnections: counters.rejected,
    calls: callLog.calls,
    callsPerSecond: rate.calls,
    bytesIn: counters.bytesIn,
    bytesOut: counters.bytesOut,
    bytesInPerSecond: rate.bytesIn,
    bytesOutPerSecond: rate.bytesOut,
    protocolErrors: counters.protocolErrors,
    outputLimitCloses: counters.outputLimitCloses,
    expiredKeys: keyspace.stats.expired,
    expiredFields: keyspace.stats.expiredFields,
    hits: keyspace.stats.hits,
    misses: keyspace.stats.misses,
    channels: hub.channelCount,
    patterns: hub.patterns,
    shardChannels: hub.shardChannelCount,
    errorReplies: errorStats.total,
    undeliveredReplies: blocked().undelivered,
  };
}

function cpuFacts(): CpuFacts {
  const { user, system } = process.cpuUsage();
  return { userSeconds: user / 1e6, systemSeconds: system / 1e6 };
}

function databaseFacts({ clock, keyspace }: ServerParts): DatabaseFacts[] {
  return keyspace.databases
    .filter((db) => db.count() > 0)
    .map((db) => ({
      index: db.index,
      keys: db.count(),
      expires: db.countExpiring(),
      averageTtlMs: keyspace.storage.averageTtlMs(db.space, clock.nowMs()),
      expiringHashes: db.countExpiringHashes(),
    }));
}
