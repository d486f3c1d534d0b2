import { describe, expect, it } from 'vitest';
import type { WriteFile } from '../../src/io/files.ts';
import { KIND_PUT } from '../../src/store/format/data-entry.ts';
import { SEGMENT_HEADER_BYTES, SEGMENT_LOG } from '../../src/store/format/segment-header.ts';
import { HotTail } from '../../src/store/hot-tail.ts';
import { LogAppender } from '../../src/store/log-appender.ts';
import { LogSegment, Segment } from '../../src/store/segment.ts';
import { MIB, range } from './helpers.ts';

/** On a segment whose file is never touched. */
function makeAppender(): LogAppender {
  const segment = new Segment(1, 0, SEGMENT_LOG, '/data/1.log', 'open', SEGMENT_HEADER_BYTES);
  const log = new LogSegment(segment, {} as WriteFile, true, SEGMENT_HEADER_BYTES);
  const owner = {
    watermark: () => ({ segmentId: 1, offset: 0 }),
    nextSegment: () => { throw new Error('one segment is enough'); },
    onFull: () => {},
  };
  return new LogAppender(new HotTail(64 * MIB), owner, log, 1);
}

function append(appender: LogAppender, bytes: number): void {
  appender.append(KIND_PUT, 0, 1, range('key'), range(Buffer.alloc(bytes)), 0);
}

describe('the blocks that are to be written', () => {
  it('include one that a frame opened while the others were being written', () => {
    const appender = makeAppender();
    append(appender, 100);
    appender.closeFrame(0);
    append(appender, 700_000);
    append(appender, 700_000);
    // Somebody takes the dirty blocks away in the middle of the second frame.
    expect(appender.dirty.splice(0).map(({ start }) => start)).toEqual([0]);
    appender.closeFrame(0);
    const { start } = appender.block;
    expect(start).toBeGreaterThan(0);
    expect(appender.dirty.map((block) => block.start)).toEqual([0, start]);
    expect(appender.dirty.every(({ committed, used }) => committed === used)).toBe(true);
  });
});
