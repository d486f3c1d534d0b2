/**
 * A peer whose whole directory is put back to a copy that was taken between two of its starts: it
 * has forgotten what it has promised and proposed since. It has to say REMOVED, or to refuse its
 * start, with words about older copies, or to go on rightly. What clients are told shows whether
 * that is right; besides, one that has applied again what it had proposed and forgotten must have
 * noticed, unless it was started again meanwhile or has proposed something, which hides it.
 *
 * One directory at a time: by the README a copy can cost what was acknowledged while another peer
 * is away. So it is put back when each of the others has made a write since that peer went down.
 * Then they have all that it ever acknowledged, on their disks, and know the term of each of its
 * votes. No disk is wiped meanwhile. A peer that has noticed comes back with an empty directory.
 */

import { Administrator } from './administrator.ts';
import { SimFault, type Cluster } from './cluster.ts';
import type { Nemesis } from './nemesis.ts';
import type { SimFiles } from '../sim-files.ts';
import type { SimMachine } from './sim-machine.ts';

/** Copies that are kept for each machine, the oldest first. */
const COPIES_MAX = 3;
const LOOK_MS = 500;
/** Others that do not all take a write within so much: then nothing is put back. */
const OTHERS_MS_MAX = 20_000;
/** From when a snapshot is applied until what it says of this peer's proposals is noticed. */
const NOTICED_MS_MAX = 3000;
/** One that makes writes may yet meet a peer, behind a cut link, that knows a later start of it. */
const MET_ALL_MS = 10_000;
/** When all is well. */
const SOON_MS = 60_000;
/** What a peer may say of its directory, and by what it has noticed that. */
const REASONS = [
  [/the order has what this peer proposed/, 'what it proposed'],
  [/says that this is its start/, 'the number of its start'],
  [/had confirmed position/, 'the end of its log'],
  [/the store of start/, 'the number of its start in the store'],
] as const;

/** One directory, from when it is chosen until its peer goes on or has another. */
interface Episode {
  readonly machine: SimMachine;
  /** Up to where the order has what this peer proposed and is to forget. */
  readonly position: number;
  /** The number of its first start with the older directory; Infinity before that. */
  firstStart: number;
}

export class OlderDirectory {
  readonly #nemesis: Nemesis;
  readonly #cluster: Cluster;
  readonly #administrator: Administrator;
  readonly #copies = new Map<SimMachine, SimFiles[]>();
  #isOpen = false;
  #episode: Episode | undefined;

  constructor(nemesis: Nemesis) {
    this.#nemesis = nemesis;
    this.#cluster = nemesis.cluster;
    this.#administrator = new Administrator(nemesis.cluster, nemesis.host);
  }

  /** A directory is about to be put back, or was, and its peer is not well yet. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** To be called between two starts. */
  takeCopy(machine: SimMachine): void {
    const { damage } = this.#nemesis;
    if (machine.process !== undefined || machine.disk.usedBytes === 0) return;
    if (this.#episode?.machine === machine || damage.isDamaged(machine)) return;
    const copies = [...this.#copies.get(machine) ?? [], machine.copyDisk()];
    this.#copies.set(machine, copies.slice(-COPIES_MAX));
  }

  /** It has another disk now. */
  forget(machine: SimMachine): void {
    this.#copies.delete(machine);
  }

  /** True when there is something to put back; later it may turn out that others are not well. */
  begin(): boolean {
    const { members } = this.#cluster;
    const areReady = members.length > 2 && members.every(({ isReady }) => isReady);
    if (this.#isOpen || !areReady || !this.#nemesis.mayWipe()) return false;
    if (members.every((machine) => !this.#copies.has(machine))) return false;
    this.#isOpen = true;
    void this.#run(members).finally(() => {
      this.#isOpen = false;
      this.#episode = undefined;
    });
    return true;
  }

  /** A start that is refused with words about older copies: the peer gets an empty directory. */
  onStartFailed(machine: SimMachine, { message }: Error): boolean {
    const episode = this.#episode;
    if (episode?.machine !== machine || episode.firstStart === Infinity) return false;
    return this.#isNoticed(machine, message);
  }

  /** Settles when none is open. */
  async settle(): Promise<void> {
    const { scheduler } = this.#cluster;
    const untilMs = scheduler.nowMs + SOON_MS;
    while (this.#isOpen && !this.#cluster.isOver) {
      if (scheduler.nowMs > untilMs) {
        throw new SimFault(`${this.#episode?.machine.name} has an older directory, and neither ` +
          'goes on nor says so, though all is well');
      }
      await scheduler.sleep(LOOK_MS);
    }
  }

  // ---- One directory ----------------------------------------------------------------------------

  async #run(members: readonly SimMachine[]): Promise<void> {
    const machine = await this.#choose(members);
    if (machine === undefined || !await this.#administrator.areVoters(members)) return;
    // Before the write that it is to forget: a later copy may have that.
    const copy = this.#chooseCopy(machine);
    const position = copy && await this.#write(machine);
    if (copy === undefined || position === undefined) return;
    const others = members.filter((one) => one !== machine);
    const episode: Episode = { machine, position, firstStart: Infinity };
    this.#episode = episode;
    await this.#takeDown(machine);
    if (await this.#haveAll(others)) await this.#putBack(episode, copy);
    else this.#start(machine);
  }

  /** Often the leader, because the next one does not know yet how far the log of this peer was. */
  async #choose(members: readonly SimMachine[]): Promise<SimMachine | undefined> {
    const { chance } = this.#nemesis;
    const leader = chance.oneIn(2) ? await this.#administrator.findLeader(members) : undefined;
    const choices = members.filter((machine) => this.#copies.has(machine));
    if (leader !== undefined && choices.includes(leader)) return leader;
    return choices.length === 0 ? undefined : chance.choose(choices);
  }

  /** Often that of one start ago: a number of a start that goes up by one would be used again. */
  #chooseCopy(machine: SimMachine): SimFiles | undefined {
    const { chance } = this.#nemesis;
    const copies = this.#copies.get(machine) ?? [];
    return chance.oneIn(2) || copies.length === 0 ? copies.at(-1) : chance.choose(copies);
  }

  async #takeDown(machine: SimMachine): Promise<void> {
    const { chance } = this.#nemesis;
    const how = chance.choose(['kill', 'power', 'stop'] as const);
    this.#nemesis.note(`${machine.name} ${how}, and stays down`);
    this.#cluster.off.add(machine);
    if (how === 'power') return machine.cutPower();
    if (how === 'stop' && machine.isReady) await machine.stop();
    machine.kill();
  }

  /** Each makes a write; now and then another one leads after that. */
  async #haveAll(others: readonly SimMachine[]): Promise<boolean> {
    const { scheduler } = this.#cluster;
    const { chance } = this.#nemesis;
    await scheduler.sleep(chance.wait(this.#nemesis.healMs));
    const untilMs = scheduler.nowMs + OTHERS_MS_MAX;
    for (const other of others) {
      while (await this.#write(other) === undefined) {
        if (scheduler.nowMs > untilMs || this.#cluster.isOver) return false;
        await scheduler.sleep(LOOK_MS);
      }
    }
    if (!chance.oneIn(2)) return true;
    const leader = await this.#administrator.findLeader(others);
    if (leader !== undefined) {
      this.#nemesis.ask(leader, ['PEERS', 'TRANSFER', chance.choose(others).name]);
    }
    return true;
  }

  async #putBack(episode: Episode, copy: SimFiles): Promise<void> {
    const { machine } = episode;
    if (this.#nemesis.isStopped) return this.#start(machine);
    this.#nemesis.count('nemesis', 'directory put back');
    machine.putBack(copy);
    this.forget(machine);
    episode.firstStart = machine.starts + 1;
    const isQuiet = this.#nemesis.chance.oneIn(2);
    if (isQuiet) this.#cluster.quiet.add(machine);
    this.#start(machine);
    await (isQuiet ? this.#watchQuiet(episode) : this.#watch(episode));
    this.#cluster.quiet.delete(machine);
  }

  #start(machine: SimMachine): void {
    this.#cluster.off.delete(machine);
    this.#nemesis.startLater(machine);
  }

  // ---- What becomes of it -----------------------------------------------------------------------

  /** Among its clients: it is over when it has noticed, or makes writes. */
  async #watch(episode: Episode): Promise<void> {
    const { scheduler } = this.#cluster;
    let madeAtMs = Infinity;
    while (await this.#look(episode) !== 'noticed' && !this.#cluster.isOver) {
      if (scheduler.nowMs > madeAtMs + MET_ALL_MS) {
        return this.#nemesis.count('older directory', 'goes on with an older directory');
      }
      if (await this.#write(episode.machine) !== undefined) {
        madeAtMs = Math.min(madeAtMs, scheduler.nowMs);
      }
    }
  }

  /** Without clients it proposes nothing: it has to notice what it did propose. */
  async #watchQuiet(episode: Episode): Promise<void> {
    const { machine, position, firstStart } = episode;
    let appliedAtMs = Infinity;
    for (;;) {
      const seen = await this.#look(episode);
      if (seen === 'noticed' || this.#cluster.isOver) return;
      if (machine.starts !== firstStart) {
        this.#cluster.quiet.delete(machine);
        return await this.#watch(episode);
      }
      const { nowMs } = this.#cluster.scheduler;
      if (seen === 'answers' && nowMs > appliedAtMs + NOTICED_MS_MAX) {
        return this.#cluster.fail(`${machine.name} has forgotten what it proposed, has applied ` +
          `position ${position}, and goes on`);
      }
      const applied = await this.#positionAt(machine) ?? -1;
      if (applied >= position) appliedAtMs = Math.min(appliedAtMs, nowMs);
    }
  }

  async #look({ machine }: Episode): Promise<'noticed' | 'answers' | 'silent'> {
    await this.#cluster.scheduler.sleep(LOOK_MS);
    const reply = machine.isReady
      ? await this.#administrator.ask(machine, ['GET', 'administrator']) : undefined;
    if (this.#episode === undefined) return 'noticed';
    if (reply === undefined) return 'silent';
    if (reply.kind !== 'error' || !reply.text.startsWith('REMOVED ')) return 'answers';
    machine.kill();
    if (!this.#isNoticed(machine, reply.text)) {
      this.#cluster.fail(`${machine.name} says ${reply.text}`);
    }
    this.#nemesis.startLater(machine);
    return 'noticed';
  }

  /** Whether that is a reason why a peer does not go on; then it gets an empty directory. */
  #isNoticed(machine: SimMachine, text: string): boolean {
    const [, by] = REASONS.find(([pattern]) => pattern.test(text)) ?? [];
    if (by === undefined) return false;
    this.#nemesis.count('older directory', `noticed by ${by}`);
    this.#episode = undefined;
    this.#nemesis.changeDisk(machine);
    return true;
  }

  // ---- Questions --------------------------------------------------------------------------------

  /** The position of a write that was made there, or a later one; undefined when there is none. */
  async #write(machine: SimMachine): Promise<number | undefined> {
    if (!machine.isReady) return undefined;
    const reply = await this.#administrator.ask(machine, ['SET', 'older', machine.name]);
    return reply?.kind === 'simple' ? await this.#positionAt(machine) : undefined;
  }

  async #positionAt(machine: SimMachine): Promise<number | undefined> {
    if (!machine.isReady) return undefined;
    const reply = await this.#administrator.ask(machine, ['PEERS', 'POSITION']);
    return reply?.kind === 'integer' ? Number(reply.value) : undefined;
  }
}
