/**
 * How long a server takes to come back with its keys: from the start of the process to PONG.
 *
 * Four directories are made, each holding the same keys: dkvs after kill -9, dkvs after a clean
 * stop, Redis's AOF as it was written, and the same after BGREWRITEAOF. Every start gets a fresh
 * copy of one, so that no start profits from what the one before wrote; the four alternate. A start
 * counts only when all keys are there and a sample of them has the right values.
 *
 * Files are in the page cache for all of them: this measures the work of recovery, not the disk.
 */

import { cp, lstat, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BenchOptions, roundsOf, verdict } from './lib/bench.ts';
import { fill } from './lib/fill.ts';
import { describeMachine } from './lib/machine.ts';
import {
  ask, connect, readRssBytes, readSettledRssBytes, waitForInfo,
} from './lib/server-facts.ts';
import { makeFolder, type RunningServer, startDkvs, startRedis } from './lib/servers.ts';
import { mix, SetCommands } from './lib/set-commands.ts';
import { median } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';

export interface RecoveryResult {
  /** Milliseconds to PONG, median, by the name of the state. */
  readonly medianMs: Readonly<Record<string, number>>;
  /** How many times longer Redis takes to load its AOF than dkvs after kill -9. */
  readonly ratio: number;
}

interface State {
  readonly name: string;
  readonly dir: string;
  readonly start: (dir: string) => Promise<RunningServer>;
}

const KEYS = 10_000_000;
const SMOKE_KEYS = 5000;
const SHAPE = { keyBytesMin: 16, keyBytesMax: 40, valueBytes: 64 };
const SAMPLES = 1000;

const KILLED = 'dkvs, kill -9';
const STOPPED = 'dkvs, clean stop';
const AOF = 'redis, AOF as written';
const REWRITTEN = 'redis, AOF rewritten';

/** The targets of the first two, milliseconds for ten million keys. */
const TARGETS_MS: Readonly<Record<string, number>> = { [KILLED]: 5000, [STOPPED]: 1500 };

const startRedisAt = (dir: string): Promise<RunningServer> =>
  startRedis('everysec', ['--auto-aof-rewrite-percentage', '0'], dir);
const startDkvsAt = (dir: string): Promise<RunningServer> => startDkvs('everysec', [], dir);

export async function runRecovery(options: BenchOptions): Promise<RecoveryResult> {
  const { print, smoke, keys = smoke ? SMOKE_KEYS : KEYS } = options;
  const rounds = roundsOf(options);
  const commands = new SetCommands(SHAPE);
  print(`machine: ${describeMachine()}`);
  print(`${keys} keys of ${SHAPE.keyBytesMin}-${SHAPE.keyBytesMax} bytes, values of ` +
    `${SHAPE.valueBytes} bytes, appendfsync everysec, ${rounds} rounds alternating, files in the ` +
    'page cache');
  const root = await makeFolder();
  try {
    const states = [
      ...await makeDkvsStates(root, commands, keys, print),
      ...await makeRedisStates(root, commands, keys, print),
    ];
    return summarize(await measure(states, root, commands, keys, rounds), options, keys);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function makeDkvsStates(
  root: string, commands: SetCommands, keys: number, print: (line: string) => void,
): Promise<State[]> {
  const killed = join(root, 'dkvs-killed');
  const stopped = join(root, 'dkvs-stopped');
  await fillAndKill(killed, startDkvsAt, commands, keys, print);
  await copyData(killed, stopped);
  const server = await startDkvsAt(stopped);
  await server.stop(true);
  return [
    { name: KILLED, dir: killed, start: startDkvsAt },
    { name: STOPPED, dir: stopped, start: startDkvsAt },
  ];
}

async function makeRedisStates(
  root: string, commands: SetCommands, keys: number, print: (line: string) => void,
): Promise<State[]> {
  const written = join(root, 'redis-written');
  const rewritten = join(root, 'redis-rewritten');
  await fillAndKill(written, startRedisAt, commands, keys, print);
  await copyData(written, rewritten);
  const server = await startRedisAt(rewritten);
  await ask(server.port, 'BGREWRITEAOF');
  await waitForInfo(server.port, (info) =>
    info.get('aof_rewrite_in_progress') === '0' && info.get('aof_rewrite_scheduled') === '0');
  await server.kill();
  return [
    { name: AOF, dir: written, start: startRedisAt },
    { name: REWRITTEN, dir: rewritten, start: startRedisAt },
  ];
}

/** Fills a new server, prints what that cost, and leaves its directory at `dir`. */
async function fillAndKill(
  dir: string, start: (dir: string) => Promise<RunningServer>, commands: SetCommands, keys: number,
  print: (line: string) => void,
): Promise<void> {
  const made = await makeFolder();
  const server = await start(made);
  try {
    const before = await readRssBytes(server.port);
    const { perSecond } = await fill(server.port, commands, keys);
    const after = await readSettledRssBytes(server.port);
    print(`${server.name}: ${Math.round(perSecond)} keys a second loaded, ` +
      `${((after - before) / keys).toFixed(1)} bytes of RAM a key (growth of the process)`);
  } finally {
    await server.kill();
  }
  await rename(made, dir);
}

async function measure(
  states: readonly State[], root: string, commands: SetCommands, keys: number, rounds: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const figures = new Map<string, number[]>(states.map(({ name }) => [name, []]));
  const copy = join(root, 'copy');
  for (let round = 0; round < rounds; round++) {
    for (const { name, dir, start } of states) {
      await copyData(dir, copy);
      const server = await start(copy);
      try {
        await check(server, commands, keys);
      } finally {
        await server.kill();
      }
      await rm(copy, { recursive: true });
      figures.get(name)?.push(server.startMs);
    }
  }
  return figures;
}

/** Without the sockets that a killed server leaves behind, which cannot be copied. */
async function copyData(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    filter: async (path) => !(await lstat(path)).isSocket(),
  });
}

/** Throws when a key is missing or a sampled one has another value than was written. */
async function check({ name, port }: RunningServer, commands: SetCommands, keys: number):
Promise<void> {
  const client = connect(port);
  try {
    const count = await client.dbsize();
    if (count !== keys) throw new Error(`${name} came back with ${count} of ${keys} keys`);
    const numbers = Array.from({ length: SAMPLES }, (_, i) => mix(i + 1) % keys);
    const values = await Promise.all(numbers.map((n) => client.getBuffer(commands.keyOf(n))));
    const wrong = numbers.find((n, i) => values[i]?.equals(commands.valueOf(n)) !== true);
    if (wrong !== undefined) throw new Error(`${name}: wrong value of ${commands.keyOf(wrong)}`);
  } finally {
    client.disconnect();
  }
}

function summarize(
  figures: ReadonlyMap<string, readonly number[]>, options: BenchOptions, keys: number,
): RecoveryResult {
  const { print } = options;
  const aof = figures.get(AOF) ?? [];
  const rows = [...figures].map(([name, times]) => {
    const target = TARGETS_MS[name];
    const ratios = times.map((ms, round) => (aof[round] as number) / ms);
    return [
      name, seconds(median(times)), seconds(Math.min(...times)), seconds(Math.max(...times)),
      median(ratios).toFixed(2), target === undefined ? '' : `${seconds(target)} at ${KEYS} keys`,
      target === undefined || keys !== KEYS ? '' : verdict(median(times) <= target, options),
    ];
  });
  print(formatTable(
    ['to PONG', 'median s', 'min', 'max', 'times faster than AOF', 'target', ''], rows));
  const medianMs = Object.fromEntries([...figures].map(([name, times]) => [name, median(times)]));
  const killed = figures.get(KILLED) ?? [];
  const ratio = median(killed.map((ms, round) => (aof[round] as number) / ms));
  print(`dkvs after kill -9 is ready ${ratio.toFixed(2)} times faster than Redis with its AOF of ` +
    `the same data (target 3.00, ${verdict(ratio >= 3, options)})`);
  return { medianMs, ratio };
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
