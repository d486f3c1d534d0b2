import { describe, expect, it } from 'vitest';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';

/** The budget of CI: some of each kind. `npm run sim` goes on for as long as anyone likes. */
const SEEDS = 25;

/** Keys with so many unknown outcomes that the checker gives up on their history. */
const UNDECIDED_MAX = 1;

describe('a simulated cluster', () => {
  it('keeps its promises through everything that goes wrong', { timeout: 240_000 }, () => {
    let [answered, undecided] = [0, 0];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const report = runSeed(seed);
      expect(report.failure, `seed ${seed}: npm run sim -- --seeds 1 --seed ${seed}`)
        .toBeUndefined();
      undecided += report.undecided;
      expect(report.elections, `seed ${seed}`).toBeGreaterThan(0);
      answered += report.answered;
    }
    expect(answered).toBeGreaterThan(SEEDS * 500);
    expect(undecided).toBeLessThanOrEqual(UNDECIDED_MAX);
  });

  it('does exactly the same again with the same seed', { timeout: 60_000 }, () => {
    for (const seed of PROFILES.keys()) {
      expect(runSeed(seed, undefined, 30_000)).toEqual(runSeed(seed, undefined, 30_000));
    }
  });

  it('goes other ways with other seeds', { timeout: 60_000 }, () => {
    const messages = [1, 6, 11, 16].map((seed) => runSeed(seed, undefined, 30_000).messages);
    expect(new Set(messages).size).toBe(messages.length);
  });
});
