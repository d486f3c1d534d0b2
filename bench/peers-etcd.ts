/**
 * Three dkvs peers beside three members of etcd, on one machine and one disk, loaded in turn with
 * as many clients, keys and bytes. Both answer a write when a majority has it on disk.
 *
 * Clients are on the leader, as etcd's own guide measures it, and for comparison spread over all.
 * etcd has no pipelining: beside `-P 16` it gets what it gets without.
 *
 * A client is a connection, on both sides: that is what is judged. What etcd gets when its clients
 * share as few connections as suit it best (tried first) is shown beside: replies to many clients
 * then leave in one system call, which costs it half of what it costs to serve each on its own.
 */

import { type BenchOptions, roundsOf, selectCases } from './lib/bench.ts';
import { DkvsCluster } from './lib/dkvs-cluster.ts';
import { EtcdCluster } from './lib/etcd-cluster.ts';
import { loadEtcd } from './lib/etcd-load.ts';
import { fill } from './lib/fill.ts';
import type { BenchmarkFigures } from './lib/redis-benchmark.ts';
import { ask } from './lib/server-facts.ts';
import { hasCommand } from './lib/servers.ts';
import { SetCommands } from './lib/set-commands.ts';
import { loadPorts } from './lib/spread-load.ts';
import {
  printVersusTable, runVersus, type Subject, type Target, type VersusRow,
} from './lib/versus.ts';

type Place = 'leader' | 'all';

interface Case {
  readonly name: string;
  readonly kind: 'put' | 'get';
  readonly place: Place;
  /** How many connections etcd's clients have: one each, or as many as suit it best. */
  readonly etcdConnections: 'each' | 'best';
  /** Whether one client waits for each reply, or many do. */
  readonly isAlone: boolean;
  readonly pipeline: number;
  /** Of dkvs and of etcd: as many as take both some seconds. */
  readonly requests: readonly [number, number];
  readonly figure: 'perSecond' | 'p50Ms';
  readonly target: Target | undefined;
}

const CLIENTS = 512;
const SMOKE_CLIENTS = 32;
const KEYS = 10_000;
const SMOKE_KEYS = 500;
const VALUE_BYTES = 64;
const CONNECTIONS_TRIED = [1, 8, 64, CLIENTS];
const TRIAL_REQUESTS = 15_000;
/** Of each client. */
const SMOKE_REQUESTS = 30;

const CASES: readonly Case[] = [
  ...places('SET', { kind: 'put', pipeline: 1, requests: [250_000, 60_000] }, 5),
  ...places('SET -P 16', { kind: 'put', pipeline: 16, requests: [1_500_000, 60_000] }, 20),
  {
    name: 'SET, one client', kind: 'put', place: 'leader', isAlone: true,
    etcdConnections: 'each', pipeline: 1, requests: [4000, 4000], figure: 'p50Ms', target: { bound: 'at most', ratio: 1 },
  },
  ...places('linearizable GET', { kind: 'get', pipeline: 1, requests: [400_000, 80_000] }, 10),
];

function places(
  name: string, load: Pick<Case, 'kind' | 'pipeline' | 'requests'>, ratio: number,
): readonly Case[] {
  const base = { ...load, isAlone: false, figure: 'perSecond' as const };
  const each = { ...base, etcdConnections: 'each' as const };
  return [
    { ...each, name: `${name} on the leader`, place: 'leader',
      target: { bound: 'at least', ratio } },
    { ...base, name: `${name} on the leader, few connections`, place: 'leader',
      etcdConnections: 'best', target: undefined },
    { ...each, name: `${name} on all`, place: 'all', target: undefined },
  ];
}

export async function runPeersEtcd(options: BenchOptions): Promise<void> {
  const cases = selectCases(CASES, options);
  if (cases.length === 0) return;
  if (!hasCommand('etcd')) {
    options.print("beside etcd: left out, for want of etcd (Debian's etcd-server)");
    return;
  }
  const { clients, keys } = sizesOf(options);
  options.print(`beside etcd: ${clients} clients, ${keys} keys, values of ${VALUE_BYTES} bytes, ` +
    `${roundsOf(options)} rounds alternating; ratio = dkvs / etcd in one round, median`);
  const clusters = await Promise.all([DkvsCluster.start(), EtcdCluster.start()]);
  try {
    const contest = new Contest(...clusters, options);
    await contest.fill();
    const rows: VersusRow[] = [];
    for (const one of cases) rows.push(await contest.run(one));
    printVersusTable(rows, ['dkvs', 'etcd'], options);
  } finally {
    for (const cluster of clusters) await cluster.stop();
  }
}

function sizesOf({ smoke }: BenchOptions): { readonly clients: number; readonly keys: number } {
  return smoke ? { clients: SMOKE_CLIENTS, keys: SMOKE_KEYS } : { clients: CLIENTS, keys: KEYS };
}

class Contest {
  readonly #dkvs: DkvsCluster;
  readonly #etcd: EtcdCluster;
  readonly #options: BenchOptions;
  readonly #clients: number;
  readonly #keys: number;
  readonly #bestConnections = new Map<string, number>();

  constructor(dkvs: DkvsCluster, etcd: EtcdCluster, options: BenchOptions) {
    this.#dkvs = dkvs;
    this.#etcd = etcd;
    this.#options = options;
    const { clients, keys } = sizesOf(options);
    this.#clients = clients;
    this.#keys = keys;
  }

  async fill(): Promise<void> {
    const shape = { keyBytesMin: 16, keyBytesMax: 16, valueBytes: VALUE_BYTES };
    await fill((await this.#dkvs.leader()).port, new SetCommands(shape), this.#keys);
    await loadEtcd({
      ports: [await this.#etcd.leaderPort()], kind: 'fill', keys: this.#keys,
      requests: this.#keys, clients: this.#clients, connections: 8, valueBytes: VALUE_BYTES,
    });
  }

  async run(one: Case): Promise<VersusRow> {
    const { print } = this.#options;
    const connections = one.etcdConnections === 'each'
      ? this.#clientsOf(one) : await this.#findBestConnections(one);
    await this.#setConsistency(one.kind === 'get' ? 'linearizable' : 'sequential');
    const result = await runVersus({
      ours: this.#subjectOfDkvs(one),
      theirs: this.#subjectOfEtcd(one, connections),
      figure: one.figure,
      rounds: roundsOf(this.#options),
    });
    print(`  ${one.name}: ${result.ratio.toFixed(3)} of etcd`);
    return { name: one.name, result, target: one.target };
  }

  #subjectOfDkvs(one: Case): Subject {
    return {
      name: 'dkvs',
      pids: this.#dkvs.servers.map(({ pid }) => pid),
      measure: async () => loadPorts(
        one.place === 'all' ? this.#dkvs.ports : [(await this.#dkvs.leader()).port],
        {
          clients: this.#clientsOf(one), pipeline: one.pipeline, keys: this.#keys,
          requests: this.#requestsOf(one, one.requests[0]),
          command: ['-d', `${VALUE_BYTES}`, '-t', one.kind === 'put' ? 'set' : 'get'],
        },
      ),
    };
  }

  #subjectOfEtcd(one: Case, connections: number): Subject {
    return {
      name: 'etcd',
      pids: this.#etcd.servers.map(({ pid }) => pid),
      measure: () => this.#loadEtcd(one, connections, one.requests[1]),
    };
  }

  async #loadEtcd(one: Case, connections: number, requests: number): Promise<BenchmarkFigures> {
    return loadEtcd({
      ports: one.place === 'all' ? this.#etcd.ports : [await this.#etcd.leaderPort()],
      clients: this.#clientsOf(one), requests: this.#requestsOf(one, requests),
      connections, kind: one.kind, keys: this.#keys, valueBytes: VALUE_BYTES,
    });
  }

  /** Smoke mode tries nothing. */
  async #findBestConnections(one: Case): Promise<number> {
    const found = this.#bestConnections.get(`${one.kind} ${one.place}`);
    if (found !== undefined) return found;
    const members = one.place === 'all' ? this.#etcd.ports.length : 1;
    const tried = this.#options.smoke ? [8] : CONNECTIONS_TRIED;
    const speeds = new Map<number, number>();
    for (const connections of new Set(tried.map((count) => Math.max(count, members)))) {
      const { perSecond } = await this.#loadEtcd(one, connections, TRIAL_REQUESTS);
      speeds.set(connections, perSecond);
    }
    const [[best] = [1]] = [...speeds].toSorted(([, a], [, b]) => b - a);
    const all = [...speeds].map(([count, speed]) => `${count}: ${Math.round(speed)}`);
    this.#options.print(`  etcd's ${one.kind} a second on ${one.place}, by connections: ` +
      `${all.join(', ')}; ${best} are best`);
    this.#bestConnections.set(`${one.kind} ${one.place}`, best);
    return best;
  }

  async #setConsistency(consistency: string): Promise<void> {
    for (const port of this.#dkvs.ports) {
      await ask(port, 'CONFIG', 'SET', 'consistency', consistency);
    }
  }

  #clientsOf({ isAlone }: Case): number {
    return isAlone ? 1 : this.#clients;
  }

  /** In smoke mode some requests of each client. */
  #requestsOf(one: Case, requests: number): number {
    return this.#options.smoke ? this.#clientsOf(one) * SMOKE_REQUESTS : requests;
  }
}
