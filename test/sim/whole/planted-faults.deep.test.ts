/** The simulator finds what it found before: one fault of each part, those that show soon. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Hunter } from './hunter.ts';
import { PLANTED_FAULTS } from './planted-faults.ts';

const DIST = join(import.meta.dirname, '../../../dist');
const SEEDS_MAX = 5;
const SOON = [
  'an EXEC that ran keeps what was watched',
  'requests that must wait are lost',
  'replies leave before their ticket',
  'the undo journal forgets removals',
];

describe('the simulator of whole servers finds that', () => {
  const hunter = new Hunter(DIST);
  for (const name of SOON) {
    it(name, { timeout: 300_000 }, async () => {
      const fault = PLANTED_FAULTS.find((one) => one.name === name)!;
      const found = await hunter.hunt(fault, SEEDS_MAX);
      expect(found.isFound, found.failure).toBe(true);
    });
  }
});
