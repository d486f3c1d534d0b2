import { describe, expect, it } from 'vitest';
import {
  WATERMARK_NAME, WatermarkFile, readSyncedPlace, WATERMARK_NOTE_MS, WATERMARK_SYNC_MS,
} from '../../src/io/watermark-file.ts';
import type { SyncedPlace, WatermarkOwner } from '../../src/io/watermark-file.ts';
import { Random } from '../../src/lib/random.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';

const DIR = '/data';
const OWNER: WatermarkOwner = [7, 9];

const place = (bytes: number): SyncedPlace => ({ fileId: 3, bytes, proof: { at: bytes - 8, sum: bytes } });

interface Opened {
  readonly disk: SimFiles;
  readonly clock: SimClock;
  readonly failures: unknown[];
  readonly notes: WatermarkFile;
}

async function opened(disk = new SimFiles()): Promise<Opened> {
  const clock = new SimClock();
  const failures: unknown[] = [];
  await disk.mkdir(DIR);
  const notes = await WatermarkFile.open({
    files: disk, dir: DIR, owner: OWNER, clock, onFailure: (error) => failures.push(error),
  });
  return { disk, clock, failures, notes };
}

describe('a note of how far a log is synced', () => {
  it('is found again, by its owner only', async () => {
    const { disk, notes } = await opened();
    notes.note(place(100));
    expect(await readSyncedPlace(disk, DIR, OWNER)).toMatchObject(place(100));
    expect(await readSyncedPlace(disk, DIR, [7, 8])).toBeUndefined();
  });

  it('is written at most once in its time, and the last one always', async () => {
    const { disk, clock, notes } = await opened();
    let writes = 0;
    disk.onOperation = (op) => {
      if (op === 'write') writes += 1;
    };
    for (let bytes = 100; bytes <= 200; bytes += 1) notes.note(place(bytes));
    expect(await readSyncedPlace(disk, DIR, OWNER)).toMatchObject(place(100));
    await clock.advanceGently(WATERMARK_NOTE_MS);
    expect(await readSyncedPlace(disk, DIR, OWNER)).toMatchObject(place(200));
    expect(writes).toBe(2);
  });

  it('survives a power cut after a while', async () => {
    const { disk, clock, notes } = await opened();
    notes.note(place(100));
    await clock.advanceGently(WATERMARK_SYNC_MS + 50);
    await disk.syncDir('/');
    const after = disk.crash(new Random(1, 1), 'forgetful');
    expect(await readSyncedPlace(after, DIR, OWNER)).toMatchObject(place(100));
  });

  it('is an earlier one or none after a power cut, never one that was not made', async () => {
    for (let seed = 0; seed < 50; seed += 1) {
      const { disk, clock, notes } = await opened(new SimFiles({ seed }));
      await disk.syncDir('/');
      for (let bytes = 100; bytes < 105; bytes += 1) {
        notes.note(place(bytes));
        await clock.advanceGently(seed % 2 === 0 ? WATERMARK_NOTE_MS : WATERMARK_SYNC_MS + 50);
      }
      const found = await readSyncedPlace(disk.crash(new Random(seed, 2)), DIR, OWNER);
      const bytes = found?.bytes ?? 100;
      expect([seed, bytes >= 100 && bytes <= 104]).toEqual([seed, true]);
      if (found !== undefined) expect(found).toMatchObject(place(bytes));
      if (seed % 2 === 1) expect(bytes).toBe(104);
    }
  });

  it('does not touch the slot of the one before, which counts when it is damaged', async () => {
    const { disk, clock, notes } = await opened();
    notes.note(place(100));
    await clock.advanceGently(WATERMARK_NOTE_MS);
    notes.note(place(200));
    expect(await readSyncedPlace(disk, DIR, OWNER)).toMatchObject(place(200));
    // The second note is in the first slot.
    disk.damage(`${DIR}/${WATERMARK_NAME}`, 40, 0xff);
    expect(await readSyncedPlace(disk, DIR, OWNER)).toMatchObject(place(100));
  });

  it('goes on behind the last one when the file is opened again', async () => {
    const { disk, notes } = await opened();
    notes.note(place(100));
    await notes.close();
    const again = await opened(disk);
    again.notes.note(place(50));
    expect(await readSyncedPlace(disk, DIR, OWNER)).toMatchObject(place(50));
  });

  it('that cannot be written is reported once, and nothing is noted any more', async () => {
    const { disk, clock, failures, notes } = await opened();
    disk.fail({ op: 'write', path: WATERMARK_NAME, code: 'EIO' });
    notes.note(place(100));
    await clock.advanceGently(WATERMARK_NOTE_MS);
    notes.note(place(200));
    expect([failures.length, notes.hasFailed]).toEqual([1, true]);
    expect(await readSyncedPlace(disk, DIR, OWNER)).toBeUndefined();
    await notes.close();
  });

  it('reports a file that cannot be made, and the log works without it', async () => {
    const disk = new SimFiles();
    disk.fail({ op: 'create', path: WATERMARK_NAME, code: 'ENOSPC' });
    const { failures, notes } = await opened(disk);
    notes.note(place(100));
    expect([failures.length, notes.hasFailed]).toEqual([1, true]);
    await notes.close();
  });
});
