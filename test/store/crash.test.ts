import { describe, it } from 'vitest';
import { crashEverywhere } from './crash-harness.ts';

describe('a store that loses its power', () => {
  it.each([1, 2, 3])('keeps what appendfsync always acknowledged, seed %i', async (seed) => {
    await crashEverywhere({ seed, policy: 'always', batches: 60, hasCompactor: false }, 60);
  }, 60_000);

  it.each([4, 5, 6])('keeps what was synced under everysec, and a prefix, seed %i', async (seed) => {
    await crashEverywhere({ seed, policy: 'everysec', batches: 80, hasCompactor: false }, 60);
  }, 60_000);

  it.each([7, 8])('does so while the log is compacted, seed %i', async (seed) => {
    await crashEverywhere({ seed, policy: 'everysec', batches: 120, hasCompactor: true }, 60);
  }, 60_000);
});
