import { describe, expect, it } from 'vitest';
import type { SealedSegmentStats } from '../../../src/store/compaction/compaction-host.ts';
import { factsOf, OPEN_ID, presentOf } from '../../../src/store/compaction/facts.ts';

const OPEN = { bytes: 500, liveBytes: 400, minValueIndex: 90 };

function stats(given: Partial<SealedSegmentStats>): SealedSegmentStats {
  return {
    id: 1, kind: 1, slot: 1, bytes: 10_104, records: 100, tombstones: 0, minValueIndex: 10,
    maxValueIndex: 60, position: 0, liveBytes: 5000, liveRecords: 50, ...given,
  };
}

describe('facts about segments', () => {
  it('leave out the headers that every segment has', () => {
    const [facts] = factsOf([stats({})], OPEN, () => true);
    expect(facts).toMatchObject({ bytes: 10_000, liveBytes: 5000, sealed: true });
  });

  it('never have more live bytes than bytes, although size classes round up', () => {
    const [facts] = factsOf([stats({ liveBytes: 10_300 })], OPEN, () => true);
    expect(facts!.liveBytes).toBe(10_000);
  });

  it('take the lowest value_index as the time since which a segment is clean', () => {
    const [facts] = factsOf([stats({})], OPEN, () => true);
    expect(facts!.cleanSince).toBe(10);
  });

  it('take what the manifest says about a compacted segment', () => {
    const [facts] = factsOf([stats({ cleanSince: 55, tombstones: 2, tombstoneBytes: 300 })], OPEN,
      () => true);
    expect(facts).toMatchObject({ cleanSince: 55, tombstoneBytes: 300, newestTombstone: 60 });
  });

  it('call a segment clean until now when all its records are live or tombstones', () => {
    const clean = stats({ liveRecords: 98, tombstones: 2 });
    const [facts] = factsOf([clean, stats({ id: 2, maxValueIndex: 80 })], OPEN, () => true);
    expect(facts!.cleanSince).toBe(81);
    const [dirty] = factsOf([stats({ liveRecords: 97, tombstones: 2 })], OPEN, () => true);
    expect(dirty!.cleanSince).toBe(10);
  });

  it('count what cannot be chosen, open segments among it', () => {
    const facts = factsOf([stats({ id: 7 })], OPEN, ({ id }) => id !== 7);
    expect(facts.map(({ id, sealed }) => [id, sealed])).toEqual([[7, false], [OPEN_ID, false]]);
    expect(facts[1]).toMatchObject({ bytes: 500, liveBytes: 400, cleanSince: 90 });
  });

  it('take as the present what is above every sealed value_index and not above the next one', () => {
    expect(presentOf([stats({}), stats({ maxValueIndex: 88 })])).toBe(89);
    expect(presentOf([])).toBe(1);
  });
});
