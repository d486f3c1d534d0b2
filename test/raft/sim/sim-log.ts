/**
 * The replicated log on a disk that forgets what was not synced. One sync is under way at a time
 * and takes what was written before it began (group commit), as raft/log does.
 */

import type { Configuration, HardState, LogBase, LogEntry } from '../../../src/raft/core/entry.ts';
import type { RecoveredLog } from '../../../src/raft/core/log-view.ts';
import type { LogPort } from '../../../src/raft/core/replica-driver.ts';
import { parseConfiguration } from '../../../src/raft/core/configuration-codec.ts';
import type { SimWorld } from './sim-world.ts';

/** What the platter holds. Entries are consecutive behind the base. */
export interface LogImage {
  readonly base: LogBase;
  readonly hardState: HardState;
  readonly entries: readonly LogEntry[];
}

type Op =
  | { kind: 'append'; hardState: HardState | undefined; entries: readonly LogEntry[];
    durable: () => void }
  | { kind: 'reset'; base: LogBase; hardState: HardState; durable: () => void };

export interface DiskMood {
  readonly syncMin: number;
  readonly syncMean: number;
}

class Content {
  base: LogBase;
  hardState: HardState;
  entries: LogEntry[];

  constructor({ base, hardState, entries }: LogImage) {
    this.base = base;
    this.hardState = hardState;
    this.entries = [...entries];
  }

  write(op: Op): void {
    if (op.kind === 'reset') {
      this.base = op.base;
      this.hardState = op.hardState;
      this.entries = [];
      return;
    }
    if (op.hardState !== undefined) this.hardState = op.hardState;
    for (const entry of op.entries) {
      const at = entry.index - this.base.index - 1;
      if (at < 0 || at > this.entries.length) throw new Error('simulator: a hole in the log');
      this.entries.length = at;
      this.entries.push(entry);
    }
  }

  trim(base: LogBase): void {
    if (base.index <= this.base.index) return;
    if (base.index > this.base.index + this.entries.length) return;
    this.entries.splice(0, base.index - this.base.index);
    this.base = base;
  }
}

export class SimLog implements LogPort {
  readonly #world: SimWorld;
  readonly #durable: Content;
  readonly #volatile: Content;
  #pending: Op[] = [];
  #isSyncing = false;
  #isDead = false;
  mood: DiskMood;

  constructor(world: SimWorld, image: LogImage, mood: DiskMood) {
    this.#world = world;
    this.#durable = new Content(image);
    this.#volatile = new Content(image);
    this.mood = mood;
  }

  append(
    hardState: HardState | undefined, entries: readonly LogEntry[], durable: () => void,
  ): void {
    this.#add({ kind: 'append', hardState, entries, durable });
  }

  reset(base: LogBase, hardState: HardState, durable: () => void): void {
    this.#add({ kind: 'reset', base, hardState, durable });
  }

  read(from: number, bytesMax: number, done: (entries: readonly LogEntry[]) => void): void {
    this.#world.after(this.#world.between(0.1, 2), () => {
      if (this.#isDead) return;
      const { base, entries } = this.#volatile;
      const start = from - base.index - 1;
      if (start < 0) return done([]);
      let bytes = 0;
      let end = start;
      while (end < entries.length && (end === start || bytes < bytesMax)) {
        bytes += entries[end++]!.payload.length;
      }
      done(entries.slice(start, end));
    });
  }

  /** Whether the platter holds the entry, and what is before it. */
  isDurable(index: number): boolean {
    return index <= this.#durable.base.index + this.#durable.entries.length;
  }

  /** Whether the platter holds the entry of this term there, or a state that includes it. */
  holds(index: number, term: number): boolean {
    return imageHolds(this.#durable, index, term);
  }

  /** The newest that was written, durably or not. */
  get configuration(): Configuration {
    const { base, entries } = this.#volatile;
    const newest = entries.findLast(({ kind }) => kind === 'configuration');
    if (newest === undefined) return base.configuration;
    const configuration = parseConfiguration(newest.payload);
    if (configuration === undefined) throw new Error('simulator: a configuration is unreadable');
    return configuration;
  }

  /** Of an entry that was written, durably or not. */
  termOf(index: number): number | undefined {
    const { base, entries } = this.#volatile;
    return entries[index - base.index - 1]?.term;
  }

  /** What the platter holds of term and vote. */
  get durableHardState(): HardState {
    return this.#durable.hardState;
  }

  trim(base: LogBase): void {
    this.#durable.trim(base);
    this.#volatile.trim(base);
  }

  /** What a restart finds. `isPowerLoss`: only a part of what was not synced is there. */
  crash(isPowerLoss: boolean): LogImage {
    this.#isDead = true;
    const kept = isPowerLoss
      ? this.#world.random.below(this.#pending.length + 1) : this.#pending.length;
    for (const op of this.#pending.slice(0, kept)) this.#durable.write(op);
    return this.#durable;
  }

  #add(op: Op): void {
    this.#volatile.write(op);
    this.#pending.push(op);
    if (!this.#isSyncing) this.#sync();
  }

  #sync(): void {
    this.#isSyncing = true;
    const count = this.#pending.length;
    const { syncMin, syncMean } = this.mood;
    this.#world.after(syncMin + this.#world.around(syncMean), () => {
      if (this.#isDead) return;
      const done = this.#pending.splice(0, count);
      for (const op of done) this.#durable.write(op);
      this.#isSyncing = false;
      if (this.#pending.length > 0) this.#sync();
      for (const op of done) if (!this.#isDead) op.durable();
    });
  }
}

export function imageHolds({ base, entries }: LogImage, index: number, term: number): boolean {
  return index <= base.index || entries[index - base.index - 1]?.term === term;
}

/** What a restart knows of a log, see LogView. */
export function recoverRaftLog({ base, entries }: LogImage): RecoveredLog {
  const terms: { from: number; term: number }[] = [];
  const configurations = [];
  for (const { index, term, kind, payload } of entries) {
    if (term !== (terms.at(-1)?.term ?? base.term)) terms.push({ from: index, term });
    if (kind !== 'configuration') continue;
    const configuration = parseConfiguration(payload);
    if (configuration === undefined) throw new Error('simulator: a configuration is unreadable');
    configurations.push({ index, configuration });
  }
  const last = entries.at(-1);
  const lastIndex = last?.index ?? base.index;
  return { base, lastIndex, lastTimeMs: last?.timeMs ?? base.timeMs, terms, configurations };
}
