import { describe, it } from 'vitest';
import { crashEverywhere } from './crash-harness.ts';
import { POWER_LOSSES } from './power-losses.ts';

/** Most of a minute of computing; many times that beside other work. */
const SLOW_MS = 300_000;

describe('a store that loses its power', () => {
  for (const { what, seeds, points, plan } of POWER_LOSSES) {
    it.each(seeds)(`${what}, seed %i`, async (seed) => {
      await crashEverywhere(plan(seed), points);
    }, SLOW_MS);
  }
});
