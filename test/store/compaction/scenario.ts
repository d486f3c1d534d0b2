// A seeded workload on the model store with a compactor beside it, on a disk that can lose its
// power.
import type { Clock, Timer } from '../../../src/io/clock.ts';
import type { Files } from '../../../src/io/files.ts';
import type { Random } from '../../../src/lib/random.ts';
import { choose, tombstoneFloor } from '../../../src/store/compaction/choose.ts';
import { Compactor } from '../../../src/store/compaction/compactor.ts';
import type { CompactionRules, CompactorOptions } from '../../../src/store/compaction/compactor.ts';
import type { CopierDisk } from '../../../src/store/compaction/copy-job.ts';
import { inlineCopier } from './inline-copier.ts';
import { ModelStore } from './model-store.ts';
import type { State } from './model-store.ts';

export const SEGMENT_BYTES = 4096;
export const RULES: CompactionRules = { choose, tombstoneFloor };

/** A second passes with every look, so that every slice ends; timers fire at once. */
export function hastyClock(): Clock {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    monotonicMs: () => (nowMs += 1000),
    setTimer: (_delayMs, fn) => {
      setImmediate(fn);
      return undefined as unknown as Timer;
    },
    clearTimer: () => undefined,
    soon: setImmediate,
  };
}

export const immediately = (): Promise<void> => new Promise((resolve) => {
  setImmediate(resolve);
});

export function compactorFor(store: ModelStore, given: Partial<CompactorOptions> = {}): Compactor {
  return new Compactor({
    host: store,
    clock: hastyClock(),
    copier: inlineCopier(store.files),
    diskRatioMax: 1.3,
    minBytes: 0,
    reserveBytes: 0,
    yieldToLoop: immediately,
    ...given,
  });
}

/** What the workload has done, by value_index: state after each change can be computed again. */
export class History {
  readonly #changes: { valueIndex: number; apply: (state: State) => void }[] = [];

  add(valueIndex: number, apply: (state: State) => void): void {
    this.#changes.push({ valueIndex, apply });
  }

  /** The state after every change with a value_index below the given one. */
  stateBelow(valueIndex: number): State {
    const state: State = new Map();
    for (const change of this.#changes) if (change.valueIndex < valueIndex) change.apply(state);
    return state;
  }
}

export class Workload {
  readonly history = new History();
  readonly #store: ModelStore;
  readonly #random: Random;
  readonly #keys: number;

  constructor(store: ModelStore, random: Random, keys: number) {
    this.#store = store;
    this.#random = random;
    this.#keys = keys;
  }

  step(): void {
    const key = `key:${this.#random.below(this.#keys)}`;
    const value = String.fromCharCode(97 + this.#random.below(26)).repeat(this.#random.below(60));
    switch (this.#random.below(8)) {
      case 0: case 1: case 2: return this.put(key, value);
      case 3: case 4: return this.remove(key);
      case 5: case 6: return this.append(key, value);
      default: return this.expire(key, this.#random.below(1e9));
    }
  }

  put(key: string, value: string, expireAt = 0): void {
    this.#note((state) => state.set(key, `${value}@${expireAt}`));
    this.#store.put(key, value, expireAt);
  }

  remove(key: string): void {
    if (!this.#store.index.has(key)) return;
    this.#note((state) => state.delete(key));
    this.#store.remove(key);
  }

  append(key: string, delta: string): void {
    if (!this.#store.index.has(key)) return;
    this.#note((state) => state.set(key, state.get(key)!.replace(/@/, `${delta}@`)));
    this.#store.append(key, delta);
  }

  expire(key: string, expireAt: number): void {
    if (!this.#store.index.has(key)) return;
    this.#note((state) => state.set(key, state.get(key)!.replace(/@\d+$/, `@${expireAt}`)));
    this.#store.expire(key, expireAt);
  }

  #note(apply: (state: State) => void): void {
    this.history.add(this.#store.nextValueIndex, apply);
  }
}

export interface RunOptions {
  readonly steps: number;
  readonly keys: number;
  readonly rules?: CompactionRules;
  readonly diskOf?: (files: Files) => CopierDisk;
  readonly Store?: typeof ModelStore;
}

/** What became of a run, also when the power went in the middle of it. */
export interface Run {
  store: ModelStore;
  workload: Workload;
  rounds: number;
  errors: Error[];
}

/** Writes and compacts at the same time. `onStart` gets the run before anything can crash in it. */
export async function runWorkload(
  files: Files, random: Random, options: RunOptions, onStart: (run: Run) => void = () => undefined,
): Promise<Run> {
  const store = await (options.Store ?? ModelStore).open(files, SEGMENT_BYTES);
  const run: Run = {
    store, workload: new Workload(store, random, options.keys), rounds: 0, errors: [],
  };
  onStart(run);
  const compactor = compactorFor(store, {
    rules: options.rules ?? RULES,
    copier: inlineCopier((options.diskOf ?? ((disk) => disk))(files)),
    onRound: ({ error }) => {
      run.rounds++;
      if (error !== null) run.errors.push(error);
    },
  });
  let ticked: Promise<unknown> = Promise.resolve();
  let rolled: Promise<unknown> = Promise.resolve();
  const inBackground = (before: Promise<unknown>, work: Promise<void>): Promise<unknown> => {
    const both = Promise.all([before, work]);
    // Awaited at the end of the run; a power cut ends the run before.
    both.catch(() => undefined);
    return both;
  };
  for (let step = 0; step < options.steps; step++) {
    run.workload.step();
    if (random.below(3) === 0) await immediately();
    if (random.below(40) === 0) rolled = inBackground(rolled, store.rollActive());
    if (random.below(10) === 0) ticked = inBackground(ticked, compactor.tick());
    if (random.below(200) === 0) await compactor.compactAll();
  }
  await Promise.all([ticked, rolled]);
  await compactor.stop();
  return run;
}
