import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import {
  ENTRY_HEADER_BYTES, FLAG_RAW, KIND_DELTA, KIND_PAD, KIND_PUT, entryBytes, entryBytesAt,
  entryExpireAtAt, entryIsRawAt, entryKeyBytesAt, entryKindAt, entrySpaceAt, entryTypeAt,
  entryValueBytesAt, entryValueIndexAt, isEntryHeaderSound, isEntryPayloadSound, skipGap,
  writeEntryHeader, writePad,
} from '../../../src/store/format/data-entry.ts';
import { readFrameHeader, writeFrameHeader } from '../../../src/store/format/frame.ts';
import {
  HINT_BLOCK_ROWS, decodeHintHeader, encodeHintBlock, encodeHintHeader, isHintBlockSound,
} from '../../../src/store/format/hint.ts';
import { HintRows, compareRows, sortRowsNow } from '../../../src/store/format/hint-rows.ts';
import { decodeManifest, encodeManifest } from '../../../src/store/format/manifest.ts';
import type { Manifest } from '../../../src/store/format/manifest.ts';
import {
  SEGMENT_LOG, SEGMENT_PACK, decodeSegmentHeader, encodeSegmentHeader, hintFileName,
  parseSegmentFileName, segmentFileName,
} from '../../../src/store/format/segment-header.ts';
import type { SegmentHeader } from '../../../src/store/format/segment-header.ts';

const viewOf = (buf: Buffer): DataView => new DataView(buf.buffer, buf.byteOffset, buf.length);

/** The record of the worked example in FORMAT.md, with its frame. */
function example(): Buffer {
  const buf = Buffer.alloc(88);
  buf.write('khello', 40 + ENTRY_HEADER_BYTES);
  writeEntryHeader(viewOf(buf), 40, KIND_PUT, 1, 1, 1, 1, 5, 0);
  writeFrameHeader(viewOf(buf), buf, 0, 1, 64, {
    bytes: 88, records: 1, firstValueIndex: 1, position: 0, syncedSegment: 1, syncedOffset: 64,
    flags: 0,
  });
  return buf;
}

describe('a DataEntry', () => {
  it('reads back with every field at its largest', () => {
    const buf = Buffer.alloc(64);
    const most = 2 ** 48 - 1;
    writeEntryHeader(viewOf(buf), 8, KIND_DELTA, 6 | FLAG_RAW, most, 2 ** 32 - 1, 7, 9, most - 1);
    expect([
      entryKindAt(buf, 8), entryTypeAt(buf, 8), entryIsRawAt(buf, 8), entryValueIndexAt(buf, 8),
      entrySpaceAt(buf, 8), entryKeyBytesAt(buf, 8), entryValueBytesAt(buf, 8),
      entryExpireAtAt(buf, 8), entryBytesAt(buf, 8),
    ]).toEqual([KIND_DELTA, 6, true, most, 2 ** 32 - 1, 7, 9, most - 1, 56]);
    expect([isEntryHeaderSound(buf, 8), isEntryPayloadSound(buf, 8)]).toEqual([true, true]);
  });

  it('has its header and its payload checked apart', () => {
    const bytes = example();
    for (let at = 40; at < 40 + ENTRY_HEADER_BYTES; at += 1) {
      const buf = Buffer.from(bytes);
      buf[at]! ^= 0x10;
      const isPayloadSum = at >= 44 && at < 48;
      expect([at, isEntryHeaderSound(buf, 40)]).toEqual([at, false]);
      if (isPayloadSum) expect(isEntryPayloadSound(buf, 40)).toBe(false);
    }
    for (let at = 76; at < 82; at += 1) {
      const buf = Buffer.from(bytes);
      buf[at]! ^= 0x10;
      expect([isEntryHeaderSound(buf, 40), isEntryPayloadSound(buf, 40)]).toEqual([true, false]);
    }
  });

  it('takes a multiple of 8 bytes, whatever its key and value', () => {
    for (let bytes = 0; bytes < 40; bytes += 1) {
      expect(entryBytes(bytes, 3) % 8).toBe(0);
      expect(entryBytes(bytes, 3) - ENTRY_HEADER_BYTES - bytes - 3).toBeLessThan(8);
    }
  });

  it('can be a pad of exactly the bytes asked for', () => {
    const buf = Buffer.alloc(400, 0xff);
    for (const bytes of [40, 48, 400]) {
      writePad(viewOf(buf), buf, 0, bytes);
      expect([entryKindAt(buf, 0), entryBytesAt(buf, 0)]).toEqual([KIND_PAD, bytes]);
      expect([isEntryHeaderSound(buf, 0), isEntryPayloadSound(buf, 0)]).toEqual([true, true]);
    }
  });

  it('never starts where its header would cross a granule', () => {
    expect([skipGap(65_536 - 40), skipGap(65_536 - 32), skipGap(65_536 - 8), skipGap(65_536)])
      .toEqual([65_496, 65_536, 65_536, 65_536]);
  });
});

describe('a frame header', () => {
  it('reads back at its place and nowhere else', () => {
    const frame = {
      bytes: 4096, records: 17, firstValueIndex: 2 ** 40 + 3, position: 2 ** 41 + 5,
      syncedSegment: 2 ** 33, syncedOffset: 2 ** 31, flags: 1,
    };
    const buf = Buffer.alloc(40);
    writeFrameHeader(viewOf(buf), buf, 0, 9, 65_536, frame);
    expect(readFrameHeader(buf, 0, 9, 65_536)).toEqual(frame);
    expect(readFrameHeader(buf, 0, 10, 65_536)).toBeUndefined();
    expect(readFrameHeader(buf, 0, 9, 65_544)).toBeUndefined();
    for (let at = 0; at < 40; at += 1) {
      const bad = Buffer.from(buf);
      bad[at]! ^= 0x01;
      expect([at, readFrameHeader(bad, 0, 9, 65_536)]).toEqual([at, undefined]);
    }
  });
});

describe('FORMAT.md', () => {
  it('shows the bytes that are written', async () => {
    const url = new URL('../../../src/store/format/FORMAT.md', import.meta.url);
    const shown = [...(await readFile(url, 'utf8')).matchAll(/^ +\d+ {3}((?:[0-9a-f]{8} ?)+)/gm)]
      .map(([, hex]) => hex!.replaceAll(' ', '')).join('');
    expect(shown).toBe(example().toString('hex'));
  });
});

describe('a segment header', () => {
  it('reads back, and any changed byte is noticed', () => {
    const header: SegmentHeader = {
      id: 2 ** 40, kind: SEGMENT_PACK, seed: { a: 1, b: 2 ** 32 - 1 }, previousId: 7,
    };
    const buf = encodeSegmentHeader(header);
    expect(decodeSegmentHeader(buf)).toEqual(header);
    for (let at = 0; at < buf.length; at += 1) {
      const bad = Buffer.from(buf);
      bad[at]! ^= 0x01;
      expect(typeof decodeSegmentHeader(bad)).toBe('string');
    }
    expect(typeof decodeSegmentHeader(buf.subarray(0, 63))).toBe('string');
  });

  it('has file names that say kind and id', () => {
    expect(parseSegmentFileName(segmentFileName(7, SEGMENT_LOG))).toEqual({ id: 7, suffix: 'log' });
    expect(parseSegmentFileName(segmentFileName(8, SEGMENT_PACK))).toEqual({ id: 8, suffix: 'pack' });
    expect(parseSegmentFileName(hintFileName(9))).toEqual({ id: 9, suffix: 'hint' });
    expect(parseSegmentFileName('MANIFEST')).toBeUndefined();
  });
});

describe('a hint', () => {
  /** Few hashes in many rows, so that every part of the order decides somewhere. */
  function rowsOf(count: number, seed: number): HintRows {
    const random = new Random(0, seed);
    const rows = new HintRows(4);
    for (let i = 0; i < count; i += 1) {
      const hi = random.below(3) * 16 + random.below(2);
      rows.add(hi, random.below(40) * 2 ** 26, KIND_PUT, 1, random.below(3), i * 64, 64, 0, count - i);
    }
    return rows;
  }

  it('has its rows in one order, however they came', () => {
    for (const count of [0, 1, 2, 500, 20_000]) {
      const rows = rowsOf(count, count);
      const order = sortRowsNow(rows);
      expect(new Set(order).size).toBe(count);
      for (let i = 1; i < count; i += 1) {
        expect(compareRows(rows.words, order[i - 1]!, order[i]!)).toBeLessThanOrEqual(0);
      }
    }
  });

  it('notices any changed byte, in its header and in its blocks', () => {
    const summary = {
      id: 5, bytes: 2 ** 33, records: 3000, tombstones: 12, minValueIndex: 4, maxValueIndex: 2 ** 40,
      position: 2 ** 41,
    };
    const header = encodeHintHeader(summary);
    expect(decodeHintHeader(header)).toEqual(summary);
    header[20]! ^= 1;
    expect(decodeHintHeader(header)).toBeUndefined();
    const rows = rowsOf(3000, 1);
    const block = encodeHintBlock(rows, sortRowsNow(rows), 5, 1);
    expect(block.length).toBe(16 + (3000 - HINT_BLOCK_ROWS) * 32);
    expect(isHintBlockSound(block, 5, 3000, 1)).toBe(true);
    expect(isHintBlockSound(block, 5, 3000, 0)).toBe(false);
    expect(isHintBlockSound(block, 6, 3000, 1)).toBe(false);
    block[1000]! ^= 1;
    expect(isHintBlockSound(block, 5, 3000, 1)).toBe(false);
  });
});

describe('a manifest', () => {
  const manifest: Manifest = {
    seed: { a: 1, b: 2 }, nextSegmentId: 9, nextValueIndex: 1000, position: 5,
    sealed: [{
      id: 1, kind: SEGMENT_LOG, bytes: 4096, records: 10, tombstones: 1, minValueIndex: 1,
      maxValueIndex: 10, position: 0,
    }],
    open: [7, 8],
    checkpoint: null,
  };

  it('reads back', () => {
    expect(decodeManifest(encodeManifest(manifest))).toEqual(manifest);
  });

  it('is refused with a reason when a byte changed, it was cut, or a field is missing', () => {
    const bytes = encodeManifest(manifest);
    for (let at = 0; at < bytes.length; at += 3) {
      const bad = Buffer.from(bytes);
      bad[at]! ^= 0x02;
      expect([at, typeof decodeManifest(bad)]).toEqual([at, 'string']);
      expect(typeof decodeManifest(bytes.subarray(0, at))).toBe('string');
    }
    const { open: _open, ...rest } = manifest;
    expect(typeof decodeManifest(encodeManifest(rest as Manifest))).toBe('string');
  });
});
