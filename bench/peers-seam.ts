/**
 * What the seam of the total order costs a server without peers: this build beside another, such as
 * the last one that had no peers (`--before`, its dist folder), each alone and at default settings.
 */

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BenchOptions, roundsOf, selectCases } from './lib/bench.ts';
import { redisBenchmark } from './lib/redis-benchmark.ts';
import { launch, MAIN, place, QUIET, type RunningServer } from './lib/servers.ts';
import { printVersusTable, runVersus, type Subject, type VersusRow } from './lib/versus.ts';

const CLIENTS = 50;
const KEYS = 100_000;
const VALUE_BYTES = 64;
const TARGET = { bound: 'at least', ratio: 0.98 } as const;
const SMOKE_SCALE = 0.002;

// SET comes first: what GET reads must be there.
const CASES = [
  { name: 'seam, SET', command: 'set', pipeline: 1, requests: 300_000 },
  { name: 'seam, SET -P 16', command: 'set', pipeline: 16, requests: 2_000_000 },
  { name: 'seam, GET', command: 'get', pipeline: 1, requests: 300_000 },
  { name: 'seam, GET -P 16', command: 'get', pipeline: 16, requests: 2_000_000 },
] as const;

type Case = (typeof CASES)[number];

export async function runPeersSeam(options: BenchOptions): Promise<void> {
  const cases = selectCases(CASES, options);
  if (cases.length === 0) return;
  if (options.before === undefined) {
    options.print('seam: left out, for want of another build (--before DIST)');
    return;
  }
  const main = join(resolve(options.before), 'src', 'main.js');
  if (!existsSync(main)) throw new Error(`${options.before} is no dist folder: no src/main.js`);
  options.print(`without peers: ${CLIENTS} clients, ${KEYS} keys, values of ${VALUE_BYTES} ` +
    `bytes, ${roundsOf(options)} rounds alternating; ratio = now / before in one round, median`);
  const now = await startBuild('now', MAIN);
  const before = await startBuild('before', main);
  try {
    const warmUp = KEYS * (options.smoke ? SMOKE_SCALE : 3);
    for (const { port } of [now, before]) await run(port, 'set', 16, warmUp);
    const rows: VersusRow[] = [];
    for (const one of cases) rows.push(await runCase(one, now, before, options));
    printVersusTable(rows, ['now', 'before'], options);
  } finally {
    await now.stop();
    await before.stop();
  }
}

async function startBuild(name: string, main: string): Promise<RunningServer> {
  const { port, dir } = await place();
  const args = [main, '--port', `${port}`, '--dir', dir, ...QUIET];
  return launch({ name, command: process.execPath, args, port, dir });
}

async function runCase(
  one: Case, now: RunningServer, before: RunningServer, options: BenchOptions,
): Promise<VersusRow> {
  const requests = one.requests * (options.smoke ? SMOKE_SCALE : 1);
  const subject = ({ name, port, pid }: RunningServer): Subject => (
    { name, pids: [pid], measure: () => run(port, one.command, one.pipeline, requests) });
  const result = await runVersus({
    ours: subject(now), theirs: subject(before), figure: 'perSecond', rounds: roundsOf(options),
  });
  options.print(`  ${one.name}: ${result.ratio.toFixed(3)} of before`);
  return { name: one.name, result, target: TARGET };
}

function run(port: number, command: string, pipeline: number, requests: number) {
  return redisBenchmark({
    port, clients: CLIENTS, pipeline, keys: KEYS, requests,
    command: ['-d', `${VALUE_BYTES}`, '-t', command],
  });
}
