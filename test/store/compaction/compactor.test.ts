// The compactor against the model store on a simulated disk: state before and after, crashes at
// every operation, and planted faults that these very tests must notice.
import { describe, expect, it } from 'vitest';
import type { Files } from '../../../src/io/files.ts';
import { Random } from '../../../src/lib/random.ts';
import type { RecordColumns } from '../../../src/store/compaction/compaction-host.ts';
import type { CompactionRules } from '../../../src/store/compaction/compactor.ts';
import type { CopierDisk } from '../../../src/store/compaction/copy-job.ts';
import { testSeed } from '../../lib/seeded.ts';
import { SimCrash, SimFiles } from '../../sim/sim-files.ts';
import { DIR, ModelStore } from './model-store.ts';
import type { Place } from './model-store.ts';
import { compactorFor, RULES, runWorkload, SEGMENT_BYTES, Workload } from './scenario.ts';
import type { Run, RunOptions } from './scenario.ts';

/** Many whole runs; a machine that is busy with something else takes its time. */
const SLOW = { timeout: 90_000 };

const SMALL: RunOptions = { steps: 600, keys: 25 };

async function seeded(
  body: (random: Random, seed: number) => Promise<void>, runs = 1,
): Promise<void> {
  for (let run = 0; run < runs; run++) {
    const seed = testSeed() + run;
    try {
      await body(new Random(0, seed), seed);
    } catch (cause) {
      throw new Error(`failed with DKVS_TEST_SEED=${seed}: ${String(cause)}`, { cause });
    }
  }
}

/** Runs without a crash; the problems found, in words. */
async function problemsOf(random: Random, seed: number, options: RunOptions): Promise<string[]> {
  const files = new SimFiles({ seed });
  const run = await runWorkload(files, random, options);
  const wanted = run.workload.history.stateBelow(Infinity);
  const problems = run.errors.map((err) => `a round failed: ${String(err)}`);
  problems.push(...differences('at the end', await run.store.state(), wanted));
  const again = await ModelStore.open(files, SEGMENT_BYTES);
  return [...problems, ...differences('after a restart', await again.state(), wanted)];
}

/** Runs until the power goes before operation `at`, recovers, and compares with the history. */
async function problemsOfCrash(
  random: Random, seed: number, at: number, options: RunOptions,
): Promise<string[]> {
  let run: Run | null = null;
  const disk = new SimFiles({ seed, onOperation: (_op, _path, number) => {
    if (number === at) throw new SimCrash();
  } });
  const end = await disk.runUntilCrash(async () => {
    await runWorkload(disk, random, options, (started) => { run = started; });
  });
  if (run === null || end === 'finished') return [];
  const { store, workload } = run as Run;
  const survivor = disk.crash(random);
  let again: ModelStore;
  try {
    again = await ModelStore.open(survivor, SEGMENT_BYTES);
  } catch (err) {
    return [`crash at ${at}: recovery fails: ${String(err)}`];
  }
  if (again.nextValueIndex < store.durableBelow) {
    return [`crash at ${at}: durable below ${store.durableBelow}, found ${again.nextValueIndex}`];
  }
  const wanted = workload.history.stateBelow(again.nextValueIndex);
  try {
    return differences(`crash at ${at}`, await again.state(), wanted);
  } catch (err) {
    return [`crash at ${at}: reading fails: ${String(err)}`];
  }
}

function differences(
  when: string, found: Map<string, string>, wanted: Map<string, string>,
): string[] {
  const problems: string[] = [];
  for (const key of new Set([...found.keys(), ...wanted.keys()])) {
    if (found.get(key) === wanted.get(key)) continue;
    problems.push(`${when}: ${key} is ${found.get(key)} instead of ${wanted.get(key)}`);
  }
  return problems;
}

/** Problems of runs without a crash, until there is one or the budget is spent. */
async function problemsOfRuns(options: RunOptions, runs: number): Promise<string[]> {
  for (let i = 0; i < runs; i++) {
    const seed = testSeed() + i;
    const problems = await problemsOf(new Random(0, seed), seed, options);
    if (problems.length > 0) return [`seed ${seed}`, ...problems];
  }
  return [];
}

/** Power cuts at so many places of each run. */
const CRASHES_PER_RUN = 5;

/** Problems at crashes all over some runs, until there is one or the budget is spent. */
async function problemsOfCrashes(options: RunOptions, runs: number): Promise<string[]> {
  for (let i = 0; i < runs; i++) {
    const seed = testSeed() + i;
    const whole = new SimFiles({ seed });
    await runWorkload(whole, new Random(0, seed), options).catch(() => null);
    const places = new Random(1, seed);
    for (let crash = 0; crash < CRASHES_PER_RUN; crash++) {
      const at = 1 + places.below(whole.operations);
      const problems = await problemsOfCrash(new Random(0, seed), seed, at, options);
      if (problems.length > 0) return [`seed ${seed}`, ...problems];
    }
  }
  return [];
}

describe('the compactor beside writers', SLOW, () => {
  it('changes no value and brings nothing back, now and after a restart', async () => {
    await seeded(async (random, seed) => {
      expect(await problemsOf(random, seed, SMALL)).toEqual([]);
    }, 15);
  });

  it('keeps the log near its bound', async () => {
    await seeded(async (random, seed) => {
      const files = new SimFiles({ seed });
      const { store, rounds, errors } = await runWorkload(files, random, { steps: 6000, keys: 400 });
      expect(errors).toEqual([]);
      expect(rounds).toBeGreaterThan(10);
      expect(store.logBytes()).toBeLessThan(3 * store.liveBytes());
    });
  });

  it('leaves old or new after a power cut anywhere, never less than was durable', async () => {
    expect(await problemsOfCrashes(SMALL, 12)).toEqual([]);
  });

  it('leaves only listed files behind', async () => {
    await seeded(async (random, seed) => {
      const files = new SimFiles({ seed });
      const { store } = await runWorkload(files, random, SMALL);
      const sealed = new Set(store.sealedSegments().map(({ id }) => id));
      const names = (await files.list(DIR)).filter((name) => name.endsWith('.pack'));
      for (const name of names) expect(sealed).toContain(Number.parseInt(name, 10));
    });
  });
});

describe('faults that the tests must notice', SLOW, () => {
  /** Copies a segment with a tombstone while what it hides stays in a full one; then restarts. */
  async function ghostAfterRestart(rules: CompactionRules): Promise<string | undefined> {
    const files = new SimFiles({ seed: testSeed() });
    const store = await ModelStore.open(files, SEGMENT_BYTES);
    store.put('ghost', 'boo');
    for (let i = 0; i < 100; i++) store.put(`old:${i}`, 'x'.repeat(100));
    await store.rollActive();
    store.remove('ghost');
    for (let i = 0; i < 200; i++) store.put('hot', 'x'.repeat(100));
    await store.rollActive();
    const full = store.sealedSegments().map(({ id }) => id)[0]!;
    await compactorFor(store, { rules, diskRatioMax: 3 }).tick();
    expect(store.sealedSegments().map(({ id }) => id)).toContain(full);
    expect(store.logBytes()).toBeLessThan(1.4 * store.liveBytes());
    const again = await ModelStore.open(await copyOf(files), SEGMENT_BYTES);
    return (await again.state()).get('ghost');
  }

  it('a tombstone that is dropped early brings a key back', async () => {
    expect(await ghostAfterRestart(RULES)).toBeUndefined();
    expect(await ghostAfterRestart({ ...RULES, tombstoneFloor: () => Infinity })).toBe('boo@0');
  });

  it('a slot that is moved without a condition loses a newer value', async () => {
    class Unconditional extends ModelStore {
      protected override placeToMove(
        slot: number, records: RecordColumns, row: number,
      ): Place | undefined {
        return super.placeToMove(slot, records, row) ?? this.newestPlace(records.lo[row]!);
      }
    }
    const problems = await problemsOfRuns({ ...SMALL, Store: Unconditional }, 40);
    expect(problems.join('\n')).toMatch(/at the end: key/);
  });

  it('inputs that are deleted before the switch are missing after a power cut', async () => {
    class Hasty extends ModelStore {
      override async switchManifest(
        inputs: readonly number[], outputs: readonly number[],
      ): Promise<void> {
        await super.unlinkInputs(inputs);
        await super.switchManifest(inputs, outputs);
      }

      protected override async unlinkInputs(): Promise<void> { /* done already */ }
    }
    const problems = await problemsOfCrashes({ ...SMALL, Store: Hasty }, 40);
    expect(problems.join('\n')).toMatch(/recovery fails: .*ENOENT/);
  });

  it('outputs that are not synced before the switch are damaged after a power cut', async () => {
    const unsynced = (files: Files): CopierDisk => ({
      openRead: (path) => files.openRead(path),
      create: async (path) => {
        const file = await files.create(path);
        return {
          write: (buf, off, len, pos) => file.write(buf, off, len, pos),
          datasync: () => Promise.resolve(),
          close: () => file.close(),
        };
      },
    });
    const problems = await problemsOfCrashes({ ...SMALL, diskOf: unsynced }, 40);
    expect(problems.join('\n')).toMatch(/recovery fails: .*damaged/);
  });

  it('a switch before the log is synced loses a key whose newer value was not durable', async () => {
    class Unsynced extends ModelStore {
      override async syncLog(): Promise<void> { /* forgotten */ }
    }
    const problems = await problemsOfCrashes({ ...SMALL, Store: Unsynced }, 80);
    expect(problems.join('\n')).toMatch(/crash at \d+: key:\d+ is/);
  });
});

describe('deleted keys', () => {
  async function storeWith(
    seed: number,
  ): Promise<{ store: ModelStore; work: Workload; files: SimFiles }> {
    const files = new SimFiles({ seed });
    const store = await ModelStore.open(files, SEGMENT_BYTES);
    return { store, files, work: new Workload(store, new Random(0, seed), 10) };
  }

  it('stay deleted through several generations and moves of their tombstones', async () => {
    const { store, files, work } = await storeWith(1);
    const compactor = compactorFor(store);
    for (let i = 0; i < 100; i++) work.put(`old:${i}`, 'x'.repeat(100));
    for (let generation = 0; generation < 6; generation++) {
      work.put('ghost', `generation ${generation}`);
      await store.rollActive();
      work.remove('ghost');
      await store.rollActive();
      for (let i = 0; i < 30; i++) work.put(`old:${i}`, `${generation}`.repeat(50));
      await compactor.compactAll();
      const again = await ModelStore.open(await copyOf(files), SEGMENT_BYTES);
      expect(again.index.has('ghost')).toBe(false);
      expect(await again.state()).toEqual(work.history.stateBelow(Infinity));
    }
    expect(compactor.status().lastError).toBeNull();
  });

  it('come back when they are set again, with the new value', async () => {
    const { store, files, work } = await storeWith(2);
    const compactor = compactorFor(store);
    work.put('phoenix', 'first');
    for (let i = 0; i < 50; i++) work.put(`fill:${i}`, 'x'.repeat(100));
    work.remove('phoenix');
    await compactor.compactAll();
    work.put('phoenix', 'second');
    for (let i = 0; i < 40; i++) work.remove(`fill:${i}`);
    await compactor.compactAll();
    await compactor.compactAll();
    const again = await ModelStore.open(await copyOf(files), SEGMENT_BYTES);
    expect((await again.state()).get('phoenix')).toBe('second@0');
  });

  it('leave nothing behind once everything is deleted', async () => {
    const { store, work } = await storeWith(3);
    const compactor = compactorFor(store);
    for (let i = 0; i < 300; i++) work.put(`key:${i}`, 'x'.repeat(50));
    for (let i = 0; i < 300; i++) work.remove(`key:${i}`);
    await compactor.compactAll();
    expect(store.sealedSegments().reduce((sum, { records }) => sum + records, 0)).toBe(0);
  });
});

describe('failures of a round', () => {
  async function halfDead(seed: number): Promise<{ files: SimFiles; store: ModelStore }> {
    const files = new SimFiles({ seed });
    const store = await ModelStore.open(files, SEGMENT_BYTES);
    for (let i = 0; i < 200; i++) store.put(`key:${i % 100}`, 'x'.repeat(60));
    await store.rollActive();
    return { files, store };
  }

  it('a damaged input is reported, and is neither dropped nor tried again', async () => {
    const { files, store } = await halfDead(4);
    const input = store.sealedSegments().find(({ records }) => records > 0)!;
    const path = `${DIR}/${String(input.id).padStart(15, '0')}.log`;
    files.damage(path, 12_000, 1);
    const before = await store.state();
    const compactor = compactorFor(store);
    await compactor.compactAll();
    await compactor.compactAll();
    expect(store.damages).toHaveLength(1);
    expect(store.damages[0]).toContain(path);
    expect(compactor.status().lastError).toContain(`${path} is damaged`);
    expect(store.sealedSegments().map(({ id }) => id)).toContain(input.id);
    expect(await store.state()).toEqual(before);
    expect((await files.list(DIR)).filter((name) => name.endsWith('.pack'))).toEqual([]);
  });

  it.each(['create', 'write', 'datasync', 'close'] as const)(
    'a failed %s of an output leaves the inputs, and a later round succeeds', async (op) => {
      const { files, store } = await halfDead(5);
      const compactor = compactorFor(store);
      const before = await store.state();
      files.fail({ op, path: '.pack', code: op === 'write' ? 'ENOSPC' : 'EIO' });
      await compactor.compactAll();
      expect(compactor.status().lastError).toContain(`cannot ${op}`);
      expect((await files.list(DIR)).filter((name) => name.endsWith('.pack'))).toEqual([]);
      expect(await store.state()).toEqual(before);
      await compactor.compactAll();
      expect(await store.state()).toEqual(before);
      expect(store.logBytes()).toBeLessThan(1.5 * store.liveBytes());
    },
  );

  it('a failed switch of the manifest deletes nothing, and is made later', async () => {
    const { files, store } = await halfDead(6);
    const compactor = compactorFor(store);
    const before = await store.state();
    files.fail({ op: 'rename', nth: 3, times: 2, code: 'EIO' });
    for (let tries = 0; tries < 2; tries += 1) {
      await compactor.compactAll();
      expect(compactor.status().lastError).toContain('cannot rename');
      expect(await store.state()).toEqual(before);
    }
    expect(store.logBytes()).toBeGreaterThan(1.5 * store.liveBytes());
    await compactor.compactAll();
    expect(compactor.status().lastError).toBeNull();
    expect(await store.state()).toEqual(before);
    expect(store.logBytes()).toBeLessThan(1.5 * store.liveBytes());
  });

  it('looks at the segments only when something has changed', async () => {
    const { store } = await halfDead(7);
    let looks = 0;
    const choose: CompactionRules['choose'] = (...given) => {
      looks += 1;
      return RULES.choose(...given);
    };
    const compactor = compactorFor(store, { rules: { ...RULES, choose } });
    const looksOfTick = async (): Promise<number> => {
      looks = 0;
      await compactor.tick();
      return looks;
    };
    while (await looksOfTick() > 1) /* Rounds. */;
    expect(await looksOfTick()).toBe(0);
    store.put('new', 'x');
    expect(await looksOfTick()).toBe(1);
    expect(await looksOfTick()).toBe(0);
    store.remove('new');
    await store.rollActive();
    expect(await looksOfTick()).toBeGreaterThan(0);
  });

  it('stops in the middle of a copy without leaving outputs', async () => {
    const { files, store } = await halfDead(7);
    const compactor = compactorFor(store);
    const running = compactor.compactAll();
    const stopped = compactor.stop();
    await Promise.all([running, stopped]);
    expect((await files.list(DIR)).filter((name) => name.endsWith('.pack'))).toEqual([]);
    expect(compactor.status()).toMatchObject({ running: false, lastError: null });
  });
});

describe('the compactor and the disk reserve', () => {
  it('slows writers down in proportion to what is left', async () => {
    const store = await ModelStore.open(new SimFiles(), SEGMENT_BYTES);
    const compactor = compactorFor(store, { reserveBytes: 1000 });
    for (const [room, delay] of [[5000, 0], [500, 10], [0, 20]] as const) {
      store.room = room;
      await compactor.tick();
      expect(store.writeDelay).toBe(delay);
    }
  });
});

/** The disk as it is, as another start would find it. */
async function copyOf(files: SimFiles): Promise<SimFiles> {
  const copy = new SimFiles();
  await copy.mkdir(DIR);
  for (const name of await files.list(DIR)) {
    const bytes = files.contentOf(`${DIR}/${name}`);
    const file = await copy.create(`${DIR}/${name}`);
    if (bytes.length > 0) file.writeSync(bytes, 0, bytes.length, 0);
    await file.close();
  }
  return copy;
}
