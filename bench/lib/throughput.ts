/**
 * Commands on dkvs, redis-server and js-redis-server, alternating, median of the rounds. The ratio
 * to redis-server in the same round is the result; single figures mean little on a shared machine.
 */

import { describeMachine } from './machine.ts';
import { type BenchmarkFigures, redisBenchmark } from './redis-benchmark.ts';
import {
  hasCommand, startDkvs, startJsRedis, startRedis, type Fsync, type RunningServer,
} from './servers.ts';
import { median } from './statistics.ts';
import { formatTable } from './table.ts';

export interface ThroughputOptions {
  readonly rounds: number;
  /** Multiplies the number of requests of each case. */
  readonly scale: number;
  /** Only cases whose name contains this. */
  readonly only?: string;
  readonly print: (line: string) => void;
}

export interface Case {
  readonly name: string;
  readonly fsync: Fsync;
  readonly pipeline: number;
  readonly requests: number;
  /** The ratio to Redis that dkvs must reach. */
  readonly target: number;
  /** redis-benchmark's words for the command. */
  readonly command: readonly string[];
  /** Of __rand_int__, if not KEYS. */
  readonly keys?: number;
  /** Called for each server before its first round; `scale` multiplies what there is to be. */
  readonly fill?: (port: number, scale: number) => Promise<void>;
}

export interface CaseResult {
  readonly name: string;
  readonly target: number;
  readonly ratio: number;
  /** Medians by server. */
  readonly medians: Readonly<Record<string, BenchmarkFigures>>;
}

const CLIENTS = 50;
const JS_REDIS = 'js-redis';
const KEYS = 100_000;
export const VALUE_BYTES = 64;

export async function runThroughput(
  all: readonly Case[], options: ThroughputOptions,
): Promise<readonly CaseResult[]> {
  const { print, only = '' } = options;
  if (!hasCommand('redis-benchmark')) throw new Error("needs redis-benchmark (Debian's redis)");
  print(`machine: ${describeMachine()}`);
  print(`clients ${CLIENTS}, values ${VALUE_BYTES} bytes, keys ${KEYS}, rounds ${options.rounds}` +
    ', alternating; requests a second, median; ratio = median of dkvs / redis in one round');
  const results: CaseResult[] = [];
  for (const fsync of ['everysec', 'always'] as const) {
    const cases = all.filter((one) => one.fsync === fsync && nameOf(one).includes(only));
    if (cases.length > 0) results.push(...await runCases(fsync, cases, options));
  }
  print(formatTable(
    ['case', 'dkvs', 'redis', JS_REDIS, 'ratio', 'target', '', 'p50/p99 ms dkvs', 'redis',
      JS_REDIS],
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
  const asked = servers.filter(({ name }) => one.fill === undefined || name !== JS_REDIS);
  for (const { port } of asked) await one.fill?.(port, scale);
  for (let round = 0; round < rounds; round++) {
    for (const server of asked) {
      const measured = await measure(one, server, scale);
      if (measured !== undefined) (figures[server.name] ??= []).push(measured);
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
 * proportion to the hash, so there it gets next to none. Undefined where it lacks the command.
 */
async function measure(
  one: Case, server: RunningServer, scale: number,
): Promise<BenchmarkFigures | undefined> {
  const isJs = server.name === JS_REDIS;
  const slow = one.name === 'HSET' ? 0.002 : 0.02;
  const share = isJs ? slow : 1;
  const measured = redisBenchmark({
    port: server.port,
    clients: CLIENTS,
    pipeline: one.pipeline,
    requests: Math.max(1000, Math.round(one.requests * scale * share)),
    keys: one.keys ?? KEYS,
    command: ['-d', `${VALUE_BYTES}`, ...one.command],
  });
  return isJs ? measured.catch(() => undefined) : measured;
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
  const found = ['dkvs', 'redis', JS_REDIS].map((server) => medians[server]);
  const speeds = found.map((one) =>
    one === undefined ? '-' : Math.round(one.perSecond).toLocaleString('en-US'));
  const latencies = found.map((one) =>
    one === undefined ? '-' : `${one.p50Ms.toFixed(2)}/${one.p99Ms.toFixed(2)}`);
  const verdict = !isLongEnough ? 'not judged' : ratio >= target ? 'met' : 'MISSED';
  return [name, ...speeds, ratio.toFixed(2), target.toFixed(2), verdict, ...latencies];
}
