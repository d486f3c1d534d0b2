import { describe, expect, it } from 'vitest';
import type { Files, WriteFile } from '../../src/io/files.ts';
import type { SimFiles } from '../sim/sim-files.ts';
import { crashEverywhere } from './crash-harness.ts';
import { POWER_LOSSES } from './power-losses.ts';

/** Places of the loss; crash.deep.test.ts tries many more, with more seeds. */
const POINTS = 5;

/** Seconds of computing; many times that beside other work. */
const SLOW_MS = 60_000;

describe('a store that loses its power', () => {
  for (const { what, seeds, plan } of POWER_LOSSES) {
    it(`${what}, seed ${seeds[0]}`, async () => {
      await crashEverywhere(plan(seeds[0]!), POINTS);
    }, SLOW_MS);
  }
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
    await crashEverywhere({ ...plan, disguise: (disk) => disguise<Files>(disk, {}) }, POINTS);
  }, SLOW_MS);
});
