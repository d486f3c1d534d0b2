import { describe, it } from 'vitest';
import { mustKeepPromises } from './keep-promises.ts';

/** Some of each kind. `npm run sim:raft` goes on for as long as anyone likes. */
const SEEDS = 25;

describe('a simulated cluster', () => {
  it('keeps its promises through everything that goes wrong', { timeout: 240_000 }, () => {
    mustKeepPromises(SEEDS, 500);
  });
});
