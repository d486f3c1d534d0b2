/**
 * Under which circumstances a replicated log loses its power (crash-harness.ts). The quick tests
 * take one seed of each and few places of the loss; the deep ones take all.
 */

import type { CrashPlan } from './crash-harness.ts';

export interface PowerLosses {
  readonly what: string;
  readonly seeds: readonly number[];
  /** Places of the loss that the deep tests try; with the first seed all there are. */
  readonly points: number;
  readonly plan: Omit<CrashPlan, 'seed'>;
}

export const POWER_LOSSES: readonly PowerLosses[] = [
  {
    what: 'keeps what it called durable', seeds: [1, 2, 3, 4], points: 100,
    plan: { steps: 60, segmentBytes: 700, isDirect: false },
  },
  {
    what: 'does so when this thread waits for the disk', seeds: [5, 6, 7, 8], points: 100,
    plan: { steps: 60, segmentBytes: 700, isDirect: true },
  },
  {
    what: 'does so when segments hold many records', seeds: [9], points: Infinity,
    plan: { steps: 60, segmentBytes: 8000, isDirect: false },
  },
  {
    what: 'does so when it waits and segments hold many records', seeds: [10], points: Infinity,
    plan: { steps: 60, segmentBytes: 8000, isDirect: true },
  },
];
