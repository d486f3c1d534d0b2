import { describe, expect, it } from 'vitest';
import type { ChoosePolicy, SegmentFacts } from '../../../src/store/compaction/choose.ts';
import { choose, tombstoneFloor } from '../../../src/store/compaction/choose.ts';

const POLICY: ChoosePolicy = {
  diskRatioMax: 1.5, besideBytes: 0, minBytes: 0, segmentBytes: 1000, slackBytes: 0, nextValueIndex: 10_000,
};

let nextId = 1;

function segment(facts: Partial<SegmentFacts>): SegmentFacts {
  return {
    id: nextId++, sealed: true, bytes: 1000, liveBytes: 1000,
    tombstoneBytes: 0, newestTombstone: 0, cleanSince: 1, ...facts,
  };
}

/** Enough live segments that the log as a whole is below its bound. */
function liveRest(count: number): SegmentFacts[] {
  return Array.from({ length: count }, () => segment({}));
}

describe('choose', () => {
  it('leaves a log alone whose segments are all live', () => {
    expect(choose(liveRest(10), POLICY)).toBeNull();
  });

  it('leaves a log alone that is below its bound although segments are half dead', () => {
    expect(choose([...liveRest(20), segment({ liveBytes: 500 })], POLICY)).toBeNull();
  });

  it('copies when the log and the round together would pass the bound', () => {
    const half = Array.from({ length: 20 }, () => segment({ liveBytes: 500 }));
    const choice = choose(half, { ...POLICY, diskRatioMax: 2 });
    expect(choice?.reason).toBe('ratio');
    expect(choice?.inputs).toEqual([half[0]!.id]);
  });

  it('takes larger rounds once the log is past its bound', () => {
    const half = Array.from({ length: 40 }, () => segment({ liveBytes: 500 }));
    const choice = choose(half, { ...POLICY, diskRatioMax: 1.9 });
    expect(choice?.inputs).toEqual(half.slice(0, 5).map(({ id }) => id));
  });

  it('counts the bytes that writers may add meanwhile', () => {
    const segments = [...liveRest(20), ...Array.from({ length: 16 }, () => segment({ liveBytes: 400 }))];
    expect(choose(segments, POLICY)).toBeNull();
    expect(choose(segments, { ...POLICY, slackBytes: 4000 })?.reason).toBe('ratio');
  });

  it('counts the hints beside the log', () => {
    const segments = [...liveRest(20), ...Array.from({ length: 16 }, () => segment({ liveBytes: 400 }))];
    expect(choose(segments, { ...POLICY, besideBytes: 4000 })?.reason).toBe('ratio');
  });

  it('leaves a log alone that only hints of tiny records take past the bound', () => {
    const segments = [...liveRest(20), segment({ liveBytes: 900 })];
    expect(choose(segments, { ...POLICY, besideBytes: 50_000 })).toBeNull();
  });

  it('prefers the deadest segment and, between equals, the one that is older', () => {
    const old = segment({ liveBytes: 300, cleanSince: 1 });
    const young = segment({ liveBytes: 300, cleanSince: 9000 });
    const fuller = segment({ liveBytes: 600, cleanSince: 1 });
    const choice = choose([fuller, young, old, ...liveRest(3)], { ...POLICY, diskRatioMax: 1.1 });
    expect(choice?.inputs[0]).toBe(old.id);
  });

  it('takes several inputs when their live bytes fill one output together', () => {
    const sparse = Array.from({ length: 30 }, () => segment({ bytes: 100, liveBytes: 10 }));
    const choice = choose([...sparse, ...liveRest(10)], { ...POLICY, diskRatioMax: 1.1 });
    expect(choice?.inputs.length).toBeGreaterThan(5);
    expect(choice!.outputBytes).toBeLessThanOrEqual(POLICY.segmentBytes);
  });

  it('never chooses the segment that is being written', () => {
    const choice = choose([segment({ sealed: false, liveBytes: 0 }), ...liveRest(1)], POLICY, true);
    expect(choice).toBeNull();
  });

  it('drops a dead segment at once, however small the log', () => {
    const dead = segment({ liveBytes: 0 });
    const choice = choose([dead, ...liveRest(30)], { ...POLICY, minBytes: 1e9 });
    expect(choice).toEqual({ reason: 'dead', drop: [dead.id], inputs: [], outputBytes: 0 });
  });

  it('keeps a dead segment whose tombstone may hide a record elsewhere', () => {
    const dead = segment({ liveBytes: 0, tombstoneBytes: 10, newestTombstone: 50, cleanSince: 40 });
    expect(choose([dead, segment({ cleanSince: 49 })], POLICY)?.drop ?? []).toEqual([]);
    expect(choose([dead, segment({ cleanSince: 51 })], POLICY)?.drop).toEqual([dead.id]);
  });

  it('drops dead segments together when their tombstones only hide records among them', () => {
    const first = segment({ liveBytes: 0, cleanSince: 1 });
    const second = segment({ liveBytes: 0, tombstoneBytes: 10, newestTombstone: 50, cleanSince: 40 });
    expect(choose([first, second], POLICY)?.drop).toEqual([first.id, second.id]);
  });

  it('gives back exactly the dead segments whose tombstones are needed', () => {
    const plain = segment({ liveBytes: 0, cleanSince: 70 });
    const needed = segment({ liveBytes: 0, tombstoneBytes: 10, newestTombstone: 50, cleanSince: 40 });
    const hidden = segment({ cleanSince: 49 });
    expect(choose([plain, needed, hidden], POLICY)?.drop).toEqual([plain.id]);
  });

  it('copies a nearly dead segment although the log is below its bound', () => {
    const nearly = segment({ liveBytes: 20 });
    const choice = choose([...liveRest(30), nearly], POLICY);
    expect(choice).toMatchObject({ reason: 'nearly-dead', inputs: [nearly.id], drop: [] });
  });

  it('leaves a small log alone unless it is demanded', () => {
    const small = [segment({ liveBytes: 100 }), segment({ liveBytes: 400 })];
    expect(choose(small, { ...POLICY, minBytes: 4000 })).toBeNull();
    expect(choose(small, { ...POLICY, minBytes: 4000 }, true)).not.toBeNull();
  });

  it('compacts on demand below the bound, and declines when nothing would be gained', () => {
    expect(choose([...liveRest(20), segment({ liveBytes: 500 })], POLICY, true)?.reason).toBe('demanded');
    expect(choose(liveRest(20), POLICY, true)).toBeNull();
  });

  it('does not copy segments whose dead bytes are tombstones that must stay', () => {
    const pinned = Array.from({ length: 10 }, (_, i) => segment({
      liveBytes: 0, tombstoneBytes: 1000, newestTombstone: 500 + i, cleanSince: 100 + i,
    }));
    const holder = segment({ liveBytes: 900, cleanSince: 1 });
    const choice = choose([...pinned, holder], POLICY);
    expect(choice).toMatchObject({ reason: 'pinned', inputs: [holder.id], drop: [] });
  });

  it('finds the floor under tombstones outside the inputs', () => {
    const segments = [segment({ cleanSince: 7 }), segment({ cleanSince: 3 }), segment({ cleanSince: 5 })];
    expect(tombstoneFloor(segments, new Set())).toBe(3);
    expect(tombstoneFloor(segments, new Set([segments[1]!.id]))).toBe(5);
    expect(tombstoneFloor(segments, new Set(segments.map(({ id }) => id)))).toBe(Infinity);
  });
});
