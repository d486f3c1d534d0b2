/**
 * A dkvs server: composition and nothing else.
 *
 *   const server = createServer({ dir: '/tmp/data', port: 0 });
 *   const { port } = await server.listen();
 *   ...
 *   await server.close();
 *
 * The same server that `npm start` runs, inside your program: durable, on a port of your choice
 * (0 = a free one), with its own directory. Two servers never open one directory.
 */

import { resolve } from 'node:path';
import { pino, type Logger } from 'pino';
import type { Config } from './config/config.ts';
import { loadConfig, type ConfigError } from './config/load-config.ts';
import { findOption } from './config/registry.ts';
import type { ConfigValues } from './config/options.ts';
import { formatBanner } from './observe/banner.ts';
import { openStorageSide, type OpenedStorage } from './server/open-storage.ts';
import { openPeersSide, type PeersSide } from './server/peers-side.ts';
import { nodeWorld } from './server/node-world.ts';
import { RunningServer } from './server/running-server.ts';
import type { World } from './server/world.ts';
import { VERSION } from './version.ts';

/** Options by their names in config/dkvs.conf, with values as one would write them there. */
export type ServerOptions = {
  readonly [Name in keyof ConfigValues]?: string | number | boolean | readonly string[];
} & {
  /** Where the server logs; by default nowhere. */
  readonly logger?: Logger;
};

export interface ListeningAddress {
  /** The TCP port; 0 if there is none. */
  readonly port: number;
  /** 'host:port' and paths of Unix sockets. */
  readonly addresses: readonly string[];
}

export interface DkvsServer {
  /**
   * Opens the data, recovers it, and listens. Rejects with an error that has a `code` when the
   * directory is locked (ELOCKED), damaged (DAMAGED), or an address is taken (EADDRINUSE).
   */
  listen(): Promise<ListeningAddress>;
  /** Stops cleanly: everything acknowledged is on disk. A second call waits for the first. */
  close(): Promise<void>;
  /** Settles when the server has stopped, by `close` or by SHUTDOWN, with the exit code. */
  readonly stopped: Promise<number>;
  /** One screen of text for people; call it once the server listens. */
  banner(): string;
}

/** An option has a value that is not allowed. */
export class ServerOptionError extends Error {
  override readonly name = 'ServerOptionError';
  readonly code = 'EOPTION';
}

/** Throws ServerOptionError when an option is unknown or its value not allowed. */
export function createServer(options: ServerOptions = {}): DkvsServer {
  const { logger, ...values } = options;
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  const directives = given.map(([name, value], i) => ({
    line: i + 1, name, words: wordsOf(value),
  }));
  const loaded = loadConfig(undefined, directives);
  if (!loaded.ok) {
    const texts = loaded.errors.map((error) => describeOptionError(error, given[error.line - 1]));
    throw new ServerOptionError(texts.join('\n'));
  }
  return createServerFromConfig(loaded.config, logger ?? pino({ level: 'silent' }));
}

/** How a server comes to its total order. */
export type OpenPeers = typeof openPeersSide;

/** World and order are the real ones unless a test brings its own (test/sim, test/server). */
export function createServerFromConfig(
  config: Config, log: Logger, world: World = nodeWorld(), openPeers: OpenPeers = openPeersSide,
): DkvsServer {
  return new Server(config, log, world, openPeers);
}

function describeOptionError(
  { directive, reason, allowed }: ConfigError,
  [name, value]: readonly [string, unknown] = ['', undefined],
): string {
  const hint = allowed === '' ? '' : `\n    allowed: ${allowed}`;
  const shown = mayShow(directive) ? JSON.stringify(value) : '(not shown)';
  return `Option '${name}' of createServer:\n    ${name}: ${shown}\n    ${reason}${hint}`;
}

function mayShow(name: string): boolean {
  return (findOption(name)?.option.privacy ?? 'open') === 'open';
}

function wordsOf(value: string | number | boolean | readonly string[] | undefined): string[] {
  if (typeof value === 'boolean') return [value ? 'yes' : 'no'];
  if (typeof value === 'object') return [...value];
  return [`${value ?? ''}`];
}

class Server implements DkvsServer {
  readonly stopped: Promise<number>;
  readonly #config: Config;
  readonly #log: Logger;
  readonly #world: World;
  readonly #openPeersSide: OpenPeers;
  #opened: OpenedStorage | undefined;
  #running: RunningServer | undefined;
  #closing: Promise<void> | undefined;
  #stop: (code: number) => void = () => {};
  #stopFailed: (error: unknown) => void = () => {};

  constructor(config: Config, log: Logger, world: World, openPeers: OpenPeers) {
    this.#config = config;
    this.#log = log;
    this.#world = world;
    this.#openPeersSide = openPeers;
    this.stopped = new Promise((done, failed) => {
      this.#stop = done;
      this.#stopFailed = failed;
    });
    // A caller of close() alone hears of a failure there.
    this.stopped.catch(() => {});
  }

  async listen(): Promise<ListeningAddress> {
    if (this.#opened !== undefined) throw new Error('this server was started before');
    const world = this.#world;
    const opened = await openStorageSide(this.#config, this.#log, world);
    this.#opened = opened;
    const peers = await this.#openPeers(opened);
    const running = new RunningServer({
      config: this.#config,
      log: this.#log,
      world,
      seed: world.random.seed64(),
      side: opened.side,
      peers,
      onShutdown: () => void this.close(),
      onStoreLost: (error, what) => this.#end(error, what),
      onBug: (error) => this.#end(error, 'a bug'),
    });
    try {
      await running.listen();
    } catch (error) {
      await peers?.broadcast.stop();
      await opened.side.close();
      throw error;
    }
    this.#running = running;
    this.#log.info({
      version: VERSION, dir: resolve(this.#config.values.dir), listening: running.addresses,
      keys: running.keys, recoveryMs: Math.round(opened.recoveryMs),
    }, 'ready');
    return { port: running.port, addresses: running.addresses };
  }

  async #openPeers({ side }: OpenedStorage): Promise<PeersSide | undefined> {
    try {
      return await this.#openPeersSide(this.#config, this.#log, this.#world, side);
    } catch (error) {
      await side.close();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  banner(): string {
    const { values, file } = this.#config;
    return formatBanner({
      version: VERSION,
      nodeVersion: process.version,
      pid: process.pid,
      listening: this.#running?.addresses ?? [],
      dataDir: resolve(values.dir),
      keys: this.#running?.keys ?? 0,
      recoveryMs: this.#opened?.recoveryMs ?? 0,
      fsync: values.appendfsync,
      memoryBytes: this.#opened?.memoryBytes ?? 0,
      isMemoryAutomatic: values.maxmemory === 0,
      peers: values.peer.length,
      configFile: file,
    });
  }

  async #close(): Promise<void> {
    try {
      await this.#running?.close();
      this.#stop(0);
    } catch (error) {
      this.#stopFailed(error);
      throw error;
    }
  }

  /** Nothing is known any more: stop taking work, but leave the log as it is. */
  #end(error: unknown, why: string): void {
    this.#log.fatal({ error }, why);
    this.#stopFailed(error);
  }
}
