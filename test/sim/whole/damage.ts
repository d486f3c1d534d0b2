/**
 * Damage at rest: bits that flip, ranges of zeros, files that are cut, exchanged or put back to an
 * older copy. A server has to name what is damaged, or to have the right data all the same.
 *
 * What is damaged has been at rest for REST_MS: it was synced, and how far it was synced is noted
 * outside the log. What is younger may pass for a torn tail; what a server says of those is checked
 * with power losses. One thing is damaged on a machine, and mended before the next: a watermark
 * that is damaged together with the log that it vouches for is outside of what is promised.
 *
 * Mending takes the damage back, of a server that is down. Then nothing may be missing: a server
 * that refuses what is damaged must not have changed what is not.
 */

import type { Cluster } from './cluster.ts';
import type { Nemesis } from './nemesis.ts';
import type { SimMachine } from './sim-machine.ts';

/** Longer than the notes of what is synced lag behind, those that a power loss takes too. */
export const REST_MS = 2500;
/** What a server said before it was mended may arrive so much later. */
const LATE_MS = 10_000;
/** Sets of copies that are kept for each machine. */
const COPIES_MAX = 3;

/** Names a file below the directory of the data. */
const NAMES_FILE = /\/data\/\S/;
/** What a peer says whose `member.json` is older: others tell it, whenever it meets them. */
const IS_OLDER = /comes from an older copy of its directory/;
const IDENTITY = /\/member\.json$/;
const BUG = /assertion failed|is not a function|undefined|RangeError|TypeError|SyntaxError/;

type Copies = ReadonlyMap<string, Uint8Array>;

export class Damage {
  readonly #nemesis: Nemesis;
  readonly #cluster: Cluster;
  /** Machines with damage, or whose last words of it may be under way. */
  readonly #named = new Set<SimMachine>();
  /** By the number of what happened to them. */
  readonly #damaged = new Map<SimMachine, number>();
  #count = 0;
  /** Machines whose identity was put back: they may have gone on with it, so mending is no help. */
  readonly #olderIdentity = new Set<SimMachine>();
  readonly #copies = new Map<SimMachine, Copies[]>();

  constructor(nemesis: Nemesis) {
    this.#nemesis = nemesis;
    this.#cluster = nemesis.cluster;
    this.#cluster.isDamageNamed = (machine, text) => this.isNamed(machine, text);
  }

  /** `number`: by what `begin` gave that number. */
  isDamaged(machine: SimMachine, number = this.#damaged.get(machine)): boolean {
    return number !== undefined && this.#damaged.get(machine) === number;
  }

  /** Whether `text` is how a server may speak of damage: with a file, and as no bug of its own. */
  isNamed(machine: SimMachine, text: string): boolean {
    if (this.#isOlder(machine, text)) return true;
    return this.#named.has(machine) && NAMES_FILE.test(text) && !BUG.test(text);
  }

  /** Whether a peer says that its identity is an older one, and that was put back. */
  #isOlder(machine: SimMachine, text: string): boolean {
    return this.#olderIdentity.has(machine) && IS_OLDER.test(text);
  }

  /** Whether a check of the index has found only records that cannot be read. */
  isSoundBut(text: string): boolean {
    return text.replace(/^.*? all are in the log: /, '').split(/; (?=[a-z-]+: )/)
      .every((finding) => /^(?:unreadable|not-found: .* a look-up says): /.test(finding));
  }

  /** Something at rest on this machine is not as it was written any more. */
  begin(machine: SimMachine): number {
    this.#count += 1;
    this.#damaged.set(machine, this.#count);
    this.#named.add(machine);
    return this.#count;
  }

  /** A server that does not start: it is mended, or comes back as new. False if that is no help. */
  onStartFailed(machine: SimMachine, { message }: Error): boolean {
    if (this.#isOlder(machine, message)) {
      // It is tried again until the others are well.
      this.#nemesis.wipeStopped(machine);
      return true;
    }
    if (!this.isNamed(machine, message) || !this.isDamaged(machine)) return false;
    if (!this.#nemesis.wipeStopped(machine)) this.#mendDisk(machine);
    return true;
  }

  /** A server that ended by itself. */
  onEnded(machine: SimMachine, { message }: Error): boolean {
    if (!this.isNamed(machine, message)) return false;
    this.#mendDisk(machine);
    this.#nemesis.startLater(machine);
    return true;
  }

  /** Stops the server, mends its disk, starts it again. */
  mend(machine: SimMachine): void {
    if (!this.isDamaged(machine) && !this.#olderIdentity.has(machine)) return;
    machine.kill();
    if (this.isDamaged(machine)) this.#mendDisk(machine);
    this.#nemesis.startLater(machine);
  }

  #mendDisk(machine: SimMachine): void {
    this.#nemesis.note(`${machine.name} is mended`);
    machine.disk.mend();
    this.#end(machine);
  }

  #end(machine: SimMachine): void {
    this.#damaged.delete(machine);
    this.#cluster.scheduler.after(LATE_MS, () => {
      if (!this.isDamaged(machine)) this.#named.delete(machine);
    });
  }

  /** A file of a server that is down is put back to an older copy. */
  notePutBack(machine: SimMachine, path: string): void {
    if (IDENTITY.test(path)) this.#olderIdentity.add(machine);
  }

  // ---- Copies -----------------------------------------------------------------------------------

  takeCopies(machine: SimMachine): void {
    const { disk } = machine;
    const copies = new Map(disk.paths().map((path) => [path, disk.contentOf(path)]));
    const sets = this.#copies.get(machine) ?? [];
    this.#copies.set(machine, [...sets, copies].slice(-COPIES_MAX));
  }

  copiesOf(machine: SimMachine): readonly Copies[] {
    return this.#copies.get(machine) ?? [];
  }

  /** It has another disk now. */
  forget(machine: SimMachine): void {
    this.#copies.delete(machine);
    this.#olderIdentity.delete(machine);
    if (this.isDamaged(machine)) this.#end(machine);
  }
}
