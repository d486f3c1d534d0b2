/** Three servers as processes of their own that are each other's peers. */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DistServer } from '../../wire/dist-server.ts';
import { eventually } from '../../wire/eventually.ts';
import { freePorts, PEER_NAMES } from '../../wire/three-peers.ts';
import { WireClient } from '../../wire/wire-client.ts';

export class ProcessPeers {
  readonly #root = mkdtempSync(join(tmpdir(), 'dkvs-processes-'));
  readonly #ports: readonly number[];
  readonly #servers: (DistServer | undefined)[] = [];

  private constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  /** Resolves when all of them take writes. */
  static async start(): Promise<ProcessPeers> {
    const peers = new ProcessPeers(await freePorts(PEER_NAMES.length * 2));
    await Promise.all(PEER_NAMES.map((_, i) => peers.launch(i)));
    for (const port of peers.ports) await takesWrites(port);
    return peers;
  }

  get ports(): readonly number[] {
    return this.#ports.slice(0, PEER_NAMES.length);
  }

  async launch(i: number): Promise<void> {
    const name = PEER_NAMES[i]!;
    const dir = join(this.#root, name);
    mkdirSync(dir, { recursive: true });
    const peers = PEER_NAMES.flatMap((each, j) => [
      '--peer', `${each} 127.0.0.1:${this.#ports[j]} 127.0.0.1:${this.#ports[j + 3]}`,
    ]);
    const server = new DistServer({
      args: [
        '--dir', dir, '--bind', '127.0.0.1', '--loglevel', 'warning', '--disk-reserve-bytes', '0',
        '--consistency', 'linearizable', '--node', name, ...peers,
      ],
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
    rmSync(join(this.#root, PEER_NAMES[i]!), { recursive: true });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server?.stop()));
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** Waits until a server takes writes: there is a leader, and it knows. */
export async function takesWrites(port: number): Promise<void> {
  await eventually(`port ${port} to take writes`, async () => {
    const client = await WireClient.connect({ port });
    try {
      return (await client.call('SET', 'ready', '1')) === '+OK\r\n';
    } finally {
      client.close();
    }
  });
}
