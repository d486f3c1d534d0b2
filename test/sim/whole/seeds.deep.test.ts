/** A run of each profile. `npm run sim` goes on for as long as anyone likes. */

import { describe, expect, it } from 'vitest';
import { testSeed } from '../../lib/seeded.ts';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';

const RUN_MS_MAX = 180_000;

describe('whole servers', () => {
  it.each(PROFILES)('keep what they promise: $name', async (profile) => {
    const seed = testSeed();
    const report = await runSeed({ seed, profile, runMs: Math.min(profile.runMs, RUN_MS_MAX) });
    const again = `npm run sim -- --seeds 1 --seed ${seed} --profile '${profile.name}'`;
    expect(report.failure, `${again} --minutes ${RUN_MS_MAX / 60_000}`).toBeUndefined();
  }, 600_000);
});
