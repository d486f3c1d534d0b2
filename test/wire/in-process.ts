/** dkvs inside the test, on a free port and a directory of its own. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type DkvsServer, type ServerOptions } from '../../src/server.ts';
import { WireClient } from './wire-client.ts';

export class InProcess {
  readonly dir: string;
  #server: DkvsServer | undefined;
  #port = 0;
  readonly #clients: WireClient[] = [];

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async start(options: ServerOptions = {}): Promise<InProcess> {
    const started = new InProcess(mkdtempSync(join(tmpdir(), 'dkvs-wire-')));
    await started.listen(options);
    return started;
  }

  get port(): number {
    return this.#port;
  }

  get stopped(): Promise<number> {
    if (this.#server === undefined) throw new Error('it does not run');
    return this.#server.stopped;
  }

  /** Starts a server on the directory; the one before must have been stopped. */
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

  /** Closes the server and keeps the directory. */
  async close(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.close();
    const server = this.#server;
    this.#server = undefined;
    await server?.close();
  }

  async stop(): Promise<void> {
    try {
      await this.close();
    } finally {
      rmSync(this.dir, { recursive: true, force: true });
    }
  }
}
