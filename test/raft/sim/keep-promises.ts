import { expect } from 'vitest';
import { runSeed } from './run-seed.ts';

/** Keys with so many unknown outcomes that the checker gives up on their history. */
const UNDECIDED_MAX = 1;

/** Runs seeds 1 to `seeds`, each for `runMs` of virtual time or as long as its profile says. */
export function mustKeepPromises(seeds: number, answersPerSeed: number, runMs?: number): void {
  let [answered, undecided] = [0, 0];
  for (let seed = 1; seed <= seeds; seed++) {
    const report = runSeed(seed, undefined, runMs);
    const minutes = runMs === undefined ? '' : ` --minutes ${runMs / 60_000}`;
    expect(report.failure, `seed ${seed}: npm run sim:raft -- --seeds 1 --seed ${seed}${minutes}`)
      .toBeUndefined();
    undecided += report.undecided;
    expect(report.elections, `seed ${seed}`).toBeGreaterThan(0);
    answered += report.answered;
  }
  expect(answered).toBeGreaterThan(seeds * answersPerSeed);
  expect(undecided).toBeLessThanOrEqual(UNDECIDED_MAX);
}
