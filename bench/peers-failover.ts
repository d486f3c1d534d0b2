/**
 * How long nobody can write when the leader is killed (SIGKILL), at default settings: a client on
 * each surviving peer writes every 5 ms, and the time counts from the kill to the first OK of a
 * write issued after it, on the slower of both. The longest time without an OK is shown too; a
 * write that was under way when the leader was killed can end it earlier.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { type BenchOptions, roundsOf, selectCases, verdict } from './lib/bench.ts';
import { DkvsCluster } from './lib/dkvs-cluster.ts';
import { PacedWrites } from './lib/paced-writes.ts';
import { median } from './lib/statistics.ts';
import { formatTable } from './lib/table.ts';

interface Failover {
  readonly againMs: number;
  readonly gapMs: number;
  readonly errors: number;
}

const CASES = [{ name: 'leader killed' }];
const TARGET_MS = 1500;
const STEADY_MS = 1500;
const SMOKE_STEADY_MS = 200;
const GIVE_UP_MS = 60_000;

export async function runPeersFailover(options: BenchOptions): Promise<void> {
  if (selectCases(CASES, options).length === 0) return;
  const { print } = options;
  const steadyMs = options.smoke ? SMOKE_STEADY_MS : STEADY_MS;
  const cluster = await DkvsCluster.start();
  const runs: Failover[] = [];
  try {
    for (let i = 0; i < roundsOf(options); i++) runs.push(await failOver(cluster, steadyMs));
  } finally {
    await cluster.stop();
  }
  print(formatTable(
    ['leader killed, ms', 'median', 'lowest', 'highest'],
    [
      formatRow('first OK of a write issued after it', runs.map(({ againMs }) => againMs)),
      formatRow('longest time without an OK', runs.map(({ gapMs }) => gapMs)),
    ],
  ));
  const worst = Math.max(...runs.map(({ againMs }) => againMs));
  const errors = runs.reduce((sum, one) => sum + one.errors, 0);
  print(`leader killed: writes again after at most ${worst.toFixed(0)} ms in ${runs.length} runs ` +
    `(target at most ${TARGET_MS}, ${verdict(worst <= TARGET_MS, options)}); ${errors} writes ` +
    'were answered with an error');
}

/** Ends with all three at work again. */
async function failOver(cluster: DkvsCluster, steadyMs: number): Promise<Failover> {
  const leader = await cluster.leader();
  const writers = cluster.others(leader).map(({ port }) => new PacedWrites(port));
  try {
    const startMs = performance.now();
    // Writes must have been going through before they can be said to go through again.
    await Promise.all(writers.map((writer) => writer.untilAcked(startMs, GIVE_UP_MS)));
    await delay(steadyMs);
    const killedMs = performance.now();
    const killed = leader.kill();
    const times = await Promise.all(
      writers.map((writer) => writer.untilAcked(killedMs, GIVE_UP_MS)));
    await killed;
    await delay(steadyMs);
    return {
      againMs: Math.max(...times),
      gapMs: Math.max(...writers.map((writer) => writer.longestGapMs(killedMs - steadyMs))),
      errors: writers.reduce((sum, { errors }) => sum + errors, 0),
    };
  } finally {
    for (const writer of writers) writer.stop();
    await cluster.caughtUp((await cluster.restart(leader, 'kept')).port);
  }
}

function formatRow(name: string, values: readonly number[]): string[] {
  return [name, ...[median(values), Math.min(...values), Math.max(...values)]
    .map((ms) => ms.toFixed(0))];
}
