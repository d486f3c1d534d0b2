/**
 * The server as commands see it: gathers what the parts know, and passes on what commands ask for.
 * What it tells is true at the moment of asking.
 */

import { timingSafeEqual } from 'node:crypto';
import type {
  ClientsPort, CommandStat, ConfigPort, InfoSection, LatencyPort, PubSubPort, ServerPort,
  ShutdownOptions, SlowLogPort,
} from '../commands/server-port.ts';
import type { SessionPort } from '../commands/session-port.ts';
import type { CommandTable } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import type { Clock } from '../io/clock.ts';
import type { Keyspace } from '../keyspace/keyspace.ts';
import type { NetCounters } from '../net/connection-host.ts';
import type { CommandStats, ErrorStats } from '../observe/command-stats.ts';
import { infoSections } from '../observe/info-sections.ts';
import type { StoreFacts } from '../observe/info-source.ts';
import type { LatencyMonitor } from '../observe/latency-monitor.ts';
import { memoryParts } from '../observe/memory-report.ts';
import type { SlowLog } from '../observe/slow-log.ts';
import type { PubSubHub } from '../session/pub-sub-hub.ts';
import { REDIS_VERSION, VERSION } from '../version.ts';
import { InfoGatherer } from './gather-info.ts';
import type { RateCounters } from './rates.ts';

export interface ServerParts {
  readonly config: Config;
  readonly configPort: ConfigPort;
  readonly table: CommandTable;
  readonly clock: Clock;
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
  expiry(): { isOn: boolean };
  listening(): { readonly port: number; readonly addresses: readonly string[] };
  /** The store's figures at this moment. */
  store(): StoreFacts;
  /** The memory budget in bytes: `maxmemory`, or what was chosen for it. */
  memoryBudget(): number;
  /** Begins a clean stop; undefined when begun, else the whole text of the error. */
  shutdown(options: ShutdownOptions): string | undefined;
  /** False when no stop is under way that can be called off. */
  abortShutdown(): boolean;
}

export class ServerFacade implements ServerPort {
  readonly #parts: ServerParts;
  readonly #info: InfoGatherer;
  readonly version = VERSION;
  readonly redisVersion = REDIS_VERSION;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#info = new InfoGatherer(parts);
  }

  get table(): CommandTable {
    return this.#parts.table;
  }

  get config(): ConfigPort {
    return this.#parts.configPort;
  }

  get slowLog(): SlowLogPort {
    return this.#parts.slowLog;
  }

  get latency(): LatencyPort {
    return this.#parts.latency;
  }

  get pubsub(): PubSubPort {
    return this.#parts.hub;
  }

  get clients(): ClientsPort {
    return this.#parts.clients();
  }

  get startedAt(): number {
    return this.#parts.startedAt;
  }

  get lastSave(): number {
    return this.#parts.store().lastSave;
  }

  get compacting(): boolean {
    return this.#parts.store().isCompacting;
  }

  commandStats(): readonly CommandStat[] {
    return this.#parts.commandStats.list();
  }

  info(): readonly InfoSection[] {
    return infoSections(this.#info.gather());
  }

  memory(): Readonly<Record<string, number>> {
    return memoryParts(this.#info.gather());
  }

  /** CONFIG RESETSTAT: counters begin again; the slow log, LATENCY and the data stay. */
  resetStats(): void {
    const { callLog, commandStats, counters, errorStats, keyspace } = this.#parts;
    commandStats.reset();
    errorStats.reset();
    callLog.calls = 0;
    Object.assign(keyspace.stats, { hits: 0, misses: 0, expired: 0 });
    const zeros: NetCounters = {
      connections: 0, rejected: 0, bytesIn: 0, bytesOut: 0, protocolErrors: 0,
      outputLimitCloses: 0,
    };
    Object.assign(counters, zeros);
  }

  shutdown(options: ShutdownOptions): string | undefined {
    return this.#parts.shutdown(options);
  }

  abortShutdown(): boolean {
    return this.#parts.abortShutdown();
  }

  get needsPassword(): boolean {
    return this.#parts.config.values.requirepass !== '';
  }

  /** Takes as long for a wrong password as for the right one of its length. */
  checkPassword(user: string, password: Buffer): boolean {
    const wanted = Buffer.from(this.#parts.config.values.requirepass);
    if (user !== 'default') return false;
    if (wanted.length === 0) return true;
    return wanted.length === password.length && timingSafeEqual(wanted, password);
  }

  /** Remembers the peak of memory for INFO; call it about once a second. */
  sampleMemory(): void {
    this.#info.sampleMemory();
  }

  setActiveExpire(on: boolean): void {
    this.#parts.expiry().isOn = on;
  }

  mayDebug(session: SessionPort): boolean {
    const allowed = this.#parts.config.values['enable-debug-command'];
    return allowed === 'yes' || (allowed === 'local' && isLocal(session.facts.address));
  }
}

/** Of this machine: the loopback, or a Unix socket, whose address is its path. */
function isLocal(address: string): boolean {
  return address.startsWith('127.') || address.startsWith('[::1]') || address.startsWith('/') ||
    address.startsWith('[::ffff:127.');
}
