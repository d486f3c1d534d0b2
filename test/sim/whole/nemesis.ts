/** What goes wrong in a run, one thing after the other and often several at once. */

import type { Chance } from './chance.ts';
import type { ClientHost } from './client-host.ts';
import type { Cluster } from './cluster.ts';
import { Damage } from './damage.ts';
import { FAULTS, type FaultName } from './faults.ts';
import { OlderDirectory } from './older-directory.ts';
import type { SimMachine } from './sim-machine.ts';
import { USUAL_JITTER_MS } from './sim-network.ts';
import type { Command } from './wire.ts';

export interface NemesisSettings {
  readonly faults: readonly FaultName[];
  readonly everyMs: number;
  readonly restartMs: number;
  readonly healMs: number;
}

/** Errors that an administrator's command may get while things go wrong. */
const TROUBLE = new RegExp('^(?:MISCONF|NOQUORUM|UNKNOWN|LOADING|REMOVED|OOM|BUSY)|' +
  '^ERR .*(?:fail|cannot|EIO|ENOSPC|leader|peer|already|transfer|was closed while)');

/** A peer without a disk gets everything anew, which takes a while. */
const WIPE_EVERY_MS = 240_000;

export class Nemesis {
  readonly cluster: Cluster;
  readonly chance: Chance;
  readonly host: ClientHost;
  readonly counts = new Map<string, number>();
  /** Machines whose disk was made to fail at any time. */
  readonly broken = new Set<SimMachine>();
  readonly damage: Damage;
  readonly olderDirectory: OlderDirectory;
  isStopped = false;
  readonly #settings: NemesisSettings;
  #mayWipeAtMs = 30_000;
  wipedAtMs = -Infinity;
  /** False while who the members are changes. */
  mayWipe: () => boolean = () => true;
  /** The index was found sound so often. */
  indexChecks = 0;

  constructor(cluster: Cluster, host: ClientHost, settings: NemesisSettings) {
    this.cluster = cluster;
    this.host = host;
    this.chance = cluster.chance.fork();
    this.#settings = settings;
    this.damage = new Damage(this);
    this.olderDirectory = new OlderDirectory(this);
    cluster.onStartFailed = (machine, error) => this.broken.has(machine) ||
      this.damage.onStartFailed(machine, error) || this.olderDirectory.onStartFailed(machine, error);
    cluster.isExcused = (machine) => this.broken.has(machine);
    cluster.onEnded = (machine, error) => {
      if (this.damage.onEnded(machine, error)) return true;
      if (!this.broken.has(machine) || !error.message.endsWith('simulated')) return false;
      this.startLater(machine);
      return true;
    };
  }

  get healMs(): number {
    return this.#settings.healMs;
  }

  start(): void {
    this.#next();
  }

  /** No more faults, and everything that is broken is mended. */
  stop(): void {
    this.isStopped = true;
    this.healNetwork();
    for (const machine of this.cluster.machines) {
      machine.disk.heal();
      machine.disk.onOperation = null;
      machine.disk.capacityBytes = Infinity;
      machine.setRate(1);
      // A failed disk is left only by a restart.
      if (this.broken.has(machine)) this.restart(machine, 'kill');
      this.damage.mend(machine);
    }
    this.later(1, () => this.cluster.startAll());
  }

  note(line: string): void {
    this.cluster.note(`nemesis: ${line}`);
  }

  /** Somebody did something to a server. */
  count(by: string, kind: string): void {
    this.cluster.note(`${by}: ${kind}`);
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  later(meanMs: number, act: () => void): void {
    this.cluster.scheduler.after(this.chance.wait(meanMs), act);
  }

  pickReady(): SimMachine | undefined {
    const { ready } = this.cluster;
    return ready.length === 0 ? undefined : this.chance.choose(ready);
  }

  restart(machine: SimMachine, how: 'kill' | 'power' | 'stop'): void {
    if (machine.process === undefined) return;
    this.note(`${machine.name} ${how}`);
    if (how === 'kill') machine.kill();
    else if (how === 'power') machine.cutPower();
    if (how === 'stop') void machine.stop().then(() => this.startLater(machine));
    else this.startLater(machine);
  }

  startLater(machine: SimMachine): void {
    this.later(this.#settings.restartMs, () => {
      if (this.#settings.faults.includes('older directory')) this.olderDirectory.takeCopy(machine);
      void this.cluster.start(machine).then(() => {
        if (!machine.isReady || machine.disk.usedBytes === 0) return;
        this.#afterStart(machine);
      });
    });
  }

  /** While all others are well: a majority of disks is what the algorithm promises to live on. */
  wipe(): boolean {
    const { members } = this.cluster;
    if (!this.#areWell(members)) return false;
    const machine = this.chance.choose(members);
    machine.kill();
    this.changeDisk(machine);
    this.startLater(machine);
    return true;
  }

  /** A server that is down gets an empty disk, if all others are well. */
  wipeStopped(machine: SimMachine): boolean {
    const others = this.cluster.members.filter((one) => one !== machine);
    if (machine.isReady || !this.#areWell(others)) return false;
    this.changeDisk(machine);
    return true;
  }

  /** So that they have all data, also when another one loses its disk now. */
  #areWell(machines: readonly SimMachine[]): boolean {
    return this.cluster.members.length > 2 && machines.every(({ isReady }) => isReady) &&
      this.cluster.scheduler.nowMs > this.#mayWipeAtMs && this.mayWipe() &&
      !this.olderDirectory.isOpen;
  }

  /** A server that is down gets an empty disk. */
  changeDisk(machine: SimMachine): void {
    const { nowMs } = this.cluster.scheduler;
    this.wipedAtMs = nowMs;
    this.#mayWipeAtMs = nowMs + WIPE_EVERY_MS;
    this.note(`${machine.name} loses its disk`);
    machine.wipe();
    this.damage.forget(machine);
    this.olderDirectory.forget(machine);
  }

  setWall(machine: SimMachine, byMs: number): void {
    this.note(`${machine.name} wall clock by ${Math.round(byMs)} ms`);
    machine.setWallBy(byMs);
    this.later(this.healMs * 2, () => machine.setWallBy(-byMs));
  }

  isolate(direction: 'in' | 'out' | 'both'): boolean {
    const { machines, network } = this.cluster;
    const lonely = this.chance.choose(machines);
    for (const other of machines) {
      if (other === lonely) continue;
      if (direction !== 'out') network.path(other.host, lonely.host).isCut = true;
      if (direction !== 'in') network.path(lonely.host, other.host).isCut = true;
    }
    this.later(this.healMs, () => this.healNetwork());
    return machines.length > 1;
  }

  cutClients(): boolean {
    const machine = this.chance.choose(this.cluster.machines);
    const { network } = this.cluster;
    const isBoth = this.chance.oneIn(2);
    network.path(machine.host, this.host.host).isCut = true;
    if (isBoth) network.path(this.host.host, machine.host).isCut = true;
    this.later(this.healMs, () => this.healNetwork());
    return true;
  }

  healNetwork(): void {
    for (const [, path] of this.cluster.network.paths()) {
      path.isCut = false;
      path.lossOneIn = 0;
      path.jitterMs = USUAL_JITTER_MS;
    }
  }

  /** As an administrator on a connection of its own; an error that is no consequence is a fault. */
  ask(machine: SimMachine, command: Command): void {
    const wire = this.host.connect(machine, () => wire.send([command]), {
      onReply: (reply) => {
        this.note(`${machine.name} ${command.join(' ')}: ${JSON.stringify(reply).slice(0, 200)}`);
        const isCheck = command[1] === 'CHECK-INDEX';
        const isTransfer = command[1] === 'TRANSFER';
        if (reply.kind === 'error' && !isTransfer &&
          !this.#isExcused(machine, reply.text, isCheck)) {
          this.cluster.fail(`${machine.name}: ${command.join(' ')} got ${reply.text}`);
        }
        if (isCheck && reply.kind !== 'error') this.indexChecks += 1;
        wire.destroy();
      },
      onClosed: () => {},
    });
  }

  #isExcused(machine: SimMachine, text: string, isCheck: boolean): boolean {
    const isFaulty = isCheck && text.startsWith('ERR the index has');
    if (this.damage.isNamed(machine, text)) return !isFaulty || this.damage.isSoundBut(text);
    if (isFaulty && !text.includes('unreadable: cannot read')) return false;
    return TROUBLE.test(text) || this.broken.has(machine);
  }

  #afterStart(machine: SimMachine): void {
    if (this.chance.oneIn(2)) this.ask(machine, ['DEBUG', 'CHECK-INDEX']);
  }

  #next(): void {
    this.later(this.#settings.everyMs, () => {
      if (this.isStopped || this.cluster.isOver) return;
      const name = this.chance.choose(this.#settings.faults);
      if ((FAULTS[name] as (nemesis: Nemesis) => boolean)(this)) {
        this.count('nemesis', name);
      }
      this.#next();
    });
  }
}
