/**
 * One simulated machine: its disk, clocks, place in the network, and at most one dkvs server
 * that runs on it, the same that main.ts starts.
 */

import { pino, type Logger } from 'pino';
import type { Config } from '../../../src/config/config.ts';
import type { CollectionLimits } from '../../../src/keyspace/collection/limits.ts';
import { createServerFromConfig, type DkvsServer } from '../../../src/server.ts';
import type { World } from '../../../src/server/world.ts';
import { inlineCopier } from '../../store/compaction/inline-copier.ts';
import { inlineHintMaker } from '../../../src/store/hints/hint-maker.ts';
import { configOf, type Options } from '../../lib/config-of.ts';
import { SimCrash, SimFiles } from '../sim-files.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import type { NetworkHost, SimNetwork } from './sim-network.ts';
import { SimProcess, type MachineClock } from './sim-process.ts';

/** Wall time at the start of a run: 2026-01-01T00:00:00Z. */
export const WALL_START_MS = Date.UTC(2026, 0, 1);

/** What the page cache answers takes this part of what the disk takes. */
const CACHED_SHARE = 20;

export const CLIENT_PORT = 6379;
export const PEER_PORT = 7379;

/** The simulated process uses as much at any time. */
const MEMORY_USAGE = {
  rss: 100_000_000, heapTotal: 40_000_000, heapUsed: 30_000_000, external: 20_000_000,
  arrayBuffers: 10_000_000,
};

/** Options by their names, and how much below their allowed minimum some are. */
export type MachineOptions = Options;

/** Sizes that no configuration allows: so small that everything happens within seconds. */
/** So small that large collections come and go all the time. */
const COLLECTION_LIMITS: CollectionLimits = {
  mediumBytesMax: 1500, blockBytesMax: 800, blockBytesMin: 100,
};

export type TinySizes = Readonly<Partial<Record<
  'segment-bytes' | 'hot-tail-bytes' | 'compaction-min-bytes' | 'raft-log-bytes' | 'maxmemory',
  number
>>>;

export interface MachineParts {
  readonly name: string;
  readonly host: string;
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly chance: Chance;
  /** Mean time that an operation of the disk takes. */
  readonly diskMs: number;
  /** A line of the server's log. */
  onLog(machine: SimMachine, line: string): void;
  /** A server ended by itself: with a code, or with what went wrong. */
  onStopped(machine: SimMachine, end: number | Error): void;
}

export class SimMachine implements NetworkHost, MachineClock {
  readonly name: string;
  readonly host: string;
  isOn = true;
  disk: SimFiles;
  process: SimProcess | undefined;
  server: DkvsServer | undefined;
  /** Of the build that the next start runs; its own unless given. */
  featureLevel: number | undefined;
  /** How often it lost its power. */
  powerLosses = 0;
  /** It serves clients. */
  isReady = false;
  starts = 0;
  readonly #parts: MachineParts;
  /** Of the crystal: 1 is right. */
  #rate = 1;
  #rateSetAtMs = 0;
  #shownMs: number;
  #wallOffsetMs: number;

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.host = parts.host;
    this.#shownMs = parts.chance.between(0, 1e6);
    this.#wallOffsetMs = WALL_START_MS - this.#shownMs;
    this.disk = this.#newDisk();
    parts.network.add(this);
  }

  // ---- Clocks -----------------------------------------------------------------------------------

  monotonicMs(): number {
    return this.#shownMs + (this.#parts.scheduler.nowMs - this.#rateSetAtMs) * this.#rate;
  }

  wallMs(): number {
    return this.monotonicMs() + this.#wallOffsetMs;
  }

  untilMs(ms: number): number {
    return ms / this.#rate;
  }

  /** 2 is twice as fast. */
  setRate(rate: number): void {
    this.#shownMs = this.monotonicMs();
    this.#rateSetAtMs = this.#parts.scheduler.nowMs;
    this.#rate = rate;
  }

  /** Somebody sets the wall clock. */
  setWallBy(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** How far its wall clock is off. */
  get wallErrorMs(): number {
    return this.wallMs() - WALL_START_MS - this.#parts.scheduler.nowMs;
  }

  // ---- Life -------------------------------------------------------------------------------------

  /** Starts a server; resolves when it listens, to what keeps it from that otherwise. */
  async start(options: MachineOptions, tiny: TinySizes): Promise<Error | undefined> {
    if (this.process !== undefined) throw new Error(`${this.name} runs already`);
    const { scheduler, chance } = this.#parts;
    this.isOn = true;
    this.starts += 1;
    const process = new SimProcess(scheduler, chance.fork(), this);
    this.process = process;
    const server = createServerFromConfig(
      this.#config(options, tiny), this.#log(process), this.#world(process));
    this.server = server;
    server.stopped.then(
      (code) => this.#onStopped(process, code),
      (error: Error) => this.#onStopped(process, error));
    return await new Promise((resolve) => {
      process.onDeath(() => resolve(new Error('killed while it started')));
      process.plan(scheduler.nowMs, () => {
        server.listen().then(
          () => {
            this.isReady = process.isAlive;
            resolve(undefined);
          },
          (error: Error) => {
            // First, because the end of the process would say that it was killed.
            resolve(error);
            this.#end(process);
          });
      });
    });
  }

  /** A clean stop; resolves when the process has ended. */
  async stop(): Promise<void> {
    const { server, process } = this;
    if (server === undefined || process === undefined) return;
    this.isReady = false;
    await new Promise<void>((resolve) => {
      process.onDeath(resolve);
      process.plan(this.#parts.scheduler.nowMs, () => {
        server.close().then(() => this.#end(process), () => this.#end(process));
      });
    });
  }

  /** kill -9: what was written stays readable. */
  kill(): void {
    if (!this.isOn) this.powerLosses += 1;
    const { process } = this;
    if (process !== undefined) this.#end(process);
  }

  /** The power goes; the disk keeps what was synced, and of the rest what chance decides. */
  cutPower(): void {
    this.isOn = false;
    this.kill();
    this.disk = this.disk.crash(this.#parts.chance.random());
  }

  /** The power goes at the n-th operation of the disk from now on, in the middle of what runs. */
  cutPowerAtOperation(count: number, onCut: () => void): void {
    const { disk } = this;
    const last = disk.operations + count;
    disk.onOperation = (_op, _path, number) => {
      if (number < last) return;
      disk.onOperation = null;
      this.isOn = false;
      this.kill();
      this.#parts.scheduler.after(0, () => {
        this.disk = disk.crash(this.#parts.chance.random());
        onCut();
      });
      throw new SimCrash();
    };
  }

  /** Calls `act` when the n-th sync from now on begins. */
  atSync(count: number, act: () => void): void {
    const { disk } = this;
    let left = count;
    disk.onOperation = (op) => {
      if (op === 'datasync') left -= 1;
      if (left > 0) return;
      disk.onOperation = null;
      act();
    };
  }

  pause(ms: number): void {
    this.process?.pause(ms);
  }

  /** Another, empty disk. */
  wipe(): void {
    this.#mustBeDown();
    this.disk = this.#newDisk();
  }

  /** Of the whole disk, to be put back later. */
  copyDisk(): SimFiles {
    this.#mustBeDown();
    return this.disk.copy(this.#parts.chance.uint32());
  }

  /** The disk is as it was when the copy was taken. */
  putBack(copy: SimFiles): void {
    this.#mustBeDown();
    this.disk = copy.copy(this.#parts.chance.uint32());
  }

  // -----------------------------------------------------------------------------------------------

  #mustBeDown(): void {
    if (this.process !== undefined) throw new Error(`${this.name} still runs`);
  }

  #end(process: SimProcess): void {
    if (this.process !== process) return;
    this.process = undefined;
    this.server = undefined;
    this.isReady = false;
    process.kill();
    this.disk.killProcess();
  }

  #onStopped(process: SimProcess, end: number | Error): void {
    if (this.process !== process) return;
    this.#end(process);
    this.#parts.onStopped(this, end);
  }

  #newDisk(): SimFiles {
    const { scheduler, chance, diskMs } = this.#parts;
    const wait = chance.fork();
    return new SimFiles({
      seed: chance.uint32(),
      host: {
        later: (turn) => void scheduler.after(wait.wait(diskMs), turn),
        callback: (settle) => {
          const { process } = this;
          return () => void process?.enter(settle);
        },
        wait: (op) => {
          const meanMs = op === 'datasync' ? diskMs : diskMs / CACHED_SHARE;
          this.process?.spend(wait.wait(meanMs));
        },
      },
    });
  }

  #config(options: MachineOptions, tiny: TinySizes): Config {
    const config = configOf({
      bind: this.host, port: CLIENT_PORT, dir: '/data', 'disk-reserve-bytes': 0,
      'protected-mode': 'no', ...options,
    });
    Object.assign(config.values, tiny);
    return config;
  }

  #log(process: SimProcess): Logger {
    return pino({ level: 'info', base: null, timestamp: false }, {
      write: (line: string) => {
        if (process.isAlive) this.#parts.onLog(this, line);
      },
    });
  }

  #world(process: SimProcess): World {
    const files = this.disk;
    const chance = process.chance.fork();
    return {
      clock: process,
      random: { seed64: () => [chance.uint32(), chance.uint32()] },
      network: this.#parts.network.of(process, this),
      openFiles: () => files,
      createCopier: () => inlineCopier(files),
      createHintMaker: () => inlineHintMaker(
        files, () => new Promise<void>((resolve) => process.soon(resolve))),
      memoryUsage: () => MEMORY_USAGE,
      stall: (ms) => process.pause(ms),
      collectionLimits: COLLECTION_LIMITS,
      ...this.featureLevel !== undefined && { featureLevel: this.featureLevel },
    };
  }
}
