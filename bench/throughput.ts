/**
 * redis-benchmark against dkvs, redis-server and js-redis-server, alternating, median of the
 * rounds. The ratio to redis-server in the same round is the result; single figures mean little on
 * a shared machine.
 */

import { describeMachine } from './lib/machine.ts';
import { type BenchmarkFigures, redisBenchmark } from './lib/redis-benchmark.ts';
import {
  hasCommand, startDkvs, startJsRedis, startRedis, type Fsync, type RunningServer,
} from './lib/servers.ts';
import { median } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';

export interface ThroughputOptions {
  readonly rounds: number;
  /** Multiplies the number of requests of each case. */
  readonly scale: number;
  /** Only cases whose name contains this. */
  readonly only?: string;
  readonly print: (line: string) => void;
}

interface Case {
  readonly name: string;
  readonly fsync: Fsync;
  readonly pipeline: number;
  readonly requests: number;
  /** The ratio to Redis that dkvs must reach. */
  readonly target: number;
  /** redis-benchmark's words for the command. */
  readonly command: readonly string[];
}

export interface CaseResult {
  readonly name: string;
  readonly target: number;
  readonly ratio: number;
  /** Medians by server. */
  readonly medians: Readonly<Record<string, BenchmarkFigures>>;
}

const CLIENTS = 50;
const KEYS = 100_000;
const VALUE_BYTES = 64;
const PAIR = ['key:__rand_int__', 'x'.repeat(VALUE_BYTES)];
const PAIRS = Array.from({ length: 10 }, () => PAIR).flat();

const CASES: readonly Case[] = [
  ...speeds('SET', 'everysec', ['-t', 'set'], [0.95, 1.1, 1.2]),
  ...speeds('GET', 'everysec', ['-t', 'get'], [0.95, 1.1, 1.2]),
  { ...base('SET always', 'always', ['-t', 'set']), pipeline: 1, requests: 30_000, target: 1 },
  { ...base('SET always', 'always', ['-t', 'set']), pipeline: 16, requests: 300_000, target: 1 },
  { ...base('INCR', 'everysec', ['-t', 'incr']), pipeline: 16, requests: 400_000, target: 0.9 },
  { ...base('HSET', 'everysec', ['-t', 'hset']), pipeline: 16, requests: 400_000, target: 0.9 },
  {
    ...base('HSET of 100,000 hashes', 'everysec', ['HSET', 'user:__rand_int__', 'name', 'Ada']),
    pipeline: 16, requests: 400_000, target: 0.9,
  },
  {
    ...base('MSET(10)', 'everysec', ['MSET', ...PAIRS]),
    pipeline: 16, requests: 200_000, target: 0.9,
  },
];

function base(name: string, fsync: Fsync, command: readonly string[]) {
  return { name, fsync, command };
}

function speeds(
  name: string, fsync: Fsync, command: readonly string[], targets: readonly number[],
): readonly Case[] {
  const pipelines = [1, 16, 64];
  return targets.map((target, i) => {
    const pipeline = pipelines[i] as number;
    const requests = pipeline === 1 ? 100_000 : 400_000;
    return { ...base(name, fsync, command), pipeline, requests, target };
  });
}

export async function runThroughput(options: ThroughputOptions): Promise<readonly CaseResult[]> {
  const { print, only = '' } = options;
  if (!hasCommand('redis-benchmark')) throw new Error("needs redis-benchmark (Debian's redis)");
  print(`machine: ${describeMachine()}`);
  print(`clients ${CLIENTS}, values ${VALUE_BYTES} bytes, keys ${KEYS}, rounds ${options.rounds}` +
    ', alternating; requests a second, median; ratio = median of dkvs / redis in one round');
  const results: CaseResult[] = [];
  for (const fsync of ['everysec', 'always'] as const) {
    const cases = CASES.filter((one) => one.fsync === fsync && nameOf(one).includes(only));
    if (cases.length > 0) results.push(...await runCases(fsync, cases, options));
  }
  print(formatTable(
    ['case', 'dkvs', 'redis', 'js-redis', 'ratio', 'target', '', 'p50/p99 ms dkvs', 'redis',
      'js-redis'],
    results.map((result) => formatResult(result, options.scale >= 1)),
  ));
  return results;
}

async function runCases(
  fsync: Fsync, cases: readonly Case[], { rounds, scale, print }: ThroughputOptions,
): Promise<CaseResult[]> {
  const servers = [await startDkvs(fsync), await startRedis(fsync), await startJsRedis()];
  try {
    const results: CaseResult[] = [];
    for (const one of cases) {
      const result = await runCase(one, servers, rounds, scale);
      print(`  ${result.name}: ${result.ratio.toFixed(2)} of redis`);
      results.push(result);
    }
    return results;
  } finally {
    for (const server of servers) await server.stop();
  }
}

async function runCase(
  one: Case, servers: readonly RunningServer[], rounds: number, scale: number,
): Promise<CaseResult> {
  const figures: Record<string, BenchmarkFigures[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      (figures[server.name] ??= []).push(await measure(one, server, scale));
    }
  }
  const ours = figures['dkvs'] ?? [];
  const theirs = figures['redis'] ?? [];
  const ratios = ours.map(({ perSecond }, i) =>
    perSecond / (theirs[i] as BenchmarkFigures).perSecond);
  const medians = Object.fromEntries(
    Object.entries(figures).map(([name, values]) => [name, mediansOf(values)]),
  );
  return { name: nameOf(one), target: one.target, ratio: median(ratios), medians };
}

/**
 * The slow JavaScript peer gets fewer requests, so that a round stays short; its HSET takes time in
 * proportion to the hash, so there it gets next to none.
 */
function measure(one: Case, server: RunningServer, scale: number): Promise<BenchmarkFigures> {
  const slow = one.name === 'HSET' ? 0.002 : 0.02;
  const share = server.name === 'js-redis' ? slow : 1;
  return redisBenchmark({
    port: server.port,
    clients: CLIENTS,
    pipeline: one.pipeline,
    requests: Math.max(1000, Math.round(one.requests * scale * share)),
    keys: KEYS,
    command: ['-d', `${VALUE_BYTES}`, ...one.command],
  });
}

function mediansOf(figures: readonly BenchmarkFigures[]): BenchmarkFigures {
  const of = (name: keyof BenchmarkFigures): number => median(figures.map((one) => one[name]));
  return { perSecond: of('perSecond'), p50Ms: of('p50Ms'), p99Ms: of('p99Ms'), maxMs: of('maxMs') };
}

function nameOf({ name, pipeline }: Case): string {
  return `${name} -P ${pipeline}`;
}

function formatResult(
  { name, target, ratio, medians }: CaseResult, isLongEnough: boolean,
): string[] {
  const servers = ['dkvs', 'redis', 'js-redis'];
  const speeds = servers.map((server) =>
    Math.round(medians[server]?.perSecond ?? 0).toLocaleString('en-US'));
  const latencies = servers.map((server) =>
    `${medians[server]?.p50Ms.toFixed(2)}/${medians[server]?.p99Ms.toFixed(2)}`);
  const verdict = !isLongEnough ? 'not judged' : ratio >= target ? 'met' : 'MISSED';
  return [name, ...speeds, ratio.toFixed(2), target.toFixed(2), verdict, ...latencies];
}
