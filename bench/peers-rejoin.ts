/**
 * What the leader's clients notice while a peer that has lost its disk comes back: latencies at a
 * fixed rate (half SETs, half GETs; lib/open-loop.ts) before, and from the start of the wiped peer
 * until it votes again and has what the leader has.
 *
 * All three peers and the load share the machine: what the leader's clients lose, they lose to the
 * new peer's use of the processors too. `--keys` sets the size of the dataset.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { type BenchOptions, selectCases, verdict } from './lib/bench.ts';
import { DkvsCluster } from './lib/dkvs-cluster.ts';
import { fill } from './lib/fill.ts';
import { type OpenLoopOptions, type OpenLoopReport, runOpenLoop } from './lib/open-loop.ts';
import { SetCommands } from './lib/set-commands.ts';
import { formatTable } from './lib/table.ts';
import type { Histogram } from '../src/lib/histogram.ts';

interface Phase {
  readonly name: string;
  readonly set: Histogram;
  readonly get: Histogram;
  readonly lag: Histogram;
}

const CASES = [{ name: 'wiped peer' }];
const KEYS = 5_000_000;
const SMOKE_KEYS = 5000;
const SHAPE = { keyBytesMin: 16, keyBytesMax: 16, valueBytes: 64 };
/** Many connections: the order takes some hundred requests at a time of each. */
const FILL = { connections: 64, unansweredMax: 512 };
const RATE = 2000;
const SMOKE_RATE = 500;
const CONNECTIONS = 64;
const TARGET_RATIO = 2;
const BEFORE_MS = 20_000;
const SMOKE_BEFORE_MS = 300;
const WARM_UP_MS = 3000;
const SMOKE_WARM_UP_MS = 50;
const REJOIN_MS_MAX = 1_800_000;

export async function runPeersRejoin(options: BenchOptions): Promise<void> {
  if (selectCases(CASES, options).length === 0) return;
  const { print, smoke, keys = smoke ? SMOKE_KEYS : KEYS } = options;
  const cluster = await DkvsCluster.start();
  try {
    const commands = new SetCommands(SHAPE);
    const rate = smoke ? SMOKE_RATE : RATE;
    const { seconds } = await fill((await cluster.leader()).port, commands, keys, FILL);
    for (const port of cluster.ports) await cluster.caughtUp(port, REJOIN_MS_MAX);
    // Another may lead by now: a fill is as much work as the machine can do.
    const leader = await cluster.leader();
    print(`wiped peer: ${keys} keys of ${SHAPE.valueBytes} bytes (filled in ` +
      `${seconds.toFixed(1)} s), ${rate} requests a second on the leader, half of them SET`);
    const load = { port: leader.port, commands, keys, rate, connections: CONNECTIONS };
    const warmUpMs = smoke ? SMOKE_WARM_UP_MS : WARM_UP_MS;
    const before = toPhase('before', await runOpenLoop({
      ...load, warmUpMs, measureMs: smoke ? SMOKE_BEFORE_MS : BEFORE_MS,
    }));
    const rejoin = await measureRejoin(cluster, { ...load, warmUpMs, measureMs: REJOIN_MS_MAX });
    const isSameLeader = (await cluster.leader()).port === leader.port;
    report(before, rejoin, isSameLeader, options);
  } finally {
    await cluster.stop();
  }
}

interface Rejoin {
  readonly during: Phase;
  readonly startSeconds: number;
  readonly seconds: number;
}

/** The peer loses its disk when the load has warmed up. */
async function measureRejoin(cluster: DkvsCluster, load: OpenLoopOptions): Promise<Rejoin> {
  const [victim] = cluster.others(await cluster.leader());
  if (victim === undefined) throw new Error('there is no peer to wipe');
  const formerId = (await cluster.facts(victim.port))?.get('id') ?? '';
  let isBack = false;
  const rejoin = async (): Promise<Omit<Rejoin, 'during'>> => {
    await delay(load.warmUpMs);
    await victim.kill();
    const startMs = performance.now();
    const { port, startMs: ownMs } = await cluster.restart(victim, 'wiped');
    await cluster.caughtUp(port, REJOIN_MS_MAX, formerId);
    return { startSeconds: ownMs / 1000, seconds: (performance.now() - startMs) / 1000 };
  };
  const rejoining = rejoin().finally(() => void (isBack = true));
  // It is awaited below, after the load.
  rejoining.catch(() => {});
  const report = await runOpenLoop({ ...load, isOver: () => isBack });
  return { ...await rejoining, during: toPhase('during', report) };
}

function toPhase(name: string, { set, get, lag }: OpenLoopReport): Phase {
  return { name, set, get, lag };
}

function report(
  before: Phase, { during, startSeconds, seconds }: Rejoin, isSameLeader: boolean,
  options: BenchOptions,
): void {
  const { print } = options;
  print(formatTable(
    ['ms on the leader', 'SET p50', 'p99', 'max', 'GET p50', 'p99', 'max', 'generator lag p99'],
    [before, during].map(({ name, set, get, lag }) =>
      [name, ...formatLatencies(set), ...formatLatencies(get), ms(lag.percentile(99))]),
  ));
  const ratioOf = (sort: 'set' | 'get'): number =>
    during[sort].percentile(99) / Math.max(1, before[sort].percentile(99));
  const worst = Math.max(ratioOf('set'), ratioOf('get'));
  print(`wiped peer: it answered after ${startSeconds.toFixed(1)} s and had caught up after ` +
    `${seconds.toFixed(1)} s` +
    (isSameLeader ? '' : '; MEANWHILE ANOTHER PEER HAS COME TO LEAD'));
  print(`wiped peer: p99 during / before, SET ${ratioOf('set').toFixed(2)}, GET ` +
    `${ratioOf('get').toFixed(2)} (target at most ${TARGET_RATIO}, ` +
    `${verdict(worst <= TARGET_RATIO, options)})`);
}

function formatLatencies(histogram: Histogram): string[] {
  return [ms(histogram.percentile(50)), ms(histogram.percentile(99)), ms(histogram.max)];
}

function ms(micros: number): string {
  return (micros / 1000).toFixed(2);
}
