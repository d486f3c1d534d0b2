/** Three servers inside the test that are each other's peers, on free ports of this machine. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FEATURE_LEVEL } from '../../src/raft/core/feature-level.ts';
import { createServer, type DkvsServer, type ServerOptions } from '../../src/server.ts';
import { reservePorts } from '../lib/reserve-ports.ts';
import { eventually } from './eventually.ts';
import { WireClient } from './wire-client.ts';

export const PEER_NAMES = ['a', 'b', 'c'] as const;

export type PeerName = (typeof PEER_NAMES)[number];

/** A leader that is gone is missed sooner than by default: tests are shorter. */
const SOON: ServerOptions = { 'election-timeout': 400, 'heartbeat-interval': 80 };

export class ThreePeers {
  readonly #root = mkdtempSync(join(tmpdir(), 'dkvs-peers-'));
  readonly #options: ServerOptions;
  readonly #ports: readonly number[];
  readonly #servers = new Map<PeerName, DkvsServer>();
  readonly #clients: WireClient[] = [];

  private constructor(ports: readonly number[], options: ServerOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /**
   * Resolves when one of them leads, all know it, and the cluster has the feature level of this
   * build: from then on the position moves by writes alone, and WATCH is taken.
   */
  static async start(options: ServerOptions = {}): Promise<ThreePeers> {
    const peers = new ThreePeers(await reservePorts(6), { ...SOON, ...options });
    await Promise.all(PEER_NAMES.map((name) => peers.listen(name)));
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

  async listen(name: PeerName, more: ServerOptions = {}): Promise<void> {
    const server = createServer({
      node: name, dir: this.dir(name), 'disk-reserve-bytes': 0, ...this.#options, ...more,
      peer: PEER_NAMES.flatMap((each, i) => {
        return [each, this.address(each), `127.0.0.1:${this.#ports[i + 3]}`];
      }),
    });
    await server.listen();
    this.#servers.set(name, server);
  }

  async connect(name: PeerName): Promise<WireClient> {
    const client = await WireClient.connect({ port: this.port(name) });
    this.#clients.push(client);
    return client;
  }

  /** Who leads, once all that run agree. */
  async leader(): Promise<PeerName> {
    const names = [...this.#servers.keys()];
    const clients = await Promise.all(names.map((name) => this.connect(name)));
    return eventually('all peers to agree who leads', async () => {
      const said = await Promise.all(clients.map((client) => client.call('PEERS', 'LEADER')));
      const found = names.find((name) => said.every((one) => one.includes(`\r\n${name}\r\n`)));
      return found;
    });
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
    const server = this.#servers.get(name);
    this.#servers.delete(name);
    await server?.close();
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    try {
      await Promise.all([...this.#servers.keys()].map((name) => this.close(name)));
    } finally {
      rmSync(this.#root, { recursive: true, force: true });
    }
  }
}
