import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { checksum } from '../../../src/lib/checksum.ts';
import { readU32, writeU32 } from '../../../src/lib/words.ts';
import type { HardState } from '../../../src/raft/core/entry.ts';
import {
  hardStateAt, isPayloadSound, readRecordHeader, recordBytes, writeEntry, writeHardState,
} from '../../../src/raft/log/record.ts';
import { scanSegment } from '../../../src/raft/log/scan-segment.ts';
import {
  HEADER_BYTES_MAX, decodeSegmentHeader, encodeSegmentHeader, parseSegmentFileName, segmentFileName,
} from '../../../src/raft/log/segment-header.ts';
import type { SegmentHeader } from '../../../src/raft/log/segment-header.ts';
import { configurationOf, vote } from './helpers.ts';

const HEADER: SegmentHeader = {
  sequence: 3, previousSequence: 2, previousBytes: 4096, durableBytes: 168,
  hardState: vote(5, 'a'),
  base: { index: 7, term: 4, timeMs: 1000, configuration: configurationOf('a') },
};

/** The segment of the worked example in FORMAT.md. */
function example(): Buffer {
  const header = encodeSegmentHeader(HEADER);
  const buf = Buffer.alloc(header.length + 88);
  header.copy(buf);
  writeEntry(buf, 120, { sequence: 3, offset: 120, durableBytes: 0 },
    { index: 8, term: 5, timeMs: 1001, kind: 'batch', payload: Buffer.from('hello') });
  writeHardState(buf, 168, { sequence: 3, offset: 168, durableBytes: 168 }, vote(6));
  return buf;
}

describe('the format', () => {
  it('is that of the worked example in FORMAT.md', async () => {
    const path = new URL('../../../src/raft/log/FORMAT.md', import.meta.url);
    const text = await readFile(path, 'utf8');
    const lines = text.slice(text.indexOf('## Worked example')).matchAll(
      /^ *(\d+) {3}((?:[0-9a-f]{8} ?)+)/gm);
    let hex = '';
    for (const [, offset, words] of lines) {
      expect(Number(offset)).toBe(hex.length / 2);
      hex += words!.replaceAll(' ', '');
    }
    expect(hex).toBe(example().toString('hex'));
  });
});

describe('a segment header', () => {
  it('reads back with every field at its largest, and without a vote', () => {
    const most = 2 ** 48 - 1;
    const large: SegmentHeader = {
      sequence: most, previousSequence: most - 1, previousBytes: most, durableBytes: most,
      hardState: vote(most, 'x'.repeat(250)),
      base: { index: most, term: most, timeMs: most, configuration: configurationOf('a', 'b', 'c') },
    };
    for (const header of [HEADER, large, { ...HEADER, hardState: vote(0) }]) {
      const buf = encodeSegmentHeader(header);
      expect(decodeSegmentHeader(buf)).toEqual({ header, bytes: buf.length });
      expect(buf.length % 8).toBe(0);
      expect(buf.length).toBeLessThanOrEqual(HEADER_BYTES_MAX);
    }
  });

  it('is refused with any bit of it flipped, and cut anywhere', () => {
    const buf = encodeSegmentHeader(HEADER);
    for (let bit = 0; bit < buf.length * 8; bit += 1) {
      buf[bit >> 3]! ^= 1 << (bit & 7);
      expect([bit, typeof decodeSegmentHeader(buf)]).toEqual([bit, 'string']);
      buf[bit >> 3]! ^= 1 << (bit & 7);
    }
    for (let end = 0; end < buf.length; end += 1) {
      expect([end, typeof decodeSegmentHeader(buf.subarray(0, end))]).toEqual([end, 'string']);
    }
  });

  it('of a later version is refused as that', () => {
    const buf = encodeSegmentHeader(HEADER);
    buf[8] = 2;
    expect(decodeSegmentHeader(buf)).toMatch(/version 2, this server reads 1/);
  });
});

describe('a file name', () => {
  it('tells the sequence number', () => {
    expect(segmentFileName(0xabc)).toBe('raft-0000000000000abc.log');
    expect(parseSegmentFileName('raft-0000000000000abc.log')).toBe(0xabc);
    expect(parseSegmentFileName('raft-0000ffffffffffff.log')).toBe(2 ** 48 - 1);
  });

  it.each(['raft-0000000000000000.log', 'raft-abc.log', 'raft-next.tmp', 'raft-0000000000000ABC.log',
    'raft-ffffffffffffffff.log', 'xraft-0000000000000abc.log', 'LOCK'])('%s is none', (name) => {
    expect(parseSegmentFileName(name)).toBeUndefined();
  });
});

describe('a record', () => {
  const place = { sequence: 2 ** 48 - 1, offset: 2 ** 32 - 8, durableBytes: 2 ** 32 - 16 };

  it('of an entry reads back with every field at its largest', () => {
    const most = 2 ** 48 - 1;
    const payload = Buffer.from('some bytes');
    const buf = Buffer.alloc(recordBytes(payload.length), 0xff);
    writeEntry(buf, 0, place, { index: most, term: most, timeMs: most, kind: 'empty', payload });
    const header = readRecordHeader(buf, 0, place.sequence, place.offset)!;
    expect(header).toEqual({
      entryKind: 'empty', index: most, term: most, timeMs: most, durableBytes: place.durableBytes,
      payloadBytes: 10, bytes: 56,
    });
    expect(isPayloadSound(buf, 0, header)).toBe(true);
    expect([...buf.subarray(50)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it.each<HardState>([vote(2 ** 48 - 1, 'a'), vote(0)])('of a hard state reads back, %o', (state) => {
    const buf = Buffer.alloc(64, 0xff);
    writeHardState(buf, 8, place, state);
    const header = readRecordHeader(buf, 8, place.sequence, place.offset)!;
    expect(hardStateAt(buf, 8, header)).toEqual(state);
  });

  it('is none at another place or in another segment', () => {
    const buf = example();
    expect(readRecordHeader(buf, 120, 3, 120)?.index).toBe(8);
    expect(readRecordHeader(buf, 120, 3, 128)).toBeUndefined();
    expect(readRecordHeader(buf, 120, 4, 120)).toBeUndefined();
  });

  it('has its header and its payload checked apart', () => {
    for (let at = 120; at < 165; at += 1) {
      const buf = example();
      buf[at]! ^= 0x10;
      const header = readRecordHeader(buf, 120, 3, 120);
      expect([at, header !== undefined]).toEqual([at, at >= 160]);
      if (header !== undefined) expect(isPayloadSound(buf, 120, header)).toBe(false);
    }
  });

  it.each([[12, 0], [12, 3], [13, 3], [15, 1]])('with byte %i = %i is none, though its sum is right',
    (at, value) => {
      const buf = example().subarray(120, 168);
      const sum = (): number => checksum(buf, 4, 40, (Math.imul(3, 0x9e3779b1) ^ 120) >>> 0);
      expect(readU32(buf, 0)).toBe(sum());
      buf[at] = value;
      writeU32(buf, 0, sum());
      expect(readRecordHeader(buf, 0, 3, 120)).toBeUndefined();
    });
});

describe('scanning', () => {
  const scan = (bytes: Uint8Array, durableBytes: number): unknown => {
    let records = 0;
    const found = scanSegment({ bytes, sequence: 3, headerBytes: 120, durableBytes }, () => {
      records += 1;
    });
    return { records, ...found };
  };

  it('ends at zeros and at the end of the file', () => {
    const buf = example();
    expect(scan(buf, 168)).toEqual({ records: 2, end: 208, isDamaged: false });
    expect(scan(Buffer.concat([buf, Buffer.alloc(500)]), 168))
      .toEqual({ records: 2, end: 208, isDamaged: false });
    expect(scan(buf.subarray(0, 190), 168)).toEqual({ records: 1, end: 168, isDamaged: false });
  });

  it('calls a bad place damage when a record or the header says that it was durable', () => {
    const bad = example();
    bad[161]! ^= 1;
    // The record behind it says so, then the header; then nobody.
    expect(scan(bad, 0)).toEqual({ records: 0, end: 120, isDamaged: true });
    expect(scan(bad.subarray(0, 168), 168)).toEqual({ records: 0, end: 120, isDamaged: true });
    expect(scan(bad.subarray(0, 168), 0)).toEqual({ records: 0, end: 120, isDamaged: false });
  });

  it('does not call it damage because a sound record follows that was written with it', () => {
    const buf = example();
    writeHardState(buf, 168, { sequence: 3, offset: 168, durableBytes: 120 }, vote(6));
    buf[130]! ^= 1;
    expect(scan(buf, 120)).toEqual({ records: 0, end: 120, isDamaged: false });
  });
});
