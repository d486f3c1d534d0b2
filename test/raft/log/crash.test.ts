import { describe, expect, it } from 'vitest';
import type { Files, WriteFile } from '../../../src/io/files.ts';
import type { SimFiles } from '../../sim/sim-files.ts';
import { crashEverywhere } from './crash-harness.ts';
import type { CrashPlan } from './crash-harness.ts';

const PLAN: CrashPlan = { seed: 1, steps: 60, segmentBytes: 700, isDirect: false };

describe('a replicated log that loses its power before any operation', () => {
  it.each([1, 2, 3, 4])('keeps what it called durable, seed %i', async (seed) => {
    await crashEverywhere({ ...PLAN, seed }, seed === 1 ? Infinity : 100);
  }, 120_000);

  it.each([5, 6, 7, 8])('does so when this thread waits for the disk, seed %i', async (seed) => {
    await crashEverywhere({ ...PLAN, seed, isDirect: true }, seed === 5 ? Infinity : 100);
  }, 120_000);

  it.each([9, 10])('does so when segments hold many records, seed %i', async (seed) => {
    await crashEverywhere({ ...PLAN, seed, segmentBytes: 8000, isDirect: seed === 10 });
  }, 120_000);
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
    await crashEverywhere({ ...PLAN, disguise: (disk) => disguise<Files>(disk, {}) }, 60);
  }, 60_000);
});
