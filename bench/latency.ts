/**
 * What compaction costs the clients: latencies of SET and GET at a fixed rate of uniform
 * overwrites, with the compactor at work and without it, and the longest time for which the
 * server's event loop stood still. Redis is measured in the same way, with and without rewriting
 * its AOF.
 *
 * Latency counts from when a request was due (lib/open-loop.ts). Load generator, server and
 * compactor share the machine's cores: on two of them, a figure has all three in it.
 */

import { type BenchOptions, roundsOf, verdict } from './lib/bench.ts';
import { fill } from './lib/fill.ts';
import { readLoopPauses } from './lib/loop-probe.ts';
import { describeMachine } from './lib/machine.ts';
import { type OpenLoopReport, runOpenLoop } from './lib/open-loop.ts';
import { numberOf, readInfo } from './lib/server-facts.ts';
import {
  hasCommand, type RunningServer, startProbedDkvs, startRedis,
} from './lib/servers.ts';
import { SetCommands } from './lib/set-commands.ts';
import { median } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';
import { Histogram } from '../src/lib/histogram.ts';

export interface LatencyResult {
  /** p99 of SET with compaction over that without, median of the rounds. */
  readonly setP99Ratio: number;
  /** Longest pause of the event loop with compaction. */
  readonly pauseMaxMs: number;
  /** Rounds of compaction that fell into the measurement. */
  readonly compactions: number;
}

interface Subject {
  readonly name: string;
  readonly server: RunningServer;
  readonly isProbed: boolean;
}

interface Measured {
  readonly report: OpenLoopReport;
  readonly pauseMaxMs: number;
  /** Compactions or rewrites finished meanwhile. */
  readonly rewrites: number;
}

const KEYS = 100_000;
const SMOKE_KEYS = 2000;
const SHAPE = { keyBytesMin: 16, keyBytesMax: 40, valueBytes: 1024 };
const RATE = 20_000;
const SMOKE_RATE = 4000;
const CONNECTIONS = 16;
const RATIO_TARGET = 2;
const PAUSE_TARGET_MS = 50;

const OFF = 'dkvs, compaction off';
const ON = 'dkvs, compaction on';
const REDIS_OFF = 'redis, rewriting off';
const REDIS_ON = 'redis, rewriting on';

export async function runLatency(options: BenchOptions): Promise<LatencyResult> {
  const { print, smoke, only = '', keys = smoke ? SMOKE_KEYS : KEYS } = options;
  const rounds = roundsOf(options);
  const commands = new SetCommands(SHAPE);
  const rate = smoke ? SMOKE_RATE : RATE;
  print(`machine: ${describeMachine()}`);
  print(`${keys} keys, values of ${SHAPE.valueBytes} bytes, ${rate} requests a second (half ` +
    `SET), ${CONNECTIONS} connections, appendfsync everysec, ${rounds} rounds alternating; ` +
    'latency from when a request was due');
  const subjects = await startSubjects(smoke, only);
  try {
    for (const { server } of subjects) await fill(server.port, commands, keys);
    const figures = new Map<string, Measured[]>(subjects.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const subject of subjects) {
        const load = { port: subject.server.port, commands, keys, rate, connections: CONNECTIONS,
          warmUpMs: smoke ? 50 : 2000, measureMs: smoke ? 200 : 12_000 };
        figures.get(subject.name)?.push(await measure(subject, load));
      }
    }
    return summarize(figures, options);
  } finally {
    for (const { server } of subjects) await server.stop();
  }
}

async function startSubjects(smoke: boolean, only: string): Promise<readonly Subject[]> {
  const segments = ['--segment-bytes', smoke ? '1mb' : '16mb'];
  const never = ['--compaction-min-bytes', '1024gb', '--compaction-disk-ratio', '100'];
  const rewriting = ['--auto-aof-rewrite-percentage', '45', '--auto-aof-rewrite-min-size', '1mb'];
  const dkvs = async (name: string, args: readonly string[]): Promise<Subject> =>
    ({ name, isProbed: true, server: await startProbedDkvs('everysec', [...segments, ...args]) });
  const redis = async (name: string, args: readonly string[]): Promise<Subject> =>
    ({ name, isProbed: false, server: await startRedis('everysec', args) });
  const subjects = [
    await dkvs(OFF, never),
    await dkvs(ON, ['--compaction-min-bytes', '1mb']),
  ];
  if (!'redis'.includes(only) || !hasCommand('redis-server')) return subjects;
  return [
    ...subjects,
    await redis(REDIS_OFF, ['--auto-aof-rewrite-percentage', '0']),
    await redis(REDIS_ON, rewriting),
  ];
}

async function measure(
  { server, isProbed }: Subject, load: Parameters<typeof runOpenLoop>[0],
): Promise<Measured> {
  const before = await readRewrites(server);
  if (isProbed) await readLoopPauses(server.child);
  const report = await runOpenLoop(load);
  const pauseMaxMs = isProbed ? (await readLoopPauses(server.child)).maxMs : Number.NaN;
  return { report, pauseMaxMs, rewrites: await readRewrites(server) - before };
}

/** dkvs counts rounds of compaction; Redis, rewrites of its AOF. */
async function readRewrites({ name, port }: RunningServer): Promise<number> {
  const info = await readInfo(port);
  return numberOf(info, name === 'dkvs' ? 'compaction_rounds' : 'aof_rewrites');
}

function summarize(
  figures: ReadonlyMap<string, readonly Measured[]>, options: BenchOptions,
): LatencyResult {
  const { print } = options;
  print(formatTable(
    ['ms', 'SET p50', 'p99', 'p99.9', 'max', 'GET p50', 'p99', 'p99.9', 'max', 'loop pause',
      'rewrites', 'generator lag p99', 'a second'],
    [...figures].map(([name, measured]) => formatRow(name, measured)),
  ));
  const on = figures.get(ON) ?? [];
  const setP99Ratio = ratioOf(figures, ON, OFF);
  const pauseMaxMs = Math.max(...on.map((one) => one.pauseMaxMs));
  const compactions = sumOf(on, ({ rewrites }) => rewrites);
  print(`SET p99, on / off, median of rounds: dkvs ${setP99Ratio.toFixed(2)} (target at most ` +
    `${RATIO_TARGET}, ${verdict(setP99Ratio <= RATIO_TARGET, options)})` +
    (figures.has(REDIS_ON) ? `, redis ${ratioOf(figures, REDIS_ON, REDIS_OFF).toFixed(2)}` : ''));
  print(`longest pause with compaction ${pauseMaxMs.toFixed(1)} ms (target at most ` +
    `${PAUSE_TARGET_MS}, ${verdict(pauseMaxMs <= PAUSE_TARGET_MS, options)}); ${compactions} ` +
    'rounds of compaction in the measurement');
  return { setP99Ratio, pauseMaxMs, compactions };
}

function ratioOf(
  figures: ReadonlyMap<string, readonly Measured[]>, on: string, off: string,
): number {
  const p99 = (name: string): number[] =>
    (figures.get(name) ?? []).map(({ report }) => report.set.percentile(99));
  const without = p99(off);
  return median(p99(on).map((micros, round) => micros / Math.max(1, without[round] as number)));
}

/** All rounds together. */
function formatRow(name: string, measured: readonly Measured[]): string[] {
  const merged = (of: (report: OpenLoopReport) => Histogram): Histogram => {
    const all = new Histogram();
    for (const { report } of measured) all.merge(of(report));
    return all;
  };
  const pause = Math.max(...measured.map(({ pauseMaxMs }) => pauseMaxMs));
  const set = merged((report) => report.set);
  const get = merged((report) => report.get);
  return [
    name,
    ...formatPercentiles(set), ...formatPercentiles(get),
    Number.isNaN(pause) ? '-' : pause.toFixed(1),
    `${sumOf(measured, ({ rewrites }) => rewrites)}`,
    ms(merged((report) => report.lag).percentile(99)),
    `${Math.round(sumOf(measured, ({ report }) => report.perSecond) / measured.length)}`,
  ];
}

function formatPercentiles(histogram: Histogram): string[] {
  return [...[50, 99, 99.9].map((p) => ms(histogram.percentile(p))), ms(histogram.max)];
}

function sumOf(measured: readonly Measured[], of: (one: Measured) => number): number {
  return measured.reduce((sum, one) => sum + of(one), 0);
}

function ms(micros: number): string {
  return (micros / 1000).toFixed(2);
}
