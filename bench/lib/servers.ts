/**
 * Servers to compare, each a process of its own on a free port of loopback with its data in a
 * temporary folder. Whoever starts one stops it; what still runs when the bench ends, for whatever
 * reason that is not SIGKILL, ends with it, and its folder goes.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

export type Fsync = 'always' | 'everysec' | 'no';

export interface RunningServer {
  readonly name: string;
  readonly port: number;
  readonly dir: string;
  readonly pid: number;
  /** From the start of the process to its first PONG. */
  readonly startMs: number;
  readonly child: ChildProcess;
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
  /** Opens a channel for messages: the loop probe answers on it. */
  readonly hasChannel?: boolean;
  /** Whether the server is ready; by default, whether it answers PING. */
  readonly isReady?: (port: number) => Promise<boolean>;
}

/** Long enough for a server to load tens of millions of keys. */
const START_MS_MAX = 300_000;
const POLL_MS = 2;

/** The repository's root, whether this runs from source or compiled. */
export const ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error('the bench is not inside a package');
  return findRoot(above);
}

export async function startDkvs(fsync: Fsync, extra: readonly string[] = [], at?: string):
Promise<RunningServer> {
  const { port, dir } = await place(at);
  const args = [MAIN, '--port', `${port}`, '--dir', dir, '--appendfsync', fsync, ...QUIET,
    ...extra];
  return launch({ name: 'dkvs', command: process.execPath, args, port, dir });
}

/** dkvs with the probe of lib/loop-probe.ts inside, for `readLoopPauses`. */
export async function startProbedDkvs(fsync: Fsync, extra: readonly string[] = [], at?: string):
Promise<RunningServer> {
  const { port, dir } = await place(at);
  const args = ['--import', pathToFileURL(PROBE).href, MAIN, '--port', `${port}`, '--dir', dir,
    '--appendfsync', fsync, ...QUIET, ...extra];
  return launch({ name: 'dkvs', command: process.execPath, args, port, dir, hasChannel: true });
}

export const MAIN = join(ROOT, 'dist/src/main.js');
const PROBE = join(ROOT, 'dist/bench/lib/loop-probe.js');
export const QUIET = ['--loglevel', 'warning'];

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

export async function launch(
  { name, command, args, port, dir, hasChannel = false, isReady = pongs }: Launch,
): Promise<RunningServer> {
  const startedAt = performance.now();
  const channel = hasChannel ? 'ipc' as const : 'ignore' as const;
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', channel] });
  leftovers.addChild(child);
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  await ready({ name, child, port, isReady, deadline: startedAt + START_MS_MAX });
  return {
    name, port, dir, child,
    pid: child.pid ?? 0,
    startMs: performance.now() - startedAt,
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

export async function place(at?: string): Promise<{ port: number; dir: string }> {
  const dir = at ?? await makeFolder();
  return { port: await freePort(), dir };
}

/** Another process may take it before its server does; starting then fails, loudly. */
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

/** Processes and folders of this bench that must not outlive it. */
class Leftovers {
  readonly #children = new Set<ChildProcess>();
  readonly #folders = new Set<string>();
  #isWatching = false;

  addChild(child: ChildProcess): void {
    this.#watch();
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
  }

  addFolder(folder: string): void {
    this.#watch();
    this.#folders.add(folder);
  }

  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    process.once('exit', () => this.#remove());
    const end = (): never => process.exit(1);
    process.once('SIGINT', end);
    process.once('SIGTERM', end);
  }

  #remove(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

const leftovers = new Leftovers();

/** A process that is no server, such as a load, ends with the bench too. */
export function endWithBench(child: ChildProcess): void {
  leftovers.addChild(child);
}

/** A new folder for data, gone when the bench ends. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dkvs-bench-'));
  leftovers.addFolder(folder);
  return folder;
}

interface Starting extends Required<Pick<Launch, 'name' | 'port' | 'isReady'>> {
  readonly child: ChildProcess;
  readonly deadline: number;
}

async function ready({ name, child, port, isReady, deadline }: Starting): Promise<void> {
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`${name} ended at start, code ${child.exitCode}`);
    if (await isReady(port)) return;
    await delay(POLL_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`${name} was not ready on port ${port} within ${START_MS_MAX} ms`);
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
