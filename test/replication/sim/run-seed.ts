/** One simulated run of one seed: a cluster, clients and faults for a while, then peace. */

import { checkLinearizability } from '../checker/linearizability.ts';
import { stringModel } from '../checker/models.ts';
import { InvariantError } from './invariants.ts';
import { Nemesis } from './nemesis.ts';
import { SimClients } from './sim-clients.ts';
import { SimCluster, type Trace } from './sim-cluster.ts';

/** How long faults last, and the peace after them, in virtual time. */
export const RUN_MS = 10 * 60_000;
const PEACE_MS = 30_000;

export interface SeedReport {
  readonly seed: number;
  readonly simulatedMs: number;
  readonly steps: number;
  readonly messages: number;
  readonly elections: number;
  readonly faults: ReadonlyMap<string, number>;
  /** Requests answered, refused, and of unknown outcome. */
  readonly answered: number;
  readonly refused: number;
  readonly unknown: number;
  readonly sequentialReads: number;
  readonly checks: number;
  readonly undecided: number;
  /** What is wrong; undefined when nothing is. */
  readonly failure: string | undefined;
}

/** The sizes and tempers of a run differ from seed to seed. */
export function makeCluster(seed: number): SimCluster {
  const choice = (n: number): number => (Math.imul(seed + 1, 0x9e3779b1) >>> 3) % n;
  return new SimCluster({
    seed,
    nodes: [3, 3, 5, 4, 2][choice(5)] ?? 3,
    network: {
      delayMin: 0.1, delayMean: [0.5, 2, 20][choice(3)]!, loss: [0, 0, 0.02][choice(3)]!,
      repeat: [0, 0.02][choice(2)]!, isFifo: choice(4) > 0,
    },
    disks: { syncMin: 0.2, syncMean: [1, 5, 30][choice(3)]! },
    bounds: {
      appendBytesMax: [64, 256, 4096][choice(3)]!,
      flightsMax: [2, 8, 64][choice(3)]!,
      flightBytesMax: [256, 65_536][choice(2)]!,
      windowBytesMax: [200, 4096, 1 << 20][choice(3)]!,
      uncommittedBytesMax: [2000, 1 << 20][choice(2)]!,
    },
    slack: [0, 20, 200][choice(3)]!,
  });
}

export function runSeed(seed: number, trace?: Trace, runMs = RUN_MS): SeedReport {
  const cluster = makeCluster(seed);
  if (trace !== undefined) cluster.trace = trace;
  const { world } = cluster;
  const clients = new SimClients(cluster, { count: 5, thinkMs: [200, 1000, 2000][seed % 3]! });
  const nemesis = new Nemesis(cluster, [2000, 5000, 15_000][seed % 3]!);
  let failure: string | undefined;
  let undecided = 0;
  try {
    clients.start();
    nemesis.start();
    for (let atMs = 0; atMs < runMs; atMs += 10_000) {
      world.run(atMs + 10_000);
      cluster.checkLogs();
    }
    nemesis.stop();
    checkProgress(cluster);
    clients.stop();
    world.run(world.nowMs + PEACE_MS);
    checkAgreement(cluster);
    undecided = checkHistory(clients);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    failure = `at ${Math.round(world.nowMs)} ms: ${error.stack ?? error.message}`;
  }
  const { answered, refused, unknown, sequentialReads } = clients;
  return {
    seed, simulatedMs: world.nowMs, steps: world.steps, messages: cluster.network.sent,
    elections: cluster.elections, faults: nemesis.counts, answered, refused, unknown,
    sequentialReads, checks: cluster.invariants.checks, undecided, failure,
  };
}

/** With all well again, everybody serves writes and linearizable reads soon. */
function checkProgress(cluster: SimCluster): void {
  const { world, nodes, operations } = cluster;
  // Time to start, to elect, to let a newcomer in and to bring it up to date.
  world.run(world.nowMs + PEACE_MS);
  const waiting = new Set<string>();
  for (const node of nodes) {
    const number = operations.length;
    operations.push({ number, key: `last ${node.name}`, command: { kind: 'set', value: 'x' } });
    waiting.add(`write on ${node.id}`).add(`read on ${node.id}`);
    node.write(number, ({ kind }) => {
      if (kind === 'done') waiting.delete(`write on ${node.id}`);
    });
    node.readLinearizable(() => null, ({ kind }) => {
      if (kind === 'done') waiting.delete(`read on ${node.id}`);
    });
  }
  world.run(world.nowMs + 10_000, () => waiting.size === 0);
  if (waiting.size > 0) {
    throw new InvariantError(`no progress though all is well: ${[...waiting].join(', ')}`);
  }
}

/** In the end all have applied the same, and that is everything. */
function checkAgreement({ nodes, invariants }: SimCluster): void {
  for (const { id, applied } of nodes) {
    if (applied !== invariants.committed) {
      throw new InvariantError(`${id} has applied ${applied} of ${invariants.committed}`);
    }
  }
}

/** Returns how many keys the checker could not decide. */
function checkHistory({ history }: SimClients): number {
  const verdict = checkLinearizability(stringModel, history.operations());
  if (verdict.kind === 'violation') throw new InvariantError(verdict.text);
  return verdict.kind === 'gave up' ? verdict.keys.length : 0;
}
