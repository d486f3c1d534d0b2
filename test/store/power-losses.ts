/**
 * Under which circumstances a store loses its power (crash-harness.ts). The quick tests take one
 * seed of each and few places of the loss; the deep ones take all.
 */

import type { CrashPlan } from './crash-harness.ts';
import { MIB, TINY_PAGES } from './helpers.ts';

export interface PowerLosses {
  readonly what: string;
  readonly seeds: readonly number[];
  /** Places of the loss that the deep tests try, evenly spread over the life. */
  readonly points: number;
  readonly plan: (seed: number) => CrashPlan;
}

/** Little memory, so that most of what is asked for is on disk only. */
const COLD = { memoryBytes: 2 * MIB, readCacheBytes: 0 };

export const POWER_LOSSES: readonly PowerLosses[] = [
  {
    what: 'keeps what appendfsync always acknowledged', seeds: [1, 2, 3], points: 60,
    plan: (seed) => ({ seed, policy: 'always', batches: 60, hasCompactor: false }),
  },
  {
    what: 'does so when this thread waits for the disk', seeds: [15, 16, 17], points: 60,
    plan: (seed) => ({
      seed, policy: 'always', batches: 60, hasCompactor: false,
      options: { directIo: true, ...COLD },
    }),
  },
  {
    what: 'keeps what was synced under everysec, and a prefix', seeds: [6, 4, 5], points: 60,
    plan: (seed) => ({ seed, policy: 'everysec', batches: 80, hasCompactor: false }),
  },
  {
    what: 'keeps a batch whole that does not fit one segment', seeds: [10, 9], points: 50,
    plan: (seed) => ({
      seed, policy: 'always', batches: 60, hasCompactor: false,
      options: { segmentStartBytesMax: 140_000 },
    }),
  },
  {
    what: 'does so while the log is compacted', seeds: [7, 8], points: 40,
    plan: (seed) => ({ seed, policy: 'everysec', batches: 120, hasCompactor: true }),
  },
  ...(['with peers', 'alone'] as const).map((versions, i): PowerLosses => ({
    what: `keeps the versions of its keys, ${versions}`, seeds: [18 + 2 * i], points: 20,
    plan: (seed) => ({
      seed, policy: 'everysec', batches: 80, hasCompactor: true, options: COLD, versions,
    }),
  })),
  ...(['with peers', 'alone'] as const).map((versions, i): PowerLosses => ({
    what: `keeps the versions of its keys, ${versions}, in pages`, seeds: [19 + 2 * i], points: 20,
    plan: (seed) => ({
      seed, policy: 'everysec', batches: 80, hasCompactor: true,
      options: { ...COLD, paging: TINY_PAGES }, versions,
    }),
  })),
  {
    what: 'does so when values are written in pages', seeds: [13, 12, 14], points: 30,
    plan: (seed) => ({
      seed, policy: seed === 12 ? 'always' : 'everysec', batches: 120, hasCompactor: true,
      options: { ...COLD, paging: TINY_PAGES },
    }),
  },
];
