/** Three servers inside the test that are each other's peers, on free ports of this machine. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import { FEATURE_LEVEL } from '../../src/raft/core/feature-level.ts';
import type { ServerOptions } from '../../src/server.ts';
import { reservePorts } from '../lib/reserve-ports.ts';
import { eventually } from '../wire/eventually.ts';
import type { WireClient } from '../wire/wire-client.ts';
import { TestServer } from './test-server.ts';

export const PEER_NAMES = ['a', 'b', 'c'] as const;

export type PeerName = (typeof PEER_NAMES)[number];

/** A leader that is gone is missed sooner than by default: tests are shorter. */
const SOON: ServerOptions = { 'election-timeout': 400, 'heartbeat-interval': 80 };

export class TestPeers {
  readonly #root = mkdtempSync(join(tmpdir(), 'dkvs-peers-'));
  readonly #options: ServerOptions;
  readonly #ports: readonly number[];
  readonly #servers: Readonly<Record<PeerName, TestServer>>;
  readonly #clients: Redis[] = [];

  private constructor(ports: readonly number[], options: ServerOptions) {
    this.#ports = ports;
    this.#options = options;
    const [a, b, c] = PEER_NAMES.map((name) => new TestServer({ dir: this.dir(name) }));
    this.#servers = { a: a!, b: b!, c: c! };
  }

  /**
   * Resolves when one of them leads, all know it, and the cluster has the feature level of this
   * build: from then on the position moves by writes alone, and WATCH is taken.
   */
  static async start(options: ServerOptions = {}): Promise<TestPeers> {
    const peers = new TestPeers(await reservePorts(6), { ...SOON, ...options });
    await peers.listenAll();
    await peers.leader();
    await peers.#reachLevel(FEATURE_LEVEL);
    return peers;
  }

  port(name: PeerName): number {
    return this.#ports[PEER_NAMES.indexOf(name)]!;
  }

  dir(name: PeerName): string {
    return join(this.#root, name);
  }

  /** Its directory is lost. */
  wipe(name: PeerName): void {
    rmSync(this.dir(name), { recursive: true });
  }

  address(name: PeerName): string {
    return `127.0.0.1:${this.port(name)}`;
  }

  peerAddress(name: PeerName): string {
    return `127.0.0.1:${this.#ports[PEER_NAMES.indexOf(name) + PEER_NAMES.length]}`;
  }

  /** The option `peer` of each of them. */
  get peerOption(): readonly string[] {
    return PEER_NAMES.flatMap((name) => [name, this.address(name), this.peerAddress(name)]);
  }

  async listen(name: PeerName, more: ServerOptions = {}): Promise<void> {
    await this.#servers[name].listen({
      node: name, port: this.port(name), peer: this.peerOption, ...this.#options, ...more,
    });
  }

  async listenAll(): Promise<void> {
    await Promise.all(PEER_NAMES.map((name) => this.listen(name)));
  }

  connect(name: PeerName): Promise<WireClient> {
    return this.#servers[name].connect();
  }

  /** An ioredis client that does not connect again. */
  redis(name: PeerName): Redis {
    const client = new Redis({
      port: this.port(name), host: '127.0.0.1', maxRetriesPerRequest: 0, retryStrategy: () => null,
    });
    client.on('error', () => {});
    this.#clients.push(client);
    return client;
  }

  /** Who leads, once all that run agree. */
  async leader(): Promise<PeerName> {
    const names = PEER_NAMES.filter((name) => this.#servers[name].isRunning);
    const clients = await Promise.all(names.map((name) => this.connect(name)));
    return eventually('all peers to agree who leads', async () => {
      const said = await Promise.all(clients.map((client) => client.call('PEERS', 'LEADER')));
      const found = names.find((name) => said.every((one) => one.includes(`\r\n${name}\r\n`)));
      return found;
    });
  }

  /** Waits until these answer a write with success. */
  async takesWrites(...names: readonly PeerName[]): Promise<void> {
    for (const name of names) {
      const client = await this.connect(name);
      await eventually(`${name} takes writes`, async () => {
        return await client.call('SET', 'takes-writes', name) === '+OK\r\n';
      });
      client.close();
    }
  }

  /** Waits until these have applied what was acknowledged before: then their reads see it. */
  async caughtUp(...names: readonly PeerName[]): Promise<void> {
    const [first, ...others] = await Promise.all(names.map((name) => this.connect(name)));
    // On a busy machine with a short broadcast timeout it may take more than one try.
    await eventually(`${names[0]} to take a mark`, async () => {
      return await first!.call('SET', 'caught-up', '1') === '+OK\r\n';
    });
    const position = (await first!.call('PEERS', 'POSITION')).slice(1).trim();
    for (const client of others) {
      expect(await client.call('PEERS', 'AWAIT', position, '0')).toBe('+OK\r\n');
    }
    for (const client of [first!, ...others]) client.close();
  }

  async #reachLevel(level: number): Promise<void> {
    const clients = await Promise.all(PEER_NAMES.map((name) => this.connect(name)));
    const line = `\r\norder_feature_level:${level}\r\n`;
    await eventually('all peers to have the feature level', async () => {
      const said = await Promise.all(clients.map((client) => client.call('INFO', 'replication')));
      return said.every((one) => one.includes(line));
    });
  }

  /** Stops one; its directory stays. */
  async close(name: PeerName): Promise<void> {
    await this.#servers[name].close();
  }

  async closeAll(): Promise<void> {
    await Promise.all(PEER_NAMES.map((name) => this.close(name)));
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.disconnect();
    try {
      await Promise.all(PEER_NAMES.map((name) => this.#servers[name].stop()));
    } finally {
      rmSync(this.#root, { recursive: true, force: true });
    }
  }
}
