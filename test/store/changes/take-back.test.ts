import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { COMPACTION_DISK_RATIO_MAX } from '../../../src/config/options.ts';
import { Compactor } from '../../../src/store/compaction/compactor.ts';
import { inlineCopier } from '../compaction/inline-copier.ts';
import type { StoreOptions } from '../../../src/store/open-store.ts';
import type { StoreError } from '../../../src/store/store-error.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { CrashModel, differences, stateOf } from '../crash-model.ts';
import type { State } from '../crash-model.ts';
import { Told, fetch, open, put, range, text } from '../helpers.ts';
import { MIB, TINY_PAGES } from '../helpers.ts';

/** A store and a model that are changed alike, on a disk that fails when it is told to. */
class Trial {
  readonly disk: SimFiles;
  readonly clock = new SimClock();
  readonly told = new Told();
  readonly random: Random;
  readonly model: CrashModel;
  readonly #options: Partial<StoreOptions>;
  store!: Store;
  compactor!: Compactor;

  constructor(seed: number, options: Partial<StoreOptions>) {
    this.disk = new SimFiles({ seed });
    this.random = new Random(seed, 77);
    this.model = new CrashModel(this.random, 16);
    this.#options = { segmentBytes: 16 * 1024, ...options };
  }

  async open(): Promise<this> {
    this.store = await this.pass(open({
      files: this.disk, clock: this.clock, told: this.told, options: this.#options,
    }));
    this.compactor = new Compactor({
      host: this.store.compaction, clock: this.clock, copier: inlineCopier(this.disk),
      diskRatioMax: COMPACTION_DISK_RATIO_MAX, minBytes: 0, reserveBytes: 0,
      yieldToLoop: () => new Promise((resolve) => void setImmediate(resolve)),
    });
    return this;
  }

  async steps(max: number): Promise<void> {
    for (let n = 1 + this.random.below(max); n > 0; n -= 1) await this.model.step(this.store);
  }

  /** Commits, and waits until it is known whether that is kept. */
  async commit(): Promise<StoreError | null> {
    const refused = this.store.commit();
    if (refused !== undefined) return refused;
    return await this.pass(new Promise<StoreError | null>((resolve) => {
      this.store.whenAcknowledged(resolve);
    }));
  }

  async check(expected: State, what: string): Promise<void> {
    const found = await this.pass(stateOf(this.store, this.model.keys()));
    if (differences(expected, found) !== '') {
      throw new Error(`${what}: ${differences(expected, found)}`);
    }
  }

  async reopen(): Promise<void> {
    await this.pass(this.compactor.stop());
    await this.pass(this.store.close());
    await this.open();
  }

  async pass<T>(work: Promise<T>): Promise<T> {
    return await this.clock.passUntil(work);
  }

  /** Live bytes of all segments: what is taken back must not leave a trace in them. */
  get liveBytes(): number {
    return this.store.compaction.liveBytes();
  }
}

const KINDS: readonly (readonly [string, Partial<StoreOptions>])[] = [
  ['everysec', {}],
  ['always', { appendfsync: 'always' }],
  ['always, waiting for the disk on this thread', { appendfsync: 'always', directIo: true }],
  ['little memory', { memoryBytes: 2 * MIB, readCacheBytes: 0, hotTailBytes: 0 }],
  ['values in pages', { paging: TINY_PAGES, memoryBytes: 2 * MIB, readCacheBytes: 0 }],
];

describe.each(KINDS)('changes that are taken back to a mark, %s', (_name, options) => {
  it.each([1, 2])('leave everything as it was, seed %i', async (seed) => {
    const trial = await new Trial(seed, options).open();
    const { model, random } = trial;
    for (let round = 0; round < 80; round += 1) {
      if (random.below(2) === 0) await trial.steps(3);
      await endOrKeep(trial, 2);
      if (random.below(4) === 0) await trial.steps(3);
      // The next turn may begin while the frame of this one is on its way to the disk.
      if (random.below(3) === 0) expect(trial.store.commit()).toBeUndefined();
      else expect(await trial.commit()).toBeNull();
      if (random.below(4) === 0) void trial.compactor.tick();
      if (random.below(8) === 0) await trial.check(model.state(), `seed ${seed}, round ${round}`);
      if (random.below(25) === 0) await trial.reopen();
    }
    await trial.reopen();
    await trial.check(model.state(), `seed ${seed}, at the end`);
    expect([trial.told.damage, trial.told.failures]).toEqual([[], []]);
  }, 60_000);
});

/** Makes some changes, with others inside them, and takes them back or not. */
async function endOrKeep(trial: Trial, depth: number): Promise<void> {
  const { model, random, store } = trial;
  const undoModel = model.save();
  const mark = store.mark();
  await trial.steps(4);
  if (depth > 0 && random.below(2) === 0) await endOrKeep(trial, depth - 1);
  if (random.below(2) === 0) return;
  store.takeBack(mark);
  undoModel();
}

describe.each(KINDS)('a frame that does not fit the disk, %s', (_name, options) => {
  it.each([1, 2, 13])('is not seen, now or later, and others follow, seed %i', async (seed) => {
    const trial = await new Trial(seed, options).open();
    const { model, random, disk, clock } = trial;
    let refusals = 0;
    expect(await trial.commit()).toBeNull();
    for (let round = 0; round < 80; round += 1) {
      const undoModel = model.save();
      const liveBytes = trial.liveBytes;
      await trial.steps(6);
      if (random.below(3) === 0) disk.fail({ op: 'write', path: '.log', code: 'ENOSPC' });
      const refused = await trial.commit();
      if (refused !== null) {
        expect(refused.code).toBe('FULL');
        refusals += 1;
        undoModel();
        if (options.paging === undefined) expect(trial.liveBytes).toBe(liveBytes);
        if (random.below(3) === 0) await trial.check(model.state(), `refused, ${seed}/${round}`);
        await clock.advanceGently(1100);
      }
      if (random.below(4) === 0) void trial.compactor.tick();
      if (random.below(8) === 0) await trial.check(model.state(), `seed ${seed}, round ${round}`);
      if (random.below(25) === 0) await trial.reopen();
    }
    await trial.reopen();
    await trial.check(model.state(), `seed ${seed}, at the end`);
    expect(refusals).toBeGreaterThan(5);
    expect([trial.told.damage, trial.told.failures]).toEqual([[], []]);
  }, 60_000);
});

describe.each(KINDS.slice(0, 3))('a disk that fails for good, %s', (_name, options) => {
  it.each([1, 2, 3])('leaves what was acknowledged, and no more is served, seed %i', async (seed) => {
    let failures = 0;
    for (let at = 1; at < 24; at += 3) {
      const trial = await new Trial(seed * 100 + at, options).open();
      const { model, disk } = trial;
      const op = at % 2 === 0 ? 'write' : 'datasync';
      disk.fail({ op, path: '.log', code: 'EIO', nth: 1 + (at >> 1) });
      let refused: StoreError | null = null;
      let undoModel = model.save();
      let attempted = model.state();
      for (let round = 0; round < 200 && refused === null; round += 1) {
        undoModel = model.save();
        await trial.steps(5).catch(() => undefined);
        attempted = model.state();
        refused = await trial.commit();
        if (refused === null) await trial.clock.advanceGently(400);
      }
      // It may have hit a segment that was made ready, which is made later then.
      if (refused === null) continue;
      failures += 1;
      undoModel();
      const kept = model.state();
      // What was written, and could not be synced, is served: it may be there after a restart.
      const served = trial.store.failure === undefined ? kept : await trial.pass(
        stateOf(trial.store, model.keys()));
      expect([differences(kept, served), differences(attempted, served)]).toContain('');
      if (refused.code !== 'UNKNOWN') expect(differences(kept, served)).toBe('');
      await trial.pass(trial.store.close());
      await trial.open();
      const found = await trial.pass(stateOf(trial.store, model.keys()));
      expect([differences(kept, found), differences(attempted, found)]).toContain('');
      if (refused.code !== 'UNKNOWN') expect(differences(kept, found)).toBe('');
    }
    expect(failures).toBeGreaterThan(3);
  }, 60_000);
});

describe('a large frame that fails while others come', () => {
  it('takes all of them back, and what comes then is kept', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({ files: disk, clock });
    put(store, 'a', 'old');
    store.commit();
    disk.fail({ op: 'write', path: '.log', code: 'ENOSPC' });
    const refusals: (string | undefined)[] = [];
    put(store, 'a', 'x'.repeat(6_000_000));
    store.commit();
    store.whenAcknowledged((failure) => refusals.push(failure?.code));
    put(store, 'a', 'newer');
    put(store, 'b', 'new');
    store.commit();
    store.whenAcknowledged((failure) => refusals.push(failure?.code));
    put(store, 'c', 'of a frame that is open');
    while (refusals.length < 2) await clock.advanceGently(3);
    expect(refusals).toEqual(['FULL', 'FULL']);
    expect([await text(store, 'a'), await text(store, 'b'), await text(store, 'c')])
      .toEqual(['old', undefined, undefined]);
    expect(store.writeRefusal?.code).toBe('FULL');
    await clock.advanceGently(1100);
    expect(store.writeRefusal).toBeUndefined();
    put(store, 'd', 'later');
    expect(store.commit()).toBeUndefined();
    const after = await open({ files: disk.crash(new Random(1, 1), 'lucky'), clock });
    expect([await text(after, 'a'), await text(after, 'b'), await text(after, 'd')])
      .toEqual(['old', undefined, 'later']);
  });
});

describe('a dropped space', () => {
  it('is there again, with its values under change, when that is taken back', async () => {
    const store = await open({ files: new SimFiles(), clock: new SimClock() });
    put(store, 'k', 'v', 5_000);
    store.makeLive(1, range('k'));
    store.commit();
    const mark = store.mark();
    store.dropSpace(1);
    put(store, 'k', 'another');
    store.takeBack(mark);
    expect(await text(store, 'k')).toBe('v');
    expect((await fetch(store, 'k'))?.expireAt).toBe(5_000);
    expect([store.count(1), store.countExpiring(1)]).toEqual([1, 1]);
  });
});

describe('a mark', () => {
  it('is not good any more when its turn was committed', async () => {
    const store = await open({ files: new SimFiles(), clock: new SimClock() });
    const mark = store.mark();
    put(store, 'k', 'v');
    store.commit();
    expect(() => store.takeBack(mark)).toThrow('after their commit');
    expect(await text(store, 'k')).toBe('v');
  });

  it('is one of its own turn, though nothing came behind the last of the turn before', async () => {
    const store = await open({
      files: new SimFiles(), clock: new SimClock(), options: { appendfsync: 'always' },
    });
    put(store, 'first', '1');
    store.commit();
    put(store, 'k', 'v');
    store.mark();
    store.commit();
    // The frame waits for the one before, so the journal still ends with that mark.
    const mark = store.mark();
    put(store, 'k', 'another');
    store.takeBack(mark);
    expect(await text(store, 'k')).toBe('v');
  });

  it('has nothing left to take back when the frame went', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({ files: disk, clock });
    const mark = store.mark();
    put(store, 'k', 'v');
    disk.fail({ op: 'write', path: '.log', code: 'ENOSPC' });
    expect(store.commit()?.code).toBe('FULL');
    await clock.advanceGently(1100);
    put(store, 'other', '1');
    store.takeBack(mark);
    expect(await text(store, 'other')).toBe('1');
  });
});
