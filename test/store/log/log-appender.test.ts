import { describe, expect, it } from 'vitest';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { KeyHash } from '../../../src/lib/key-hash.ts';
import { Random } from '../../../src/lib/random.ts';
import { KIND_DELETED, KIND_PUT } from '../../../src/store/format/data-entry.ts';
import { NO_STAMP } from '../../../src/store/format/version-stamp.ts';
import { FRAME_MORE } from '../../../src/store/format/frame.ts';
import { rowBytes, rowOffset, rowValueIndex } from '../../../src/store/format/hint-rows.ts';
import { SEGMENT_LOG, encodeSegmentHeader } from '../../../src/store/format/segment-header.ts';
import { MemoryTail } from '../../../src/store/memory/memory-tail.ts';
import { LogAppender } from '../../../src/store/log/log-appender.ts';
import { scanLog } from '../../../src/store/recovery/log-scan.ts';
import type { LogScan } from '../../../src/store/recovery/log-scan.ts';
import { LogSegment, Segment } from '../../../src/store/segments/segment.ts';
import { SimFiles } from '../../sim/sim-files.ts';

const SEED = { a: 1, b: 2 };
const GRANULE = 65_536;

/** An appender whose segments are files of a simulated disk. */
async function make(startBytesMax?: number): Promise<{
  appender: LogAppender; segments: LogSegment[]; flush: () => Promise<LogScan[]>;
}> {
  const disk = new SimFiles();
  const segments: LogSegment[] = [];
  const next = (): LogSegment => {
    const id = segments.length + 1;
    const file = disk.createSync(`/${id}`);
    const header = encodeSegmentHeader({ id, kind: SEGMENT_LOG, seed: SEED, previousId: id - 1 });
    file.writeSync(header, 0, header.length, 0);
    const log = new LogSegment(new Segment(id, id, SEGMENT_LOG, `/${id}`, 'open', 64), file, true, 64);
    segments.push(log);
    return log;
  };
  const appender = new LogAppender(new MemoryTail(1 << 20), {
    watermark: () => ({ segmentId: 1, offset: 64 }),
    nextSegment: next,
    onFull: () => undefined,
  }, next(), 1, startBytesMax);
  const flush = async (): Promise<LogScan[]> => {
    for (const block of appender.dirty) {
      block.log.file.writeSync(block.buf, block.flushed - block.start, block.committed - block.flushed,
        block.flushed);
    }
    const scans: LogScan[] = [];
    for (const log of segments) {
      const file = await disk.openRead(log.segment.path);
      scans.push(scanLog({
        file, id: log.segment.id, bytes: await file.size(), hasher: new KeyHash(SEED), isGapless: true,
      }));
    }
    return scans;
  };
  return { appender, segments, flush };
}

const bytes = (length: number): ByteRange => new ByteRange(Buffer.alloc(length, 'x'));

describe('records appended to the log', () => {
  it('read back as they were, whatever their sizes', async () => {
    const { appender, flush } = await make();
    const random = new Random(0, 7);
    const places: [number, number, number][] = [];
    for (let i = 0; i < 3000; i += 1) {
      const size = random.below(50) === 0 ? random.below(300_000) : random.below(300);
      appender.append(KIND_PUT, 1, 1, bytes(random.below(40)), bytes(size), 0, NO_STAMP);
      places.push([appender.offset, appender.bytes, appender.valueIndex]);
      if (random.below(10) === 0) appender.closeFrame(i);
    }
    appender.closeFrame(3000);
    const [scan] = await flush();
    expect(scan!.bad).toBeUndefined();
    expect(scan!.rows.count).toBe(3000);
    const { words } = scan!.rows;
    places.forEach((place, row) => {
      expect([rowOffset(words, row), rowBytes(words, row), rowValueIndex(words, row)]).toEqual(place);
    });
    expect(scan!.frames.position.at(-1)).toBe(3000);
  });

  it('never have a header that crosses a granule', async () => {
    const { appender } = await make();
    for (let i = 0; i < 20_000; i += 1) {
      appender.append(KIND_DELETED, 0, 1, bytes(i % 8), bytes(0), 0, NO_STAMP);
      if (i % 3 === 0) appender.closeFrame(0);
      expect(GRANULE - (appender.offset % GRANULE)).toBeGreaterThanOrEqual(40);
    }
  });

  it('waste at most a granule for a record that does not fit its block', async () => {
    const { appender } = await make();
    let payload = 0;
    for (let i = 0; i < 40; i += 1) {
      appender.append(KIND_PUT, 1, 1, bytes(10), bytes(600_000), 0, NO_STAMP);
      payload += appender.bytes;
    }
    appender.closeFrame(0);
    expect(appender.appendedLsn).toBeLessThan(payload + 41 * GRANULE);
  });

  it('of a batch that does not fit one segment go on in the next, as one batch', async () => {
    const { appender, segments, flush } = await make(140_000);
    for (let i = 0; i < 5; i += 1) {
      appender.append(KIND_PUT, 1, 1, bytes(10), bytes(60_000), 0, NO_STAMP);
    }
    expect(segments[0]!.groupEndLsn).toBe(Infinity);
    appender.closeFrame(9);
    expect(segments[0]!.groupEndLsn).toBe(appender.appendedLsn);
    const scans = await flush();
    expect(scans.length).toBeGreaterThan(1);
    expect(scans.map(({ bad }) => bad)).toEqual(scans.map(() => undefined));
    expect(scans.map(({ frames }) => frames.flags.at(-1))).toEqual([
      ...scans.slice(1).map(() => FRAME_MORE), 0,
    ]);
    expect(scans.reduce((sum, { rows }) => sum + rows.count, 0)).toBe(5);
    expect(scans[1]!.firstValueIndex).toBe(scans[0]!.nextValueIndex);
  });
});

describe('a segment that is as full as it may be', () => {
  it('takes no more frames: the next one is whole in the next segment', async () => {
    const { appender, segments, flush } = await make(140_000);
    for (let i = 0; i < 4; i += 1) {
      appender.append(KIND_PUT, 1, 1, bytes(10), bytes(60_000), 0, NO_STAMP);
      appender.closeFrame(i);
    }
    expect(segments.map(({ groupEndLsn, isFull }) => [groupEndLsn, isFull]))
      .toEqual([[0, true], [0, false]]);
    const scans = await flush();
    expect(scans.map(({ frames }) => [...frames.flags])).toEqual([[0, 0, 0], [0]]);
  });
});

describe('a mark', () => {
  const words = new Int32Array(8);
  const appendLarge = (appender: LogAppender, count: number): void => {
    for (let i = 0; i < count; i += 1) {
      appender.append(KIND_PUT, 1, 1, bytes(10), bytes(60_000), 0, NO_STAMP);
    }
  };

  it('in the second segment of a batch can be gone back to', async () => {
    const { appender, flush } = await make(140_000);
    appendLarge(appender, 4);
    appender.writeMark(words, 0);
    appendLarge(appender, 1);
    expect(appender.canGoBackTo(words, 0)).toBe(true);
    appender.backToMark(words, 0);
    appender.append(KIND_DELETED, 0, 1, bytes(10), bytes(0), 0, NO_STAMP);
    appender.closeFrame(0);
    const scans = await flush();
    expect(scans.map(({ bad }) => bad)).toEqual([undefined, undefined]);
    expect(scans.map(({ rows }) => rows.count)).toEqual([3, 2]);
    expect(scans[1]!.nextValueIndex).toBe(6);
  });

  it('cannot be gone back to when the batch has gone on in another segment since', async () => {
    const { appender } = await make(140_000);
    appender.writeMark(words, 0);
    appendLarge(appender, 2);
    expect(appender.canGoBackTo(words, 0)).toBe(true);
    appendLarge(appender, 2);
    expect(appender.canGoBackTo(words, 0)).toBe(false);
  });

  it('in an open frame cannot be gone back to from another segment', async () => {
    const { appender } = await make(140_000);
    appendLarge(appender, 1);
    appender.writeMark(words, 0);
    appendLarge(appender, 1);
    expect(appender.canGoBackTo(words, 0)).toBe(true);
    appendLarge(appender, 2);
    expect(appender.canGoBackTo(words, 0)).toBe(false);
  });
});
