/**
 * One simulated run of one seed: servers, clients and faults for a while, then peace, then what
 * they hold is checked.
 */

import { checkLinearizability } from '../../checker/linearizability.ts';
import { stringModel } from '../../checker/models.ts';
import type { ClientModelOptions } from '../model/client-model.ts';
import { SimCrash } from '../sim-files.ts';
import { Chance } from './chance.ts';
import { checkEnd } from './check-end.ts';
import { checkLevels } from './check-levels.ts';
import { ClientHost } from './client-host.ts';
import { Cluster, SimFault } from './cluster.ts';
import { Listeners } from './listeners.ts';
import { Membership } from './membership.ts';
import { Nemesis } from './nemesis.ts';
import { otherOptions } from './other-options.ts';
import type { Profile } from './profiles.ts';
import { RudeClients } from './rude-clients.ts';
import { Scheduler } from './scheduler.ts';
import { PrivateClients } from './private-clients.ts';
import { QueueClients } from './queue-clients.ts';
import { RollingUpgrade } from './rolling-upgrade.ts';
import { SharedClients, type ClientCounts } from './shared-clients.ts';

/** What clients ask for is answered within so much when all is well again. */
const PEACE_MS = 60_000;
/** The last servers that were killed start again, and the last pauses end. */
const SETTLE_MS = 20_000;
/** The checks at the end take minutes at most; what takes longer hangs. */
const END_MS_MAX = 20 * 60_000;

export interface SeedReport {
  readonly seed: number;
  readonly profile: string;
  readonly servers: number;
  readonly simulatedMs: number;
  readonly steps: number;
  readonly starts: number;
  readonly faults: ReadonlyMap<string, number>;
  readonly commands: number;
  readonly answered: number;
  readonly refused: number;
  readonly unknown: number;
  readonly undecided: number;
  readonly indexChecks: number;
  /** Messages that subscribers received. */
  readonly messages: number;
  /** Elements of work queues that consumers took. */
  readonly taken: number;
  readonly trace: readonly string[];
  /** What is wrong; undefined when nothing is. */
  readonly failure: string | undefined;
}

export interface RunOptions {
  readonly seed: number;
  readonly profile: Profile;
  readonly servers?: number;
  readonly runMs?: number;
  /** Each command and reply is in the trace. */
  readonly isDetailed?: boolean;
}

export async function runSeed(options: RunOptions): Promise<SeedReport> {
  const { seed, profile } = options;
  const scheduler = new Scheduler();
  const chance = new Chance(seed);
  const servers = options.servers ?? chance.choose(profile.servers);
  const isSequential = servers > 1 && (chance.oneIn(2) || profile.hasOtherOptions === true);
  const cluster = makeCluster(scheduler, chance, {
    servers, profile,
    ...profile.members !== undefined && { spares: profile.members.spares },
    consistency: isSequential ? 'sequential' : 'linearizable',
  });
  cluster.isDetailed = options.isDetailed ?? false;
  if (profile.hasOtherOptions === true) {
    const optionChance = chance.fork();
    cluster.optionsOf = () => otherOptions(optionChance, servers === 1);
  }
  const host = new ClientHost('127.0.9.1', scheduler, cluster.network, chance.fork());
  const nemesis = new Nemesis(cluster, host, profile);
  const shared = new SharedClients(cluster, host, {
    count: profile.sharedClients, thinkMs: profile.thinkMs, isSequential,
  });
  const own = new PrivateClients(cluster, host, {
    count: profile.privateClients, thinkMs: profile.thinkMs * 2,
    isGlobal: profile.sharedClients === 0,
    model: modelOptions(profile, servers),
    isSequential,
    mayLoseReplied: profile.fsync !== undefined,
  });
  const listeners = new Listeners(cluster, host, profile.listeners, profile.thinkMs);
  const queues = new QueueClients(cluster, host, profile.queueClients ?? 0, profile.thinkMs);
  const rude = new RudeClients(cluster, host, profile.rudeEveryMs);
  const membership = profile.members === undefined ? undefined
    : new Membership(cluster, host, nemesis, profile.members.everyMs);
  const upgrade = profile.upgradeEveryMs === undefined ? undefined
    : new RollingUpgrade(cluster, host, nemesis, profile.upgradeEveryMs);
  let undecided = 0;
  const story = async (): Promise<void> => {
    const runMs = options.runMs ?? profile.runMs;
    scheduler.after(runMs + PEACE_MS + END_MS_MAX, () => {
      cluster.fail('the checks at the end got no answer');
    });
    cluster.startAll();
    nemesis.start();
    membership?.start();
    upgrade?.start();
    await scheduler.sleep(runMs);
    nemesis.stop();
    await scheduler.sleep(SETTLE_MS);
    cluster.isPeace = true;
    await nemesis.olderDirectory.settle();
    await membership?.settle();
    await upgrade?.settle();
    await scheduler.sleep(PEACE_MS - SETTLE_MS);
    shared.isStopped = true;
    own.isStopped = true;
    listeners.isStopped = true;
    rude.isStopped = true;
    await queues.check();
    await own.readBack();
    await rude.check();
    await checkEnd(cluster, host);
    checkLevels(cluster);
    undecided = checkHistory(shared);
    await listeners.check();
    cluster.end();
  };
  let failure: string | undefined;
  const rejected = (error: unknown): void => {
    // Of a process whose power went while it was in the middle of something.
    if (!(error instanceof SimCrash)) cluster.fail(String((error as Error).stack ?? error));
  };
  try {
    process.on('unhandledRejection', rejected);
    story().catch(rejected);
    await scheduler.run(() => cluster.isOver);
  } catch (error) {
    cluster.fail(`uncaught: ${(error as Error).stack}`);
  } finally {
    process.off('unhandledRejection', rejected);
  }
  if (cluster.fault !== undefined) {
    failure = `at ${Math.round(scheduler.nowMs)} ms: ${cluster.fault.message}`;
  }
  return {
    seed, profile: profile.name, servers, simulatedMs: scheduler.nowMs, steps: scheduler.steps,
    starts: cluster.starts, faults: nemesis.counts, ...sum(shared.counts, own.counts), undecided,
    indexChecks: nemesis.indexChecks, messages: listeners.received,
    taken: queues.ledger.taken, trace: cluster.trace, failure,
  };
}

function sum(one: ClientCounts, other: ClientCounts): ClientCounts {
  return {
    commands: one.commands + other.commands, answered: one.answered + other.answered,
    refused: one.refused + other.refused, unknown: one.unknown + other.unknown,
  };
}

/** How far the time by which a key expires may be from the clients' own. */
const SLACK_MS = 200;
/** With peers it is the order's time, which stands while there is no leader. */
const PEERS_SLACK_MS = 60_000;

function modelOptions({ faults, fsync }: Profile, servers: number): ClientModelOptions {
  const isAlone = servers === 1;
  return {
    clockSlackMs: isAlone ? SLACK_MS : PEERS_SLACK_MS,
    isDeathFinal: isAlone && !faults.some((name) => name.includes('clock')),
    mayExecuteLater: !isAlone,
    mayFailExec: !isAlone,
    mayRefuse: true,
    keepsHistory: fsync !== undefined,
  };
}

interface Sort {
  readonly servers: number;
  readonly spares?: number;
  readonly profile: Profile;
  readonly consistency: 'sequential' | 'linearizable';
}

function makeCluster(
  scheduler: Scheduler, chance: Chance,
  { servers, spares = 0, profile: { fsync, diskMs }, consistency }: Sort,
): Cluster {
  const isAlone = servers === 1;
  const heartbeatMs = chance.choose([100, 300, 500]);
  return new Cluster(scheduler, chance, {
    servers, spares,
    options: {
      'appendfsync': fsync ?? 'always', 'enable-debug-command': 'yes',
      'hz': chance.choose([1, 3, 10]),
      ...!isAlone && {
        consistency, 'peer-secret': 'open sesame',
        'heartbeat-interval': heartbeatMs, 'election-timeout': heartbeatMs * 6,
      },
    },
    tiny: {
      'segment-bytes': chance.choose([8192, 32_768, 131_072]),
      'hot-tail-bytes': chance.choose([16_384, 65_536]),
      'compaction-min-bytes': chance.choose([16_384, 100_000]),
      'maxmemory': 12_000_000,
      ...!isAlone && { 'raft-log-bytes': chance.choose([20_000, 200_000, 2_000_000]) },
    },
    diskMs: diskMs ?? chance.choose([0.1, 0.5, 3]),
    latencyMs: chance.choose([0.2, 1, 15]),
  });
}

/** Returns how many keys the checker could not decide. */
function checkHistory({ history }: SharedClients): number {
  const verdict = checkLinearizability(stringModel, history.operations());
  if (verdict.kind === 'violation') throw new SimFault(verdict.text);
  return verdict.kind === 'gave up' ? verdict.keys.length : 0;
}
