import { describe, expect, it } from 'vitest';
import type { HintJob, HintMaker } from '../../src/store/hints/hint-maker.ts';
import { inlineHintMaker } from '../../src/store/hints/hint-maker.ts';
import type { Files } from '../../src/io/files.ts';
import { Random } from '../../src/lib/random.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { MIB, Told, committed, open, put, text } from './helpers.ts';

const HINT = '/data/000000000000001.hint';

/** Makes hints here and remembers of which segments; or fails each with `problem`. */
class WatchedMaker implements HintMaker {
  readonly ids: number[] = [];
  readonly #inner: HintMaker;
  readonly #problem: Error | undefined;

  constructor(files: Files, problem?: Error) {
    this.#inner = inlineHintMaker(files, () => Promise.resolve());
    this.#problem = problem;
  }

  make(job: HintJob): Promise<void> {
    this.ids.push(job.summary.id);
    return this.#problem === undefined ? this.#inner.make(job) : Promise.reject(this.#problem);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Three segments: thirty values for as many keys, or more and smaller ones for a single key. */
async function fillSegments(
  disk: SimFiles, clock: SimClock, hints: HintMaker, kind: 'all live' | 'nearly dead' = 'all live',
): Promise<void> {
  const store = await open({ files: disk, clock, hints });
  const count = kind === 'all live' ? 30 : 120;
  for (let i = 0; i < count; i += 1) {
    put(store, `key:${kind === 'all live' ? i : 0}`, 'v'.repeat(3 * MIB / count));
    await committed(store);
    await clock.advanceGently(20);
  }
  await clock.advanceGently(2000);
}

describe('hints of full segments', () => {
  it('are made by the maker that the store was given', async () => {
    const disk = new SimFiles();
    const maker = new WatchedMaker(disk);
    await fillSegments(disk, new SimClock(), maker);
    expect(maker.ids.slice(0, 2)).toEqual([1, 2]);
    expect(await disk.exists(HINT)).toBe(true);
  });

  it('are made at the next start if they could not be made before, without delaying it', async () => {
    const disk = new SimFiles();
    await fillSegments(disk, new SimClock(), new WatchedMaker(disk, new Error('no time')));
    const survivor = disk.crash(new Random(1, 1), 'lucky');
    expect(await survivor.exists(HINT)).toBe(false);

    const clock = new SimClock();
    const told = new Told();
    const maker = new WatchedMaker(survivor);
    const store = await open({ files: survivor, clock, told, hints: maker });
    expect(await text(store, 'key:3')).toBe('v'.repeat(MIB / 10));
    expect(maker.ids).toEqual([]);
    await clock.advanceGently(2000);
    expect(maker.ids).toContain(1);
    expect(await survivor.exists(HINT)).toBe(true);
    expect(told.problems).toEqual([]);
  });

  it('are not made of one that is nearly dead, and a start does without', async () => {
    const disk = new SimFiles();
    const maker = new WatchedMaker(disk);
    await fillSegments(disk, new SimClock(), maker, 'nearly dead');
    expect(maker.ids).not.toContain(1);
    const survivor = disk.crash(new Random(1, 1), 'lucky');
    const told = new Told();
    const store = await open({ files: survivor, clock: new SimClock(), told });
    expect(await text(store, 'key:0')).toBe('v'.repeat(MIB / 40));
    expect(told.problems).toEqual([]);
  });

  it('leave nothing behind when the disk is full in the middle', async () => {
    const disk = new SimFiles();
    disk.fail({ op: 'write', path: HINT, code: 'ENOSPC' });
    await fillSegments(disk, new SimClock(), new WatchedMaker(disk));
    expect(await disk.exists(HINT)).toBe(false);
    expect(await disk.exists('/data/000000000000002.hint')).toBe(true);
  });

  it('are not tried one after the other on a disk that refused one', async () => {
    const disk = new SimFiles();
    await fillSegments(disk, new SimClock(), new WatchedMaker(disk, new Error('no time')));
    const survivor = disk.crash(new Random(1, 1), 'lucky');
    const clock = new SimClock();
    const told = new Told();
    const maker = new WatchedMaker(survivor, new Error('no room'));
    await open({ files: survivor, clock, told, hints: maker });
    await clock.advanceGently(2000);
    expect(maker.ids.length).toBe(1);
    expect(told.problems.join()).toContain('cannot write the hint of /data/000000000000001.log');
  });
});
