/**
 * The simulated network between machines, each with one address. A process gets its own view of it
 * (`of`), which has the two calls of src/io/network.ts.
 */

import { EventEmitter } from 'node:events';
import type { Server, ServerOpts, Socket, TcpNetConnectOpts } from 'node:net';
import type { Network } from '../../../src/io/network.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import { SimPipe, type Path } from './sim-pipe.ts';
import type { SimProcess } from './sim-process.ts';
import { SimEnd, sharedBuffer, SimSocket, type SocketAddress } from './sim-socket.ts';

/** A machine as the network knows it. */
export interface NetworkHost {
  readonly host: string;
  readonly isOn: boolean;
}

/** Mean of what a packet takes beyond the latency of its path when all is well. */
export const USUAL_JITTER_MS = 0.1;

const SYN_RETRY_MS = 1000;
const CONNECT_MS_MAX = 60_000;
const EPHEMERAL_PORT_FIRST = 32_768;

export class SimNetwork {
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;
  readonly #hosts = new Map<string, NetworkHost>();
  readonly #paths = new Map<string, Path>();
  readonly #listening = new Map<string, SimServer>();
  #nextPort = EPHEMERAL_PORT_FIRST;
  connections = 0;

  constructor(scheduler: Scheduler, chance: Chance) {
    this.#scheduler = scheduler;
    this.#chance = chance;
  }

  add(host: NetworkHost): void {
    this.#hosts.set(host.host, host);
  }

  /** What the way from one machine to the other is like; may be changed at any time. */
  path(from: string, to: string): Path {
    const name = `${from} ${to}`;
    let path = this.#paths.get(name);
    if (path === undefined) {
      path = {
        isCut: false, latencyMs: 0.2, jitterMs: USUAL_JITTER_MS, bytesPerMs: 100_000, lossOneIn: 0,
      };
      this.#paths.set(name, path);
    }
    return path;
  }

  paths(): readonly (readonly [string, Path])[] {
    return [...this.#paths];
  }

  /** The network as a process on `host` sees it. */
  of(process: SimProcess, { host }: NetworkHost): Network {
    return {
      createServer: (options, onSocket) =>
        new SimServer(this, process, host, options, onSocket) as unknown as Server,
      connect: (options, onConnect) =>
        this.#dial(process, host, options, onConnect) as unknown as Socket,
    };
  }

  listen(server: SimServer, at: SocketAddress): boolean {
    const name = nameOf(at);
    if (this.#listening.has(name)) return false;
    this.#listening.set(name, server);
    return true;
  }

  unlisten(server: SimServer, at: SocketAddress): void {
    if (this.#listening.get(nameOf(at)) === server) this.#listening.delete(nameOf(at));
  }

  freePort(): number {
    this.#nextPort += 1;
    return this.#nextPort;
  }

  #dial(
    process: SimProcess, host: string, options: TcpNetConnectOpts, onConnect: () => void,
  ): SimSocket {
    const local = { host, port: this.freePort() };
    const remote = { host: options.host ?? host, port: options.port };
    const end = new SimEnd(process, local, remote, () => this.#isOn(host));
    const socket = new SimSocket(end, false, options.allowHalfOpen ?? false);
    socket.once('connect', onConnect);
    this.#knock(end, socket, this.#scheduler.nowMs + CONNECT_MS_MAX, SYN_RETRY_MS);
    return socket;
  }

  /** The first packet, again and again until it is answered. */
  #knock(end: SimEnd, socket: SimSocket, giveUpAtMs: number, waitMs: number): void {
    const { local, remote, process } = end;
    const there = this.path(local.host, remote.host);
    this.#scheduler.after(there.latencyMs + this.#chance.wait(there.jitterMs), () => {
      if (!process.isAlive || socket.destroyed) return;
      const back = this.path(remote.host, local.host);
      const isHeard = !there.isCut && !back.isCut && this.#isOn(remote.host);
      if (isHeard) return this.#answer(end, socket, back);
      const { nowMs } = this.#scheduler;
      if (nowMs >= giveUpAtMs) return void process.plan(nowMs, () => socket.fail('ETIMEDOUT'));
      this.#scheduler.after(waitMs, () => this.#knock(end, socket, giveUpAtMs, waitMs * 2));
    });
  }

  #answer(end: SimEnd, socket: SimSocket, back: Path): void {
    const { local, remote, process } = end;
    const server = this.#listening.get(nameOf(remote));
    const backAtMs = this.#scheduler.nowMs + back.latencyMs;
    if (server === undefined) {
      process.plan(backAtMs, () => socket.fail('ECONNREFUSED'));
      return;
    }
    this.connections += 1;
    const far = new SimEnd(server.process, remote, local, () => this.#isOn(remote.host));
    this.#join(end, far);
    this.#join(far, end);
    process.plan(backAtMs, () => socket.onConnected());
    server.accept(far);
  }

  #join(from: SimEnd, to: SimEnd): void {
    const path = this.path(from.local.host, to.local.host);
    const pipe = new SimPipe(this.#scheduler, this.#chance, path, to, () => from.onGivenUp());
    from.out = pipe;
    to.into = pipe;
  }

  #isOn(host: string): boolean {
    return this.#hosts.get(host)?.isOn ?? false;
  }
}

export class SimServer extends EventEmitter {
  readonly process: SimProcess;
  readonly #network: SimNetwork;
  readonly #host: string;
  readonly #options: ServerOpts;
  readonly #shared: Buffer | undefined;
  #at: SocketAddress | undefined;

  constructor(
    network: SimNetwork, process: SimProcess, host: string, options: ServerOpts,
    onSocket: (socket: Socket) => void,
  ) {
    super();
    this.process = process;
    this.#network = network;
    this.#host = host;
    this.#options = options;
    this.#shared = options.pauseOnConnect === true ? sharedBuffer() : undefined;
    this.on('connection', onSocket);
    process.onDeath(() => this.close());
  }

  listen({ port }: { port?: number }, onListening: () => void): this {
    const at = { host: this.#host, port: port || this.#network.freePort() };
    const { process } = this;
    process.plan(process.scheduler.nowMs, () => {
      if (this.#network.listen(this, at)) {
        this.#at = at;
        onListening();
      } else {
        this.emit('error', Object.assign(new Error('simulated'), { code: 'EADDRINUSE' }));
      }
    });
    return this;
  }

  address(): { port: number; address: string; family: string } | null {
    return this.#at === undefined ? null
      : { port: this.#at.port, address: this.#at.host, family: 'IPv4' };
  }

  close(): this {
    if (this.#at !== undefined) this.#network.unlisten(this, this.#at);
    this.#at = undefined;
    return this;
  }

  accept(end: SimEnd): void {
    const { process } = this;
    process.plan(process.scheduler.nowMs, () => {
      const socket = new SimSocket(end, true, this.#options.allowHalfOpen ?? false, this.#shared);
      if (this.#options.pauseOnConnect === true) socket.pause();
      this.emit('connection', socket as unknown as Socket);
    });
  }
}

function nameOf({ host, port }: SocketAddress): string {
  return `${host}:${port}`;
}
