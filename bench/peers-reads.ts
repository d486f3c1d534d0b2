/**
 * What peers cost a sequential read: GETs from the leader of three beside GETs from a server that
 * stands alone, with the same clients. A sequential read is local, so the ratio should be near 1.
 */

import { type BenchOptions, roundsOf, selectCases } from './lib/bench.ts';
import { DkvsCluster } from './lib/dkvs-cluster.ts';
import { fill } from './lib/fill.ts';
import { redisBenchmark } from './lib/redis-benchmark.ts';
import { type RunningServer, startDkvs } from './lib/servers.ts';
import { SetCommands } from './lib/set-commands.ts';
import { printVersusTable, runVersus, type Subject, type VersusRow } from './lib/versus.ts';

const CLIENTS = 512;
const KEYS = 10_000;
const SHAPE = { keyBytesMin: 16, keyBytesMax: 16, valueBytes: 64 };
const TARGET = { bound: 'at least', ratio: 0.9 } as const;
const SMOKE_SCALE = 0.002;

const CASES = [
  { name: 'sequential GET', pipeline: 1, requests: 500_000 },
  { name: 'sequential GET -P 16', pipeline: 16, requests: 3_000_000 },
] as const;

type Case = (typeof CASES)[number];

export async function runPeersReads(options: BenchOptions): Promise<void> {
  const cases = selectCases(CASES, options);
  if (cases.length === 0) return;
  options.print(`beside a server alone: ${CLIENTS} clients, ${KEYS} keys, ` +
    `${roundsOf(options)} rounds alternating; ratio = leader / alone in one round, median`);
  const cluster = await DkvsCluster.start();
  const alone = await startDkvs('everysec');
  try {
    const leader = await cluster.leader();
    for (const { port } of [leader, alone]) await fill(port, new SetCommands(SHAPE), KEYS);
    const rows: VersusRow[] = [];
    for (const one of cases) rows.push(await runCase(one, leader, alone, options));
    printVersusTable(rows, ['leader', 'alone'], options);
  } finally {
    await alone.stop();
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
      requests: one.requests * scale, command: ['-t', 'get'],
    }),
  });
  const result = await runVersus({
    ours: subject('leader', leader), theirs: subject('alone', alone),
    figure: 'perSecond', rounds: roundsOf(options),
  });
  options.print(`  ${one.name}: ${result.ratio.toFixed(3)} of a server alone`);
  return { name: one.name, result, target: TARGET };
}
