/** One short run of each profile; seeds.deep.test.ts has more, `npm run sim` as many as one likes. */

import { describe, expect, it } from 'vitest';
import { testSeed } from '../../lib/seeded.ts';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';

const RUN_MS = 30_000;
const SHORT = PROFILES.filter(({ servers }) => !servers.includes(5));

describe('whole servers in a short run', () => {
  it.each(SHORT)('keep what they promise: $name', async (profile) => {
    const seed = testSeed();
    const report = await runSeed({ seed, profile, runMs: RUN_MS });
    const again = `npm run sim -- --seeds 1 --seed ${seed} --profile '${profile.name}'`;
    expect(report.failure, `${again}, for ${RUN_MS} ms`).toBeUndefined();
    expect(report.answered).toBeGreaterThan(10);
  });
});
