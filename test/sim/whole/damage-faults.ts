/** Each way in which what is at rest is damaged: see damage.ts. True when it was, or will be. */

import type { Chance } from './chance.ts';
import { REST_MS } from './damage.ts';
import type { Nemesis } from './nemesis.ts';
import type { SimFiles } from '../sim-files.ts';
import type { SimMachine } from './sim-machine.ts';

/** Damage stays for about so many times what other trouble stays. */
const STAYS_TIMES = 5;
const FLIPS_MAX = 3;
const ZEROS_BYTES = [1, 8, 64, 512, 4096, 65_536] as const;

/** Alters files of a server that is down; returns what it did, undefined if it found nothing. */
type Alteration = (nemesis: Nemesis, machine: SimMachine) => string | undefined;

/** Nobody reads them. */
const UNREAD = /BALLAST|torn-/;
/** So often a place is looked for where something is written. */
const TRIES_MAX = 20;

/** A file of any kind that is read, each kind as likely as the others. */
function pickPath(chance: Chance, disk: SimFiles): string | undefined {
  const kinds = new Map<string, string[]>();
  for (const path of disk.paths()) {
    if (UNREAD.test(path) || disk.contentOf(path).length === 0) continue;
    const kind = path.replaceAll(/[0-9a-f]{12,16}|-\d+/g, '#');
    kinds.set(kind, [...kinds.get(kind) ?? [], path]);
  }
  return kinds.size === 0 ? undefined : chance.choose(chance.choose([...kinds.values()]));
}

/** Each frame of a segment has it behind the checksum of its header. */
const FRAME_MAGIC = 'FRM1';
const FRAME_MAGIC_AT = 4;
/** Header of a frame and of its first record. */
const HEADERS_BYTES = 76;

/**
 * Where something else than zeros lies, if that is found: most of a file may be made ready only.
 * Often in a header, because damage of those takes other ways than damage of keys and values.
 */
function pickPlace(chance: Chance, content: Uint8Array): number {
  const bytes = Buffer.from(content);
  const magic = chance.oneIn(3) ? bytes.indexOf(FRAME_MAGIC, chance.below(bytes.length)) : -1;
  if (magic !== -1) {
    const start = magic - FRAME_MAGIC_AT;
    return start + chance.below(Math.min(HEADERS_BYTES, bytes.length - start));
  }
  let at = chance.below(bytes.length);
  for (let tries = 1; tries < TRIES_MAX && bytes[at] === 0; tries++) at = chance.below(bytes.length);
  return at;
}

/** Flips bits, or zeros a range, in the first `bytes` of a file. */
function spoil(chance: Chance, disk: SimFiles, path: string, bytes: number): string {
  const at = pickPlace(chance, disk.contentOf(path).subarray(0, bytes));
  if (chance.oneIn(2)) {
    const end = Math.min(bytes, at + chance.choose(ZEROS_BYTES));
    disk.zero(path, at, end);
    return `zeros in ${path} from ${at} to ${end}`;
  }
  const flips = 1 + chance.below(FLIPS_MAX);
  for (let i = 0; i < flips; i++) {
    disk.damage(path, Math.min(bytes - 1, at + i * chance.below(100)), 1 << chance.below(8));
  }
  return `${flips} flips in ${path} from ${at} on`;
}

const ALTERATIONS: Readonly<Record<'spoil' | 'cut' | 'putBack' | 'exchange', Alteration>> = {
  spoil({ chance }, { disk }) {
    const path = pickPath(chance, disk);
    return path === undefined
      ? undefined : spoil(chance, disk, path, disk.contentOf(path).length);
  },
  cut({ chance }, { disk }) {
    const path = pickPath(chance, disk);
    if (path === undefined) return undefined;
    const bytes = disk.contentOf(path);
    const left = chance.oneIn(4) ? 0 : chance.below(bytes.length);
    disk.exchange(path, bytes.subarray(0, left));
    return `${path} is cut from ${bytes.length} to ${left}`;
  },
  putBack({ chance, damage }, machine) {
    const { disk } = machine;
    const sets = damage.copiesOf(machine);
    if (sets.length === 0) return undefined;
    const copies = chance.choose(sets);
    const there = new Set(disk.paths());
    const changed = [...copies].filter(([path, bytes]) =>
      there.has(path) && Buffer.compare(bytes, disk.contentOf(path)) !== 0);
    if (changed.length === 0) return undefined;
    const [path, bytes] = chance.choose(changed);
    disk.exchange(path, bytes);
    damage.notePutBack(machine, path);
    return `${path} is put back to an older copy of ${bytes.length} bytes`;
  },
  exchange({ chance }, { disk }) {
    const path = pickPath(chance, disk);
    if (path === undefined) return undefined;
    const suffix = path.slice(path.lastIndexOf('.'));
    const others = disk.paths().filter((each) => each !== path && !areBothNeeded(each, path) &&
      (each.endsWith(suffix) || chance.oneIn(10)));
    if (others.length === 0) return undefined;
    const other = chance.choose(others);
    const [mine, theirs] = [disk.contentOf(path), disk.contentOf(other)];
    disk.exchange(path, theirs);
    disk.exchange(other, mine);
    return `${path} and ${other} are exchanged`;
  },
};

/** A log, and the note of how far it is synced: with both damaged nobody can tell what is lost. */
function areBothNeeded(one: string, other: string): boolean {
  return [one, other].some((path) => path.endsWith('/synced')) &&
    [one, other].some((path) => path.endsWith('.log'));
}

function pickUndamaged(nemesis: Nemesis): SimMachine | undefined {
  const machine = nemesis.pickReady();
  return machine === undefined || nemesis.damage.isDamaged(machine) ? undefined : machine;
}

/** What lies in a file now is damaged when it has been at rest for a while. */
function whileItRuns(nemesis: Nemesis): boolean {
  const { chance, cluster } = nemesis;
  const machine = pickUndamaged(nemesis);
  const path = machine && pickPath(chance, machine.disk);
  if (machine === undefined || path === undefined) return false;
  const { disk } = machine;
  const bytes = disk.contentOf(path).length;
  cluster.scheduler.after(REST_MS, () => {
    if (!canBegin(nemesis, machine) || machine.disk !== disk) return;
    if (!disk.paths().includes(path) || disk.contentOf(path).length < bytes) return;
    begin(nemesis, machine, spoil(chance, disk, path, bytes));
  });
  return true;
}

function begin(nemesis: Nemesis, machine: SimMachine, what: string): void {
  const { damage } = nemesis;
  nemesis.note(`${machine.name}: ${what}`);
  const number = damage.begin(machine);
  nemesis.later(nemesis.healMs * STAYS_TIMES, () => {
    if (damage.isDamaged(machine, number)) damage.mend(machine);
  });
}

/** Nothing goes wrong any more when all is to be well again. */
function canBegin({ damage, isStopped }: Nemesis, machine: SimMachine): boolean {
  return !isStopped && machine.isReady && !damage.isDamaged(machine);
}

/** Cuts a server off, so that nothing new is written, stops it, and alters what it has written. */
function whileItIsDown(nemesis: Nemesis, alter: Alteration): boolean {
  const machine = pickUndamaged(nemesis);
  if (machine === undefined) return false;
  const { process } = machine;
  const paths = [...nemesis.cluster.network.paths()]
    .filter(([name]) => name.includes(machine.host)).map(([, path]) => path);
  for (const path of paths) path.isCut = true;
  nemesis.cluster.scheduler.after(REST_MS, () => {
    const isQuiet = machine.process === process && paths.every(({ isCut }) => isCut);
    if (!isQuiet || !canBegin(nemesis, machine)) return nemesis.healNetwork();
    takeDown(nemesis, machine, () => {
      nemesis.healNetwork();
      const what = machine.process === undefined ? alter(nemesis, machine) : undefined;
      if (what !== undefined) begin(nemesis, machine, what);
    });
  });
  return true;
}

/** `then` runs when it is down; it starts again afterwards. */
function takeDown(nemesis: Nemesis, machine: SimMachine, then: () => void): void {
  const goOn = (): void => {
    then();
    nemesis.startLater(machine);
  };
  const how = nemesis.chance.choose(['kill', 'power', 'stop'] as const);
  nemesis.note(`${machine.name} ${how}, after a quiet time`);
  if (how === 'stop') return void machine.stop().then(goOn);
  if (how === 'kill') machine.kill();
  else machine.cutPower();
  goOn();
}

export const DAMAGE_FAULTS = {
  'damage while it runs': whileItRuns,
  'damage while it is down': (nemesis: Nemesis) => whileItIsDown(nemesis, ALTERATIONS.spoil),
  'cut file': (nemesis: Nemesis) => whileItIsDown(nemesis, ALTERATIONS.cut),
  'older copy': (nemesis: Nemesis) => whileItIsDown(nemesis, ALTERATIONS.putBack),
  'exchanged files': (nemesis: Nemesis) => whileItIsDown(nemesis, ALTERATIONS.exchange),
  'copies taken': (nemesis: Nemesis): boolean => {
    const machine = pickUndamaged(nemesis);
    if (machine !== undefined) nemesis.damage.takeCopies(machine);
    return machine !== undefined;
  },
};
