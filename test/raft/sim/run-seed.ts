/** One simulated run of one seed: a cluster, clients and faults for a while, then peace. */

import { Random } from '../../../src/lib/random.ts';
import { checkLinearizability } from '../../checker/linearizability.ts';
import { stringModel } from '../../checker/models.ts';
import { InvariantError } from './invariants.ts';
import { Nemesis } from './nemesis.ts';
import { PROFILES, type Profile } from './profiles.ts';
import { SimClients } from './sim-clients.ts';
import { SimCluster, type Trace } from './sim-cluster.ts';
import type { Reply } from './sim-node.ts';

/** The peace after the faults, in virtual time. */
const PEACE_MS = 30_000;

/**
 * Then requests are answered within so much, or in so many times that while entries are applied.
 */
const SOON_MS = 10_000;
const ROUNDS_MAX = 30;

export interface SeedReport {
  readonly seed: number;
  readonly profile: string;
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
export function makeCluster(seed: number, profile: Profile): SimCluster {
  const chance = new Random(0x5eed, seed);
  const choose = <T>(choices: readonly T[]): T => choices[chance.below(choices.length)]!;
  const { restartMs, healMs, saveMs } = profile;
  return new SimCluster({
    seed, restartMs, healMs, saveMs,
    nodes: choose([3, 3, 3, 5, 5, 4, 2]),
    network: {
      delayMin: 0.1, delayMean: choose([0.5, 2, 20, 50]), loss: choose([0, 0, 0.02]),
      repeat: choose([0, 0.02]), isFifo: choose([true, true, false]),
    },
    disks: { syncMin: 0.2, syncMean: choose([1, 5, 30]) },
    bounds: {
      appendBytesMax: choose([1, 64, 4096]),
      flightsMax: choose([1, 8, 64]),
      flightBytesMax: choose([256, 65_536]),
      windowBytesMax: choose([200, 4096, 1 << 20]),
      uncommittedBytesMax: choose([2000, 1 << 20]),
    },
    slack: choose([0, 20, 200]),
  });
}

export function profileOf(seed: number): Profile {
  return PROFILES[seed % PROFILES.length]!;
}

/** `runMs` instead of the profile's. */
export function runSeed(seed: number, trace?: Trace, runMs?: number): SeedReport {
  const profile = profileOf(seed);
  const cluster = makeCluster(seed, profile);
  if (trace !== undefined) cluster.trace = trace;
  const { world } = cluster;
  const clients = new SimClients(cluster, { count: profile.clients, thinkMs: profile.thinkMs });
  const nemesis = new Nemesis(cluster, profile.faults, profile.faultEveryMs);
  const endMs = runMs ?? profile.runMs;
  let failure: string | undefined;
  let undecided = 0;
  try {
    clients.start();
    nemesis.start();
    for (let atMs = 0; atMs < endMs; atMs += 10_000) {
      world.run(atMs + 10_000);
      cluster.checkLogs();
    }
    nemesis.stop();
    // Small bounds and slow links may not carry what so many clients ask for.
    clients.stop();
    checkProgress(cluster);
    world.run(world.nowMs + PEACE_MS);
    checkAgreement(cluster);
    undecided = checkHistory(clients);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    failure = `at ${Math.round(world.nowMs)} ms: ${error.stack ?? error.message}`;
  }
  const { answered, refused, unknown, sequentialReads } = clients;
  return {
    seed, profile: profile.name, simulatedMs: world.nowMs, steps: world.steps,
    messages: cluster.network.sent,
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
  const insist = (name: string, ask: (reply: Reply) => void): void => {
    waiting.add(name);
    ask(({ kind }) => {
      if (kind === 'done') waiting.delete(name);
      else insist(name, ask);
    });
  };
  for (const node of nodes) {
    insist(`write on ${node.id}`, (reply) => {
      const number = operations.length;
      operations.push({ number, key: `last ${node.name}`, command: { kind: 'set', value: 'x' } });
      node.write(number, reply);
    });
    insist(`read on ${node.id}`, (reply) => node.readLinearizable(() => null, reply));
  }
  for (let rounds = 0; waiting.size > 0; rounds++) {
    const before = appliedBy(cluster);
    world.run(world.nowMs + SOON_MS, () => waiting.size === 0);
    // With one entry a second under way it may take long to work off what has piled up.
    const isAlive = appliedBy(cluster) > before && rounds < ROUNDS_MAX;
    if (waiting.size === 0 || isAlive) continue;
    throw new InvariantError(`no progress though all is well: ${[...waiting].join(', ')}`);
  }
}

function appliedBy({ nodes }: SimCluster): number {
  return nodes.reduce((sum, { applied }) => sum + applied, 0);
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
