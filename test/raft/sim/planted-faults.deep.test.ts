import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hunt } from './plant.ts';
import { PLANTED_FAULTS } from './planted-faults.ts';

const DIST = join(import.meta.dirname, '../../../dist');

/** Each has to be found among so many seeds; most are within the first five. */
const SEEDS_MAX = 80;

describe('the simulator finds a member that', () => {
  for (const fault of PLANTED_FAULTS) {
    it.concurrent(`${fault.name}`, { timeout: 240_000 }, async () => {
      const { isFound, text } = await hunt(DIST, fault, SEEDS_MAX);
      expect(isFound, text).toBe(true);
    });
  }
});
