/**
 * Servers to compare, each a process of its own on a free port of loopback with its data in a
 * temporary folder. Whoever starts one stops it.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export type Fsync = 'always' | 'everysec' | 'no';

export interface RunningServer {
  readonly name: string;
  readonly port: number;
  readonly dir: string;
  readonly pid: number;
  /** SIGTERM, then waits; `keep` leaves the data. */
  stop(keep?: boolean): Promise<void>;
  /** SIGKILL, then waits; the data stays. */
  kill(): Promise<void>;
}

export interface Launch {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly port: number;
  readonly dir: string;
  /** How long it may take to answer PING. */
  readonly startMs?: number;
}

const START_MS = 60_000;
const POLL_MS = 5;

/** The repository's root, from dist/bench/lib. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

export async function startDkvs(fsync: Fsync, extra: readonly string[] = [], at?: string):
Promise<RunningServer> {
  const { port, dir } = await place(at);
  const main = join(ROOT, 'dist/src/main.js');
  const args = [main, '--port', `${port}`, '--dir', dir, '--appendfsync', fsync, ...QUIET, ...extra];
  return launch({ name: 'dkvs', command: process.execPath, args, port, dir });
}

const QUIET = ['--loglevel', 'warning'];

export async function startRedis(fsync: Fsync, extra: readonly string[] = [], at?: string):
Promise<RunningServer> {
  const { port, dir } = await place(at);
  const args = ['--port', `${port}`, '--dir', dir, '--save', '', '--appendonly', 'yes',
    '--appendfsync', fsync, '--daemonize', 'no', '--loglevel', 'warning', ...extra];
  return launch({ name: 'redis', command: 'redis-server', args, port, dir });
}

/** js-redis-server from npm: in memory only, so it has no fsync policy. */
export async function startJsRedis(): Promise<RunningServer> {
  const { port, dir } = await place();
  const require = createRequire(import.meta.url);
  const cli = join(dirname(require.resolve('js-redis-server')), 'cli.js');
  const args = [cli, '--port', `${port}`];
  return launch({ name: 'js-redis', command: process.execPath, args, port, dir });
}

export function hasCommand(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export async function launch({ name, command, args, port, dir, startMs = START_MS }: Launch):
Promise<RunningServer> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  await answering(name, child, port, startMs);
  return {
    name, port, dir, pid: child.pid ?? 0,
    async stop(keep = false) {
      child.kill('SIGTERM');
      await exited;
      if (!keep) await rm(dir, { recursive: true, force: true });
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function place(at?: string): Promise<{ port: number; dir: string }> {
  const dir = at ?? await mkdtemp(join(tmpdir(), 'dkvs-bench-'));
  return { port: await freePort(), dir };
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => done(port));
    });
  });
}

async function answering(name: string, child: ChildProcess, port: number, startMs: number):
Promise<void> {
  for (let waited = 0; waited < startMs; waited += POLL_MS) {
    if (child.exitCode !== null) throw new Error(`${name} ended at start, code ${child.exitCode}`);
    if (await pongs(port)) return;
    await delay(POLL_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`${name} did not answer PING on port ${port} within ${startMs} ms`);
}

/** True when a server on this port answers PING with PONG: it has loaded its data. */
export function pongs(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (answer: boolean): void => {
      socket.destroy();
      done(answer);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => finish(data.toString().startsWith('+PONG')));
    socket.once('error', () => finish(false));
  });
}
