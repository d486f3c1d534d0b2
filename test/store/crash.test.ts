import { describe, expect, it } from 'vitest';
import type { Files, WriteFile } from '../../src/io/files.ts';
import type { SimFiles } from '../sim/sim-files.ts';
import { crashEverywhere } from './crash-harness.ts';
import { MIB, TINY_PAGES } from './helpers.ts';

/** Half a minute of computing on a quiet core; many times that beside other work. */
const SLOW_MS = 300_000;

describe('a store that loses its power', () => {
  it.each([1, 2, 3])('keeps what appendfsync always acknowledged, seed %i', async (seed) => {
    await crashEverywhere({ seed, policy: 'always', batches: 60, hasCompactor: false }, 60);
  }, SLOW_MS);

  it.each([15, 16, 17])('does so when this thread waits for the disk, seed %i', async (seed) => {
    const options = { directIo: true, memoryBytes: 2 * MIB, readCacheBytes: 0 };
    await crashEverywhere({ seed, policy: 'always', batches: 60, hasCompactor: false, options }, 60);
  }, SLOW_MS);

  it.each([4, 5, 6])('keeps what was synced under everysec, and a prefix, seed %i', async (seed) => {
    await crashEverywhere({ seed, policy: 'everysec', batches: 80, hasCompactor: false }, 60);
  }, SLOW_MS);

  it.each([9, 10])('keeps a batch whole that does not fit one segment, seed %i', async (seed) => {
    const options = { segmentStartBytesMax: 140_000 };
    await crashEverywhere({ seed, policy: 'always', batches: 60, hasCompactor: false, options }, 50);
  }, SLOW_MS);

  it.each([7, 8])('does so while the log is compacted, seed %i', async (seed) => {
    await crashEverywhere({ seed, policy: 'everysec', batches: 120, hasCompactor: true }, 60);
  }, SLOW_MS);

  it.each([
    [18, 'with peers', false], [19, 'with peers', true], [20, 'alone', false], [21, 'alone', true],
  ] as const)('keeps the versions of its keys, seed %i, %s, in pages: %s', async (seed, versions, isPaged) => {
    const cold = { memoryBytes: 2 * MIB, readCacheBytes: 0 };
    const options = isPaged ? { ...cold, paging: TINY_PAGES } : cold;
    await crashEverywhere({
      seed, policy: 'everysec', batches: 80, hasCompactor: true, options, versions,
    }, 20);
  }, SLOW_MS);

  it.each([12, 13, 14])('does so when values are written in pages, seed %i', async (seed) => {
    const options = { paging: TINY_PAGES, memoryBytes: 2 * MIB, readCacheBytes: 0 };
    const policy = seed === 12 ? 'always' : 'everysec';
    await crashEverywhere({ seed, policy, batches: 120, hasCompactor: true, options }, 60);
  }, SLOW_MS);
});

/** The disk with some of its methods replaced. */
function disguise<T extends object>(real: T, replaced: Partial<T>): T {
  return new Proxy(real, {
    get(target, name) {
      const member: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) as unknown : member;
    },
  });
}

/** Says that segments are on disk when they are not. */
function forgetSyncs(disk: SimFiles): Files {
  const lie = (file: WriteFile): WriteFile => disguise(file, {
    datasync: () => Promise.resolve(),
    datasyncSync: () => {},
  });
  return disguise<Files>(disk, {
    create: async (path) => lie(await disk.create(path)),
    createSync: (path) => lie(disk.createSync(path)),
  });
}

describe('the crash test', () => {
  const plan = { seed: 11, policy: 'always', batches: 40, hasCompactor: false } as const;

  it('notices acknowledgements before the fsync', async () => {
    await expect(crashEverywhere({ ...plan, disguise: forgetSyncs }, 40)).rejects.toThrow();
  }, SLOW_MS);

  it('notices the same when this thread waits for the disk', async () => {
    const options = { directIo: true };
    await expect(crashEverywhere({ ...plan, options, disguise: forgetSyncs }, 40)).rejects.toThrow();
  }, SLOW_MS);

  it('notices names that are not synced', async () => {
    const forgetNames = (disk: SimFiles): Files => disguise<Files>(disk, {
      syncDir: () => Promise.resolve(),
      writeWhole: async (path, data) => {
        // What writeWhole does, without the fsync of the directory.
        const file = await disk.create(`${path}.tmp`).catch(async () => {
          await disk.unlink(`${path}.tmp`);
          return await disk.create(`${path}.tmp`);
        });
        await file.write(data, 0, data.length, 0);
        await file.datasync();
        await disk.rename(`${path}.tmp`, path);
      },
    });
    await expect(crashEverywhere({ ...plan, disguise: forgetNames }, 40)).rejects.toThrow();
  }, SLOW_MS);

  it('finds nothing wrong without the lies', async () => {
    await crashEverywhere({ ...plan, disguise: (disk) => disguise<Files>(disk, {}) }, 40);
  }, SLOW_MS);
});
