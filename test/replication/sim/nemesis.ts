/**
 * What goes wrong in a simulated cluster, one thing after the other and often several at once.
 *
 * A server loses its disk only while everybody else is well, because a majority of disks is what
 * the algorithm promises to live on.
 */

import type { MemberId } from '../../../src/replication/core/entry.ts';
import type { MembersTarget } from '../../../src/replication/core/event.ts';
import { isJoint } from '../../../src/replication/core/quorum.ts';
import { member, type SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';

export class Nemesis {
  readonly #cluster: SimCluster;
  readonly #everyMs: number;
  readonly counts = new Map<string, number>();
  #isStopped = false;
  #lives = 0;
  /** A member that lost its disk or left, and shall come back as another. */
  #replacing: { readonly name: string } | undefined;

  constructor(cluster: SimCluster, everyMs: number) {
    this.#cluster = cluster;
    this.#everyMs = everyMs;
  }

  get faults(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  start(): void {
    this.#later();
    this.#manageMembers();
  }

  /** No more faults, and everything that is broken is mended. */
  stop(): void {
    this.#isStopped = true;
    const { network, nodes, world } = this.#cluster;
    network.heal();
    network.mood = { ...network.mood, loss: 0, repeat: 0 };
    for (const node of nodes) {
      node.clockRate = 1;
      if (node.log !== undefined) node.log.mood = this.#cluster.disks;
      if (!node.isUp) world.after(world.between(0, 500), () => node.isUp || node.start());
    }
  }

  #later(): void {
    const { world } = this.#cluster;
    world.after(world.around(this.#everyMs), () => {
      if (this.#isStopped) return;
      this.#strike();
      this.#later();
    });
  }

  #strike(): void {
    const { world } = this.#cluster;
    const [name, act] = world.pick(FAULTS);
    if (act(this, this.#cluster)) this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  /** Loses a disk and comes back as a newcomer, who has to be let in. */
  wipe(node: SimNode): boolean {
    const { nodes, world, leader } = this.#cluster;
    const status = leader?.replica!.status;
    if (this.#replacing !== undefined || status === undefined) return false;
    const { configuration } = status;
    const { voters } = configuration;
    if (isJoint(configuration) || voters.length < 3 || !voters.includes(node.id)) return false;
    if (nodes.some(({ isUp }) => !isUp) || nodes.some((one) => one.applied < leader!.applied - 5)) {
      return false;
    }
    node.crash(true);
    nodes.splice(nodes.indexOf(node), 1);
    this.#replacing = { name: node.name };
    world.after(world.between(100, 5000), () => {
      this.#cluster.addNode(node.name, member(node.name, ++this.#lives).id, false);
    });
    return true;
  }

  /** An administrator who sees to it that everyone who should be in the configuration is. */
  #manageMembers(): void {
    const { world } = this.#cluster;
    world.after(world.between(200, 1500), () => {
      const leader = this.#cluster.leader;
      const target = leader === undefined ? undefined : this.#nextTarget(leader);
      if (target !== undefined && leader?.replica!.membersRefusal(target) === undefined) {
        this.#cluster.trace(() => `members: ${target.voters.join()} + ${target.learners.join()}`);
        leader!.step({ kind: 'changeMembers', target });
      }
      this.#manageMembers();
    });
  }

  /** The newcomer votes, and a majority knows. */
  #maybeEndReplacing({ replica }: SimNode): void {
    const { name } = this.#replacing ?? {};
    const newcomer = this.#cluster.nodes.find((node) => node.name === name);
    const { voters } = replica!.status.configuration;
    if (newcomer === undefined || !voters.includes(newcomer.id)) return;
    if (replica!.raft.isConfigurationCommitted) this.#replacing = undefined;
  }

  #nextTarget(leader: SimNode): MembersTarget | undefined {
    const { replica } = leader;
    const { voters, learners, members, outgoing } = replica!.status.configuration;
    if (outgoing.length > 0) return undefined;
    const caughtUp = learners.filter((id) => {
      const progress = replica!.raft.progress.get(id);
      return progress !== undefined && progress.match >= replica!.status.commit - 3;
    });
    if (caughtUp.length > 0) {
      const stay = learners.filter((id) => !caughtUp.includes(id));
      return { voters: [...voters, ...caughtUp], learners: stay, members };
    }
    const newcomer = this.#cluster.nodes.find(({ id }) => !members.some((one) => one.id === id));
    if (newcomer === undefined) {
      this.#maybeEndReplacing(leader);
      return undefined;
    }
    const old = members.find(({ name }) => name === newcomer.name)?.id;
    const isLeaving = (id: MemberId): boolean => id === old;
    const life = Number(newcomer.id.split(':')[1]);
    return {
      voters: voters.filter((id) => !isLeaving(id)),
      learners: [...learners.filter((id) => !isLeaving(id)), newcomer.id],
      members: [...members.filter(({ id }) => !isLeaving(id)), member(newcomer.name, life)],
    };
  }
}

type Fault = (nemesis: Nemesis, cluster: SimCluster) => boolean;

function later(cluster: SimCluster, meanMs: number, run: () => void): true {
  cluster.world.after(cluster.world.around(meanMs), run);
  return true;
}

function crash(cluster: SimCluster, node: SimNode | undefined, isPowerLoss: boolean): boolean {
  if (node === undefined || !node.isUp) return false;
  node.crash(isPowerLoss);
  return later(cluster, 2000, () => {
    if (!node.isUp && cluster.nodes.includes(node)) node.start();
  });
}

function isolate(cluster: SimCluster, node: SimNode, direction: 'in' | 'out' | 'both'): boolean {
  const { network, nodes } = cluster;
  for (const other of nodes) {
    if (other === node) continue;
    if (direction !== 'out') network.cut(other.name, node.name);
    if (direction !== 'in') network.cut(node.name, other.name);
  }
  return later(cluster, 3000, () => network.heal());
}

const FAULTS: readonly (readonly [string, Fault])[] = [
  ['kill', (_, cluster) => crash(cluster, cluster.world.pick(cluster.nodes), false)],
  ['power loss', (_, cluster) => crash(cluster, cluster.world.pick(cluster.nodes), true)],
  ['leader lost', (_, cluster) => crash(cluster, cluster.leader, cluster.world.chance(0.5))],
  ['all lose power', (_, cluster) => {
    return cluster.world.chance(0.3) &&
      cluster.nodes.map((node) => crash(cluster, node, true)).includes(true);
  }],
  ['isolated', (_, cluster) => isolate(cluster, cluster.world.pick(cluster.nodes), 'both')],
  ['leader isolated', (_, cluster) => {
    return cluster.leader !== undefined && isolate(cluster, cluster.leader, 'both');
  }],
  ['one-way', (_, cluster) => {
    const direction = cluster.world.chance(0.5) ? 'in' : 'out';
    return isolate(cluster, cluster.leader ?? cluster.world.pick(cluster.nodes), direction);
  }],
  ['one link', (_, cluster) => {
    const { network, world, nodes } = cluster;
    network.cut(world.pick(nodes).name, world.pick(nodes).name);
    return later(cluster, 3000, () => network.heal());
  }],
  ['split', (_, cluster) => {
    const { network, world, nodes } = cluster;
    const left = nodes.filter(() => world.chance(0.5));
    for (const one of nodes) {
      for (const other of nodes) {
        if (left.includes(one) !== left.includes(other)) network.cut(one.name, other.name);
      }
    }
    return later(cluster, 3000, () => network.heal());
  }],
  ['clog', (_, cluster) => {
    const { network, world, nodes } = cluster;
    network.clog(world.pick(nodes).name, world.pick(nodes).name, world.around(1000));
    return later(cluster, 4000, () => network.heal());
  }],
  ['lossy', (_, cluster) => {
    const { network, world } = cluster;
    const { mood } = network;
    if (mood.loss > 0.04) return false;
    network.mood = { ...mood, loss: world.between(0.02, 0.3), repeat: 0.1, isFifo: false };
    return later(cluster, 4000, () => (network.mood = mood));
  }],
  ['pause', (_, cluster) => {
    const node = cluster.world.pick(cluster.nodes);
    node.pause(cluster.world.around(2000));
    return true;
  }],
  ['leader paused', (_, cluster) => {
    cluster.leader?.pause(cluster.world.around(1500));
    return cluster.leader !== undefined;
  }],
  ['clock jumps', (_, cluster) => {
    cluster.world.pick(cluster.nodes).wallOffsetMs += cluster.world.between(-60_000, 60_000);
    return true;
  }],
  ['slow disk', (_, cluster) => {
    const { log } = cluster.world.pick(cluster.nodes);
    if (log === undefined) return false;
    log.mood = { syncMin: 20, syncMean: 400 };
    return later(cluster, 4000, () => (log.mood = cluster.disks));
  }],
  ['transfer', (_, cluster) => {
    const { leader } = cluster;
    if (leader === undefined) return false;
    leader.step({ kind: 'transfer', to: cluster.world.pick(cluster.nodes).id });
    return true;
  }],
  ['wipe', (nemesis, cluster) => nemesis.wipe(cluster.world.pick(cluster.nodes))],
];
