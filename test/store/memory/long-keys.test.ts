/** Keys that are longer than what is read first of a large record, and their parts. */

import { describe, expect, it } from 'vitest';
import { NEED_KEY, NEED_VALUE, type Need } from '../../../src/keyspace/storage.ts';
import { KEY_READ_BYTES } from '../../../src/store/memory/residents.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { MIB, open, put, range } from '../helpers.ts';

const LOG = '/data/000000000000001.log';
const LONG = 'k'.repeat(3 * KEY_READ_BYTES);
const OTHER = `${LONG}x`;

/** A store whose records are on disk only; the log may have been changed before it was opened. */
async function coldStore(change: (disk: SimFiles) => void = () => undefined): Promise<Store> {
  const disk = new SimFiles();
  const clock = new SimClock();
  const first = await open({ files: disk, clock });
  put(first, LONG, 'v'.repeat(100_000));
  await clock.passUntil(first.close());
  change(disk);
  return await open({ files: disk, clock, options: { memoryBytes: 2 * MIB, readCacheBytes: 0 } });
}

const load = (store: Store, key: string, need: Need): Promise<() => void> =>
  store.load([{ space: 1, key: Buffer.from(key), need }]);

describe('a long key of a large cold record', () => {
  it('is known without its value, and so is that another one is absent', async () => {
    const store = await coldStore();
    for (const [key, isThere] of [[LONG, true], [OTHER, false], [LONG.slice(1), false]] as const) {
      const release = await load(store, key, NEED_KEY);
      expect(store.find(1, range(key), NEED_KEY) !== undefined).toBe(isThere);
      release();
      expect(store.findNow(1, range(key), NEED_KEY) !== undefined).toBe(isThere);
    }
  });

  it('is known at once, and then its value is', async () => {
    const store = await coldStore();
    expect(store.findNow(1, range(LONG), NEED_KEY)).toBeDefined();
    expect(store.findNow(1, range(LONG), NEED_VALUE)?.value.length).toBe(100_000);
  });

  it('that is damaged in its first bytes is an error, with the place', async () => {
    const store = await coldStore((disk) => {
      const at = Buffer.from(disk.contentOf(LOG)).indexOf('kkkk');
      disk.damage(LOG, at - 20, 0x04);
    });
    await expect(load(store, LONG, NEED_KEY))
      .rejects.toMatchObject({ code: 'DAMAGED', file: LOG });
    expect(() => store.findNow(1, range(LONG), NEED_KEY)).toThrow(LOG);
  });
});
