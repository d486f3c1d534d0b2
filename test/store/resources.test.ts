/**
 * After a random run nothing is held that is not used: no record, no pinned segment, no open file;
 * and the accounts are what a recount finds. Reads fail in it, loads are given back late, values
 * are dropped while they are loaded, and the compactor moves what is read.
 *
 * A segment that stays pinned cannot go: so in the end all data is dropped, and only the newest
 * files of the log may be left.
 */

import { describe, expect, it } from 'vitest';
import { COMPACTION_DISK_RATIO_MAX } from '../../src/config/options.ts';
import type { ReadFile, WriteFile } from '../../src/io/files.ts';
import { NEED_KEY, NEED_VALUE } from '../../src/keyspace/storage.ts';
import { Random } from '../../src/lib/random.ts';
import { Compactor } from '../../src/store/compaction/compactor.ts';
import type { StoreOptions } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { testSeed } from '../lib/seeded.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { inlineCopier } from './compaction/inline-copier.ts';
import { CrashModel, SPACES } from './crash-model.ts';
import { MIB, TINY_PAGES, Told, committed, mustAgree, open } from './helpers.ts';

const ROUNDS = 120;

/** Knows which files are open. */
class CountedFiles extends SimFiles {
  readonly opened = new Map<object, string>();

  #count<File extends { close(): Promise<void> }>(path: string, file: File): File {
    this.opened.set(file, path);
    const close = file.close.bind(file);
    file.close = async () => {
      this.opened.delete(file);
      await close();
    };
    return file;
  }

  override async openRead(path: string): Promise<ReadFile> {
    return this.#count(path, await super.openRead(path));
  }

  override openReadSync(path: string): ReadFile {
    return this.#count(path, super.openReadSync(path));
  }

  override async create(path: string): Promise<WriteFile> {
    return this.#count(path, await super.create(path));
  }

  override createSync(path: string): WriteFile {
    return this.#count(path, super.createSync(path));
  }

  override async openWrite(path: string): Promise<WriteFile> {
    return this.#count(path, await super.openWrite(path));
  }
}

class Run {
  readonly random: Random;
  readonly disk: CountedFiles;
  readonly clock = new SimClock();
  readonly told = new Told();
  readonly #model: CrashModel;
  readonly #options: Partial<StoreOptions>;
  /** Loads that are given back later. */
  readonly #held: (() => void)[] = [];
  failedLoads = 0;
  store!: Store;
  compactor!: Compactor;

  constructor(seed: number, options: Partial<StoreOptions>) {
    this.random = new Random(seed, 31);
    this.disk = new CountedFiles({ seed });
    this.#model = new CrashModel(this.random, 24);
    this.#options = { segmentBytes: 16 * 1024, ...options };
  }

  async open(): Promise<void> {
    const { disk: files, clock, told } = this;
    this.store = await this.pass(open({ files, clock, told, options: this.#options }));
    this.compactor = new Compactor({
      host: this.store.compaction, clock, copier: inlineCopier(files),
      diskRatioMax: COMPACTION_DISK_RATIO_MAX, minBytes: 0, reserveBytes: 0,
      yieldToLoop: () => new Promise((resolve) => void setImmediate(resolve)),
    });
  }

  async round(): Promise<void> {
    const { random, store } = this;
    await this.pass(this.#model.step(store));
    const fails = random.below(3) === 0;
    if (fails) this.disk.fail({ op: 'read', path: '.', code: 'EIO' });
    const loads = Array.from({ length: random.below(4) }, () => this.#load());
    // What changes the data meanwhile must not fail itself.
    if (!fails && random.below(2) === 0) await this.pass(this.#model.step(store));
    await this.pass(Promise.all(loads));
    this.disk.heal();
    if (random.below(4) === 0) void this.compactor.tick();
    while (this.#held.length > random.below(6)) {
      this.#held.splice(random.below(this.#held.length), 1)[0]!();
    }
    await this.pass(committed(store));
  }

  /** Of some keys, present or not; the disk may fail at it. */
  async #load(): Promise<void> {
    const { random } = this;
    const keys = Array.from({ length: 1 + random.below(4) }, () => ({
      space: SPACES[random.below(SPACES.length)]!, key: Buffer.from(`key:${random.below(24)}`),
      need: random.below(2) === 0 ? NEED_KEY : NEED_VALUE,
    } as const));
    try {
      this.#held.push(await this.store.load(keys));
    } catch {
      this.failedLoads += 1;
    }
  }

  /** Everything is given back. */
  async settle(): Promise<void> {
    this.disk.heal();
    for (const release of this.#held.splice(0)) release();
    await this.pass(this.compactor.tick());
    await this.pass(committed(this.store));
  }

  async close(): Promise<void> {
    await this.pass(this.compactor.stop());
    await this.pass(this.store.close());
  }

  async pass<T>(work: Promise<T>): Promise<T> {
    return await this.clock.passUntil(work);
  }
}

const KINDS: readonly (readonly [string, Partial<StoreOptions>])[] = [
  ['a cache', { memoryBytes: 2 * MIB, readCacheBytes: MIB, hotTailBytes: 0 }],
  ['no cache', { memoryBytes: 2 * MIB, readCacheBytes: 0, hotTailBytes: 0 }],
  ['values in pages', { paging: TINY_PAGES, memoryBytes: 2 * MIB, readCacheBytes: 0 }],
];

describe.each(KINDS)('after a random run with %s', (_name, options) => {
  it.each([testSeed(), 1, 2])('nothing is held and all accounts agree, seed %i', async (seed) => {
    const run = new Run(seed, options);
    await run.open();
    for (let round = 0; round < ROUNDS; round += 1) {
      await run.round();
      if (round % 40 !== 39) continue;
      await run.settle();
      await run.pass(mustAgree(run.store));
    }
    const { loaded } = run.store.memory();
    await run.close();
    expect([...run.disk.opened.values()]).toEqual([]);

    await run.open();
    await run.pass(mustAgree(run.store));
    // The record that names the spaces is always held.
    expect(loaded, 'bytes that loads hold').toBe(run.store.memory().loaded);
    for (const space of SPACES) run.store.dropSpace(space);
    await run.pass(committed(run.store));
    for (let i = 0; i < 3; i += 1) await run.pass(run.compactor.compactAll());
    await run.settle();
    const names = await run.disk.list('/data');
    const segments = names.filter((name) => /\.(?:log|pack)$/.test(name));
    expect(segments.length, segments.join()).toBeLessThanOrEqual(3);
    expect(run.store.compaction.liveBytes()).toBeLessThan(1024);
    await run.close();
    expect([...run.disk.opened.values()]).toEqual([]);
    expect([run.told.damage, run.told.failures]).toEqual([[], []]);
  }, 60_000);
});

it('the disk fails often enough in it', async () => {
  const run = new Run(1, KINDS[1]![1]);
  await run.open();
  for (let round = 0; round < ROUNDS; round += 1) await run.round();
  await run.settle();
  await run.close();
  expect(run.failedLoads).toBeGreaterThan(3);
});
