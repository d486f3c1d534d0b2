/**
 * A segment that is full, cut or put back to an older copy of itself, while the one behind it is
 * still empty and the manifest does not list it yet: nothing in the log says where it ended.
 */

import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { SEGMENT_HEADER_BYTES } from '../../../src/store/format/segment-header.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { committed, open, put, text } from '../helpers.ts';

const SEGMENT_BYTES = 4096;
const KEYS_MAX = 12;

const valueOf = (key: number): string => `${key}`.padEnd(1000, '.');

interface Session {
  readonly disk: SimFiles;
  /** Each log as it was before the last key was written. */
  readonly older: ReadonlyMap<string, Uint8Array>;
}

/** Writes so many keys and ends without a manifest that knows of what became full. */
async function session(keys: number): Promise<Session> {
  const disk = new SimFiles({ seed: keys });
  const clock = new SimClock();
  const options = { appendfsync: 'always', segmentBytes: SEGMENT_BYTES } as const;
  const store = await open({ files: disk, clock, options });
  disk.fail({ op: 'rename', nth: 1, times: 1000, code: 'EIO' });
  let older = new Map<string, Uint8Array>();
  for (let key = 0; key < keys; key++) {
    older = new Map(logsOf(disk).map((path) => [path, disk.contentOf(path)]));
    put(store, `k${key}`, valueOf(key));
    await committed(store);
    // So that the note of what was synced is written.
    await clock.advanceGently(25);
  }
  return { older, disk: disk.crash(new Random(0, 1), 'lucky') };
}

function logsOf(disk: SimFiles): string[] {
  return disk.paths().filter((path) => path.endsWith('.log'));
}

async function isNamedOrRight(disk: SimFiles, keys: number): Promise<void> {
  let store;
  try {
    store = await open({ files: disk, clock: new SimClock() });
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^(DAMAGED|INVALID)$/) });
    return;
  }
  for (let key = 0; key < keys; key++) expect(await text(store, `k${key}`)).toBe(valueOf(key));
}

describe.each(Array.from({ length: KEYS_MAX }, (_, i) => i + 1))('after %i keys', (keys) => {
  it('each log that is put back to an older copy is named, or nothing is missing', async () => {
    const { older } = await session(keys);
    for (const [path, content] of older) {
      const { disk } = await session(keys);
      disk.exchange(path, content);
      await isNamedOrRight(disk, keys);
    }
  });

  it('each log that is cut is named, or nothing is missing', async () => {
    const { older } = await session(keys);
    for (const path of older.keys()) {
      const { disk } = await session(keys);
      disk.exchange(path, disk.contentOf(path).subarray(0, SEGMENT_HEADER_BYTES));
      await isNamedOrRight(disk, keys);
    }
  });
});
