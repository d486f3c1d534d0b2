import { describe, expect, it } from 'vitest';
import type { Files, WriteFile } from '../../../src/io/files.ts';
import type { SimFiles } from '../../sim/sim-files.ts';
import { crashEverywhere } from './crash-harness.ts';
import type { CrashPlan } from './crash-harness.ts';
import { POWER_LOSSES } from './power-losses.ts';

const PLAN: CrashPlan = { seed: 1, ...POWER_LOSSES[0]!.plan };

/** Places of the loss; crash.deep.test.ts tries many more, with more seeds. */
const POINTS = 15;

describe('a replicated log that loses its power before any operation', () => {
  for (const { what, seeds, plan } of POWER_LOSSES) {
    it(`${what}, seed ${seeds[0]}`, async () => {
      await crashEverywhere({ ...plan, seed: seeds[0]! }, POINTS);
    }, 60_000);
  }
});

/** An object with some of its methods replaced. */
function disguise<T extends object>(real: T, replaced: Partial<T>): T {
  return new Proxy(real, {
    get(target, name) {
      const member: unknown = Reflect.get(replaced, name) ?? Reflect.get(target, name, target);
      return typeof member === 'function' ? member.bind(target) as unknown : member;
    },
  });
}

/** Says that files are on disk when they are not. */
function forgetSyncs(disk: SimFiles): Files {
  const lie = (file: WriteFile): WriteFile => disguise(file, {
    datasync: () => Promise.resolve(),
    datasyncSync: () => {},
  });
  return disguise<Files>(disk, { create: async (path) => lie(await disk.create(path)) });
}

/** Says that names are on disk when they are not. */
function forgetNames(disk: SimFiles): Files {
  return disguise<Files>(disk, { syncDir: () => Promise.resolve() });
}

describe('the crash test', () => {
  it.each([false, true])('notices acknowledgements before the sync, direct: %s', async (isDirect) => {
    await expect(crashEverywhere({ ...PLAN, isDirect, disguise: forgetSyncs }, 60)).rejects.toThrow(/crash at/);
  }, 60_000);

  it('notices names that are not synced', async () => {
    await expect(crashEverywhere({ ...PLAN, disguise: forgetNames }, 60)).rejects.toThrow(/crash at/);
  }, 60_000);

  it('finds nothing wrong without the lies', async () => {
    await crashEverywhere({ ...PLAN, disguise: (disk) => disguise<Files>(disk, {}) }, POINTS);
  }, 60_000);
});
