/**
 * The layer net/ and what is below it: real sockets on loopback over a keyspace in memory, without
 * store and composition. The test decides what these would: when cold keys arrive, when tickets are
 * acknowledged, what time it is; and it sees which buffers are out and what each socket write had.
 */

import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { USUAL_LIMITS } from '../../src/cluster/proposal-body.ts';
import { defineCommands, type Command } from '../../src/commands/command.ts';
import { clientCommands } from '../../src/commands/client/client.ts';
import { connectionCommands } from '../../src/commands/client/connection.ts';
import { keyDatabaseCommands } from '../../src/commands/key/keys-databases.ts';
import { pubSubCommands } from '../../src/commands/pubsub/pubsub.ts';
import type { ServerPort } from '../../src/commands/server-port.ts';
import { serverControlCommands } from '../../src/commands/server/server-control.ts';
import { stringCommands } from '../../src/commands/string/strings.ts';
import { stringNumberCommands } from '../../src/commands/string/strings-numbers.ts';
import { CommandTable } from '../../src/commands/table.ts';
import { transactionCommands } from '../../src/commands/client/transactions.ts';
import type { KeyToLoad, Need } from '../../src/keyspace/storage.ts';
import { LimitedLog } from '../../src/io/limited-log.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { Clients, type ClientsPolicy } from '../../src/net/clients.ts';
import type { ConnectionHost, NetCounters } from '../../src/net/connection-host.ts';
import { Listeners } from '../../src/net/listeners.ts';
import type { OutputLimits } from '../../src/net/output-limit.ts';
import { Turn } from '../../src/net/turn.ts';
import { OutputPool, type OutputMemory } from '../../src/protocol/output-pool.ts';
import type { OnLost, WriteGate } from '../../src/engine/write-gate.ts';
import { SessionPlumbing } from '../../src/server/session-plumbing.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';
import { SimClock } from '../sim/sim-clock.ts';

/** Cold keys stay away until the test lets them come. */
export class ColdStorage extends MemoryStorage {
  #held: (() => void)[] = [];
  /** Loads under way. */
  get loading(): number {
    return this.#held.length;
  }
  pinned = 0;
  damaged: Error | undefined;
  /** latin1 keys that the disk does not give. */
  readonly unreadable = new Set<string>();

  override find(space: number, key: ByteRange, need: Need): ReturnType<MemoryStorage['find']> {
    if (this.unreadable.has(key.latin1())) throw new Error(`${key.latin1()} cannot be read`);
    return super.find(space, key, need);
  }

  override async load(keys: readonly KeyToLoad[]): Promise<() => void> {
    await new Promise<void>((resolve) => void this.#held.push(resolve));
    if (this.damaged !== undefined) throw this.damaged;
    const release = await super.load(keys);
    this.pinned++;
    return () => {
      this.pinned--;
      release();
    };
  }

  /** Everything that is loading has arrived. */
  arrive(): void {
    for (const resolve of this.#held.splice(0)) resolve();
  }
}

/** A log that acknowledges at once, or when told, or that fails. */
export class FakeGate implements WriteGate {
  writeDelayMs = 0;
  refusal: string | undefined;
  freeingRefusal: string | undefined;
  readRefusal: string | undefined;
  memoryRefusal: string | undefined;
  acknowledged = 0;
  isAutomatic = true;
  /** The next commit fails with this text. */
  failsWith: string | undefined;
  commits = 0;
  /** Effects so far at each commit, where it had any. */
  readonly batches: number[] = [];
  #acknowledge: () => void = () => {};
  #lose: OnLost = () => {};
  readonly #effects: () => number;

  constructor(effects: () => number) {
    this.#effects = effects;
  }

  commit(): number {
    this.commits++;
    if (this.#effects() !== (this.batches.at(-1) ?? 0)) this.batches.push(this.#effects());
    if (this.failsWith !== undefined && this.refusal === undefined) this.fail(this.failsWith);
    if (this.refusal !== undefined) return this.acknowledged;
    if (this.isAutomatic) this.acknowledged = this.commits;
    return this.commits;
  }

  acknowledge(ticket: number = this.commits): void {
    this.acknowledged = ticket;
    this.#acknowledge();
  }

  fail(text: string): void {
    this.refusal = this.freeingRefusal = text;
    this.#lose(text, this.acknowledged);
  }

  /** The disk is full: what was committed since the last ticket is lost, and writes go on. */
  lose(text: string): void {
    this.#lose(text, this.acknowledged);
  }

  onAcknowledged(listener: () => void): void {
    this.#acknowledge = listener;
  }

  onLost(listener: OnLost): void {
    this.#lose = listener;
  }
}

/** Knows what it has lent. */
export class CountingPool extends OutputPool {
  lent = 0;

  override acquire(bytes: number): OutputMemory {
    this.lent++;
    return super.acquire(bytes);
  }

  override recycle(memory: OutputMemory): void {
    super.recycle(memory);
    this.lent--;
  }
}

function command(facts: Partial<Command> & { readonly name: string }): Command {
  const common = { group: 'generic', summary: 'For tests.', since: '1.0.0' } as const;
  return { ...common, arity: -1, flags: [], ...facts };
}

const ONE_KEY = { first: 1, last: 1, step: 1 } as const;

/** SLEEP <ms> <key> <value>: sets the key, waits, sets <key>2; so that half of it can be seen. */
const testCommands = defineCommands([
  command({
    name: 'sleep', arity: 4, flags: ['write'],
    *steps({ args, db, reply, session }) {
      db.put(args.at(2), args.at(3));
      yield { kind: 'block', session, ms: args.int(1) ?? 0 };
      db.put(ByteRange.ofText(`${args.text(2)}2`), args.at(3));
      reply.ok();
    },
  }),
  command({
    name: 'nap', arity: 2,
    *steps({ args, reply, session }) {
      yield { kind: 'block', session, ms: args.int(1) ?? 0 };
      reply.simple('AWAKE');
    },
  }),
  command({
    name: 'crash',
    execute: ({ reply }) => {
      reply.array(3);
      reply.integer(1);
      throw new Error('a bug on purpose');
    },
  }),
  command({
    name: 'crashkeys', arity: 2,
    visitKeys: () => {
      throw new Error('a bug in key positions');
    },
    execute: ({ reply }) => reply.ok(),
  }),
  command({
    name: 'crashstep',
    *steps({ reply, session }) {
      yield { kind: 'block', session, ms: 1 };
      reply.array(2);
      throw new Error('a bug in a step');
    },
  }),
  command({
    name: 'many', arity: 3, keys: ONE_KEY,
    execute: ({ args, reply, db }) => {
      const found = db.readString(args.at(1));
      const count = args.int(2) ?? 0;
      reply.array(count);
      if (typeof found !== 'object') return;
      const { buf, start, end } = found.value;
      for (let i = 0; i < count; i++) reply.bulk(buf, start, end);
    },
  }),
]);

const UNLIMITED: OutputLimits = { hardBytes: 0, softBytes: 0, softSeconds: 0 };

export class NetLayer {
  readonly clock = new SimClock();
  readonly storage = new ColdStorage();
  readonly gate = new FakeGate(() => this.storage.effects);
  readonly pool = new CountingPool();
  readonly counters: NetCounters = {
    connections: 0, rejected: 0, bytesIn: 0, bytesOut: 0, protocolErrors: 0, outputLimitCloses: 0,
  };
  readonly limits: Record<'normal' | 'pubsub', OutputLimits> = {
    normal: UNLIMITED, pubsub: UNLIMITED,
  };
  policy: ClientsPolicy = {
    maxClients: 10_000, timeoutSeconds: 0, keepAliveSeconds: 0, refusal: () => undefined,
  };
  readonly crashes: string[] = [];
  readonly bugs: unknown[] = [];
  readonly called: string[] = [];
  /** Bytes of each socket write of the server. */
  readonly writes: number[] = [];
  readonly sockets: Socket[] = [];
  /** Calls that took at least so long are in `slow`: first argument and microseconds. */
  slowMicroseconds = Infinity;
  readonly slow: string[] = [];
  readonly plumbing: SessionPlumbing;
  readonly turn: Turn;
  readonly clients: Clients;
  readonly listeners: Listeners;
  readonly host: ConnectionHost;
  readonly #dialled: NetClient[] = [];

  /** `extra`: further commands that it knows. */
  constructor(extra: readonly Command[] = []) {
    const table = new CommandTable([
      transactionCommands, connectionCommands, pubSubCommands, clientCommands, stringCommands,
      stringNumberCommands, keyDatabaseCommands, serverControlCommands, testCommands, extra,
    ]);
    this.plumbing = new SessionPlumbing({
      storage: this.storage, gate: this.gate, table, clock: this.clock, seed: [1, 2],
      observer: {
        called: (entry, us, _failed, { args }) => {
          this.called.push(`${entry.command.name} ${args.count}`);
          if (us >= this.slowMicroseconds) this.slow.push(`${args.text(1)} ${us}`);
        },
        calledOften: ({ command }, count, _us, { args }) => {
          for (let i = 0; i < count; i++) this.called.push(`${command.name} ${args.count}`);
        },
        wantsEach: false,
        isSlow: (us) => us >= this.slowMicroseconds,
        refused: () => {},
        crashed: (_entry, error) => void this.crashes.push(String(error)),
      },
      services: {
        sync: async () => {}, save: async () => {}, saveInBackground: () => {}, stall: () => {},
        compact: () => {}, reload: async () => {},
        checkIndex: async () => ({ slots: 0, chains: 0, records: 0, segments: 0, findings: [] }),
      },
      limits: () => USUAL_LIMITS,
      needsPassword: () => false,
    });
    const engine = this.plumbing.connect(this.#createPort());
    this.turn = new Turn(this.gate, this.clock);
    this.host = {
      clock: this.clock, engine, turn: this.turn, pool: this.pool, batch: [], realm: this.plumbing,
      log: pino({ level: 'silent' }),
      limitedLog: new LimitedLog(pino({ level: 'silent' }), () => this.clock.monotonicMs()),
      counters: this.counters,
      bulkBytesMax: 512 * 2 ** 20, queryBytesMax: 2 ** 30,
      outputLimits: (kind) => this.limits[kind],
      onClosed: (id) => this.clients.forget(id),
      onBug: (error) => void this.bugs.push(error),
    };
    this.clients = new Clients(this.host, () => this.policy, this.plumbing.pause);
    this.listeners = new Listeners((socket, path) => {
      this.#watch(socket);
      this.clients.admit(socket, path);
    });
  }

  #createPort(): ServerPort {
    const options = new Map([['databases', '16'], ['proto-max-bulk-len', '536870912']]);
    const port: Partial<ServerPort> = {
      pubsub: this.plumbing.hub,
      needsPassword: false,
      redisVersion: '7.0.0',
      config: {
        get: (name) => options.get(name), match: () => [], set: () => '', rewrite: () => '',
      },
    };
    Object.defineProperty(port, 'clients', { get: () => this.clients });
    return port as ServerPort;
  }

  #watch(socket: Socket): void {
    this.sockets.push(socket);
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = ((bytes: Buffer, ...others: unknown[]) => {
      this.writes.push(bytes.length);
      return write(bytes, ...others);
    }) as typeof socket.write;
  }

  async listen(): Promise<this> {
    await this.listeners.open({
      hosts: ['127.0.0.1'], port: 0, backlog: 511, unixPath: undefined, unixMode: undefined,
    });
    return this;
  }

  async dial(options: { readonly allowHalfOpen?: boolean } = {}): Promise<NetClient> {
    const before = this.sockets.length;
    const client = new NetClient(this.listeners.port, options.allowHalfOpen ?? true);
    this.#dialled.push(client);
    await client.connected;
    await until(() => this.sockets.length > before, 'the server takes the connection');
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#dialled) client.socket.destroy();
    await until(() => this.clients.count === 0, 'all connections are gone');
    this.storage.arrive();
    await this.listeners.close();
    await until(() => this.pool.lent === 0, 'all buffers are back in the pool');
  }
}

export class NetClient {
  readonly socket: Socket;
  readonly connected: Promise<void>;
  received = '';
  bytes = 0;
  /** Whether the server ended its side, or the connection is gone. */
  hasEnded = false;
  keepsText = true;

  constructor(port: number, allowHalfOpen: boolean) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen });
    this.connected = new Promise((resolve) => void this.socket.once('connect', resolve));
    this.socket.on('data', (chunk) => {
      this.bytes += chunk.length;
      if (this.keepsText) this.received += chunk.toString('latin1');
    });
    this.socket.on('end', () => (this.hasEnded = true));
    this.socket.on('close', () => (this.hasEnded = true));
    this.socket.on('error', () => {});
  }

  /** Each line is an inline command. */
  send(...lines: readonly string[]): void {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  /** Waits for exactly these lines, shown without line ends. */
  async expect(...lines: readonly string[]): Promise<void> {
    const text = lines.map((line) => `${line}\r\n`).join('');
    await until(() => this.received.length >= text.length || this.hasEnded, () => {
      return `${JSON.stringify(text)}, have ${JSON.stringify(this.received)}`;
    });
    const got = this.received.slice(0, text.length);
    if (got !== text) {
      throw new Error(`expected ${JSON.stringify(text)}, got ${JSON.stringify(this.received)}`);
    }
    this.received = this.received.slice(text.length);
  }

  async ended(): Promise<void> {
    await until(() => this.hasEnded, 'the server ends the connection');
  }
}

const WAIT_MS_MAX = 15_000;

/** Waits, turn by turn of the event loop, for something that surely comes. */
export async function until(isSo: () => boolean, what: string | (() => string)): Promise<void> {
  const giveUpAt = performance.now() + WAIT_MS_MAX;
  while (!isSo()) {
    if (performance.now() > giveUpAt) {
      throw new Error(`waited in vain: ${typeof what === 'string' ? what : what()}`);
    }
    await turns(1);
  }
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => void setImmediate(resolve));
}
