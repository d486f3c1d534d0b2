/**
 * Three members of etcd on loopback, each a process with its data in a temporary folder. Settings
 * are etcd's own: a write is on the disks of a majority before it is answered, and a read asks a
 * majority unless it says otherwise.
 */

import { reservePort } from '../../test/lib/reserve-ports.ts';
import { launch, makeFolder, type RunningServer } from './servers.ts';

const NAMES = ['a', 'b', 'c'] as const;

interface Member {
  readonly name: string;
  readonly port: number;
  readonly dir: string;
  readonly peerUrl: string;
}

export class EtcdCluster {
  readonly servers: readonly RunningServer[];

  private constructor(servers: readonly RunningServer[]) {
    this.servers = servers;
  }

  static async start(): Promise<EtcdCluster> {
    const members = await Promise.all(NAMES.map(async (name): Promise<Member> => ({
      name,
      port: await reservePort(),
      peerUrl: `http://127.0.0.1:${await reservePort()}`,
      dir: await makeFolder(),
    })));
    return new EtcdCluster(await Promise.all(members.map((one) => startMember(one, members))));
  }

  get ports(): readonly number[] {
    return this.servers.map(({ port }) => port);
  }

  /** Throws when nobody leads. */
  async leaderPort(): Promise<number> {
    for (const port of this.ports) {
      if (await leads(port)) return port;
    }
    throw new Error('no member of etcd leads');
  }

  async stop(): Promise<void> {
    // All at once: one alone would hand over leadership, and wait for it.
    await Promise.all(this.servers.map((server) => server.stop()));
  }
}

function startMember({ name, port, dir, peerUrl }: Member, members: readonly Member[]):
Promise<RunningServer> {
  const url = `http://127.0.0.1:${port}`;
  const cluster = members.map((one) => `${one.name}=${one.peerUrl}`).join(',');
  const args = [
    '--name', name, '--data-dir', dir, '--logger', 'zap', '--log-level', 'error',
    '--listen-client-urls', url, '--advertise-client-urls', url,
    '--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl,
    '--initial-cluster', cluster, '--initial-cluster-state', 'new',
  ];
  return launch({ name: 'etcd', command: 'etcd', args, port, dir, isReady: isHealthy });
}

/** True when the member answers and knows of a leader. */
async function isHealthy(port: number): Promise<boolean> {
  try {
    const reply = await fetch(`http://127.0.0.1:${port}/health`);
    return (await reply.json() as { health?: string }).health === 'true';
  } catch {
    return false;
  }
}

/** By the JSON gateway, as it is only asked between measurements. */
async function leads(port: number): Promise<boolean> {
  const url = `http://127.0.0.1:${port}/v3/maintenance/status`;
  const reply = await fetch(url, { method: 'POST', body: '{}' });
  const status = await reply.json() as { header?: { member_id?: string }; leader?: string };
  return status.leader !== undefined && status.leader === status.header?.member_id;
}
