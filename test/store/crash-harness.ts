/**
 * Lives of a store on a disk that loses its power before a chosen operation, recoveries included.
 * What is found wrong is thrown with the seed and the operations that lead there again.
 */

import type { Files } from '../../src/io/files.ts';
import { Random } from '../../src/lib/random.ts';
import { COMPACTION_DISK_RATIO_MAX } from '../../src/config/options.ts';
import { Compactor } from '../../src/store/compaction/compactor.ts';
import { inlineCopier } from './compaction/inline-copier.ts';
import type { Appendfsync } from '../../src/store/log/log-writer.ts';
import type { StoreOptions } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimCrash, SimFiles } from '../sim/sim-files.ts';
import { CrashModel, differences, findState, stateOf } from './crash-model.ts';
import type { State } from './crash-model.ts';
import { Told, committed, mustAgree, open } from './helpers.ts';

const KEYS = 24;
const SEGMENT_BYTES = 16 * 1024;

export interface CrashPlan {
  readonly seed: number;
  readonly policy: Appendfsync;
  readonly batches: number;
  readonly hasCompactor: boolean;
  /** What the store sees of the disk: a test puts a liar in between. */
  readonly disguise?: (disk: SimFiles) => Files;
  readonly options?: Partial<StoreOptions>;
  /** The versions of keys are part of the state: of a store with peers, or of one that is alone. */
  readonly versions?: 'with peers' | 'alone';
}

/** One life of a store: opened on a disk, worked with until the power goes or the work is done. */
class Life {
  readonly clock = new SimClock();
  /** States after each commit; the first is what recovery found. */
  history: State[] = [];
  /** States before this one may not come back. */
  acknowledged = 0;
  readonly #disk: SimFiles;
  readonly #model: CrashModel;
  readonly #random: Random;
  /** When the index is checked: apart, so that the same seed does the same work. */
  readonly #checks: Random;
  readonly #plan: CrashPlan;
  /** Of the batch before; later lives go on behind those before them. */
  #logIndex: number;

  constructor(disk: SimFiles, plan: CrashPlan, life: number) {
    this.#disk = disk;
    this.#plan = plan;
    this.#random = new Random(plan.seed, life);
    this.#checks = new Random(plan.seed ^ 0xc4ec, life);
    this.#model = new CrashModel(this.#random, KEYS, plan.versions === 'alone');
    this.#logIndex = life * plan.batches;
  }

  /** Opens, hands the recovered state to `check`, works, closes. */
  async run(check: (state: State) => void): Promise<void> {
    const told = new Told();
    const store = await this.#open(told);
    if (this.#plan.versions === 'with peers') store.logIndex = Math.max(1, this.#logIndex);
    const state = await this.#read(store);
    check(state);
    await this.#pass(mustAgree(store));
    this.history = [state];
    await this.#model.restore(store);
    const compactor = this.#plan.hasCompactor ? this.#compactor(store) : undefined;
    for (let batch = 0; batch < this.#plan.batches; batch += 1) {
      await this.#batch(store);
      if (this.#random.below(8) === 0) void compactor?.tick();
      if (this.#checks.below(20) === 0) await this.#pass(mustAgree(store));
    }
    await this.#pass(compactor?.stop() ?? Promise.resolve());
    if (this.#random.below(2) === 0) {
      await this.#pass(store.close());
      this.acknowledged = this.history.length - 1;
    }
    const unexpected = [...told.failures, ...told.damage][0];
    if (unexpected !== undefined) throw unexpected;
  }

  #read(store: Store): Promise<State> {
    return stateOf(store, this.#model.keys(), this.#plan.versions !== undefined);
  }

  async #batch(store: Store): Promise<void> {
    this.#logIndex += 1;
    if (this.#plan.versions === 'with peers') store.logIndex = this.#logIndex;
    for (let n = 1 + this.#random.below(5); n > 0; n -= 1) await this.#model.step(store);
    this.history.push(this.#model.state());
    const number = this.history.length - 1;
    const choice = this.#random.below(10);
    if (this.#plan.policy === 'always' && choice < 5) {
      await this.#pass(committed(store));
      this.acknowledged = number;
    } else {
      store.commit();
      if (choice === 5) {
        await this.#pass(store.flushAndSync());
        this.acknowledged = number;
      }
    }
    if (choice === 6) await this.clock.advanceGently(20);
    if (choice === 7) await this.clock.advanceGently(1100);
  }

  #open(told: Told): Promise<Store> {
    return this.#pass(open({
      files: this.#plan.disguise?.(this.#disk) ?? this.#disk, clock: this.clock, told,
      options: { segmentBytes: SEGMENT_BYTES, appendfsync: this.#plan.policy, ...this.#plan.options },
    }));
  }

  #compactor(store: Store): Compactor {
    return new Compactor({
      host: store.compaction, clock: this.clock, copier: inlineCopier(this.#disk),
      diskRatioMax: COMPACTION_DISK_RATIO_MAX, minBytes: 0, reserveBytes: 0,
      yieldToLoop: () => new Promise((resolve) => {
        setImmediate(resolve);
      }),
    });
  }

  /** Lets time pass until the work has ended. */
  async #pass<T>(work: Promise<T>): Promise<T> {
    return await this.clock.passUntil(work);
  }
}

/**
 * Crashes before operation `crashAt` of the first life; recovers, crashing in there too; goes on.
 */
export async function crashAndRecover(plan: CrashPlan, crashAt: number): Promise<void> {
  const random = new Random(plan.seed ^ 0x5eed, crashAt);
  let disk = new SimFiles({ seed: plan.seed });
  let allowed: State[] = [new Map()];
  let least = 0;
  for (let life = 0; life < 3; life += 1) {
    const current = new Life(disk, plan, life);
    const before = allowed;
    const floor = least;
    const at = life === 0 ? crashAt : 1 + random.below(life === 1 ? 60 : crashAt);
    disk.onOperation = (_op, _path, number) => {
      if (number === at) throw new SimCrash();
    };
    const where = `seed ${plan.seed}, ${plan.policy}, crash at ${crashAt}, life ${life}, then at ${at}`;
    await disk.runUntilCrash(() => current.run((state) => {
      const found = findState(before, state);
      const nearest = before.at(-1)!;
      const problem = found >= floor ? '' : `state ${found} of ${before.length - 1}, ` +
        `acknowledged ${floor}\n${differences(nearest, state)}`;
      if (problem !== '') throw new Error(`${where}: ${problem}`);
    }));
    if (current.history.length > 0) {
      allowed = current.history;
      least = current.acknowledged;
    }
    disk = disk.crash(random);
  }
}

/** Operations of a first life without a crash. */
export async function countOperations(plan: CrashPlan): Promise<number> {
  const disk = new SimFiles({ seed: plan.seed });
  await new Life(disk, plan, 0).run(() => undefined);
  return disk.operations;
}

/** Crashes before about `points` operations of the first life, evenly spread. */
export async function crashEverywhere(plan: CrashPlan, points: number): Promise<void> {
  const operations = await countOperations(plan);
  const stride = Math.max(1, operations / points);
  for (let at = 1; at <= operations; at += stride) await crashAndRecover(plan, Math.floor(at));
}
