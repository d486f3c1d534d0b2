/**
 * dkvs inside the test: the composition that main.ts starts, in the real world, on a free port and
 * a directory of its own, or in a world in memory (test-world.ts), where the clock stands until the
 * test moves it.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { OrderMarks } from '../../src/cluster/applied-marks.ts';
import type { TotalOrderBroadcast } from '../../src/raft/core/total-order-broadcast.ts';
import {
  createServer, createServerFromConfig, type DkvsServer, type ServerOptions,
} from '../../src/server.ts';
import { configOf, type Options } from '../lib/config-of.ts';
import type { SimClock } from '../sim/sim-clock.ts';
import { WireClient } from '../wire/wire-client.ts';
import { placeOf } from './memory-network.ts';
import { TestWorld } from './test-world.ts';

export interface Where {
  /** Undefined is a directory of its own, which goes with the server. */
  readonly dir?: string;
  /** Undefined is the real world. */
  readonly world?: TestWorld;
  /** The order of writes of a server in memory; undefined is Raft if it has peers, else none. */
  readonly order?: TotalOrderBroadcast;
}

const HOST = '127.0.0.1';
/** A small budget makes small tables, which are quick to make. */
const MEMORY_OPTIONS = { dir: '/data', port: 6379, maxmemory: '64mb' };

export class TestServer {
  readonly dir: string;
  readonly #isDirOwn: boolean;
  readonly #world: TestWorld | undefined;
  readonly #order: TotalOrderBroadcast | undefined;
  #server: DkvsServer | undefined;
  #port = 0;
  readonly #clients: WireClient[] = [];

  /** It does not run yet. */
  constructor({ dir, world, order }: Where = {}) {
    this.#order = order;
    this.#isDirOwn = dir === undefined && world === undefined;
    this.#world = world;
    if (world !== undefined) this.dir = MEMORY_OPTIONS.dir;
    else this.dir = dir ?? mkdtempSync(join(tmpdir(), 'dkvs-test-'));
  }

  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const server = new TestServer();
    await server.listen(options);
    return server;
  }

  /** One that need not be stopped: nothing of it is outside of this process's memory. */
  static async inMemory(
    options: ServerOptions = {}, order?: TotalOrderBroadcast, world = new TestWorld(),
  ): Promise<TestServer> {
    const server = new TestServer(order === undefined ? { world } : { world, order });
    await world.prepare(server.dir);
    await server.listen(options);
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get isRunning(): boolean {
    return this.#server !== undefined;
  }

  /** With the exit code. */
  get stopped(): Promise<number> {
    if (this.#server === undefined) throw new Error('it does not run');
    return this.#server.stopped;
  }

  get world(): TestWorld {
    if (this.#world === undefined) throw new Error('it is in the real world');
    return this.#world;
  }

  get clock(): SimClock {
    return this.world.clock;
  }

  /** Starts a server on the directory; the one before must have been closed. */
  async listen(options: ServerOptions = {}): Promise<void> {
    const server = this.#create(options);
    this.#port = (await server.listen()).port;
    this.#server = server;
  }

  #create(options: ServerOptions): DkvsServer {
    const common = { dir: this.dir, bind: HOST, 'disk-reserve-bytes': 0 };
    const world = this.#world;
    if (world === undefined) return createServer({ ...common, port: 0, ...options });
    const { logger, ...values } = options;
    const config = configOf({ ...common, ...MEMORY_OPTIONS, ...values } as Options);
    const log = logger ?? pino({ level: 'silent' });
    const order = this.#order;
    if (order === undefined) return createServerFromConfig(config, log, world);
    return createServerFromConfig(config, log, world, async (_config, _log, _world, side) => {
      return { broadcast: order, marks: await OrderMarks.read(side.storage, side.position) };
    });
  }

  /** `from`: the client's address, where the network is in memory. */
  async connect(from: string = HOST): Promise<WireClient> {
    const client = this.#world === undefined
      ? await WireClient.connect({ port: this.#port })
      : new WireClient(await this.#world.network.dial(placeOf(HOST, this.#port), from));
    this.#clients.push(client);
    return client;
  }

  /** Closes the server, and by that its clients, and keeps the directory. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = server.close();
    await (this.#world?.passUntil(closed) ?? closed);
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    try {
      await this.close();
    } finally {
      if (this.#isDirOwn) rmSync(this.dir, { recursive: true, force: true });
    }
  }
}
