/** The servers of a simulated run, each on a machine of its own, and the network between them. */

import type { Reply } from '../model/reply.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import {
  CLIENT_PORT, PEER_PORT, SimMachine, type MachineOptions, type TinySizes,
} from './sim-machine.ts';
import { SimNetwork } from './sim-network.ts';

/** A run has shown a fault: its message is what is wrong. */
export class SimFault extends Error {
  override readonly name = 'SimFault';
}

export interface ClusterSettings {
  readonly servers: number;
  /** Machines beside them on which no server runs at first. */
  readonly spares?: number;
  /** For all; a run may give single servers others. */
  readonly options: MachineOptions;
  readonly tiny: TinySizes;
  readonly diskMs: number;
  /** Of a packet from one machine to another. */
  readonly latencyMs: number;
}

/** The last lines of the logs and what the run did, for people who look for a fault. */
const TRACE_LINES = 400;

export class Cluster {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly chance: Chance;
  readonly machines: readonly SimMachine[];
  readonly settings: ClusterSettings;
  readonly trace: string[] = [];
  isDetailed = false;
  /** Nothing goes wrong any more: from here on each request is answered in time. */
  isPeace = false;
  /** How often servers were started, and ended by themselves. */
  starts = 0;
  /** Told of each failing start; may return true to have it tried again. */
  onStartFailed: (machine: SimMachine, error: Error) => boolean = () => false;
  /** Told of each server that ended with an error; may return true if that was to be expected. */
  onEnded: (machine: SimMachine, error: Error) => boolean = () => false;
  /** Whether what a server says may be because of what was done to its disk. */
  isExcused: (machine: SimMachine) => boolean = () => false;
  /** The servers that make up the cluster, as the one who administers it knows. */
  members: readonly SimMachine[];
  /** No server is to run on these. */
  readonly off = new Set<SimMachine>();
  /** No clients go to these. */
  readonly quiet = new Set<SimMachine>();
  /** Whether clients go there, and stay, unless it is one of `quiet`. */
  isForClients: (machine: SimMachine) => boolean = () => true;
  /** What a server is started with beside or instead of the settings. */
  optionsOf: () => Partial<Pick<ClusterSettings, 'options' | 'tiny'>> = () => ({});
  /** The servers in the `peer` lines of one that is started. */
  peersOf: (machine: SimMachine) => readonly SimMachine[] = () => this.members;
  /** Whether an error names what was damaged on the disk of this server. */
  isDamageNamed: (machine: SimMachine, text: string) => boolean = () => false;
  #fault: SimFault | undefined;
  #isOver = false;

  constructor(scheduler: Scheduler, chance: Chance, settings: ClusterSettings) {
    this.scheduler = scheduler;
    this.chance = chance;
    this.settings = settings;
    this.network = new SimNetwork(scheduler, chance.fork());
    const names = ['a', 'b', 'c', 'd', 'e'].slice(0, settings.servers + (settings.spares ?? 0));
    this.machines = names.map((name, i) => new SimMachine({
      name, host: `127.0.1.${i + 1}`, scheduler, network: this.network, chance: chance.fork(),
      diskMs: settings.diskMs,
      onLog: (machine, line) => this.#onLog(machine, line.trim()),
      onStopped: (machine, end) => this.#onStopped(machine, end),
    }));
    for (const one of this.machines) {
      for (const other of this.machines) {
        if (one !== other) {
          this.network.path(one.host, other.host).latencyMs = settings.latencyMs;
        }
      }
    }
    this.members = this.machines.slice(0, settings.servers);
    for (const machine of this.machines.slice(settings.servers)) this.off.add(machine);
  }

  get fault(): SimFault | undefined {
    return this.#fault;
  }

  /** Whether the run is to end. */
  get isOver(): boolean {
    return this.#isOver || this.#fault !== undefined;
  }

  end(): void {
    this.#isOver = true;
  }

  /** The first fault counts. */
  fail(message: string): void {
    this.note(`FAULT ${message}`);
    this.#fault ??= new SimFault(message);
  }

  note(line: string): void {
    this.trace.push(`${this.scheduler.nowMs.toFixed(1)} ${line}`);
    if (this.trace.length > TRACE_LINES * 2) this.trace.splice(0, TRACE_LINES);
  }

  /** For a trace of everything. */
  detail(line: () => string): void {
    if (this.isDetailed) this.note(line());
  }

  get ready(): readonly SimMachine[] {
    return this.machines.filter((machine) => machine.isReady && this.#hasClients(machine));
  }

  /** A client that gets this reply there goes to another server. */
  sendsAway(machine: SimMachine, reply: Reply): boolean {
    const isRemoved = reply.kind === 'error' && reply.text.startsWith('REMOVED ');
    return isRemoved || !this.#hasClients(machine);
  }

  /** Starts a server, again and again while it is told to; settles when it serves or was killed. */
  async start(machine: SimMachine, more: MachineOptions = {}): Promise<void> {
    const { settings } = this;
    for (;;) {
      if (machine.process !== undefined || this.isOver || this.off.has(machine)) return;
      this.starts += 1;
      this.note(`${machine.name} starts`);
      const own = this.optionsOf();
      const options = {
        ...settings.options, ...own.options, ...this.#peerOptions(machine), ...more,
      };
      const error = await machine.start(options, { ...settings.tiny, ...own.tiny });
      if (error === undefined) return this.note(`${machine.name} listens`);
      if (error.message === 'killed while it started') return;
      this.note(`${machine.name} cannot start: ${error.message}`);
      if (!this.onStartFailed(machine, error)) {
        return this.fail(`${machine.name} cannot start: ${error.stack ?? error.message}`);
      }
      await this.scheduler.sleep(1000);
    }
  }

  startAll(): void {
    for (const machine of this.machines) {
      if (machine.process === undefined) void this.start(machine);
    }
  }

  #hasClients(machine: SimMachine): boolean {
    return !this.quiet.has(machine) && this.isForClients(machine);
  }

  #peerOptions(machine: SimMachine): MachineOptions {
    if (this.machines.length === 1) return {};
    const peer = this.peersOf(machine).flatMap(({ name, host }) =>
      [name, `${host}:${CLIENT_PORT}`, `${host}:${PEER_PORT}`]);
    return { node: machine.name, peer };
  }

  /** A server that says it has met a bug has shown a fault, unless its disk was made to fail. */
  #onLog(machine: SimMachine, line: string): void {
    this.note(`${machine.name}: ${line}`);
    const isBug = line.includes('failed inside') || line.includes('"msg":"a bug"') ||
      line.includes('does not agree with the log');
    const isTrouble = line.includes('"level":60') || line.includes('"fault":"unreadable"');
    const isFault = isBug || (isTrouble && !this.isDamageNamed(machine, line));
    if (isFault && !line.includes('simulated') && !this.isExcused(machine)) {
      this.fail(`${machine.name} says: ${line}`);
    }
  }

  #onStopped(machine: SimMachine, end: number | Error): void {
    this.note(`${machine.name} has ended: ${end instanceof Error ? end.message : end}`);
    if (end === 0) return;
    const error = end instanceof Error ? end : new Error(`exit code ${end}`);
    if (!this.onEnded(machine, error)) this.fail(`${machine.name} ended: ${error.stack}`);
  }
}
