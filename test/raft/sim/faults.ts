/** Each thing that may go wrong in a simulated cluster. True when it did. */

import { usualRate } from './drifting-clock.ts';
import type { Nemesis } from './nemesis.ts';
import type { SimCluster } from './sim-cluster.ts';
import type { SimNode } from './sim-node.ts';

export type FaultName = keyof typeof FAULTS;

type Fault = (nemesis: Nemesis, cluster: SimCluster) => boolean;

function later(cluster: SimCluster, meanMs: number, run: () => void): true {
  cluster.world.after(cluster.world.around(meanMs), run);
  return true;
}

function crash(cluster: SimCluster, node: SimNode | undefined, isPowerLoss: boolean): boolean {
  if (node === undefined || !node.isUp) return false;
  node.crash(isPowerLoss);
  return later(cluster, cluster.restartMs, () => {
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
  return later(cluster, cluster.healMs, () => network.heal());
}

export const FAULTS = {
  'kill': (_, cluster) => crash(cluster, cluster.world.pick(cluster.nodes), false),
  'power loss': (_, cluster) => crash(cluster, cluster.world.pick(cluster.nodes), true),
  'leader lost': (_, cluster) => crash(cluster, cluster.leader, cluster.world.chance(0.5)),
  'all lose power': (_, cluster) => {
    return cluster.world.chance(0.3) &&
      cluster.nodes.map((node) => crash(cluster, node, true)).includes(true);
  },
  'isolated': (_, cluster) => isolate(cluster, cluster.world.pick(cluster.nodes), 'both'),
  'leader isolated': (_, cluster) => {
    return cluster.leader !== undefined && isolate(cluster, cluster.leader, 'both');
  },
  'one-way': (_, cluster) => {
    const direction = cluster.world.chance(0.5) ? 'in' : 'out';
    return isolate(cluster, cluster.leader ?? cluster.world.pick(cluster.nodes), direction);
  },
  'one link': (_, cluster) => {
    const { network, world, nodes } = cluster;
    network.cut(world.pick(nodes).name, world.pick(nodes).name);
    return later(cluster, cluster.healMs, () => network.heal());
  },
  'split': (_, cluster) => {
    const { network, world, nodes } = cluster;
    const left = nodes.filter(() => world.chance(0.5));
    for (const one of nodes) {
      for (const other of nodes) {
        if (left.includes(one) !== left.includes(other)) network.cut(one.name, other.name);
      }
    }
    return later(cluster, cluster.healMs, () => network.heal());
  },
  'clog': (_, cluster) => {
    const { network, world, nodes } = cluster;
    network.clog(world.pick(nodes).name, world.pick(nodes).name, world.around(1000));
    return later(cluster, cluster.healMs, () => network.heal());
  },
  'lossy': (_, cluster) => {
    const { network, world } = cluster;
    const { mood } = network;
    if (mood.loss > 0.04) return false;
    network.mood = { ...mood, loss: world.between(0.02, 0.3), repeat: 0.1, isFifo: false };
    return later(cluster, cluster.healMs, () => (network.mood = mood));
  },
  'pause': (_, cluster) => {
    const node = cluster.world.pick(cluster.nodes);
    node.pause(cluster.world.around(2000));
    return true;
  },
  'leader paused': (_, cluster) => {
    cluster.leader?.pause(cluster.world.around(1500));
    return cluster.leader !== undefined;
  },
  'clock jumps': (_, cluster) => {
    cluster.world.pick(cluster.nodes).clock.setWallBy(cluster.world.between(-60_000, 60_000));
    return true;
  },
  'clock drifts': (_, { world, nodes }) => {
    world.pick(nodes).drift(usualRate(world));
    return true;
  },
  // No crystal does that, but a virtual machine may. Only progress may depend on clocks.
  'clock runs wild': (_, { world, nodes }) => {
    world.pick(nodes).drift(world.between(0.7, 1.4));
    return true;
  },
  'slow disk': (_, cluster) => {
    const { log } = cluster.world.pick(cluster.nodes);
    if (log === undefined) return false;
    log.mood = { syncMin: 20, syncMean: 400 };
    return later(cluster, cluster.healMs, () => (log.mood = cluster.disks));
  },
  'transfer': (_, cluster) => {
    const { leader } = cluster;
    if (leader === undefined) return false;
    leader.step({ kind: 'transfer', to: cluster.world.pick(cluster.nodes).id });
    return true;
  },
  'reshape': (nemesis) => nemesis.reshape(),
  'wipe': (nemesis, cluster) => nemesis.wipe(cluster.world.pick(cluster.nodes)),
} satisfies Record<string, Fault>;
