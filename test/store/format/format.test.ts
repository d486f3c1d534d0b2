import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { checksum } from '../../../src/lib/checksum.ts';
import { Random } from '../../../src/lib/random.ts';
import {
  ENTRY_HEADER_BYTES, FLAG_RAW, KIND_DELTA, KIND_PAD, KIND_PUT, STAMP_BYTES, entryBytes,
  entryBytesAt, entryBytesToKeyEndAt, entryExpireAtAt, entryIsRawAt, entryKeyBytesAt,
  entryKeyStartAt, entryKindAt, entrySpaceAt, entryStampAt, entryTypeAt, entryTypeByteAt,
  entryValueAt, entryValueBytesAt, entryValueIndexAt, isEntryHeaderSound, isEntryPayloadSound, skipGap,
  writeEntryHeader, writePad,
} from '../../../src/store/format/data-entry.ts';
import { readFrameHeader, writeFrameHeader } from '../../../src/store/format/frame.ts';
import {
  HINT_BLOCK_ROWS, HINT_HEADER_BYTES, decodeHintDirectory, decodeHintHeader, encodeHintNow,
  openHintBlock,
} from '../../../src/store/format/hint.ts';
import {
  HintRows, ROW_WORDS, compareRows, sortRowsNow,
} from '../../../src/store/format/hint-rows.ts';
import { decodeManifest, encodeManifest } from '../../../src/store/format/manifest.ts';
import type { Manifest } from '../../../src/store/format/manifest.ts';
import {
  SEGMENT_LOG, SEGMENT_PACK, decodeSegmentHeader, encodeSegmentHeader, hintFileName,
  parseSegmentFileName, segmentFileName,
} from '../../../src/store/format/segment-header.ts';
import type { SegmentHeader } from '../../../src/store/format/segment-header.ts';
import { NO_STAMP, stampOfValueIndex, versionOf } from '../../../src/store/format/version-stamp.ts';
import { withSeed } from '../../lib/seeded.ts';
import { readHint } from '../read-hint.ts';

const viewOf = (buf: Buffer): DataView => new DataView(buf.buffer, buf.byteOffset, buf.length);

/** The record of the worked examples in FORMAT.md, with its frame. */
function example(logIndex = NO_STAMP): Buffer {
  const stampBytes = logIndex === NO_STAMP ? 0 : STAMP_BYTES;
  const buf = Buffer.alloc(88 + stampBytes);
  buf.write('khello', 40 + ENTRY_HEADER_BYTES + stampBytes);
  writeEntryHeader(viewOf(buf), 40, KIND_PUT, 1, 1, 1, 1, 5, 0, logIndex);
  writeFrameHeader(viewOf(buf), buf, 0, 1, 64, {
    bytes: buf.length, records: 1, firstValueIndex: 1, position: logIndex, syncedSegment: 1,
    syncedOffset: 64, flags: 0,
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

  it('reads back with a stamp, whichever of the two it counts, and without', () => {
    const most = 2 ** 48 - 1;
    const stamps = [1, 300, 2 ** 32, most, stampOfValueIndex(1), stampOfValueIndex(most)];
    for (const stamp of [NO_STAMP, ...stamps]) {
      const buf = Buffer.alloc(80);
      const stampBytes = stamp === NO_STAMP ? 0 : STAMP_BYTES;
      buf.write('keyvalue', 8 + ENTRY_HEADER_BYTES + stampBytes);
      writeEntryHeader(viewOf(buf), 8, KIND_PUT, 5 | FLAG_RAW, most, 7, 3, 5, most, stamp);
      expect(entryStampAt(buf, 8)).toBe(stamp === NO_STAMP ? stampOfValueIndex(most) : stamp);
      const key = entryKeyStartAt(buf, 8);
      expect(buf.toString('latin1', key, key + entryKeyBytesAt(buf, 8))).toBe('key');
      expect(entryBytesToKeyEndAt(buf, 8)).toBe(key + 3 - 8);
      expect(entryValueAt(buf, 8).text()).toBe('value');
      expect([entryTypeAt(buf, 8), entryIsRawAt(buf, 8)]).toEqual([5, true]);
      expect(entryTypeByteAt(buf, 8)).toBe(5 | FLAG_RAW);
      expect(entryBytesAt(buf, 8)).toBe(entryBytes(3, 5, stampBytes));
      expect([isEntryHeaderSound(buf, 8), isEntryPayloadSound(buf, 8)]).toEqual([true, true]);
    }
  });

  it('has its stamp checked with its payload', () => {
    const bytes = example(300);
    for (let at = 76; at < 76 + STAMP_BYTES + 6; at += 1) {
      const buf = Buffer.from(bytes);
      buf[at]! ^= 0x01;
      expect([at, isEntryHeaderSound(buf, 40), isEntryPayloadSound(buf, 40)])
        .toEqual([at, true, false]);
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

describe('a stamp', () => {
  it('means nothing to a store of the other sort', () => {
    expect([versionOf(300, true), versionOf(stampOfValueIndex(300), false)]).toEqual([300, 300]);
    expect([versionOf(300, false), versionOf(stampOfValueIndex(300), true)]).toEqual([1, 1]);
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
    expect(shown).toBe(example().toString('hex') + example(300).toString('hex'));
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

  it('is read in the versions that are known, and in no other', () => {
    const header: SegmentHeader = {
      id: 3, kind: SEGMENT_LOG, seed: { a: 1, b: 2 }, previousId: 0,
    };
    const versions = [1, 2, 3, 4, 5].map((version) => {
      const buf = encodeSegmentHeader(header);
      buf.writeUInt32LE(version, 8);
      buf.writeUInt32LE(checksum(buf, 0, 60), 60);
      return decodeSegmentHeader(buf);
    });
    expect(versions).toEqual([
      'format version 1, this server reads 2 to 4', header, header, header,
      'format version 5, this server reads 2 to 4',
    ]);
    expect(encodeSegmentHeader(header).readUInt32LE(8)).toBe(4);
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

  const summary = {
    id: 5, bytes: 2 ** 33, records: 3000, tombstones: 12, minValueIndex: 4, maxValueIndex: 2 ** 40,
    position: 2 ** 41,
  };

  function hintOf(rows: HintRows): Buffer {
    return Buffer.concat(encodeHintNow({ ...summary, records: rows.count }, rows));
  }

  /** Any rows at all: value_indexes that jump, fields at their limits, system rows among them. */
  function anyRows(random: Random, count: number): HintRows {
    const rows = new HintRows();
    const any = (bits: number): number => random.below(2 ** random.below(bits + 1));
    let offset = 0;
    let valueIndex = 1 + any(30);
    for (let i = 0; i < count; i += 1) {
      const bytes = 8 * (5 + any(12));
      valueIndex = random.below(50) === 0 ? any(16) * 2 ** 32 + any(30) : valueIndex + 1 + any(3);
      const lo = random.below(4) === 0 ? random.below(20) : random.below(2 ** 30) * 4 + random.below(4);
      const expiry = random.below(3) === 0 ? random.below(2 ** 30) * 4 + 3 : 0;
      rows.add(random.below(2 ** 16), lo, 1 + random.below(5), random.below(256),
        random.below(9) === 0 ? 0 : any(30) * 4, offset, bytes, expiry, valueIndex);
      offset += bytes + 8 * any(4);
    }
    return rows;
  }

  function inOrder(rows: HintRows): Uint32Array {
    const wanted = new Uint32Array(rows.count * ROW_WORDS);
    sortRowsNow(rows).forEach((from, to) => {
      wanted.set(rows.words.subarray(from * ROW_WORDS, (from + 1) * ROW_WORDS), to * ROW_WORDS);
    });
    return wanted;
  }

  it('gives back every row as it was, sorted', () => {
    withSeed((random) => {
      for (const count of [0, 1, 2, 63, 64, 65, HINT_BLOCK_ROWS, HINT_BLOCK_ROWS + 1, 9000]) {
        const rows = anyRows(random, count);
        expect(readHint(hintOf(rows))).toEqual(inOrder(rows));
      }
    });
  });

  it('takes about 8 bytes a row for a segment of records of one size', () => {
    const random = new Random(0, 1);
    const rows = new HintRows();
    for (let i = 0; i < 20_000; i += 1) {
      rows.add(random.below(2 ** 16), random.below(2 ** 30) * 4, KIND_PUT, 1, 1, 104 + i * 312, 312, 0,
        2 ** 33 + i);
    }
    expect(hintOf(rows).length / rows.count).toBeLessThan(8.5);
  });

  it('refuses rows that are not in the order of their records', () => {
    const rows = new HintRows();
    rows.add(1, 1, KIND_PUT, 1, 1, 640, 64, 0, 2);
    rows.add(2, 2, KIND_PUT, 1, 1, 104, 64, 0, 1);
    expect(() => hintOf(rows)).toThrow('a row at 104 behind 640');
  });

  it('notices any changed byte, and being cut anywhere', () => {
    const rows = rowsOf(3000, 1);
    const hint = hintOf(rows);
    const header = decodeHintHeader(hint)!;
    expect(header).toEqual({ ...summary, directoryBytes: header.directoryBytes });
    for (let at = 0; at < hint.length; at += at < 600 ? 1 : 61) {
      const bad = Buffer.from(hint);
      bad[at]! ^= 1 << (at % 8);
      expect(readHint(bad)).toBeUndefined();
      expect(readHint(hint.subarray(0, at))).toBeUndefined();
    }
  });

  it('is not taken for the hint of another segment, nor one block for another', () => {
    const hint = new Uint8Array(hintOf(rowsOf(3000, 1)));
    const header = decodeHintHeader(hint)!;
    const end = HINT_HEADER_BYTES + header.directoryBytes;
    const part = hint.subarray(HINT_HEADER_BYTES, end);
    expect(decodeHintDirectory(part, { ...header, id: 6 })).toBeUndefined();
    const { blockOffsets } = decodeHintDirectory(part, header)!;
    const block = hint.subarray(blockOffsets[1], blockOffsets[2]);
    const rows = 3000 - HINT_BLOCK_ROWS;
    expect(openHintBlock(block, 5, rows, 1)).toBeDefined();
    expect(openHintBlock(block, 5, rows, 0)).toBeUndefined();
    expect(openHintBlock(block, 6, rows, 1)).toBeUndefined();
    expect(openHintBlock(block, 5, rows - 1, 1)).toBeUndefined();
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

  it('is written as version 4, so that a server of version 3 refuses it, and read as 2 and 3 too', () => {
    const text = encodeManifest(manifest).toString();
    expect(text).toMatch(/^dkvs-manifest 4 /);
    const as = (version: string): Manifest | string =>
      decodeManifest(Buffer.from(text.replace(/^dkvs-manifest 4/, `dkvs-manifest ${version}`)));
    for (const version of ['2', '3']) expect(as(version)).toEqual(manifest);
    for (const version of ['1', '5', '', '2.5', '0x2', 'two']) {
      expect(as(version)).toBe(`it has format version ${version}, this server reads 2 to 4`);
    }
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
