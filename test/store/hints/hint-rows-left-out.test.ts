// Why a hint has a row for every record, dead ones too: what makes a record dead may be lost.
import { describe, expect, it } from 'vitest';
import type { Files } from '../../../src/io/files.ts';
import { KeyHash } from '../../../src/lib/key-hash.ts';
import { Random } from '../../../src/lib/random.ts';
import { ROW_WORDS, W_SPACE, rowLo } from '../../../src/store/format/hint-rows.ts';
import type { HintMaker } from '../../../src/store/hints/hint-maker.ts';
import { makeHint } from '../../../src/store/hints/hint-maker.ts';
import { scanRows, writeHint } from '../../../src/store/hints/hint-writer.ts';
import { openStore } from '../../../src/store/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { SMALL, Told, open, put, text } from '../helpers.ts';

const now = (): Promise<void> => Promise.resolve();

/** What makes hints in the test: `whileMade` runs before the hint is written. */
type MakerOf = (files: Files, whileMade: () => void) => HintMaker;

const honest: MakerOf = (files, whileMade) => ({
  make: (job) => {
    whileMade();
    return makeHint(files, job, now);
  },
  close: now,
});

/**
 * Leaves out what is dead when the hint is made: the rows of `a`, which goes to no space at all.
 */
const withoutDead: MakerOf = (files, whileMade) => ({
  make: async (job) => {
    whileMade();
    const hasher = new KeyHash(job.seed);
    const rows = await scanRows(files, job.path, job.summary.id, job.summary.bytes, hasher, now);
    hasher.hash(Buffer.from('a'), 0, 1);
    for (let row = 0; row < rows.count; row++) {
      if (rowLo(rows.words, row) === hasher.lo) rows.words[row * ROW_WORDS + W_SPACE] = 99;
    }
    await writeHint(files, job.dir, job.summary, rows, now);
  },
  close: now,
});

/** The value of `a` after a power cut that takes what overwrote it. */
async function afterPowerCut(makerOf: MakerOf): Promise<string | undefined> {
  const disk = new SimFiles();
  const clock = new SimClock();
  const opened: { store?: Store } = {};
  const overwriteA = (): void => {
    opened.store!.begin();
    put(opened.store!, 'a', 'new');
    opened.store!.commit();
  };
  const store = await openStore({
    files: disk, clock, dir: '/data', randomSource: { seed64: () => [1, 2] }, log: new Told().log,
    options: { ...SMALL, appendfsync: 'no' }, hints: makerOf(disk, overwriteA),
  });
  opened.store = store;
  put(store, 'a', 'old');
  put(store, 'b', 'other');
  store.commit();
  await store.flushAndSync();
  const rolled = store.compaction.rollActive();
  for (let turn = 0; turn < 50; turn++) await clock.advanceGently(5);
  await rolled;
  expect(store.compaction.sealedSegments().map(({ records }) => records)).toEqual([2]);
  expect(await text(store, 'a')).toBe('new');
  const after = await open({ files: disk.crash(new Random(0, 1), 'forgetful'), clock });
  expect(await text(after, 'b')).toBe('other');
  return text(after, 'a');
}

describe('a record that was overwritten before its hint was made', () => {
  it('comes back when a power cut takes what overwrote it', async () => {
    expect(await afterPowerCut(honest)).toBe('old');
  });

  it('would be seen to be lost if the hint left out dead records', async () => {
    expect(await afterPowerCut(withoutDead)).toBeUndefined();
  });
});
