/**
 * Servers of an older build, exchanged one at a time while everything else goes wrong, and now and
 * then an exchange that is taken back. The cluster has the level of the oldest; when the last one
 * is exchanged it has the new one, and then a server of the older build is refused.
 */

import type { Chance } from './chance.ts';
import { FEATURE_LEVEL, FEATURE_LEVEL_FIRST } from '../../../src/raft/core/feature-level.ts';
import { Administrator } from './administrator.ts';
import { checkLevels, checkLevelsOf } from './check-levels.ts';
import type { ClientHost } from './client-host.ts';
import { SimFault, type Cluster } from './cluster.ts';
import type { Nemesis } from './nemesis.ts';
import type { SimMachine } from './sim-machine.ts';

/** Of the builds that are exchanged. */
const OLD_LEVELS = [FEATURE_LEVEL_FIRST, FEATURE_LEVEL - 1] as const;
const SOON_MS = 60_000;
const LOOK_MS = 1000;
const TAKEN_BACK_ONE_IN = 4;

export class RollingUpgrade {
  readonly #cluster: Cluster;
  readonly #nemesis: Nemesis;
  readonly #chance: Chance;
  readonly #administrator: Administrator;
  readonly #everyMs: number;
  readonly #oldLevel: number;
  /** One that has the new level in its log, and is started with the older build all the same. */
  #refused: SimMachine | undefined;
  #isStopped = false;
  #over: Promise<void> = Promise.resolve();

  constructor(cluster: Cluster, host: ClientHost, nemesis: Nemesis, everyMs: number) {
    this.#cluster = cluster;
    this.#nemesis = nemesis;
    this.#everyMs = everyMs;
    this.#chance = cluster.chance.fork();
    this.#administrator = new Administrator(cluster, host);
    this.#oldLevel = this.#chance.choose(OLD_LEVELS);
    for (const machine of cluster.machines) machine.featureLevel = this.#oldLevel;
    const { onStartFailed } = cluster;
    cluster.onStartFailed = (machine, error) =>
      this.#isRefused(machine, error) || onStartFailed(machine, error);
  }

  start(): void {
    this.#over = this.#run();
  }

  /** All are exchanged; settles when all say that the cluster has the new level. */
  async settle(): Promise<void> {
    const cluster = this.#cluster;
    this.#isStopped = true;
    await this.#over;
    for (const machine of this.#ofLevel(this.#oldLevel)) this.#exchange(machine, FEATURE_LEVEL);
    const untilMs = cluster.scheduler.nowMs + SOON_MS;
    for (const machine of cluster.machines) {
      for (let last: number | undefined; last !== FEATURE_LEVEL;) {
        last = await this.#levelAt(machine);
        if (cluster.scheduler.nowMs > untilMs) {
          throw new SimFault(`${machine.name} has level ${last} though all builds are newer`);
        }
        await cluster.scheduler.sleep(LOOK_MS);
      }
    }
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#cluster.scheduler.sleep(this.#chance.wait(this.#everyMs));
      if (this.#isStopped || this.#cluster.isOver) return;
      // The one before is done with.
      if (!this.#cluster.machines.every(({ isReady }) => isReady)) continue;
      checkLevels(this.#cluster);
      const old = this.#ofLevel(this.#oldLevel);
      const exchanged = this.#ofLevel(FEATURE_LEVEL);
      const mayTakeBack = old.length > 0 && exchanged.length > 0;
      if (old.length === 0) await this.#startTooOld(this.#chance.choose(exchanged));
      else if (mayTakeBack && this.#chance.oneIn(TAKEN_BACK_ONE_IN)) {
        this.#exchange(this.#chance.choose(exchanged), this.#oldLevel);
      } else this.#exchange(this.#chance.choose(old), FEATURE_LEVEL);
    }
  }

  #ofLevel(level: number): SimMachine[] {
    return this.#cluster.machines.filter(({ featureLevel }) => featureLevel === level);
  }

  #exchange(machine: SimMachine, level: number): void {
    const kind = level === this.#oldLevel ? 'an exchange taken back' : 'a build exchanged';
    this.#nemesis.count('upgrade', kind);
    checkLevelsOf(machine, (message) => this.#cluster.fail(message));
    machine.featureLevel = level;
    this.#nemesis.restart(machine, this.#chance.choose(['kill', 'power', 'stop', 'stop']));
  }

  // ---- When the cluster has the new level -------------------------------------------------------

  async #startTooOld(machine: SimMachine): Promise<void> {
    if (await this.#levelAt(machine) !== FEATURE_LEVEL || !machine.isReady) return;
    await machine.stop();
    // Power that was lost meanwhile comes back by itself.
    if (!machine.isOn || machine.process !== undefined || machine.disk.usedBytes === 0) return;
    machine.featureLevel = this.#oldLevel;
    this.#refused = machine;
    this.#nemesis.count('upgrade', 'a start of a build that is too old');
    await this.#cluster.start(machine);
    if (this.#refused !== machine) return;
    this.#refused = undefined;
    machine.featureLevel = FEATURE_LEVEL;
    // It may have lost its power before it had read what the cluster has.
    if (!machine.isReady) return;
    this.#cluster.fail(`${machine.name} starts with level ${this.#oldLevel}, the cluster has more`);
  }

  #isRefused(machine: SimMachine, error: Error): boolean {
    if (machine !== this.#refused || !error.message.includes('start a newer build')) return false;
    this.#refused = undefined;
    machine.featureLevel = FEATURE_LEVEL;
    return true;
  }

  async #levelAt(machine: SimMachine): Promise<number | undefined> {
    if (!machine.isReady) return undefined;
    const reply = await this.#administrator.ask(machine, ['INFO', 'replication']);
    const text = reply?.kind === 'bulk' ? reply.bytes : '';
    const level = /^order_feature_level:(\d+)/m.exec(text)?.[1];
    return level === undefined ? undefined : Number(level);
  }
}
