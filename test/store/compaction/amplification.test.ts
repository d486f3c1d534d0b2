// What uniform overwrites of the whole dataset cost in bytes written and kept, in virtual time: the
// figures of DECISIONS.md. The manifest is left out of what is written: it is as large here as for
// a store of a thousand times the size.
import { describe, expect, it } from 'vitest';
import { UNIFORM, amplification, overwrite } from './overwrite-run.ts';

describe('uniform overwrites', () => {
  it('stay within the disk ratio, hints included, at less than 1.95 bytes written a byte', async () => {
    const outcome = await overwrite(UNIFORM);
    expect(outcome.diskRatio).toBeLessThan(1.535);
    expect(amplification(outcome)).toBeLessThan(1.95);
    expect(outcome.byKind.hint).toBeLessThan(0.065);
  });
});
