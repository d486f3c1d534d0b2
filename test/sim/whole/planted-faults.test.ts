/** The table of planted faults cannot rot: each has a place in the compiled code. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mustHavePlace } from '../../lib/planted-text.ts';
import { placesOf, plantedPath } from './hunter.ts';
import { PLANTED_FAULTS } from './planted-faults.ts';
import { PROFILES } from './profiles.ts';

const DIST = join(import.meta.dirname, '../../../dist');

describe('the planted faults', () => {
  it('are at least forty, each with a name of its own', () => {
    const names = new Set(PLANTED_FAULTS.map(({ name }) => name));
    expect(names.size).toBe(PLANTED_FAULTS.length);
    expect(names.size).toBeGreaterThanOrEqual(40);
  });

  it.each(PLANTED_FAULTS)('have their places in the code: $name', (fault) => {
    for (const place of placesOf(fault)) {
      const code = readFileSync(plantedPath(DIST, place), 'utf8');
      expect(() => mustHavePlace(code, place)).not.toThrow();
      expect(place.to).not.toBe(place.from);
    }
  });

  it('are looked for in profiles that there are', () => {
    for (const { name, profile, servers } of PLANTED_FAULTS) {
      const found = PROFILES.find((one) => one.name === profile);
      expect(found?.servers, name).toContain(servers);
    }
  });
});
