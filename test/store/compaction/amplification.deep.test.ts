// What uniform overwrites of the whole dataset cost in bytes written and kept, in virtual time: the
// figures of DECISIONS.md. The manifest is left out of what is written: it is as large here as for
// a store of a thousand times the size.
import { describe, expect, it } from 'vitest';
import { choose, tombstoneFloor } from '../../../src/store/compaction/choose.ts';
import { UNIFORM, amplification, overwrite } from './overwrite-run.ts';

describe('uniform overwrites', () => {
  it('write less than 1.75 bytes a byte at a disk ratio of 1.6', async () => {
    const outcome = await overwrite({ ...UNIFORM, diskRatioMax: 1.6 });
    expect(outcome.diskRatio).toBeLessThan(1.635);
    expect(amplification(outcome)).toBeLessThan(1.75);
  });

  it('would be seen to take more disk if hints were not counted', async () => {
    const blind: typeof choose = (segments, policy, demanded) => (
      choose(segments, { ...policy, besideBytes: 0 }, demanded)
    );
    const outcome = await overwrite({ ...UNIFORM, rules: { choose: blind, tombstoneFloor } });
    expect(outcome.diskRatio).toBeGreaterThan(1.535);
  });
});
