/**
 * GET from a dataset eight times as large as the memory budget, uniform keys, against a bare loop
 * of fs.read on the very same files, with as many reads at a time as there are unanswered requests.
 *
 * The loop is a process of its own that does nothing else: no sockets, no protocol, no checksums.
 * Its speed is what the target is a share of. Between the two stands the least server that one
 * could write in Node (lib/read-server.ts), which shows how much of the distance is sockets.
 *
 * dkvs starts on the loaded data, so that its cache holds what the budget lets it hold, not what
 * was just written. The files are in the kernel's page cache for all three alike.
 */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BenchOptions, roundsOf, verdict } from './lib/bench.ts';
import { fill } from './lib/fill.ts';
import { describeMachine } from './lib/machine.ts';
import { type BenchmarkFigures, redisBenchmark } from './lib/redis-benchmark.ts';
import { numberOf, readInfo } from './lib/server-facts.ts';
import { launch, place, ROOT, type RunningServer, startDkvs } from './lib/servers.ts';
import { KEY_BYTES_MIN, SetCommands } from './lib/set-commands.ts';
import { median } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';
import { entryBytes } from '../src/store/format/data-entry.ts';

export interface LargerThanMemoryResult {
  /** GETs of dkvs over reads of the bare loop, median, by pipeline. */
  readonly ratios: Readonly<Record<number, number>>;
}

interface Size {
  readonly keys: number;
  readonly budgetBytes: number;
  readonly requests: (pipeline: number) => number;
  readonly loopSeconds: number;
}

interface Round {
  readonly dkvs: BenchmarkFigures;
  readonly server: BenchmarkFigures;
  readonly loopPerSecond: number;
}

const MiB = 2 ** 20;
const VALUE_BYTES = 1024;
const TIMES = 8;
const CLIENTS = 50;
const PIPELINES = [1, 16] as const;
const TARGET = 0.6;
/**
 * The in-memory tail's default is more than a small budget; an eighth leaves room for index and
 * cache.
 */
const TAIL_SHARE = 1 / 8;
const SMOKE_KEYS = 16 * 1024;
/** Of less, the in-memory tail and the first pages of the index leave nothing. */
const BUDGET_BYTES_MIN = 16 * MiB;

const RECORD_BYTES = entryBytes(KEY_BYTES_MIN, VALUE_BYTES);
const run = promisify(execFile);

export async function runLargerThanMemory(options: BenchOptions): Promise<LargerThanMemoryResult> {
  const { print, smoke } = options;
  const size = sizeOf(options);
  const rounds = roundsOf(options);
  const budget = `${Math.floor(size.budgetBytes)}`;
  const tail = `${Math.max(MiB, Math.floor(size.budgetBytes * TAIL_SHARE))}`;
  const args = ['--maxmemory', budget, '--hot-tail-bytes', tail,
    ...smoke ? ['--segment-bytes', `${4 * MiB}`] : []];
  print(`machine: ${describeMachine()}`);
  print(`${size.keys} values of ${VALUE_BYTES} bytes, maxmemory ${mib(size.budgetBytes)} MiB of ` +
    `which in-memory tail ${mib(Number(tail))}, ${CLIENTS} clients, uniform keys, ${rounds} rounds ` +
    'alternating, files in the page cache');
  const dkvs = await startFilled(size.keys, args, print);
  const server = await startReadServer(dkvs.dir);
  try {
    const ratios: Record<number, number> = {};
    for (const pipeline of PIPELINES) {
      const figures: Round[] = [];
      for (let i = 0; i < rounds; i++) figures.push(await runRound(dkvs, server, size, pipeline));
      ratios[pipeline] = summarize(figures, pipeline, options);
    }
    await printMemory(dkvs, print);
    return { ratios };
  } finally {
    await server.stop(true);
    await dkvs.stop();
  }
}

function sizeOf({ smoke, keys }: BenchOptions): Size {
  const count = keys ?? (smoke ? SMOKE_KEYS : 1024 * 1024);
  return {
    keys: count,
    budgetBytes: Math.max(BUDGET_BYTES_MIN, count * VALUE_BYTES / TIMES),
    requests: (pipeline) => smoke ? 2000 : pipeline === 1 ? 150_000 : 400_000,
    loopSeconds: smoke ? 0.1 : 3,
  };
}

/** Fills a server, stops it, and starts it on what it wrote. */
async function startFilled(keys: number, args: readonly string[], print: (line: string) => void):
Promise<RunningServer> {
  const shape = { keyBytesMin: KEY_BYTES_MIN, keyBytesMax: KEY_BYTES_MIN, valueBytes: VALUE_BYTES };
  const first = await startDkvs('no', args);
  const { perSecond } = await fill(first.port, new SetCommands(shape), keys);
  await first.stop(true);
  const server = await startDkvs('no', args, first.dir);
  print(`${Math.round(perSecond)} keys a second loaded; ready again after ` +
    `${Math.round(server.startMs)} ms`);
  return server;
}

async function startReadServer(dataDir: string): Promise<RunningServer> {
  const { port, dir } = await place();
  const requestBytes = `*2\r\n$3\r\nGET\r\n$${KEY_BYTES_MIN}\r\n`.length + KEY_BYTES_MIN + 2;
  const args = [join(ROOT, 'dist/bench/lib/read-server.js'),
    ...[port, dataDir, RECORD_BYTES, VALUE_BYTES, requestBytes].map(String)];
  return launch({ name: 'read-server', command: process.execPath, args, port, dir });
}

async function runRound(
  dkvs: RunningServer, server: RunningServer, size: Size, pipeline: number,
): Promise<Round> {
  const load = { clients: CLIENTS, pipeline, requests: size.requests(pipeline), keys: size.keys,
    command: ['-t', 'get'] };
  return {
    dkvs: await redisBenchmark({ ...load, port: dkvs.port }),
    loopPerSecond: await runReadLoop(dkvs.dir, CLIENTS * pipeline, size.loopSeconds),
    server: await redisBenchmark({ ...load, port: server.port }),
  };
}

async function runReadLoop(dir: string, concurrency: number, seconds: number): Promise<number> {
  const { stdout } = await run(process.execPath, [
    join(ROOT, 'dist/bench/lib/read-loop.js'), dir,
    ...[RECORD_BYTES, concurrency, seconds].map(String),
  ]);
  const perSecond = Number(stdout);
  if (!(perSecond > 0)) throw new Error(`the read loop printed: ${stdout}`);
  return perSecond;
}

function summarize(rounds: readonly Round[], pipeline: number, options: BenchOptions): number {
  const ratio = median(rounds.map(({ dkvs, loopPerSecond }) => dkvs.perSecond / loopPerSecond));
  const ofServer = median(rounds.map(({ dkvs, server }) => dkvs.perSecond / server.perSecond));
  const row = (name: string, figures: readonly BenchmarkFigures[]): string[] => [
    name, whole(median(figures.map(({ perSecond }) => perSecond))),
    ...(['p50Ms', 'p99Ms', 'maxMs'] as const).map((p) =>
      median(figures.map((one) => one[p])).toFixed(2)),
  ];
  options.print(formatTable([`-P ${pipeline}`, 'a second', 'p50 ms', 'p99 ms', 'max ms'], [
    row('dkvs GET', rounds.map(({ dkvs }) => dkvs)),
    row('least server around fs.read', rounds.map(({ server }) => server)),
    ['bare fs.read loop', whole(median(rounds.map(({ loopPerSecond }) => loopPerSecond)))],
  ]));
  options.print(`dkvs / bare loop ${ratio.toFixed(2)} (target ${TARGET.toFixed(2)}, ` +
    `${verdict(ratio >= TARGET, options)}); dkvs / least server ${ofServer.toFixed(2)}`);
  return ratio;
}

async function printMemory({ port }: RunningServer, print: (line: string) => void): Promise<void> {
  const info = await readInfo(port);
  const parts = ['index_bytes', 'hot_tail_bytes', 'read_cache_bytes', 'used_memory_rss']
    .map((field) => `${field} ${mib(numberOf(info, field))} MiB`);
  print(`${parts.join(', ')}; reads from cache or tail: ${info.get('read_cache_hit_perc') ?? '?'}`);
}

function mib(bytes: number): string {
  return (bytes / MiB).toFixed(0);
}

function whole(figure: number): string {
  return Math.round(figure).toLocaleString('en-US');
}
