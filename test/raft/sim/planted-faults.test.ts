import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mustHavePlace } from '../../lib/planted-text.ts';
import { hunt } from './plant.ts';
import { PLANTED_FAULTS } from './planted-faults.ts';

const DIST = join(import.meta.dirname, '../../../dist');

/** Found with the first seed; planted-faults.deep.test.ts hunts all of them. */
const SOON_FOUND = ['forgets its vote in a restart', 'takes written for durable'];

describe('a planted fault', () => {
  it.each(PLANTED_FAULTS)('has its place in the code: $name', async (fault) => {
    mustHavePlace(await readFile(join(DIST, 'src/raft', fault.file), 'utf8'), fault);
  });

  it.each(SOON_FOUND)('is found by the simulator: %s', { timeout: 60_000 }, async (name) => {
    const fault = PLANTED_FAULTS.find((each) => each.name === name)!;
    const { isFound, text } = await hunt(DIST, fault, 1);
    expect(isFound, text).toBe(true);
  });
});
