/**
 * The sockets that a server listens on: TCP on each bound address, and a Unix socket.
 *
 * Fails as a whole: when one address cannot be bound, those already bound are closed and the error
 * says which one, and why.
 */

import { chmod, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';

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
  readonly #servers: Server[] = [];
  readonly #onSocket: OnSocket;
  readonly #addresses: string[] = [];
  #port = 0;

  constructor(onSocket: OnSocket) {
    this.#onSocket = onSocket;
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

  /** Stops taking new connections; existing ones stay. */
  async close(): Promise<void> {
    const servers = this.#servers.splice(0);
    await Promise.all(servers.map((server) => closed(server)));
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
    this.#servers.push(server);
    this.#addresses.push(address.includes(':') ? `[${address}]:${this.#port}` : `${address}:${this.#port}`);
  }

  async #openUnix(path: string, options: ListenOptions): Promise<void> {
    const server = this.#create(path);
    try {
      // A socket file that a killed server left behind would refuse us; the lock on the data
      // directory has already shown that no other server of ours is alive.
      await unlink(path).catch(() => {});
      await listening(server, { path, backlog: options.backlog });
      if (options.unixMode !== undefined) await chmod(path, options.unixMode);
    } catch (error) {
      throw new ListenError(path, error as NodeJS.ErrnoException);
    }
    this.#servers.push(server);
    this.#addresses.push(path);
  }

  #create(unixPath: string | undefined): Server {
    const onSocket = (socket: Socket): void => this.#onSocket(socket, unixPath);
    return createServer({ allowHalfOpen: true }, onSocket);
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

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function isMissing({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'ENOTFOUND';
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') return 'another process listens there; choose another --port';
  if (code === 'EACCES') return 'this user may not; ports below 1024 need privileges';
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address';
  return message;
}
