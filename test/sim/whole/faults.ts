/** Each thing that may go wrong in a run. True when it did. */

import type { DiskOp } from '../../../src/io/files.ts';
import { DAMAGE_FAULTS } from './damage-faults.ts';
import type { Nemesis } from './nemesis.ts';
import type { SimMachine } from './sim-machine.ts';

export type FaultName = keyof typeof FAULTS;

type Fault = (nemesis: Nemesis) => boolean;

const DISK_OPS = [
  'write', 'datasync', 'read', 'create', 'rename', 'unlink', 'open', 'syncDir',
] as const;

/** A server of those that serve, kept down or broken for a while. */
function strike(nemesis: Nemesis, act: (machine: SimMachine) => void): boolean {
  const machine = nemesis.pickReady();
  if (machine === undefined) return false;
  act(machine);
  return true;
}

function breakDisk(nemesis: Nemesis, times: number, only?: DiskOp): boolean {
  return strike(nemesis, (machine) => {
    const { chance } = nemesis;
    const op = only ?? chance.choose(DISK_OPS);
    const takesRoom = op === 'write' || op === 'create' || op === 'rename';
    const code = takesRoom && chance.oneIn(2) ? 'ENOSPC' : 'EIO';
    nemesis.note(`${machine.name}: ${op} fails with ${code}, ${times} times`);
    nemesis.broken.add(machine);
    machine.disk.fail({ op, nth: 1 + chance.below(20), times, code });
    nemesis.later(nemesis.healMs, () => machine.disk.heal());
    nemesis.later(nemesis.healMs * 2, () => {
      machine.disk.heal();
      nemesis.restart(machine, 'kill');
    });
  });
}

export const FAULTS = {
  ...DAMAGE_FAULTS,
  'kill': (nemesis) => strike(nemesis, (machine) => nemesis.restart(machine, 'kill')),
  'power loss': (nemesis) => strike(nemesis, (machine) => nemesis.restart(machine, 'power')),
  'power loss in a turn': (nemesis) => strike(nemesis, (machine) => {
    machine.cutPowerAtOperation(1 + nemesis.chance.below(40), () => nemesis.startLater(machine));
  }),
  'power loss in a sync': (nemesis) => strike(nemesis, (machine) => {
    const { diskMs } = nemesis.cluster.settings;
    machine.atSync(1 + nemesis.chance.below(20), () => {
      nemesis.later(diskMs, () => nemesis.restart(machine, 'power'));
    });
  }),
  'killed in a sync, then power loss': (nemesis) => strike(nemesis, (machine) => {
    const { diskMs } = nemesis.cluster.settings;
    machine.atSync(1 + nemesis.chance.below(20), () => {
      nemesis.later(diskMs / 2, () => nemesis.restart(machine, 'kill'));
      nemesis.later(nemesis.healMs, () => nemesis.restart(machine, 'power'));
    });
  }),
  'all lose power': (nemesis) => {
    const { machines } = nemesis.cluster;
    for (const machine of machines) nemesis.restart(machine, 'power');
    return true;
  },
  'clean restart': (nemesis) => strike(nemesis, (machine) => nemesis.restart(machine, 'stop')),
  'pause': (nemesis) => strike(nemesis, (machine) => {
    machine.pause(nemesis.chance.between(10, nemesis.healMs * 2));
  }),
  'reload': (nemesis) => strike(nemesis, (machine) => nemesis.ask(machine, ['DEBUG', 'RELOAD'])),
  'check index': (nemesis) => strike(nemesis, (machine) => {
    nemesis.ask(machine, ['DEBUG', 'CHECK-INDEX']);
  }),
  'save': (nemesis) => strike(nemesis, (machine) => nemesis.ask(machine, ['SAVE'])),
  'small budget': (nemesis) => strike(nemesis, (machine) => {
    const bytes = nemesis.chance.choose([9_600_000, 10_000_000, 12_000_000, 20_000_000]);
    nemesis.ask(machine, ['CONFIG', 'SET', 'maxmemory', String(bytes)]);
  }),
  'disk error': (nemesis) => breakDisk(nemesis, 1 + nemesis.chance.below(3)),
  'sync error': (nemesis) => breakDisk(nemesis, 1, 'datasync'),
  'lasting disk error': (nemesis) => breakDisk(nemesis, 1_000_000),
  'full disk': (nemesis) => strike(nemesis, (machine) => {
    const { disk } = machine;
    nemesis.broken.add(machine);
    disk.capacityBytes = disk.usedBytes + nemesis.chance.below(
      nemesis.chance.choose([3000, 30_000, 100_000]));
    nemesis.later(nemesis.healMs * 2, () => {
      disk.capacityBytes = Infinity;
    });
  }),
  'wall clock set': (nemesis) => strike(nemesis, (machine) => {
    nemesis.setWall(machine, nemesis.chance.between(-20_000, 20_000));
  }),
  'clock runs wild': (nemesis) => strike(nemesis, (machine) => {
    machine.setRate(nemesis.chance.choose([0.5, 0.9, 1.1, 2]));
    nemesis.later(nemesis.healMs, () => machine.setRate(1));
  }),
  'wiped disk': (nemesis) => nemesis.wipe(),
  'older directory': ({ olderDirectory }) => olderDirectory.begin(),
  'isolated': (nemesis) => nemesis.isolate('both'),
  'one-way': (nemesis) => nemesis.isolate(nemesis.chance.choose(['in', 'out'])),
  'one link': (nemesis) => {
    const { machines, network } = nemesis.cluster;
    const [from, to] = [nemesis.chance.choose(machines), nemesis.chance.choose(machines)];
    if (from === to) return false;
    network.path(from.host, to.host).isCut = true;
    nemesis.later(nemesis.healMs, () => nemesis.healNetwork());
    return true;
  },
  'lossy network': (nemesis) => {
    for (const [, path] of nemesis.cluster.network.paths()) path.lossOneIn = 20;
    nemesis.later(nemesis.healMs, () => nemesis.healNetwork());
    return true;
  },
  'slow network': (nemesis) => {
    const latencyMs = nemesis.chance.choose([20, 80, 300]);
    for (const [, path] of nemesis.cluster.network.paths()) path.jitterMs = latencyMs;
    nemesis.later(nemesis.healMs, () => nemesis.healNetwork());
    return true;
  },
  'clients cut off': (nemesis) => nemesis.cutClients(),
  'transfer': (nemesis) => strike(nemesis, (machine) => {
    const to = nemesis.chance.choose(nemesis.cluster.machines);
    nemesis.ask(machine, ['PEERS', 'TRANSFER', to.name]);
  }),
} as const satisfies Readonly<Record<string, Fault>>;
