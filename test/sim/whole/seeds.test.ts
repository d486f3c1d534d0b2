/** Short runs of some profiles; seeds.deep.test.ts has all, `npm run sim` as many as one likes. */

import { describe, expect, it } from 'vitest';
import { testSeed } from '../../lib/seeded.ts';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';

const RUN_MS = 30_000;
const NAMES = ['alone', 'alone, one client', 'alone, bad disk', 'peers'];
const SHORT = PROFILES.filter(({ name }) => NAMES.includes(name));

describe('whole servers in a short run', () => {
  it.each(SHORT)('keep what they promise: $name', async (profile) => {
    const seed = testSeed();
    const report = await runSeed({ seed, profile, runMs: RUN_MS });
    const again = `npm run sim -- --seeds 1 --seed ${seed} --profile '${profile.name}'`;
    expect(report.failure, `${again}, for ${RUN_MS} ms`).toBeUndefined();
    expect(report.answered).toBeGreaterThan(10);
  });
});
