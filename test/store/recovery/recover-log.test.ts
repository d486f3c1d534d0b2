/** The numbers of the files that a start writes, and how a new directory is made to last. */

import { describe, expect, it } from 'vitest';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { diskError } from '../../sim/sim-kernel.ts';
import { manifestOf, open, put, text } from '../helpers.ts';

describe('a start after a kill', () => {
  it('copies what was not synced to files with new numbers, in order', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({
      files: disk, clock, options: { segmentBytes: 4096, appendfsync: 'no' },
    });
    // The next segments are made ready, and in one turn of the event loop none of them is synced.
    await clock.advanceGently(50);
    const keys = Array.from({ length: 12 }, (_, i) => `key:${i}`);
    for (const key of keys) {
      put(store, key, key.padEnd(1500, '.'));
      store.commit();
    }
    disk.killProcess();
    const { nextSegmentId } = manifestOf(disk);
    const after = await open({ files: disk, clock: new SimClock() });
    const { sealed } = manifestOf(disk);
    expect(sealed.length).toBe(2);
    expect(sealed[0]!.id).toBeGreaterThanOrEqual(nextSegmentId);
    expect(sealed[1]!.id).toBe(sealed[0]!.id + 1);
    expect(sealed[0]!.maxValueIndex).toBeLessThan(sealed[1]!.minValueIndex);
    for (const key of keys) expect(await text(after, key)).toBe(key.padEnd(1500, '.'));
  });
});

describe('the directory of a new store', () => {
  const openIn = (code: string): Promise<unknown> => {
    const disk = new SimFiles();
    disk.onOperation = (op, path) => {
      if (op === 'syncDir' && path === '/') throw diskError(op, path, code);
    };
    return open({ files: disk, clock: new SimClock(), dir: '/data' });
  };

  it('is not trusted when its name cannot be made durable', async () => {
    await expect(openIn('EIO')).rejects.toMatchObject({ code: 'EIO' });
  });

  it.each(['EACCES', 'EPERM', 'EROFS'])('may be in one of another user: %s', async (code) => {
    await expect(openIn(code)).resolves.toBeDefined();
  });
});
