/** A manifest that was put back to an older copy of itself is refused, and nothing is removed. */

import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { committed, open, put, text } from '../helpers.ts';

const MANIFEST = '/data/MANIFEST';

interface Session {
  readonly disk: SimFiles;
  /** The manifest as it was before the session wrote anything. */
  readonly older: Uint8Array;
}

/** A session that writes these keys. All of it lasts, when its process and the power are gone. */
async function session(disk: SimFiles, keys: readonly string[],
  appendfsync: 'always' | 'no'): Promise<Session> {
  const clock = new SimClock();
  const options = { appendfsync, segmentBytes: 4096 };
  const store = await open({ files: disk, clock, options });
  await clock.advanceGently(50);
  const older = disk.contentOf(MANIFEST);
  for (const key of keys) {
    put(store, key, valueOf(key));
    await committed(store);
    await clock.advanceGently(50);
  }
  return { older, disk: disk.crash(new Random(0, 1), 'lucky') };
}

/** More than half of a segment. */
const valueOf = (key: string): string => key.padEnd(3000, '.');

function reopen(disk: SimFiles): Promise<Store> {
  return open({ files: disk, clock: new SimClock() });
}

async function expectKeys(store: Store, keys: readonly string[]): Promise<void> {
  for (const key of keys) expect(await text(store, key)).toBe(valueOf(key));
}

describe('an older copy of the manifest', () => {
  const synced = ['a', 'b', 'c'];

  it('is refused when it lacks the first segment of a session', async () => {
    const { disk, older } = await session(new SimFiles({ seed: 1 }), synced, 'always');
    // Recovery copies what was not surely synced to a file that only a newer manifest lists.
    const second = await session(disk, ['d'], 'no');
    const { disk: last } = await session(second.disk, ['e'], 'no');
    const newer = last.contentOf(MANIFEST);
    const files = last.paths();
    last.exchange(MANIFEST, older);
    await expect(reopen(last)).rejects.toMatchObject({
      code: 'INVALID', file: MANIFEST, message: expect.stringContaining('it is an older copy'),
    });
    expect(last.paths()).toEqual(files);
    last.exchange(MANIFEST, newer);
    await expectKeys(await reopen(last), [...synced, 'd', 'e']);
  });

  it('serves when all that the newer one has is there', async () => {
    const { disk, older } = await session(new SimFiles({ seed: 1 }), synced, 'always');
    disk.exchange(MANIFEST, older);
    await expectKeys(await reopen(disk), synced);
  });
});
