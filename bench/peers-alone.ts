/**
 * The leader of three peers beside a server that stands alone, with the same clients.
 *
 * - Beside dkvs alone: what peers cost a sequential read. It is local, so the ratio should be near
 *   1.
 * - Beside Redis alone, with its append-only file synced every second: what this machine and this
 *   load allow a server that orders nothing and whose OK rests on one disk, later. No target beside
 *   etcd (peers-etcd.ts) can be met that is above what Redis alone reaches beside etcd.
 */

import { type BenchOptions, roundsOf, selectCases } from './lib/bench.ts';
import { DkvsCluster } from './lib/dkvs-cluster.ts';
import { fill } from './lib/fill.ts';
import { redisBenchmark } from './lib/redis-benchmark.ts';
import { ask } from './lib/server-facts.ts';
import { type RunningServer, startDkvs, startRedis } from './lib/servers.ts';
import { SetCommands } from './lib/set-commands.ts';
import {
  printVersusTable, runVersus, type Subject, type Target, type VersusRow,
} from './lib/versus.ts';

const START = { dkvs: startDkvs, redis: startRedis };

type Beside = keyof typeof START;

interface Case {
  readonly name: string;
  readonly beside: Beside;
  readonly command: 'set' | 'get';
  readonly consistency: 'sequential' | 'linearizable';
  readonly pipeline: number;
  readonly requests: number;
  readonly target: Target | undefined;
}

const CLIENTS = 512;
const KEYS = 10_000;
const SHAPE = { keyBytesMin: 16, keyBytesMax: 16, valueBytes: 64 };
const SMOKE_SCALE = 0.002;

const READ = {
  beside: 'dkvs', command: 'get', consistency: 'sequential',
  target: { bound: 'at least', ratio: 0.9 },
} as const;
const CEILING = { beside: 'redis', consistency: 'linearizable', target: undefined } as const;

const CASES: readonly Case[] = [
  { ...READ, name: 'sequential GET', pipeline: 1, requests: 500_000 },
  { ...READ, name: 'sequential GET -P 16', pipeline: 16, requests: 3_000_000 },
  { ...CEILING, name: 'ceiling, SET', command: 'set', pipeline: 1, requests: 250_000 },
  { ...CEILING, name: 'ceiling, SET -P 16', command: 'set', pipeline: 16, requests: 1_500_000 },
  { ...CEILING, name: 'ceiling, GET', command: 'get', pipeline: 1, requests: 400_000 },
];

export async function runPeersAlone(options: BenchOptions): Promise<void> {
  const cases = selectCases(CASES, options);
  if (cases.length === 0) return;
  options.print(`beside a server alone: ${CLIENTS} clients, ${KEYS} keys, ` +
    `${roundsOf(options)} rounds alternating; ratio = leader / alone in one round, median`);
  const cluster = await DkvsCluster.start();
  const alone = new Map<Beside, RunningServer>();
  try {
    const leader = await cluster.leader();
    // Only those that are measured: an idle one takes time too.
    for (const { beside } of cases) {
      if (!alone.has(beside)) alone.set(beside, await START[beside]('everysec'));
    }
    for (const { port } of [leader, ...alone.values()]) {
      await fill(port, new SetCommands(SHAPE), KEYS);
    }
    const rows: VersusRow[] = [];
    for (const one of cases) rows.push(await runCase(one, leader, alone.get(one.beside)!, options));
    printVersusTable(rows, ['leader', 'alone'], options);
  } finally {
    for (const server of alone.values()) await server.stop();
    await cluster.stop();
  }
}

async function runCase(
  one: Case, leader: RunningServer, alone: RunningServer, options: BenchOptions,
): Promise<VersusRow> {
  const scale = options.smoke ? SMOKE_SCALE : 1;
  const subject = (name: string, { port, pid }: RunningServer): Subject => ({
    name, pids: [pid],
    measure: () => redisBenchmark({
      port, clients: CLIENTS, pipeline: one.pipeline, keys: KEYS,
      requests: one.requests * scale, command: ['-d', `${SHAPE.valueBytes}`, '-t', one.command],
    }),
  });
  await ask(leader.port, 'CONFIG', 'SET', 'consistency', one.consistency);
  const result = await runVersus({
    ours: subject('leader', leader), theirs: subject('alone', alone),
    figure: 'perSecond', rounds: roundsOf(options),
  });
  options.print(`  ${one.name}: ${result.ratio.toFixed(3)} of ${one.beside} alone`);
  return { name: one.name, result, target: one.target };
}
