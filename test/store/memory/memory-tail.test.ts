import { describe, expect, it } from 'vitest';
import { SEGMENT_LOG } from '../../../src/store/format/segment-header.ts';
import { MemoryTail } from '../../../src/store/memory/memory-tail.ts';
import { LogSegment, Segment, type TailBlock } from '../../../src/store/segments/segment.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { MIB } from '../helpers.ts';

const GRANULE = 65_536;

function segmentOf(id: number): LogSegment {
  const file = new SimFiles().createSync(`/${id}`);
  return new LogSegment(new Segment(id, id, SEGMENT_LOG, `/${id}`, 'open', 64), file, true, 64);
}

/** A block that is full and on disk. */
function opened(tail: MemoryTail, log: LogSegment, start: number): TailBlock {
  const block = tail.open(log, start, 1);
  block.used = block.committed = block.flushed = block.end;
  return block;
}

describe('the in-memory tail', () => {
  it('holds no more than it says once it was trimmed, and what it dropped is found no more', () => {
    const tail = new MemoryTail(3 * MIB);
    const log = segmentOf(1);
    const dropped: TailBlock[] = [];
    tail.onDrop = (block) => void dropped.push(block);
    const blocks: TailBlock[] = [];
    for (let at = 0; at < 10; at += 1) {
      blocks.push(opened(tail, log, at * MIB));
      tail.trim(blocks.at(-1));
      expect(tail.bytes).toBeLessThanOrEqual(tail.bytesMax);
    }
    expect(dropped).toEqual(blocks.slice(0, 7));
    const held = blocks.map((block) => log.segment.granules[block.start / GRANULE] === block);
    expect(held).toEqual([...blocks.slice(0, 7).map(() => false), true, true, true]);
  });

  it('gives the memory of a dropped block to the next one, and keeps one for that', () => {
    const tail = new MemoryTail(2 * MIB);
    const log = segmentOf(1);
    const first = opened(tail, log, 0);
    opened(tail, log, MIB);
    const third = opened(tail, log, 2 * MIB);
    tail.trim(third);
    expect(tail.bytes).toBe(3 * MIB);
    expect(opened(tail, log, 3 * MIB).buf.buffer).toBe(first.buf.buffer);
    expect(tail.bytes).toBe(3 * MIB);
  });

  it('drops no block that is not on disk, nor one behind it', () => {
    const tail = new MemoryTail(MIB);
    const log = segmentOf(1);
    const first = opened(tail, log, 0);
    first.flushed -= 8;
    opened(tail, log, MIB);
    const third = opened(tail, log, 2 * MIB);
    tail.trim(third);
    expect(tail.bytes).toBe(3 * MIB);
    first.flushed = first.committed;
    tail.trim(third);
    expect(log.segment.granules.filter((block) => block === third).length).toBe(MIB / GRANULE);
    expect(log.segment.granules[0]).toBeUndefined();
  });

  it('goes back to an earlier end, without the blocks behind it', () => {
    const tail = new MemoryTail(8 * MIB);
    const log = segmentOf(1);
    const first = opened(tail, log, 0);
    tail.cut(first, 5 * GRANULE);
    const second = opened(tail, log, 5 * GRANULE);
    expect(log.segment.granules[5]).toBe(second);
    expect(tail.takeBack(log, 3 * GRANULE)).toBe(first);
    const end = 3 * GRANULE;
    expect([first.used, first.committed, first.flushed]).toEqual([end, end, end]);
    expect([first.end, log.segment.granules[5]]).toEqual([MIB, first]);
    expect(tail.takeBack(segmentOf(2), 64)).toBeUndefined();
    expect(log.segment.granules[0]).toBe(first);
  });
});
