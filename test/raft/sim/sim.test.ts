import { describe, expect, it } from 'vitest';
import { mustKeepPromises } from './keep-promises.ts';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';

describe('a simulated cluster', () => {
  it('keeps its promises through trouble of each kind', { timeout: 60_000 }, () => {
    mustKeepPromises(PROFILES.length, 50, 60_000);
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
