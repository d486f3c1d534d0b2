/**
 * dkvs as a process of its own, as `npm start` runs it: for signals, kill -9, exit codes and for
 * clients that are programs. Needs what `npm test` has built before.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually, within } from '../wire/eventually.ts';
import { WireClient } from '../wire/wire-client.ts';

const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RealServerOptions {
  readonly args: readonly string[];
  /** A program and its arguments that run node: to set limits, mounts or users. */
  readonly wrapper?: readonly string[];
}

export class RealServer {
  readonly child: ChildProcess;
  /** Settles when the process has ended. */
  readonly ended: Promise<Ending>;
  #ending: Ending | undefined;
  #output = '';

  constructor({ args, wrapper = [] }: RealServerOptions) {
    if (!existsSync(MAIN)) throw new Error('dist/src/main.js is missing: npm run build makes it');
    const [program = '', ...rest] = [...wrapper, process.execPath, MAIN, ...args];
    this.child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (text: Buffer) => { this.#output += text.toString(); });
    this.child.stderr?.on('data', (text: Buffer) => { this.#output += text.toString(); });
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => {
        this.#ending = { code, signal };
        resolve(this.#ending);
      });
    });
  }

  /** Starts on `dir` and a free port, and waits until it listens. */
  static async start(dir: string, ...more: readonly string[]): Promise<RealServer> {
    const server = new RealServer({ args: serverArgs(dir, more) });
    await server.ready();
    return server;
  }

  /** What it printed, standard error included. */
  get output(): string {
    return this.#output;
  }

  get isRunning(): boolean {
    return this.#ending === undefined;
  }

  /** The port is told by the banner, which is printed last. */
  get port(): number {
    const [, port] = /listening\s+\S*:(\d+)/.exec(this.#output) ?? [];
    if (port === undefined) throw new Error(`it does not listen:\n${this.#output}`);
    return Number(port);
  }

  async ready(): Promise<void> {
    await eventually('the server to listen', () => {
      if (!this.isRunning) throw new Error(`it ended instead of listening:\n${this.#output}`);
      return /process\s+\d+, Node/.test(this.#output);
    });
  }

  connect(): Promise<WireClient> {
    return WireClient.connect({ port: this.port });
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ending> {
    this.child.kill(signal);
    return within(() => `the server to end:\n${this.#output}`, this.ended);
  }

  /** For the end of a test, whatever happened before. */
  async stop(): Promise<void> {
    if (this.isRunning) await this.kill();
  }
}

export function serverArgs(dir: string, more: readonly string[]): string[] {
  return [
    '--dir', dir, '--port', '0', '--bind', '127.0.0.1', '--loglevel', 'warning',
    '--disk-reserve-bytes', '0', ...more,
  ];
}
