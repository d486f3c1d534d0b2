/**
 * Three dkvs peers on loopback, each a process with its data in a temporary folder and the default
 * settings of peers: a write is on the disks of a majority before it is answered.
 */

import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { reservePort } from '../../test/lib/reserve-ports.ts';
import { ask } from './server-facts.ts';
import { launch, MAIN, makeFolder, QUIET, type RunningServer } from './servers.ts';

const NAMES = ['a', 'b', 'c'] as const;
const POLL_MS = 100;
/** Batches; under load the newest ones are always under way. */
const LAG_MAX = 100;
const SECRET = 'only-for-this-bench';

interface Seat {
  readonly name: string;
  readonly port: number;
  readonly dir: string;
  readonly peerPort: number;
}

/** What PEERS STATUS says of one. */
export type PeerFacts = ReadonlyMap<string, string>;

export class DkvsCluster {
  readonly #seats: readonly Seat[];
  readonly #extra: readonly string[];
  readonly #servers: RunningServer[];

  private constructor(
    seats: readonly Seat[], servers: readonly RunningServer[], extra: readonly string[],
  ) {
    this.#seats = seats;
    this.#servers = [...servers];
    this.#extra = extra;
  }

  static async start(extra: readonly string[] = []): Promise<DkvsCluster> {
    const seats = await Promise.all(NAMES.map(async (name): Promise<Seat> => ({
      name, port: await reservePort(), peerPort: await reservePort(), dir: await makeFolder(),
    })));
    // Together: none is ready before all have agreed on who they are.
    const servers = await Promise.all(seats.map((seat) => startPeer(seat, seats, extra)));
    const cluster = new DkvsCluster(seats, servers, extra);
    await cluster.leader();
    return cluster;
  }

  get servers(): readonly RunningServer[] {
    return this.#servers;
  }

  get ports(): readonly number[] {
    return this.#seats.map(({ port }) => port);
  }

  /** Waits for one. */
  async leader(timeoutMs = 10_000): Promise<RunningServer> {
    for (const end = performance.now() + timeoutMs; performance.now() < end;) {
      const found = await this.#findLeader();
      if (found !== undefined) return found;
      await delay(POLL_MS);
    }
    throw new Error(`no peer leads after ${timeoutMs} ms`);
  }

  async #findLeader(): Promise<RunningServer | undefined> {
    for (const server of this.#running) {
      const reply = await ask(server.port, 'PEERS', 'LEADER').catch(() => null);
      if (!Array.isArray(reply)) continue;
      const at = this.#seats.findIndex(({ name }) => name === String(reply[0]));
      const leader = this.#servers[at];
      return leader !== undefined && isRunning(leader) ? leader : undefined;
    }
    return undefined;
  }

  get #running(): readonly RunningServer[] {
    return this.#servers.filter(isRunning);
  }

  others(server: RunningServer): readonly RunningServer[] {
    return this.#servers.filter((each) => each !== server);
  }

  /** Starts one that was killed again, with its data or without; returns when it answers. */
  async restart(server: RunningServer, data: 'kept' | 'wiped'): Promise<RunningServer> {
    const at = this.#servers.indexOf(server);
    const seat = this.#seats[at] as Seat;
    if (data === 'wiped') await rm(seat.dir, { recursive: true, force: true });
    const started = await startPeer(seat, this.#seats, this.#extra);
    this.#servers[at] = started;
    return started;
  }

  /** What the leader knows of the peer at `port`. */
  async facts(port: number): Promise<PeerFacts | undefined> {
    const { port: leaderPort } = await this.leader();
    const peers = await ask(leaderPort, 'PEERS', 'STATUS') as readonly (readonly unknown[])[];
    return peers.map(pairUp).find((peer) => peer.get('client-address')?.endsWith(`:${port}`));
  }

  /**
   * Settles when the peer at `port` votes and has what the leader has, or leads. One that was
   * wiped comes back with another id: until the leader knows that, it speaks of the one that was.
   */
  async caughtUp(port: number, timeoutMs = 600_000, formerId = ''): Promise<void> {
    for (const end = performance.now() + timeoutMs; performance.now() < end;) {
      const peer = await this.facts(port).catch(() => undefined);
      if (peer !== undefined && peer.get('id') !== formerId && isCaughtUp(peer)) return;
      await delay(POLL_MS);
    }
    throw new Error(`the peer on port ${port} has not caught up within ${timeoutMs} ms`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((server) => server.stop()));
    for (const { dir } of this.#seats) await rm(dir, { recursive: true, force: true });
  }
}

function startPeer(
  { name, port, dir }: Seat, seats: readonly Seat[], extra: readonly string[],
): Promise<RunningServer> {
  const peers = seats.flatMap((seat) => [
    '--peer', seat.name, `127.0.0.1:${seat.port}`, `127.0.0.1:${seat.peerPort}`,
  ]);
  const args = [
    MAIN, '--node', name, '--dir', dir, ...peers, '--peer-secret', SECRET, ...QUIET, ...extra,
  ];
  return launch({ name: 'dkvs', command: process.execPath, args, port, dir });
}

function isCaughtUp(peer: PeerFacts): boolean {
  const lag = Number(peer.get('lag'));
  const isVoter = ['follower', 'leader'].includes(peer.get('role') ?? '');
  return isVoter && peer.get('connected') === '1' && lag >= 0 && lag <= LAG_MAX;
}

function isRunning({ child }: RunningServer): boolean {
  return child.exitCode === null && child.signalCode === null;
}

/** A map of RESP2: names and values in turn. */
function pairUp(flat: readonly unknown[]): PeerFacts {
  const facts = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) facts.set(String(flat[i]), String(flat[i + 1]));
  return facts;
}
