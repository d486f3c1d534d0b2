/**
 * Servers as processes of their own that are each other's peers: on loopback, or each on a host of
 * a private network.
 *
 * Clients reach the former by TCP and the latter by a Unix socket, which no cut of the network
 * touches.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reservePorts } from '../lib/reserve-ports.ts';
import type { PrivateNetwork } from '../processes/private-network.ts';
import { eventually } from '../wire/eventually.ts';
import { WireClient, type Address } from '../wire/wire-client.ts';
import { RealServer } from './real-server.ts';

const NAMES = ['a', 'b', 'c', 'd', 'e'] as const;

/** On a host of its own a server has all ports. */
const CLIENT_PORT = 6379;
const PEER_PORT = 16379;

/** Where one server is. */
interface Site {
  readonly name: string;
  readonly host: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** For clients of the test. */
  readonly address: Address;
  readonly args: readonly string[];
  readonly wrapper: readonly string[];
}

export class RealPeers {
  readonly #root: string;
  readonly #sites: readonly Site[];
  readonly #options: readonly string[];
  readonly #servers: RealServer[] = [];

  private constructor(root: string, sites: readonly Site[], options: readonly string[]) {
    this.#root = root;
    this.#sites = sites;
    this.#options = options;
  }

  /** Resolves when all of them take writes. `options`: of every server's command line. */
  static async start(
    count: number, network?: PrivateNetwork, options: readonly string[] = [],
  ): Promise<RealPeers> {
    const root = mkdtempSync(join(tmpdir(), 'dkvs-processes-'));
    const sites = network === undefined
      ? await loopbackSites(count) : networkSites(count, network, root);
    const peers = new RealPeers(root, sites, options);
    try {
      await Promise.all(sites.map((_, i) => peers.launch(i)));
      await Promise.all(peers.addresses.map((address) => takesWrites(address)));
    } catch (error) {
      await peers.stop();
      throw error;
    }
    return peers;
  }

  get addresses(): readonly Address[] {
    return this.#sites.map(({ address }) => address);
  }

  async launch(i: number): Promise<void> {
    const { name, host, args, wrapper } = this.#sites[i]!;
    const dir = this.#dirOf(i);
    mkdirSync(dir, { recursive: true });
    const peers = this.#sites.flatMap(({ name, host, clientPort, peerPort }) => {
      return ['--peer', `${name} ${host}:${clientPort} ${host}:${peerPort}`];
    });
    const server = new RealServer({
      args: [
        '--dir', dir, '--bind', host, '--loglevel', 'warning', '--disk-reserve-bytes', '0',
        '--consistency', 'linearizable', '--node', name, ...peers, ...args, ...this.#options,
      ],
      wrapper,
    });
    this.#servers[i] = server;
    await server.ready();
  }

  /** At once, and for good until `launch`. */
  async kill(i: number): Promise<void> {
    await this.#servers[i]!.stop();
  }

  signal(i: number, signal: NodeJS.Signals): void {
    this.#servers[i]!.child.kill(signal);
  }

  /** The disk of a server that was killed is gone. */
  wipe(i: number): void {
    rmSync(this.#dirOf(i), { recursive: true });
  }

  /** Who leads, once all servers agree: its number. */
  async leader(): Promise<number> {
    return eventually('all servers to agree who leads', async () => {
      const said = await Promise.all(this.addresses.map(leaderSaidBy));
      const found = this.#sites.findIndex(({ name }) => said.every((one) => one === name));
      return found >= 0 && { found };
    }).then(({ found }) => found);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    rmSync(this.#root, { recursive: true, force: true });
  }

  #dirOf(i: number): string {
    return join(this.#root, this.#sites[i]!.name);
  }
}

async function loopbackSites(count: number): Promise<Site[]> {
  const ports = await reservePorts(count * 2);
  return NAMES.slice(0, count).map((name, i) => {
    const clientPort = ports[i]!;
    return {
      name, host: '127.0.0.1', clientPort, peerPort: ports[count + i]!,
      address: { port: clientPort }, args: [], wrapper: [],
    };
  });
}

function networkSites(count: number, network: PrivateNetwork, root: string): Site[] {
  return NAMES.slice(0, count).map((name, i) => {
    const path = join(root, `${name}.sock`);
    return {
      name, host: network.address(i), clientPort: CLIENT_PORT, peerPort: PEER_PORT,
      address: { path }, args: ['--unixsocket', path], wrapper: network.wrapper(i),
    };
  });
}

/** The leader's name; empty when the server knows of none. */
async function leaderSaidBy(address: Address): Promise<string> {
  const client = await WireClient.connect(address);
  try {
    return (await client.call('PEERS', 'LEADER')).split('\r\n')[2] ?? '';
  } finally {
    client.close();
  }
}

/** Waits until a server takes writes: there is a leader, and it knows. */
export async function takesWrites(address: Address): Promise<void> {
  await eventually(`${JSON.stringify(address)} to take writes`, async () => {
    const client = await WireClient.connect(address);
    try {
      return (await client.call('SET', 'ready', '1')) === '+OK\r\n';
    } finally {
      client.close();
    }
  });
}
