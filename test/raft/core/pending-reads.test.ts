import { describe, expect, it } from 'vitest';
import { PendingReads } from '../../../src/raft/core/pending-reads.ts';
import { idOf } from './members.ts';

const read = (request: number) => ({ from: idOf('b'), request });

describe('reads that wait', () => {
  it('are those that were there when their round began', () => {
    const reads = new PendingReads();
    reads.add(read(1));
    reads.add(read(2));
    expect([reads.hasGathered, reads.isRoundUnderWay]).toEqual([true, false]);
    reads.begin(5, 10);
    reads.add(read(3));
    expect([reads.hasGathered, reads.isRoundUnderWay]).toEqual([true, true]);
    expect(reads.confirm(5)).toEqual({ number: 5, index: 10, reads: [read(1), read(2)] });
    expect([reads.hasGathered, reads.isRoundUnderWay]).toEqual([true, false]);
  });

  it('wait until their own round is answered, or a later one', () => {
    const reads = new PendingReads();
    reads.add(read(1));
    reads.begin(5, 10);
    expect([reads.confirm(4), reads.confirm(-Infinity)]).toEqual([undefined, undefined]);
    expect(reads.confirm(9)).toMatchObject({ number: 5, index: 10 });
    expect(reads.confirm(9)).toBeUndefined();
  });

  it('are forgotten with the reign', () => {
    const reads = new PendingReads();
    reads.add(read(1));
    reads.begin(5, 10);
    reads.add(read(2));
    reads.clear();
    expect([reads.hasGathered, reads.isRoundUnderWay]).toEqual([false, false]);
    expect(reads.confirm(9)).toBeUndefined();
  });
});
