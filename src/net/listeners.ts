/**
 * The sockets that a server listens on: TCP on each bound address, and a Unix socket.
 *
 * Fails as a whole: when one address cannot be bound, those already bound are closed and the error
 * says which one, and why.
 */

import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect, type Server, type Socket } from 'node:net';
import { NODE_NETWORK, type Network } from '../io/network.ts';
import { SharedReads } from './shared-reads.ts';

export interface ListenOptions {
  /** Host names or addresses; one that starts with '-' may be missing on this machine. */
  readonly hosts: readonly string[];
  /** 0 picks a free port, the same one for every host. */
  readonly port: number;
  readonly backlog: number;
  readonly unixPath: string | undefined;
  /** File mode of the Unix socket; undefined leaves it to the umask. */
  readonly unixMode: number | undefined;
}

export type OnSocket = (socket: Socket, unixPath: string | undefined) => void;

/** A listening socket has trouble, such as no descriptor left for a new client; it goes on. */
export type OnListenerError = (error: Error) => void;

/** Cannot listen. `code` is Node's: EADDRINUSE, EACCES, EADDRNOTAVAIL ... */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;

  constructor(where: string, cause: NodeJS.ErrnoException) {
    super(`cannot listen on ${where}: ${explain(cause)}`, { cause });
    this.code = cause.code ?? 'EUNKNOWN';
  }
}

export class Listeners {
  readonly #reads = new SharedReads();
  readonly #servers: Server[] = [];
  readonly #onSocket: OnSocket;
  readonly #onError: OnListenerError;
  readonly #network: Network;
  readonly #addresses: string[] = [];
  #port = 0;

  constructor(
    onSocket: OnSocket, onError: OnListenerError = () => {}, network: Network = NODE_NETWORK,
  ) {
    this.#onSocket = onSocket;
    this.#onError = onError;
    this.#network = network;
  }

  /** 'host:port' or a path, of each socket that listens. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** The TCP port; 0 when there is none. */
  get port(): number {
    return this.#port;
  }

  async open(options: ListenOptions): Promise<void> {
    try {
      this.#port = options.port;
      for (const host of options.hosts) await this.#openTcp(host, options.backlog);
      if (options.unixPath !== undefined) await this.#openUnix(options.unixPath, options);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Stops taking new connections, and settles when that is so; existing ones stay. */
  async close(): Promise<void> {
    this.#addresses.length = 0;
    // The handles close at once; what Server.close would tell us later is that all clients left.
    for (const server of this.#servers.splice(0)) server.close();
  }

  async #openTcp(name: string, backlog: number): Promise<void> {
    const isOptional = name.startsWith('-');
    const host = isOptional ? name.slice(1) : name;
    const server = this.#create(undefined);
    const address = host === '*' ? '0.0.0.0' : host === '::*' ? '::' : host;
    try {
      const ipv6Only = address === '::';
      await listening(server, { host: address, port: this.#port, backlog, ipv6Only });
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      if (isOptional && isMissing(cause)) return;
      throw new ListenError(`${host}:${this.#port}`, cause);
    }
    const bound = server.address();
    if (bound !== null && typeof bound === 'object') this.#port = bound.port;
    const shown = address.includes(':') ? `[${address}]` : address;
    this.#keep(server, `${shown}:${this.#port}`);
  }

  async #openUnix(path: string, options: ListenOptions): Promise<void> {
    const server = this.#create(path);
    try {
      await removeStale(path);
      await listening(server, { path, backlog: options.backlog });
      this.#keep(server, path);
      if (options.unixMode !== undefined) await chmod(path, options.unixMode);
    } catch (error) {
      throw new ListenError(path, error as NodeJS.ErrnoException);
    }
  }

  #keep(server: Server, address: string): void {
    server.on('error', this.#onError);
    this.#servers.push(server);
    this.#addresses.push(address);
  }

  #create(unixPath: string | undefined): Server {
    const options = { allowHalfOpen: true, pauseOnConnect: true };
    return this.#network.createServer(options, (accepted) => {
      this.#onSocket(this.#reads.adopt(accepted), unixPath);
    });
  }
}

function listening(server: Server, options: Parameters<Server['listen']>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/**
 * A killed server leaves its socket file behind, and it would refuse us. Removes it if nobody
 * answers there; anything but a socket is data of another program and stays.
 */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw fault('EEXIST', 'this file exists and is not a socket');
  if (await answers(path)) throw fault('EADDRINUSE', 'another process listens there');
  await unlink(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

function fault(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}

function isMissing({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'ENOTFOUND';
}

function explain({ code, message, syscall }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE' && syscall !== undefined) {
    return 'another process listens there; choose another --port';
  }
  if (code === 'EACCES') return 'this user may not; ports below 1024 need privileges';
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  return message;
}
