/**
 * dkvs inside the test: the composition that main.ts starts, on a free port and a directory of its
 * own.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type DkvsServer, type ServerOptions } from '../../src/server.ts';
import { WireClient } from '../wire/wire-client.ts';

export class TestServer {
  readonly dir: string;
  readonly #isDirOwn: boolean;
  #server: DkvsServer | undefined;
  #port = 0;
  readonly #clients: WireClient[] = [];

  /** It does not run yet. Without `dir` it has one of its own, which goes with it. */
  constructor(dir?: string) {
    this.#isDirOwn = dir === undefined;
    this.dir = dir ?? mkdtempSync(join(tmpdir(), 'dkvs-test-'));
  }

  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const server = new TestServer();
    await server.listen(options);
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get isRunning(): boolean {
    return this.#server !== undefined;
  }

  get stopped(): Promise<number> {
    if (this.#server === undefined) throw new Error('it does not run');
    return this.#server.stopped;
  }

  /** Starts a server on the directory; the one before must have been closed. */
  async listen(options: ServerOptions = {}): Promise<void> {
    const server = createServer({
      dir: this.dir, port: 0, bind: '127.0.0.1', 'disk-reserve-bytes': 0, ...options,
    });
    this.#port = (await server.listen()).port;
    this.#server = server;
  }

  async connect(): Promise<WireClient> {
    const client = await WireClient.connect({ port: this.#port });
    this.#clients.push(client);
    return client;
  }

  /** Closes the server, and by that its clients, and keeps the directory. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }

  async stop(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    try {
      await this.close();
    } finally {
      if (this.#isDirOwn) rmSync(this.dir, { recursive: true, force: true });
    }
  }
}
