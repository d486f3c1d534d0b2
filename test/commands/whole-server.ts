/**
 * A server without sockets and without a disk: the real executor, sessions and facade over a
 * keyspace in memory, with as many connections as a test opens. The clock stands until the test
 * moves it.
 */

import { pino } from 'pino';
import { allCommands } from '../../src/commands/all-commands.ts';
import type { PeersPort } from '../../src/commands/peers-port.ts';
import type { ClientPort, ClientsPort, ShutdownOptions } from '../../src/commands/server-port.ts';
import type { ClientFacts } from '../../src/commands/session-port.ts';
import { CommandTable } from '../../src/commands/table.ts';
import { Config } from '../../src/config/config.ts';
import { defaultValues } from '../../src/config/registry.ts';
import { NodeRandomSource } from '../../src/io/node-random-source.ts';
import { LIVE_CODECS } from '../../src/keyspace/codecs.ts';
import { CommandStats, ErrorStats } from '../../src/observe/command-stats.ts';
import type { SaveFacts, StoreFacts } from '../../src/observe/info-source.ts';
import { LatencyMonitor } from '../../src/observe/latency-monitor.ts';
import { SlowLog } from '../../src/observe/slow-log.ts';
import { Args } from '../../src/protocol/args.ts';
import { OutputPool } from '../../src/protocol/output-pool.ts';
import { ReplyEncoder } from '../../src/protocol/reply-encoder.ts';
import { RequestDecoder } from '../../src/protocol/request-decoder.ts';
import { CallLog } from '../../src/server/call-log.ts';
import { ServerConfigPort } from '../../src/server/config-port.ts';
import { DamageLog } from '../../src/server/damage-log.ts';
import { ServerFacade } from '../../src/server/server-facade.ts';
import { SessionPlumbing } from '../../src/server/session-plumbing.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { Session, type SessionLink } from '../../src/session/session.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';
import type { IndexReport } from '../../src/keyspace/index-report.ts';
import { RecordingReply } from '../protocol/recording-reply.ts';
import { decodeReplies } from '../protocol/resp-decoder.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { textOf } from '../protocol/text-of.ts';

export const IDLE_STORE: StoreFacts = Object.freeze({
  failure: undefined, policy: 'everysec', syncs: 0, pendingSyncs: 0, backlogBytes: 0,
  isCompacting: false, compactions: 0, compactionFailures: 0, lastCompactionSeconds: -1,
  segments: 1, logBytes: 1000, liveBytes: 600, cacheHits: 3, cacheMisses: 1, recoveryMs: 5,
  damagedPlaces: 0, readErrors: 0, lastBadRead: undefined, tornTails: [], hasNotesFailed: false,
  recoveredKeys: 0, indexBytes: 4096, hotTailBytes: 8192, readCacheBytes: 0, liveValueBytes: 0,
  neededBytes: 0,
});

export const NO_SAVES: SaveFacts = Object.freeze({
  lastAt: 1_700_000_000, changesSince: 0, isRunning: false, runningSeconds: -1, hasFailed: false,
  lastSeconds: -1, count: 0,
});

const OPEN_GATE = {
  refusal: undefined, freeingRefusal: undefined, readRefusal: undefined, memoryRefusal: undefined, writeDelayMs: 0,
  commit: () => 0, acknowledged: 0, onAcknowledged: () => {}, onLost: () => {},
} as const;

const NO_COUNTERS = {
  connections: 0, rejected: 0, bytesIn: 0, bytesOut: 0, protocolErrors: 0, outputLimitCloses: 0,
} as const;

/** One client, as a test sees it: `run` gives the bytes of a reply, `heard` those of messages. */
export class WholeClient implements SessionLink {
  readonly isUnixSocket = false;
  readonly decoder = new RequestDecoder();
  readonly reply = new ReplyEncoder(new OutputPool());
  readonly session: Session;
  readonly #server: WholeServer;
  readonly id: number;
  readonly #connectedAt: number;
  readonly arrivedBytes = 0;
  readonly mayTakeMore = true;
  address: string;
  isClosed = false;
  isKilled = false;

  constructor(server: WholeServer, id: number) {
    this.#server = server;
    this.id = id;
    this.#connectedAt = server.clock.nowMs();
    this.address = `127.0.0.1:${50_000 + id}`;
    this.session = new Session(this, server.plumbing);
  }

  get facts(): ClientFacts {
    return {
      id: this.id, address: this.address, localAddress: '127.0.0.1:6379', fd: -1,
      connectedAt: this.#connectedAt, lastCommandAt: this.#server.clock.nowMs(),
      lastCommand: this.session.lastCommand, libraryName: '', libraryVersion: '',
      queryBufferBytes: 0, queryBufferFreeBytes: 0, requestBytes: 0,
      outputBytes: this.reply.length, bytesIn: 0, bytesOut: 0,
    };
  }

  bytesThrough(): number {
    return 0;
  }

  wake(): void {}

  closeAfterReply(): void {
    this.isClosed = true;
  }

  lose(): void {
    this.isKilled = true;
  }

  kill(): void {
    this.isKilled = true;
    this.session.end();
    this.#server.forget(this);
  }

  /** The bytes of the reply, as latin1; a line of words stands for its words. */
  async run(command: string | readonly string[]): Promise<string> {
    const words = typeof command === 'string' ? command.split(' ') : command;
    const args = Args.ofBuffers(words.map((word) => Buffer.from(word, 'latin1')));
    await this.#server.serve(this.session, args);
    return this.heard();
  }

  /** The same for a line that a person types. */
  async type(line: string): Promise<string> {
    this.decoder.feed(Buffer.from(`${line}\r\n`, 'latin1'));
    if (this.decoder.next() !== 'command') throw new Error(`not a request: ${line}`);
    await this.#server.serve(this.session, this.decoder.args);
    return this.heard();
  }

  /** The reply as a tree of JS values. */
  async ask(command: string | readonly string[]): Promise<unknown> {
    const bytes = Buffer.from(await this.run(command), 'latin1');
    const recorded = new RecordingReply(this.session.protocol);
    decodeReplies(bytes, recorded);
    return recorded.value;
  }

  /** What was written since the last time. */
  heard(): string {
    return textOf(this.reply);
  }
}

export class WholeServer implements ClientsPort {
  readonly clock = new SimClock();
  readonly storage = new MemoryStorage(LIVE_CODECS);
  readonly config: Config;
  readonly table = new CommandTable(allCommands);
  readonly slowLog = new SlowLog();
  readonly latency = new LatencyMonitor();
  readonly commandStats = new CommandStats(this.table.entries.map(({ command }) => command.name));
  readonly errorStats = new ErrorStats();
  readonly counters = { ...NO_COUNTERS };
  readonly expiry = { isOn: true };
  readonly plumbing: SessionPlumbing;
  readonly facade: ServerFacade;
  readonly engine: Engine;
  /** What commands asked of the shell, in order. */
  readonly asked: string[] = [];
  store: StoreFacts = IDLE_STORE;
  saves: SaveFacts = NO_SAVES;
  peers: PeersPort | undefined;
  isStopping = false;
  indexReport: IndexReport = { slots: 2, chains: 0, records: 2, segments: 1, findings: [] };
  readonly #clients = new Set<WholeClient>();
  #nextId = 1;

  /** Options by name, as CONFIG GET would tell their values. */
  constructor(options: Readonly<Record<string, unknown>> = {}) {
    this.config = new Config({ ...defaultValues(), ...options });
    const log = pino({ level: 'silent' });
    const callLog = new CallLog({
      log, commands: this.commandStats, errors: this.errorStats, slow: this.slowLog,
      latency: this.latency, damage: new DamageLog(log, this.clock),
    });
    this.plumbing = new SessionPlumbing({
      storage: this.storage, gate: OPEN_GATE, table: this.table, clock: this.clock, seed: [1, 2],
      observer: callLog,
      services: {
        sync: async () => void this.asked.push('sync'),
        save: async () => void this.asked.push('save'),
        saveInBackground: () => void this.asked.push('save in the background'),
        stall: (ms) => {
          this.asked.push(`stall ${ms}`);
          this.clock.advance(ms);
        },
        compact: () => void this.asked.push('compact'),
        checkIndex: async () => this.indexReport,
        reload: async () => void this.asked.push('reload'),
      },
      limits: () => ({
        databases: this.config.values.databases,
        stringBytes: this.config.values['proto-max-bulk-len'],
      }),
      needsPassword: () => this.config.values.requirepass !== '',
    });
    this.facade = this.#createFacade(callLog);
    this.engine = this.plumbing.connect(this.facade);
  }

  /** What a connection does with one request: asks again until it was taken and answered. */
  async serve(session: Session, args: Args): Promise<void> {
    for (let taken = 0; taken === 0 && !session.isEnded;) {
      taken = this.engine.serve(session, [args], 1, this.clock.nowMs());
      await this.engine.wait;
    }
    await session.progress.replied;
  }

  connect(): WholeClient {
    const client = new WholeClient(this, this.#nextId++);
    this.#clients.add(client);
    return client;
  }

  forget(client: WholeClient): void {
    this.#clients.delete(client);
  }

  all(): readonly ClientPort[] {
    return [...this.#clients].map((client) => ({
      session: client.session,
      kind: client.session.isSubscriber ? 'pubsub' : 'normal',
      kill: () => client.kill(),
    }));
  }

  pause(untilMs: number, writesOnly: boolean): void {
    this.asked.push(`pause ${untilMs - this.clock.nowMs()} ${writesOnly ? 'writes' : 'all'}`);
  }

  unpause(): void {
    this.asked.push('unpause');
  }

  #createFacade(callLog: CallLog): ServerFacade {
    const { plumbing } = this;
    return new ServerFacade({
      config: this.config, configPort: new ServerConfigPort(this.config), table: this.table,
      clock: this.clock, random: new NodeRandomSource(), keyspace: plumbing.keyspace, hub: plumbing.hub,
      watched: plumbing.watched, monitors: plumbing.monitors, slowLog: this.slowLog,
      latency: this.latency, commandStats: this.commandStats, errorStats: this.errorStats,
      callLog, rates: { perSecond: () => ({ calls: 0, bytesIn: 0, bytesOut: 0 }) },
      counters: this.counters, runId: 'a'.repeat(40), startedAt: this.clock.nowMs(),
      clients: () => this, peers: () => this.peers, expiry: () => this.expiry,
      listening: () => ({ port: 6379, addresses: ['127.0.0.1:6379', '[::1]:6379', '/run/dkvs'] }),
      store: () => this.store,
      saves: () => this.saves,
      memoryBudget: () => 64 * 1024 * 1024,
      shutdown: (options) => this.#shutdown(options),
      memoryUsage: () => process.memoryUsage(),
      abortShutdown: () => {
        const was = this.isStopping;
        this.isStopping = false;
        return was;
      },
    });
  }

  #shutdown({ save, now, force }: ShutdownOptions): string | undefined {
    this.isStopping = true;
    this.asked.push(`shutdown save=${save} now=${now} force=${force}`);
    return undefined;
  }
}
