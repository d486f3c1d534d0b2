/**
 * A server whose storage is open: everything above the disk, put together and running.
 *
 * Order of a clean stop: take no new clients, let every client have its replies, write everything
 * out, let go of the directory. What was acknowledged is on its way to the disk before any of this.
 */

import type { Logger } from 'pino';
import { USUAL_LIMITS } from '../cluster/proposal-body.ts';
import { allCommands } from '../commands/all-commands.ts';
import type { RequestLimits } from '../commands/command.ts';
import { CommandTable } from '../commands/table.ts';
import type { Config } from '../config/config.ts';
import { randomBytes } from '../io/random-source.ts';
import { LimitedLog } from '../io/limited-log.ts';
import { Clients } from '../net/clients.ts';
import type { ConnectionHost, NetCounters } from '../net/connection-host.ts';
import { Listeners } from '../net/listeners.ts';
import { Turn } from '../net/turn.ts';
import { CommandStats, ErrorStats } from '../observe/command-stats.ts';
import { LatencyMonitor } from '../observe/latency-monitor.ts';
import { SlowLog } from '../observe/slow-log.ts';
import { OutputPool } from '../protocol/output-pool.ts';
import { ActiveExpiry } from '../engine/active-expiry.ts';
import { BlockSweeper } from '../engine/block-sweeper.ts';
import type { Engine } from '../engine/engine.ts';
import { CallLog } from './call-log.ts';
import { clientsPolicy } from './client-policy.ts';
import { ServerConfigPort } from './config-port.ts';
import { Housekeeping } from './housekeeping.ts';
import { memoryBudget } from './machine-memory.ts';
import { PeersFacade } from './peers-facade.ts';
import type { PeersSide } from './peers-side.ts';
import { Rates } from './rates.ts';
import { RunningOrder } from './running-order.ts';
import { Saves } from './saves.ts';
import { ServerFacade } from './server-facade.ts';
import { SessionPlumbing } from './session-plumbing.ts';
import { STORE_LOST, type StorageSide } from './storage-side.ts';
import { Random } from '../lib/random.ts';
import { FEATURE_LEVEL } from '../raft/core/feature-level.ts';
import type { World } from './world.ts';

/** How long a clean stop waits for clients to read their last replies. */
const SHUTDOWN_GRACE_MS = 2000;

export interface RunningParts {
  readonly config: Config;
  readonly log: Logger;
  readonly world: World;
  readonly seed: readonly [number, number];
  readonly side: StorageSide;
  /** Undefined for a server that stands alone. */
  readonly peers: PeersSide | undefined;
  /** SHUTDOWN was asked for. */
  onShutdown(): void;
  /** There is no store any more: only a new start can go on. */
  onStoreLost(error: unknown, what: string): void;
  /** Something that cannot happen did. */
  onBug(error: unknown): void;
}

export class RunningServer {
  readonly #parts: RunningParts;
  readonly #table = new CommandTable(allCommands);
  readonly #slowLog = new SlowLog();
  readonly #latency = new LatencyMonitor();
  readonly #commandStats = new CommandStats(this.#table.entries.map(({ command }) => command.name));
  readonly #errorStats = new ErrorStats();
  readonly #callLog: CallLog;
  readonly #counters: NetCounters = {
    connections: 0, rejected: 0, bytesIn: 0, bytesOut: 0, protocolErrors: 0, outputLimitCloses: 0,
  };
  readonly #limitedLog: LimitedLog;
  readonly #plumbing: SessionPlumbing;
  readonly #pool = new OutputPool();
  readonly #saves: Saves;
  readonly #facade: ServerFacade;
  readonly #engine: Engine;
  readonly #order: RunningOrder | undefined;
  readonly #turn: Turn;
  readonly #clients: Clients;
  readonly #listeners: Listeners;
  readonly #expiry: ActiveExpiry;
  readonly #sweeper: BlockSweeper;
  readonly #rates: Rates;
  readonly #housekeeping: Housekeeping;
  readonly #startedAt: number;
  #limits: RequestLimits = USUAL_LIMITS;

  constructor(parts: RunningParts) {
    this.#parts = parts;
    const { config, log, side } = parts;
    const { clock, network } = parts.world;
    this.#startedAt = clock.nowMs();
    this.#limitedLog = new LimitedLog(log, () => clock.monotonicMs());
    this.#callLog = new CallLog({
      log, commands: this.#commandStats, errors: this.#errorStats, slow: this.#slowLog,
      latency: this.#latency, damage: side.damage,
    });
    this.#plumbing = this.#createPlumbing();
    this.#saves = this.#createSaves();
    this.#rates = new Rates(() => ({ ...this.#counters, calls: this.#callLog.calls }));
    this.#facade = this.#createFacade();
    this.#engine = this.#plumbing.connect(this.#facade);
    const order = this.#createOrder();
    this.#order = order;
    this.#turn = new Turn(side.gate, clock, () => order?.flush());
    const yieldToLoop = (): Promise<void> => new Promise((resolve) => clock.soon(resolve));
    this.#expiry = new ActiveExpiry({
      keyspace: this.#plumbing.keyspace,
      runInternal: (work) => this.#engine.runInternal(work),
      mayExpire: () => order?.mayExpire() ?? true,
      expire: order === undefined ? undefined : (db, keys) => order.expire(db, keys),
      expireFields: order === undefined
        ? undefined : (db, hashes) => order.expireFields(db, hashes),
      random: new Random(parts.seed[0], parts.seed[1] ^ 1),
      yieldToLoop,
      nowMs: () => order?.readTimeMs(clock.nowMs()) ?? clock.nowMs(),
    });
    this.#sweeper = new BlockSweeper({
      keyspace: this.#plumbing.keyspace,
      runInternal: (work) => this.#engine.runInternal(work),
      yieldToLoop,
    });
    const policy = (): ReturnType<typeof clientsPolicy> => clientsPolicy(config.values);
    this.#clients = new Clients(this.#createHost(), policy, this.#plumbing.pause);
    this.#listeners = new Listeners(
      (socket, path) => this.#clients.admit(socket, path),
      (error) => this.#limitedLog.warn({ error }, 'cannot accept a client'),
      network,
    );
    this.#housekeeping = this.#createHousekeeping();
    this.#followConfig();
  }

  get addresses(): readonly string[] {
    return this.#listeners.addresses;
  }

  get port(): number {
    return this.#listeners.port;
  }

  /** Keys over all databases. */
  get keys(): number {
    return this.#plumbing.keyspace.databases.reduce((sum, db) => sum + db.count(), 0);
  }

  /** Rejects with ListenError when an address cannot be bound; nothing listens then. */
  async listen(): Promise<void> {
    const { values } = this.#parts.config;
    this.#order?.start();
    await this.#listeners.open({
      hosts: values.bind,
      port: values.port,
      backlog: values['tcp-backlog'],
      unixPath: values.unixsocket === '' ? undefined : values.unixsocket,
      unixMode: values.unixsocketperm === 0 ? undefined : values.unixsocketperm,
    });
    this.#housekeeping.start();
  }

  async close(): Promise<void> {
    this.#housekeeping.stop();
    const closed = this.#listeners.close();
    this.#plumbing.pause.finish();
    this.#clients.closeAll();
    this.#turn.end();
    await this.#emptied();
    this.#clients.destroyAll();
    await closed;
    await this.#order?.stop();
    await this.#parts.side.close();
  }

  /** Waits until all clients are gone, but not for one that does not read. */
  async #emptied(): Promise<void> {
    const { clock } = this.#parts.world;
    const deadline = clock.monotonicMs() + SHUTDOWN_GRACE_MS;
    while (this.#clients.count > 0 && clock.monotonicMs() < deadline) {
      await new Promise<void>((resolve) => void clock.setTimer(1, resolve));
    }
  }

  #createOrder(): RunningOrder | undefined {
    const { config, world: { clock }, log, seed, side, peers } = this.#parts;
    if (peers === undefined) return undefined;
    return new RunningOrder({
      config, clock, log, seed, side, peers,
      engine: this.#engine, table: this.#table, keyspace: this.#plumbing.keyspace,
      realm: this.#plumbing, pool: this.#pool,
      limits: () => this.#limits,
      scheduleTurn: () => this.#turn.schedule(),
      holdAll: () => this.#holdAll(),
      onBug: this.#parts.onBug,
      onStoreLost: this.#parts.onStoreLost,
      adopt: () => this.#plumbing.keyspace.replace(side.storage),
    });
  }

  #createPlumbing(): SessionPlumbing {
    const { config, world: { clock, collectionLimits, stall }, seed, side } = this.#parts;
    return new SessionPlumbing({
      storage: side.storage,
      gate: side.gate,
      table: this.#table,
      clock,
      seed,
      collectionLimits,
      observer: this.#callLog,
      services: {
        sync: () => this.#sync(),
        save: () => this.#saves.save(),
        saveInBackground: () => this.#saves.saveInBackground(),
        stall,
        compact: () => side.compact(),
        reload: () => this.#reload(),
        checkIndex: () => side.checkIndex(),
      },
      limits: () => this.#limits,
      needsPassword: () => config.values.requirepass !== '',
    });
  }

  #createSaves(): Saves {
    const { world: { clock }, log } = this.#parts;
    return new Saves({
      clock,
      log,
      sync: () => this.#sync(),
      changes: () => this.#plumbing.keyspace.changes,
    });
  }

  async #sync(): Promise<void> {
    this.#turn.end();
    await this.#parts.side.sync();
  }

  async #reload(): Promise<void> {
    const release = this.#holdAll();
    const goOn = await this.#order?.pause();
    try {
      await this.#parts.side.reload();
      this.#plumbing.keyspace.adopt(this.#parts.side.storage);
    } catch (error) {
      this.#parts.onStoreLost(error, STORE_LOST);
      throw error;
    } finally {
      goOn?.();
      release();
    }
  }

  /** There may be no store now: what others ask for waits, and nothing expires by itself. */
  #holdAll(): () => void {
    const release = this.#plumbing.pause.hold();
    const { isOn } = this.#expiry;
    this.#expiry.isOn = false;
    this.#turn.end();
    return () => {
      this.#expiry.isOn = isOn;
      release();
    };
  }

  #createFacade(): ServerFacade {
    const { config, world, log, side, peers, onShutdown } = this.#parts;
    const { clock, random, memoryUsage } = world;
    const peersFacade = peers === undefined ? undefined : new PeersFacade(config, peers);
    return new ServerFacade({
      config,
      configPort: new ServerConfigPort(config, (note) => log.warn(note)),
      table: this.#table,
      clock,
      keyspace: this.#plumbing.keyspace,
      hub: this.#plumbing.hub,
      watched: this.#plumbing.watched,
      monitors: this.#plumbing.monitors,
      slowLog: this.#slowLog,
      latency: this.#latency,
      commandStats: this.#commandStats,
      errorStats: this.#errorStats,
      callLog: this.#callLog,
      rates: this.#rates,
      counters: this.#counters,
      random,
      runId: randomBytes(random, 20).toString('hex'),
      startedAt: this.#startedAt,
      clients: () => this.#clients,
      blocked: () => this.#engine.blocked,
      peers: () => peersFacade,
      expiry: () => this.#expiry,
      listening: () => ({ port: this.port, addresses: this.addresses }),
      store: () => side.facts(),
      saves: () => this.#saves.facts(),
      memoryBudget: () => memoryBudget(config.values).totalBytes,
      memoryUsage,
      shutdown: onShutdown,
    });
  }

  #createHost(): ConnectionHost {
    const { config, log, world: { clock }, onBug } = this.#parts;
    return {
      clock,
      engine: this.#engine,
      turn: this.#turn,
      pool: this.#pool,
      batch: [],
      realm: this.#plumbing,
      log,
      limitedLog: this.#limitedLog,
      counters: this.#counters,
      get bulkBytesMax() {
        return config.values['proto-max-bulk-len'];
      },
      get queryBytesMax() {
        return config.values['client-query-buffer-limit'];
      },
      outputLimits: (kind) => config.values['client-output-buffer-limit'][kind],
      onClosed: (id) => this.#clients.forget(id),
      onBug,
    };
  }

  #createHousekeeping(): Housekeeping {
    const { config, world: { clock }, onBug } = this.#parts;
    return new Housekeeping({
      clock,
      clients: this.#clients,
      turn: this.#turn,
      expiry: this.#expiry,
      sweeper: this.#sweeper,
      rates: this.#rates,
      hz: () => config.values.hz,
      effort: () => config.values['active-expire-effort'],
      sampleMemory: () => this.#facade.sampleMemory(),
      onBug,
    });
  }

  /** Options that parts keep a copy of, because they are asked for with every command. */
  #followConfig(): void {
    const { config } = this.#parts;
    const apply = (): void => {
      const { values } = config;
      this.#limits = {
        databases: values.databases, stringBytes: values['proto-max-bulk-len'],
        featureLevel: this.#parts.world.featureLevel ?? FEATURE_LEVEL,
        hllSparseBytes: values['hll-sparse-max-bytes'],
      };
      this.#plumbing.events.configure(values['notify-keyspace-events']);
      this.#slowLog.thresholdMicros = values['slowlog-log-slower-than'];
      this.#slowLog.lengthMax = values['slowlog-max-len'];
      this.#latency.thresholdMs = values['latency-monitor-threshold'];
    };
    apply();
    config.onChange([
      'notify-keyspace-events', 'slowlog-log-slower-than', 'slowlog-max-len',
      'latency-monitor-threshold', 'proto-max-bulk-len', 'hll-sparse-max-bytes',
    ], apply);
  }
}
