/**
 * Peers that come and go while everything else goes wrong: PEERS ADD and REMOVE, one change after
 * the other, as an administrator does it who keeps a majority of the members alive.
 *
 * A server that was removed and has heard so says REMOVED from then on, whatever becomes of it,
 * until it is invited again. In the end the members are those that were to be.
 */

import type { Chance } from './chance.ts';
import { Administrator } from './administrator.ts';
import type { ClientHost } from './client-host.ts';
import { CLIENT_PORT, PEER_PORT, type SimMachine } from './sim-machine.ts';
import type { Nemesis } from './nemesis.ts';
import { SimFault, type Cluster } from './cluster.ts';

type Place =
  /** No member and not on its way; no server runs. */
  | 'out'
  /** Invited, or about to be. */
  | 'coming'
  | 'member'
  /** It is to be removed. */
  | 'leaving'
  /** It was removed; its server may run. */
  | 'removed';

/** One that is not let in within so much while things go wrong is removed again. */
const ARRIVE_MS_MAX = 180_000;
/** What an administrator asks for is done within so much when all is well. */
const SOON_MS = 60_000;
const LOOK_MS = 1000;
const PROBE_EVERY_MS = 3000;
/** What a server says it also knows after a power loss, so much later. */
const KEPT_MS = 2000;
const SETTLED_MS = 60_000;
const MEMBERS_MAX = 5;

export class Membership {
  readonly #cluster: Cluster;
  readonly #nemesis: Nemesis;
  readonly #chance: Chance;
  readonly #administrator: Administrator;
  readonly #everyMs: number;
  readonly #places = new Map<SimMachine, Place>();
  /** Machines whose directory is that of one which was a member at some time. */
  readonly #joined = new Set<SimMachine>();
  /** When a removed one first said so. */
  readonly #saidAtMs = new Map<SimMachine, number>();
  readonly #founders: readonly SimMachine[];
  readonly #membersMin: number;
  #isChanging = false;
  #changedAtMs = 0;
  #isStopped = false;
  #over: Promise<void> = Promise.resolve();

  /** `everyMs`: the mean pause between two changes. */
  constructor(cluster: Cluster, host: ClientHost, nemesis: Nemesis, everyMs: number) {
    this.#cluster = cluster;
    this.#nemesis = nemesis;
    this.#everyMs = everyMs;
    this.#chance = cluster.chance.fork();
    this.#administrator = new Administrator(cluster, host);
    this.#founders = cluster.members;
    this.#membersMin = this.#chance.choose([1, 2, 3, 3]);
    for (const machine of cluster.machines) {
      const isFounder = cluster.members.includes(machine);
      this.#places.set(machine, isFounder ? 'member' : 'out');
      if (isFounder) this.#joined.add(machine);
    }
    nemesis.mayWipe = () => !this.#isChanging && this.#isSettled;
    cluster.isForClients = (machine) => this.#isForClients(machine);
    cluster.peersOf = (machine) => this.#peersOf(machine);
  }

  start(): void {
    this.#over = this.#run();
    void this.#probe();
  }

  /** No more changes; settles when the members are those that were to be, and votes of all count. */
  async settle(): Promise<void> {
    const { scheduler } = this.#cluster;
    this.#isStopped = true;
    await this.#over;
    const untilMs = scheduler.nowMs + SOON_MS;
    const wanted = this.#cluster.members.map(({ name }) => name).sort().join(' ');
    for (let last = 'nothing'; ;) {
      const roles = await this.#rolesAtLeader();
      const voters = [...roles].filter(([, role]) => role === 'leader' || role === 'follower');
      const isWanted = voters.map(([name]) => name).sort().join(' ') === wanted;
      if (isWanted && voters.length === roles.size) break;
      if (roles.size > 0) last = JSON.stringify([...roles]);
      if (scheduler.nowMs > untilMs) {
        throw new SimFault(`the members are to be ${wanted}, and STATUS says ${last}`);
      }
      await scheduler.sleep(LOOK_MS);
    }
    await this.#expectRemoved();
  }

  // ---- What clients and servers are told --------------------------------------------------------

  #placed(...places: readonly Place[]): SimMachine[] {
    return this.#cluster.machines.filter((one) => places.includes(this.#places.get(one)!));
  }

  #isForClients(machine: SimMachine): boolean {
    const place = this.#places.get(machine);
    return this.#cluster.isPeace ? place === 'member' : place !== 'out';
  }

  /** Configuration files are not always brought up to date. */
  #peersOf(machine: SimMachine): readonly SimMachine[] {
    const isOld = this.#founders.includes(machine) && machine.disk.usedBytes > 0;
    if (isOld && this.#chance.oneIn(3)) return this.#founders;
    const now = this.#placed('member', 'leaving');
    return this.#cluster.machines.filter((one) => one === machine || now.includes(one));
  }

  #put(machine: SimMachine, place: Place): void {
    this.#places.set(machine, place);
    this.#cluster.members = this.#placed('member');
    if (place !== 'removed') this.#saidAtMs.delete(machine);
    this.#cluster.note(`administrator: ${machine.name} is ${place}`);
  }

  // ---- Changes ----------------------------------------------------------------------------------

  async #run(): Promise<void> {
    const { scheduler } = this.#cluster;
    for (;;) {
      await scheduler.sleep(this.#chance.wait(this.#everyMs));
      if (this.#isStopped || this.#cluster.isOver) return;
      this.#isChanging = true;
      await this.#change();
      this.#isChanging = false;
      this.#changedAtMs = scheduler.nowMs;
    }
  }

  async #change(): Promise<void> {
    const away = this.#placed('out', 'removed');
    const members = this.#placed('member');
    const mayShrink = members.length > this.#membersMin && await this.#isHealthy(members);
    const mayGrow = away.length > 0 && members.length < MEMBERS_MAX;
    if (mayShrink && (!mayGrow || this.#chance.oneIn(2))) {
      const leader = await this.#administrator.findLeader(members);
      const isLeader = leader !== undefined && members.includes(leader) && this.#chance.oneIn(3);
      return await this.#remove(isLeader ? leader : this.#chance.choose(members), 'REMOVE');
    }
    if (!mayGrow) return;
    const machine = this.#chance.choose(away);
    const kind = this.#chance.below(8);
    if (kind === 0) return await this.#inviteOnly(machine);
    if (kind === 1) return await this.#addAndRemove(machine);
    await this.#add(machine);
  }

  async #add(machine: SimMachine): Promise<void> {
    const isBack = this.#joined.has(machine) && this.#chance.oneIn(2);
    if (isBack) this.#put(machine, 'coming');
    else this.#empty(machine);
    this.#nemesis.count('administrator', isBack ? 'ADD of one that was removed' : 'ADD');
    const isEarly = this.#chance.oneIn(2);
    if (isEarly) this.#turnOn(machine);
    if (!await this.#invite(machine)) return await this.#remove(machine, 'REMOVE of no use');
    if (!isEarly) {
      await this.#cluster.scheduler.sleep(this.#chance.wait(5000));
      this.#turnOn(machine);
    }
    if (await this.#hasArrived(machine)) {
      this.#joined.add(machine);
      this.#put(machine, 'member');
    } else await this.#remove(machine, 'REMOVE of one that did not come');
  }

  /** The server of the invitation never comes. */
  async #inviteOnly(machine: SimMachine): Promise<void> {
    this.#empty(machine);
    this.#nemesis.count('administrator', 'ADD of one that never comes');
    await this.#invite(machine);
    await this.#cluster.scheduler.sleep(this.#chance.wait(20_000));
    await this.#remove(machine, 'REMOVE of an invitation');
    this.#put(machine, 'out');
  }

  async #addAndRemove(machine: SimMachine): Promise<void> {
    this.#empty(machine);
    this.#turnOn(machine);
    this.#nemesis.count('administrator', 'ADD and REMOVE');
    await this.#invite(machine);
    if (this.#chance.oneIn(2)) {
      await this.#cluster.scheduler.sleep(this.#chance.wait(3000));
    }
    await this.#remove(machine, 'REMOVE at once');
  }

  async #invite(machine: SimMachine): Promise<boolean> {
    const { name, host } = machine;
    const untilMs = this.#cluster.scheduler.nowMs + ARRIVE_MS_MAX;
    return await this.#insist(
      ['PEERS', 'ADD', name, `${host}:${CLIENT_PORT}`, `${host}:${PEER_PORT}`],
      /^ERR \S+ is a peer already/, untilMs);
  }

  async #remove(machine: SimMachine, kind: string): Promise<void> {
    const { scheduler } = this.#cluster;
    this.#nemesis.count('administrator', kind);
    this.#put(machine, 'leaving');
    const command = ['PEERS', 'REMOVE', machine.name];
    const isSo = /^ERR there is no peer/;
    while (!await this.#insist(command, isSo, scheduler.nowMs + SOON_MS)) {
      if (this.#cluster.isOver) return;
      if (this.#cluster.isPeace) {
        throw new SimFault(`${command.join(' ')} was not done though all is well`);
      }
    }
    this.#put(machine, 'removed');
    const isOff = this.#chance.oneIn(3);
    if (!isOff) return;
    await scheduler.sleep(this.#chance.wait(5000));
    this.#turnOff(machine);
  }

  /** Now and then the leader is killed before or in the middle of it. */
  async #insist(command: readonly string[], isSo: RegExp, untilMs: number): Promise<boolean> {
    return await this.#administrator.insist(
      () => this.#placed('member', 'leaving'), command, isSo, untilMs, (leader) => {
        if (this.#isStopped || !this.#chance.oneIn(4)) return;
        this.#nemesis.count('administrator', 'a leader killed in a change');
        const how = this.#chance.choose(['kill', 'power', 'stop'] as const);
        this.#nemesis.later(this.#chance.choose([1, 10, 100, 1000]), () => {
          this.#nemesis.restart(leader, how);
        });
      });
  }

  async #hasArrived(machine: SimMachine): Promise<boolean> {
    const { scheduler } = this.#cluster;
    const untilMs = scheduler.nowMs + ARRIVE_MS_MAX;
    while (scheduler.nowMs < untilMs && !this.#cluster.isOver) {
      const role = (await this.#rolesAtLeader()).get(machine.name);
      if (role === 'follower' || role === 'leader') return true;
      await scheduler.sleep(LOOK_MS);
    }
    if (this.#cluster.isPeace) {
      throw new SimFault(`${machine.name} was not let in though all is well`);
    }
    return false;
  }

  /** The others are a majority without it, for sure. */
  async #isHealthy(members: readonly SimMachine[]): Promise<boolean> {
    if (!this.#isSettled || !members.every(({ isReady }) => isReady)) return false;
    const roles = await this.#rolesAtLeader();
    return members.every(({ name }) => ['leader', 'follower'].includes(roles.get(name) ?? ''));
  }

  /** A member that lost its disk has been let in again. */
  get #isSettled(): boolean {
    const { nowMs } = this.#cluster.scheduler;
    return nowMs > this.#nemesis.wipedAtMs + SETTLED_MS && nowMs > this.#changedAtMs;
  }

  async #rolesAtLeader(): Promise<ReadonlyMap<string, string>> {
    const leader = await this.#administrator.findLeader(this.#placed('member', 'leaving'));
    return leader === undefined ? new Map<string, string>()
      : await this.#administrator.rolesAt(leader);
  }

  // ---- Machines ---------------------------------------------------------------------------------

  /** Another, empty disk, and no server yet. */
  #empty(machine: SimMachine): void {
    this.#turnOff(machine);
    machine.wipe();
    this.#joined.delete(machine);
    this.#put(machine, 'coming');
  }

  #turnOn(machine: SimMachine): void {
    this.#cluster.off.delete(machine);
    this.#nemesis.startLater(machine);
  }

  #turnOff(machine: SimMachine): void {
    this.#cluster.off.add(machine);
    machine.kill();
  }

  // ---- Those that were removed ------------------------------------------------------------------

  async #probe(): Promise<void> {
    const { scheduler } = this.#cluster;
    while (!this.#cluster.isOver) {
      await scheduler.sleep(this.#chance.wait(PROBE_EVERY_MS));
      const removed = this.#placed('removed').filter(({ isReady }) => isReady);
      if (removed.length > 0) await this.#ask(this.#chance.choose(removed));
    }
  }

  async #ask(machine: SimMachine): Promise<string | undefined> {
    const { nowMs } = this.#cluster.scheduler;
    const reply = await this.#administrator.ask(machine, ['GET', 'administrator']);
    if (reply === undefined || this.#places.get(machine) !== 'removed') return undefined;
    const text = reply.kind === 'error' ? reply.text : reply.kind;
    const saidAtMs = this.#saidAtMs.get(machine);
    if (text.startsWith('REMOVED ')) {
      if (saidAtMs === undefined) this.#saidAtMs.set(machine, this.#cluster.scheduler.nowMs);
    } else if (saidAtMs !== undefined && nowMs > saidAtMs + KEPT_MS) {
      this.#cluster.fail(`${machine.name} was removed, and said so; then GET got ${text}`);
    }
    return text;
  }

  /** Also those that were off when they were removed. */
  async #expectRemoved(): Promise<void> {
    const { scheduler } = this.#cluster;
    for (const machine of this.#placed('removed')) {
      this.#cluster.off.delete(machine);
      if (machine.process === undefined) void this.#cluster.start(machine);
      const untilMs = scheduler.nowMs + SOON_MS;
      for (let last: string | undefined; ;) {
        const said = machine.isReady ? await this.#ask(machine) : undefined;
        last = said ?? last;
        if (last?.startsWith('REMOVED ') === true) break;
        if (!this.#joined.has(machine) && last?.startsWith('LOADING ') === true) break;
        if (scheduler.nowMs > untilMs) {
          throw new SimFault(`${machine.name} was removed, and GET got ${last ?? 'no reply'}`);
        }
        await scheduler.sleep(LOOK_MS);
      }
    }
  }
}
