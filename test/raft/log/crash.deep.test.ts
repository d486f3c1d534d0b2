import { describe, it } from 'vitest';
import { crashEverywhere } from './crash-harness.ts';
import { POWER_LOSSES } from './power-losses.ts';

describe('a replicated log that loses its power before any operation', () => {
  for (const { what, seeds, points, plan } of POWER_LOSSES) {
    it.each(seeds)(`${what}, seed %i`, async (seed) => {
      await crashEverywhere({ ...plan, seed }, seed === seeds[0] ? Infinity : points);
    }, 120_000);
  }
});
