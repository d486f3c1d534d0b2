/**
 * The server as commands see it: gathers what the parts know, and passes on what commands ask for.
 * What it tells is true at the moment of asking.
 */

import { timingSafeEqual } from 'node:crypto';
import type { PeersPort } from '../commands/peers-port.ts';
import type {
  ClientsPort, CommandStat, ConfigPort, InfoSection, LatencyPort, PubSubPort, ServerPort,
  SlowLogPort,
} from '../commands/server-port.ts';
import type { SessionPort } from '../commands/session-port.ts';
import type { CommandTable } from '../commands/table.ts';
import { randomBytes } from '../io/random-source.ts';
import type { NetCounters } from '../net/connection-host.ts';
import { infoSections } from '../observe/info-sections.ts';
import { memoryParts } from '../observe/memory-report.ts';
import { REDIS_VERSION, VERSION } from '../version.ts';
import { InfoGatherer } from './gather-info.ts';
import type { ServerParts } from './server-parts.ts';

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

  get peers(): PeersPort | undefined {
    return this.#parts.peers();
  }

  get startedAt(): number {
    return this.#parts.startedAt;
  }

  get lastSave(): number {
    return this.#parts.saves().lastAt;
  }

  get saving(): boolean {
    return this.#parts.saves().isRunning;
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
    this.#parts.blocked().undelivered = 0;
    Object.assign(keyspace.stats, { hits: 0, misses: 0, expired: 0, expiredFields: 0 });
    const zeros: NetCounters = {
      connections: 0, rejected: 0, bytesIn: 0, bytesOut: 0, protocolErrors: 0,
      outputLimitCloses: 0,
    };
    Object.assign(counters, zeros);
  }

  shutdown(): void {
    this.#parts.shutdown();
  }

  secret(bytes: number): Buffer {
    return randomBytes(this.#parts.random, bytes);
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
