// What uniform overwrites of the whole dataset cost in bytes written and kept, in virtual time: the
// figures of DECISIONS.md. The manifest is left out of what is written: it is as large here as for
// a store of a thousand times the size.
import { describe, expect, it } from 'vitest';
import { choose, tombstoneFloor } from '../../../src/store/compaction/choose.ts';
import { overwrite } from './overwrite-run.ts';
import type { OverwriteOutcome, OverwriteSetting } from './overwrite-run.ts';

const SETTING: OverwriteSetting = {
  keys: 10_000, valueBytes: 256, segments: 24, times: 3, groupWrites: 50, rate: 0.1,
  diskRatioMax: 1.5,
};

function amplification({ byKind }: OverwriteOutcome): number {
  return byKind.log! + byKind.pack! + byKind.hint!;
}

describe('uniform overwrites', () => {
  it('stay within the disk ratio, hints included, at less than 1.95 bytes written a byte', async () => {
    const outcome = await overwrite(SETTING);
    expect(outcome.diskRatio).toBeLessThan(1.535);
    expect(amplification(outcome)).toBeLessThan(1.95);
    expect(outcome.byKind.hint).toBeLessThan(0.065);
  });

  it('write less than 1.75 bytes a byte at a disk ratio of 1.6', async () => {
    const outcome = await overwrite({ ...SETTING, diskRatioMax: 1.6 });
    expect(outcome.diskRatio).toBeLessThan(1.635);
    expect(amplification(outcome)).toBeLessThan(1.75);
  });

  it('would be seen to take more disk if hints were not counted', async () => {
    const blind: typeof choose = (segments, policy, demanded) => (
      choose(segments, { ...policy, besideBytes: 0 }, demanded)
    );
    const outcome = await overwrite({ ...SETTING, rules: { choose: blind, tombstoneFloor } });
    expect(outcome.diskRatio).toBeGreaterThan(1.535);
  });
});
