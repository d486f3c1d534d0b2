import { describe, it } from 'vitest';
import { installEverywhere } from './install-runs.ts';

describe('an install', () => {
  it.each([1, 2, 3, 4])('leaves the old store or the new one wherever the power goes, seed %i',
    async (seed) => {
      await installEverywhere(seed, 1);
    }, 120_000);
});
