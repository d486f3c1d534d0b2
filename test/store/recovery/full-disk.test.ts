/**
 * Starts after kill -9 on a disk without room. What the killed process had written but not synced
 * is in the page cache only, so it is also asked whether that survives a power cut after the start.
 */

import { describe, expect, it } from 'vitest';
import { DiskError } from '../../../src/io/files.ts';
import { Random } from '../../../src/lib/random.ts';
import { RECOVERY_SPARE_BYTES } from '../../../src/store/limits.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimCrash, SimFiles } from '../../sim/sim-files.ts';
import { Told, committed, open, put, text } from '../helpers.ts';

const KEYS = 40;
const SYNCED = 15;
const VALUE_BYTES = 10_000;
const valueOf = (key: number): string => `${key}:`.padEnd(VALUE_BYTES, 'v');

/**
 * A store whose process was killed: the first keys are synced and proven so, the others only
 * written. `isSyncLost`: the last sync before that failed.
 */
async function killed(seed = 1, isSyncLost = false): Promise<SimFiles> {
  const disk = new SimFiles({ seed });
  const store = await open({ files: disk, clock: new SimClock() });
  for (let key = 0; key < KEYS; key += 1) {
    put(store, `key:${key}`, valueOf(key));
    await committed(store);
    if (key === SYNCED - 1) await store.flushAndSync();
  }
  if (isSyncLost) {
    disk.fail({ op: 'datasync', path: '000000000000001.log', code: 'EIO' });
    await store.flushAndSync().catch(() => undefined);
    expect(store.failure?.code).toBe('FAILED');
  }
  disk.killProcess();
  return disk;
}

/** Opens with no more free space than `freeBytes`. */
async function openWith(disk: SimFiles, freeBytes: number, told = new Told()):
ReturnType<typeof open> {
  disk.capacityBytes = disk.usedBytes + freeBytes;
  return await open({ files: disk, clock: new SimClock(), told });
}

/** How many keys, from the first on, are there with their values; no other may be there. */
async function countKeys(store: Awaited<ReturnType<typeof open>>): Promise<number> {
  const values: (string | undefined)[] = [];
  for (let key = 0; key < KEYS; key += 1) values.push(await text(store, `key:${key}`));
  const count = values.findIndex((value) => value === undefined);
  const present = count < 0 ? KEYS : count;
  expect(values).toEqual(values.map((_, key) => (key < present ? valueOf(key) : undefined)));
  return present;
}

/** After a power cut that keeps nothing but what is surely on disk, and with room again. */
async function countAfterPowerCut(disk: SimFiles): Promise<number> {
  const survivor = disk.crash(new Random(1, 1), 'forgetful');
  return await countKeys(await openWith(survivor, Infinity));
}

const ROOM_FOR_FEW = 60_000;

describe('a start after kill -9 without room for a copy of the end of the log', () => {
  it('makes it durable where it lies', async () => {
    const disk = await killed();
    const told = new Told();
    const store = await openWith(disk, ROOM_FOR_FEW, told);
    expect(told.infos.join('\n')).toMatch(/no room for a copy .* written where they lie/);
    expect(await countKeys(store)).toBe(KEYS);
    expect(await countAfterPowerCut(disk)).toBe(KEYS);
  });

  it('does not trust pages that a failed fsync left clean', async () => {
    const disk = await killed(2, true);
    const store = await openWith(disk, ROOM_FOR_FEW);
    expect(await countKeys(store)).toBe(KEYS);
    expect(await countAfterPowerCut(disk)).toBe(KEYS);
  });

  it('is refused while the sync fails, and works when it does not', async () => {
    const disk = await killed();
    disk.fail({ op: 'datasync', path: '000000000000001.log', code: 'EIO' });
    const error = await openWith(disk, ROOM_FOR_FEW).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DiskError);
    expect((error as DiskError).message).toContain('cannot datasync /data/000000000000001.log: EIO');
    expect(await countKeys(await openWith(disk, ROOM_FOR_FEW))).toBe(KEYS);
    expect(await countAfterPowerCut(disk)).toBe(KEYS);
  });

  it('falls back when the disk turns out to be full in the middle of the copy', async () => {
    const disk = await killed();
    disk.fail({ op: 'write', path: '.pack', code: 'ENOSPC' });
    const told = new Told();
    const store = await openWith(disk, 4 * RECOVERY_SPARE_BYTES, told);
    expect(told.infos.join('\n')).toContain('written where they lie');
    expect((await disk.list('/data')).filter((name) => name.endsWith('.pack'))).toEqual([]);
    expect(await countKeys(store)).toBe(KEYS);
    expect(await countAfterPowerCut(disk)).toBe(KEYS);
  });

  it('copies to a fresh file when there is room', async () => {
    const disk = await killed();
    const told = new Told();
    await openWith(disk, 4 * RECOVERY_SPARE_BYTES, told);
    expect(told.infos.join('\n')).toContain('that may not have been synced');
    expect(await countAfterPowerCut(disk)).toBe(KEYS);
  });

  it('keeps a prefix with everything that was synced, wherever the power fails in it', async () => {
    let operations = Infinity;
    for (let at = 1; at < operations; at += 1) {
      const disk = await killed(at);
      const before = disk.operations;
      disk.onOperation = (_op, _path, number) => {
        if (number === before + at) throw new SimCrash();
      };
      const outcome = await disk.runUntilCrash(async () => {
        await openWith(disk, ROOM_FOR_FEW);
        operations = disk.operations - before;
      });
      const survivor = disk.crash(new Random(at, 7));
      const count = await countKeys(await openWith(survivor, ROOM_FOR_FEW));
      expect([`crash at ${at}`, count >= (outcome === 'finished' ? KEYS : SYNCED)])
        .toEqual([`crash at ${at}`, true]);
    }
    expect(operations).toBeGreaterThan(20);
  });
});

describe('a start on a disk that is full to the last byte', () => {
  it('removes a hint to have room for its manifest', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({ files: disk, clock });
    for (let key = 0; key < KEYS; key += 1) put(store, `key:${key}`, valueOf(key));
    await committed(store);
    await store.flushAndSync();
    const rolled = store.compaction.rollActive();
    for (let turn = 0; turn < 100 && await hintCount(disk) === 0; turn += 1) await clock.advanceGently(20);
    await rolled;
    expect(await hintCount(disk)).toBe(1);
    disk.killProcess();
    const told = new Told();
    const again = await openWith(disk, 0, told);
    expect(told.infos.join('\n')).toMatch(/the disk is full: removed \d+\.hint, which only saves time/);
    expect(await countKeys(again)).toBe(KEYS);
  });

  it('is refused with the disk\'s error when nothing can go', async () => {
    const disk = await killed();
    const error = await openWith(disk, 0).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DiskError);
    expect((error as DiskError).code).toBe('ENOSPC');
    expect(await countKeys(await openWith(disk, ROOM_FOR_FEW))).toBe(KEYS);
  });
});

async function hintCount(disk: SimFiles): Promise<number> {
  return (await disk.list('/data')).filter((name) => name.endsWith('.hint')).length;
}

describe('a start without one free page', () => {
  const options = { hasBallast: true };

  /** A store that was closed, on a disk that others have filled since. */
  async function filledAfterClose(isKilled: boolean, hasBallast = true): Promise<SimFiles> {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({ files: disk, clock, options: { hasBallast } });
    for (let key = 0; key < KEYS; key += 1) put(store, `key:${key}`, valueOf(key));
    await committed(store);
    await store.flushAndSync();
    await end(disk, store, clock, isKilled);
    return disk;
  }

  /** Then others take what room there is. */
  async function end(disk: SimFiles, store: Awaited<ReturnType<typeof open>>, clock: SimClock,
    isKilled: boolean): Promise<void> {
    const progress = { isEnded: isKilled };
    if (isKilled) disk.killProcess();
    // A stop without room for a checkpoint says so, and lets go all the same.
    else void store.close().catch(() => undefined).finally(() => (progress.isEnded = true));
    while (!progress.isEnded) await clock.advanceGently(3);
    disk.capacityBytes = disk.usedBytes;
  }

  it.each([[true], [false]])('gives up the ballast, again and again, killed: %s', async (isKilled) => {
    const disk = await filledAfterClose(isKilled);
    for (let start = 0; start < 3; start += 1) {
      const told = new Told();
      const clock = new SimClock();
      const store = await open({ files: disk, clock, told, options });
      expect(await countKeys(store)).toBe(KEYS);
      expect(told.infos.join('\n')).toContain('removed BALLAST');
      await end(disk, store, clock, isKilled);
    }
    expect(await countAfterPowerCut(disk)).toBe(KEYS);
  });

  it('makes the ballast whole again when there is room', async () => {
    const disk = await filledAfterClose(false);
    const clock = new SimClock();
    const store = await open({ files: disk, clock, options });
    const sizeNow = (): number => disk.contentOf('/data/BALLAST').length;
    expect(sizeNow()).toBeLessThan(RECOVERY_SPARE_BYTES);
    disk.capacityBytes = disk.usedBytes + 4 * RECOVERY_SPARE_BYTES;
    await clock.advanceGently(1100);
    await end(disk, store, clock, false);
    expect(sizeNow()).toBe(RECOVERY_SPARE_BYTES);
  });

  it('fails without a ballast, and changes nothing', async () => {
    const disk = await filledAfterClose(false, false);
    await expect(open({ files: disk, clock: new SimClock(), options })).rejects.toThrow('ENOSPC');
    expect(await countAfterPowerCut(disk)).toBe(KEYS);
  });
});
