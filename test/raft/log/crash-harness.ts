/**
 * Lives of a replicated log on a disk that loses its power before a chosen operation, recoveries
 * included. A model keeps every state that the log has been in, in order, with its ticket; what is
 * found after a crash must be one of them, and none from before the newest that was acknowledged.
 *
 * A truncated entry that returned would be a state from before its replacement, or none of them.
 */

import type { Files } from '../../../src/io/files.ts';
import type { HardState, LogBase, LogEntry } from '../../../src/raft/core/entry.ts';
import { EMPTY_BASE } from '../../../src/raft/core/entry.ts';
import type { RaftLog } from '../../../src/raft/log/raft-log.ts';
import type { RaftLogError } from '../../../src/raft/log/raft-log-error.ts';
import { Random } from '../../../src/lib/random.ts';
import { SimCrash, SimFiles } from '../../sim/sim-files.ts';
import {
  NO_VOTE, batch, configurationEntry, configurationOf, describeState, open, readAll, stateOf, vote,
} from './helpers.ts';

export interface CrashPlan {
  readonly seed: number;
  readonly steps: number;
  readonly segmentBytes: number;
  /** Part of the groups are synced on this thread. */
  readonly isDirect: boolean;
  /** What the log sees of the disk: a test puts a liar in between. */
  readonly disguise?: (disk: SimFiles) => Files;
}

/** A state of the log without its trimming: what every later base must agree with. */
interface Moment {
  readonly ticket: number;
  readonly base: LogBase;
  readonly entries: readonly LogEntry[];
  readonly hardState: HardState;
}

const NOTHING: Moment = { ticket: 0, base: EMPTY_BASE, entries: [], hardState: NO_VOTE };

class Life {
  /** From the newest acknowledged one on. */
  moments: Moment[] = [];
  #log: RaftLog | undefined;
  readonly #plan: CrashPlan;
  readonly #random: Random;
  readonly #disk: SimFiles;
  #failure: RaftLogError | undefined;

  constructor(disk: SimFiles, plan: CrashPlan, life: number) {
    this.#disk = disk;
    this.#plan = plan;
    this.#random = new Random(plan.seed, life);
  }

  async run(check: (log: RaftLog) => Promise<void>): Promise<void> {
    const log = await this.#open();
    await check(log);
    this.#log = log;
    this.moments = [await momentOf(log)];
    if (log.isFresh) await this.#reset();
    for (let step = 0; step < this.#plan.steps; step += 1) await this.#step();
    if (this.#random.below(2) === 0) {
      await log.close();
      this.#acknowledge(Infinity);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #open(): Promise<RaftLog> {
    return open(this.#plan.disguise?.(this.#disk) ?? this.#disk, {
      segmentBytes: this.#plan.segmentBytes,
      syncBudget: {
        begin: () => (this.#plan.isDirect && this.#random.below(3) > 0 ? 0 : -1),
        end: () => undefined,
      },
      events: {
        onDurable: (durable) => {
          const { index, term, ticket } = durable;
          const isThere = this.#log === undefined || this.#log.termOf(index) === term;
          if (index > 0 && !isThere) throw new Error(`${index}/${term} is called durable`);
          this.#acknowledge(ticket);
        },
        onFailure: (failure) => {
          this.#failure = failure;
        },
      },
    });
  }

  #acknowledge(ticket: number): void {
    const newest = this.moments.findLastIndex((moment) => moment.ticket <= ticket);
    if (newest > 0) this.moments.splice(0, newest);
  }

  async #step(): Promise<void> {
    const log = this.#log!;
    const choice = this.#random.below(100);
    if (choice < 60) this.#append();
    else if (choice < 70) this.#note(log.append([], this.#hardState()));
    else if (choice < 76) log.trim(log.firstIndex + this.#random.below(20));
    else if (choice < 79) await this.#reset();
    else if (choice < 82) log.mark();
    else if (choice < 88) await this.#read();
    else await turns(this.#random.below(12));
    if (this.#random.below(4) > 0) log.flush();
    if (this.#random.below(10) > 0) return;
    const ticket = log.append([], this.#hardState());
    this.#note(ticket);
    log.flush();
    await log.whenDurable(ticket);
  }

  /** Mostly at the end, sometimes far before it. */
  #append(): void {
    const log = this.#log!;
    const isRepair = this.#random.below(6) === 0 && log.lastIndex > log.base.index;
    const back = isRepair ? 1 + this.#random.below(log.lastIndex - log.base.index) : 0;
    const first = log.lastIndex + 1 - back;
    const term = log.lastTerm + (isRepair ? 1 : 0);
    const entries = Array.from({ length: 1 + this.#random.below(4) }, (_, i) =>
      this.#entry(first + i, term));
    const hardState = isRepair || this.#random.below(5) === 0 ? this.#hardState(term) : undefined;
    this.#note(log.append(entries, hardState), entries);
  }

  #entry(index: number, term: number): LogEntry {
    const choice = this.#random.below(20);
    if (choice === 0) return configurationEntry(index, term, 'a', `b${this.#random.below(9)}`);
    if (choice === 1) return { ...batch(index, term), kind: 'empty', payload: new Uint8Array(0) };
    const bytes = this.#random.below(choice === 2 ? 2000 : 120);
    return batch(index, term, String.fromCharCode(97 + this.#random.below(26)).repeat(bytes));
  }

  #hardState(least = 0): HardState {
    const term = Math.max(least, this.#log!.hardState.term + this.#random.below(2));
    return vote(term, this.#random.below(3) === 0 ? undefined : 'abc'[this.#random.below(3)]);
  }

  async #reset(): Promise<void> {
    const log = this.#log!;
    const base: LogBase = {
      index: this.#random.below(log.lastIndex + 10), term: log.lastTerm + this.#random.below(2),
      timeMs: this.#random.below(1e6), configuration: configurationOf('r', 's'),
    };
    const hardState = this.#hardState(base.term);
    const { ticket } = this.moments.at(-1)!;
    const done = log.reset(base, hardState);
    done.catch(() => undefined);
    this.moments.push({ ticket: ticket + 1, base, entries: [], hardState });
    // Sometimes the log is used before the reset is durable.
    if (this.#random.below(2) === 0) this.#append();
    await done;
  }

  async #read(): Promise<void> {
    const log = this.#log!;
    const from = log.firstIndex + this.#random.below(20);
    const { entries, base } = this.moments.at(-1)!;
    const reading = log.read(from, this.#random.below(1000));
    reading.catch(() => undefined);
    if (this.#random.below(3) === 0) this.#append();
    for (const [i, found] of (await reading).entries()) {
      const expected = entries[from + i - base.index - 1];
      if (textOf([found]) !== textOf([expected!])) throw new Error(`read ${from}: another entry`);
    }
  }

  /**
   * The model makes the same change, record by record: a crash may keep the first ones of a change
   * that was never acknowledged.
   */
  #note(ticket: number, added: readonly LogEntry[] = []): void {
    const { base, entries } = this.moments.at(-1)!;
    const { hardState } = this.#log!;
    const push = (now: readonly LogEntry[], isLast: boolean): void => {
      this.moments.push({ ticket: isLast ? ticket : ticket - 0.5, base, entries: now, hardState });
    };
    push(entries, added.length === 0);
    const kept = entries.slice(0, (added[0]?.index ?? Infinity) - base.index - 1);
    for (const [i, each] of added.entries()) {
      kept.push(each);
      push([...kept], i === added.length - 1);
    }
  }
}

async function momentOf(log: RaftLog): Promise<Moment> {
  if (log.isFresh) return NOTHING;
  return { ticket: 0, base: log.base, entries: await readAll(log), hardState: log.hardState };
}

/** Whether the log is this state, from the log's base on. */
async function isMoment(log: RaftLog, moment: Moment): Promise<boolean> {
  if (log.isFresh) return moment === NOTHING;
  const { base } = log;
  const { entries, hardState } = moment;
  const trimmed = base.index - moment.base.index;
  if (trimmed < 0 || trimmed > entries.length) return false;
  const last = entries[trimmed - 1];
  const expected: LogBase = last === undefined
    ? moment.base
    : { index: last.index, term: last.term, timeMs: last.timeMs, configuration: base.configuration };
  const rest = { base: expected, entries: entries.slice(trimmed), hardState };
  return describeState(rest) === await stateOf(log);
}

function textOf(entries: readonly LogEntry[]): string {
  return describeState({ base: EMPTY_BASE, entries, hardState: NO_VOTE });
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

/**
 * Crashes before operation `crashAt` of the first life; recovers, crashing in there too; goes on.
 */
export async function crashAndRecover(plan: CrashPlan, crashAt: number): Promise<void> {
  const random = new Random(plan.seed ^ 0x5eed, crashAt);
  let disk = new SimFiles({ seed: plan.seed });
  /** The newest state that was acknowledged, and all after it. */
  let allowed: readonly Moment[] = [NOTHING];
  for (let life = 0; life < 4; life += 1) {
    const current = new Life(disk, plan, life);
    const moments = allowed;
    const at = life === 0 ? crashAt : 1 + random.below(life === 1 ? 30 : crashAt + 30);
    disk.onOperation = (_op, _path, number) => {
      if (number === at && life < 3) throw new SimCrash();
    };
    const where = `seed ${plan.seed}, crash at ${crashAt}, life ${life}, then at ${at}`;
    await disk.runUntilCrash(() => current.run(async (log) => {
      for (const moment of moments) if (await isMoment(log, moment)) return;
      throw new Error(`${where}: found\n${await stateOf(log)}\n\nacknowledged was\n` +
        `${describeState(moments[0]!)}\n\nand appended\n${describeState(moments.at(-1)!)}`);
    }).catch((error: unknown) => {
      // What the owner of a log sees of a power cut is a failure.
      const { cause } = error as RaftLogError;
      throw cause instanceof SimCrash ? cause : new Error(where, { cause: error });
    }));
    if (current.moments.length > 0) allowed = [...current.moments];
    disk = disk.crash(random);
  }
}

/** Operations of a first life without a crash. */
export async function countOperations(plan: CrashPlan): Promise<number> {
  const disk = new SimFiles({ seed: plan.seed });
  await new Life(disk, plan, 0).run(async () => undefined);
  return disk.operations;
}

/** Crashes before about `points` operations of the first life, evenly spread. */
export async function crashEverywhere(plan: CrashPlan, points = Infinity): Promise<void> {
  const operations = await countOperations(plan);
  const stride = Math.max(1, operations / points);
  for (let at = 1; at <= operations; at += stride) await crashAndRecover(plan, Math.floor(at));
}
