/**
 * Servers that are peers of each other, inside the test: each on a directory and ports of its own.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createServer, type DkvsServer, type ServerOptions } from '../../src/server.ts';
import { reservePorts } from '../lib/reserve-ports.ts';
import { eventually } from './eventually.ts';
import { WireClient } from './wire-client.ts';

const NAMES = ['one', 'two', 'three'] as const;

export type PeerName = (typeof NAMES)[number];

interface Place {
  readonly dir: string;
  readonly port: number;
  readonly peerPort: number;
}

export class PeerServers {
  readonly #places: ReadonlyMap<PeerName, Place>;
  readonly #options: ServerOptions;
  readonly #running = new Map<PeerName, DkvsServer>();
  readonly #clients: Redis[] = [];
  readonly #wires: WireClient[] = [];

  private constructor(places: ReadonlyMap<PeerName, Place>, options: ServerOptions) {
    this.#places = places;
    this.#options = options;
  }

  /** All three listen, and take writes. */
  static async start(options: ServerOptions = {}): Promise<PeerServers> {
    const ports = await reservePorts(NAMES.length * 2);
    const places = NAMES.map((name, i): [PeerName, Place] => {
      const dir = mkdtempSync(join(tmpdir(), `dkvs-peers-${name}-`));
      return [name, { dir, port: ports[i * 2]!, peerPort: ports[i * 2 + 1]! }];
    });
    const servers = new PeerServers(new Map(places), options);
    await servers.startAll();
    return servers;
  }

  get names(): readonly PeerName[] {
    return NAMES;
  }

  async startAll(): Promise<void> {
    await Promise.all(NAMES.map((name) => this.startOne(name)));
    await this.takesWrites(...NAMES);
  }

  async startOne(name: PeerName): Promise<void> {
    const { dir, port } = this.#place(name);
    const peer = [...this.#places].flatMap(([each, place]) => {
      return [each, `127.0.0.1:${place.port}`, `127.0.0.1:${place.peerPort}`];
    });
    const server = createServer({
      node: name, peer, dir, port, bind: '127.0.0.1', 'disk-reserve-bytes': 0, ...this.#options,
    });
    await server.listen();
    this.#running.set(name, server);
  }

  /** Closes a server and keeps its directory. */
  async stopOne(name: PeerName): Promise<void> {
    const server = this.#running.get(name);
    this.#running.delete(name);
    await server?.close();
  }

  async stopAll(): Promise<void> {
    await Promise.all(NAMES.map((name) => this.stopOne(name)));
  }

  /** Waits until these servers answer a write with success. */
  async takesWrites(...names: readonly PeerName[]): Promise<void> {
    for (const name of names) {
      const client = await this.wire(name);
      await eventually(`${name} takes writes`, async () => {
        return await client.call('SET', 'takes-writes', name) === '+OK\r\n';
      });
      client.close();
    }
  }

  /** Waits until `name` has applied what was acknowledged before: then reads see it. */
  async caughtUp(...names: readonly PeerName[]): Promise<void> {
    const mark = `mark-${Math.random()}`;
    const first = this.client(names[0]!);
    await first.set('caught-up', mark);
    for (const name of names) {
      const client = this.client(name);
      await eventually(`${name} has caught up`, async () => await client.get('caught-up') === mark);
    }
  }

  client(name: PeerName): Redis {
    const client = new Redis({
      port: this.#place(name).port, host: '127.0.0.1', maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    client.on('error', () => {});
    this.#clients.push(client);
    return client;
  }

  async wire(name: PeerName): Promise<WireClient> {
    const client = await WireClient.connect({ port: this.#place(name).port });
    this.#wires.push(client);
    return client;
  }

  /** Ends everything and removes the directories. */
  async remove(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.disconnect();
    for (const wire of this.#wires.splice(0)) wire.close();
    try {
      await this.stopAll();
    } finally {
      for (const { dir } of this.#places.values()) rmSync(dir, { recursive: true, force: true });
    }
  }

  #place(name: PeerName): Place {
    const place = this.#places.get(name);
    if (place === undefined) throw new Error(`there is no peer ${name}`);
    return place;
  }
}
