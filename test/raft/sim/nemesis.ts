/**
 * What goes wrong in a simulated cluster, one thing after the other and often several at once.
 *
 * A server loses its disk only while everybody else is well, because a majority of disks is what
 * the algorithm promises to live on.
 */

import type { MembersTarget } from '../../../src/raft/core/event.ts';
import { nextMembers } from '../../../src/raft/core/members-policy.ts';
import { isJoint } from '../../../src/raft/core/quorum.ts';
import { usualRate } from './drifting-clock.ts';
import { FAULTS, type FaultName } from './faults.ts';
import { member, type SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';

export class Nemesis {
  readonly #cluster: SimCluster;
  readonly #names: readonly FaultName[];
  readonly #everyMs: number;
  readonly counts = new Map<string, number>();
  #isStopped = false;
  #lives = 0;
  /** A member that lost its disk or left, and shall come back as another. */
  #replacing: { readonly name: string } | undefined;

  constructor(cluster: SimCluster, names: readonly FaultName[], everyMs: number) {
    this.#cluster = cluster;
    this.#names = names;
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
      node.drift(usualRate(world));
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
    const name = world.pick(this.#names);
    if (FAULTS[name](this, this.#cluster)) this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  /** Loses a disk and comes back as a newcomer, who has to be let in. */
  wipe(node: SimNode): boolean {
    const { nodes, world, leader } = this.#cluster;
    const status = leader?.replica!.status;
    if (this.#replacing !== undefined || status === undefined) return false;
    const { configuration } = status;
    const { voters } = configuration;
    // Until it is committed, all the others may still go by the one before.
    if (isJoint(configuration) || !leader!.replica!.raft.isConfigurationCommitted) return false;
    if (voters.length < 3 || !voters.includes(node.id)) return false;
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

  /** An administrator wants others to vote, some of whom may be far behind. */
  reshape(): boolean {
    const { leader, world, nodes } = this.#cluster;
    if (leader === undefined || this.#replacing !== undefined) return false;
    const { members } = leader.replica!.status.configuration;
    if (nodes.some(({ id }) => !members.some((one) => one.id === id))) return false;
    const ids = members.map(({ id }) => id);
    const voters = ids.filter(() => world.chance(0.6));
    const learners = ids.filter((id) => !voters.includes(id));
    const target = { voters, learners, members };
    if (leader.replica!.membersRefusal(target) !== undefined) return false;
    leader.step({ kind: 'changeMembers', target });
    return true;
  }

  /** An administrator who sees to it that everyone who should be in the configuration is. */
  #manageMembers(): void {
    const { world } = this.#cluster;
    world.after(world.between(200, 1500), () => {
      const leader = this.#cluster.leader;
      const target = leader === undefined ? undefined : this.#nextTarget(leader);
      if (target !== undefined && leader?.replica!.membersRefusal(target) === undefined) {
        this.#cluster.trace?.(() => `members: ${target.voters.join()} + ${target.learners.join()}`);
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
    const { raft, status } = leader.replica!;
    const { network, upNodes, featureLevel } = this.#cluster;
    const { configuration, commit } = status;
    if (isJoint(configuration)) return undefined;
    const target = nextMembers({
      configuration, commit, lagMax: 3,
      levelOf: (id) => (upNodes.some((node) => node.id === id) ? featureLevel : undefined),
      matchOf: (id) => {
        const progress = raft.progress.get(id);
        return progress?.state === 'stream' ? progress.match : undefined;
      },
      present: upNodes.filter(({ name }) => !network.isCut(name, leader.name))
        .map(({ name, id }) => member(name, Number(id.split(':')[1]))),
    });
    if (target === undefined) this.#maybeEndReplacing(leader);
    return target;
  }
}
