import { describe, it } from 'vitest';
import { mustFitState } from './position-runs.ts';

describe('the position of a store that lost its power', () => {
  it.each([1, 2, 3, 4])('is that of its state wherever it happens, seed %i', async (seed) => {
    await mustFitState(seed, 40);
  }, 60_000);
});
