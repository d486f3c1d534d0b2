// Scanning and copying on files: whole, damaged, cut, with records of every size.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Files } from '../../../src/io/files.ts';
import { NodeFiles } from '../../../src/io/node-files.ts';
import { KeyHash } from '../../../src/lib/key-hash.ts';
import { Random } from '../../../src/lib/random.ts';
import { COMPACTION_WINDOW_BYTES } from '../../../src/store/limits.ts';
import type { AskMain, CopyJob, CopyResult } from '../../../src/store/compaction/copy-job.ts';
import { inlineCopier } from './inline-copier.ts';
import { END, MORE, RECORD, SegmentScan } from '../../../src/store/compaction/segment-scan.ts';
import { ThreadCopier } from '../../../src/store/compaction/thread-copier.ts';
import {
  ENTRY_HEADER_BYTES, entryBytes, entryKeyBytesAt, entryKindAt, entryValueIndexAt, KIND_DELETED,
  KIND_PUT, skipGap, writeEntryHeader, writePad,
} from '../../../src/store/format/data-entry.ts';
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../../../src/store/format/frame.ts';
import { decodeHintHeader } from '../../../src/store/format/hint.ts';
import {
  compareRows, rowBytes, rowHi, rowKind, rowLo, rowOffset, rowValueIndex,
} from '../../../src/store/format/hint-rows.ts';
import {
  encodeSegmentHeader, hintFileName, SEGMENT_HEADER_BYTES, SEGMENT_LOG, SEGMENT_PACK, segmentFileName,
} from '../../../src/store/format/segment-header.ts';
import { testSeed } from '../../lib/seeded.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { readHint } from '../read-hint.ts';

const SEED = { a: 3, b: 4 };
const DIR = '/data';

interface Wanted { readonly key: string; readonly value: Buffer; readonly deleted?: boolean }

interface Seen { readonly key: string; readonly valueIndex: number; readonly kind: number;
  readonly offset: number; readonly bytes: Buffer }

/** A LOG segment with one record and one PAD per frame; value indexes from 1. */
function segmentBytes(id: number, records: readonly Wanted[]): Buffer {
  const total = records.reduce((sum, { key, value }) => (
    sum + 200 + entryBytes(key.length, value.length)
  ), SEGMENT_HEADER_BYTES + 1000);
  const buf = Buffer.alloc(total * 2);
  const view = new DataView(buf.buffer, buf.byteOffset, buf.length);
  encodeSegmentHeader({ id, kind: SEGMENT_LOG, seed: SEED, previousId: 0 }).copy(buf);
  let end = SEGMENT_HEADER_BYTES;
  records.forEach(({ key, value, deleted }, i) => {
    const frame = skipGap(end);
    const pad = skipGap(frame + FRAME_HEADER_BYTES);
    writePad(view, buf, pad, 48);
    const at = skipGap(pad + 48);
    buf.write(key, at + ENTRY_HEADER_BYTES);
    value.copy(buf, at + ENTRY_HEADER_BYTES + key.length);
    writeEntryHeader(view, at, deleted === true ? KIND_DELETED : KIND_PUT, 0, i + 1, 7,
      key.length, value.length, 0);
    end = at + entryBytes(key.length, value.length);
    writeFrameHeader(view, buf, frame, id, frame, {
      bytes: end - frame, records: 2, firstValueIndex: i + 1, position: 100 + i,
      syncedSegment: 0, syncedOffset: 0, flags: 0,
    });
  });
  return buf.subarray(0, end);
}

async function write(files: Files, path: string, bytes: Buffer): Promise<void> {
  const file = await files.create(path);
  file.writeSync(bytes, 0, bytes.length, 0);
  await file.close();
}

/** The records of a file, or where it is damaged. */
async function scanned(
  files: Files, path: string, id: number, size: number,
): Promise<Seen[] | number> {
  const file = await files.openRead(path);
  const scan = new SegmentScan(file, id, size);
  const seen: Seen[] = [];
  for (;;) {
    const step = scan.advance();
    if (step === MORE) await scan.fill();
    else if (step === RECORD) seen.push(seenAt(scan));
    else {
      await file.close();
      return step === END ? seen.filter(({ key }) => key !== '') : scan.damage!.offset;
    }
  }
}

function seenAt({ buf, at, bytes, offset }: SegmentScan): Seen {
  const key = at + ENTRY_HEADER_BYTES;
  return {
    key: buf.toString('utf8', key, key + entryKeyBytesAt(buf, at)),
    valueIndex: entryValueIndexAt(buf, at),
    kind: entryKindAt(buf, at),
    offset,
    bytes: Buffer.from(buf.subarray(at, at + bytes)),
  };
}

function manyRecords(random: Random, count: number): Wanted[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `key:${i}`,
    value: Buffer.alloc(random.below(20) === 0 ? random.below(90_000) : random.below(200), 97 + i % 26),
    deleted: random.below(10) === 0,
  }));
}

/** Says that records with an even offset / 8 are live, and remembers who was asked about. */
const everyOther: AskMain = async (_slot, _bytes, { records, answer }) => {
  answer.fill(0);
  for (let row = 0; row < records.count; row++) {
    const live = records.kind[row] === KIND_PUT && (records.offset[row]! / 8) % 2 === 0;
    if (live) answer[row >> 3]! |= 1 << (row & 7);
  }
  return true;
};

function jobFor(dir: string, size: number, given: Partial<CopyJob> = {}): CopyJob {
  return {
    dir, seed: SEED, segmentBytes: 256 * 1024, outputIds: Array.from({ length: 50 }, (_, i) => 10 + i),
    inputs: [{ id: 1, kind: SEGMENT_LOG, slot: 5, bytes: size }], tombstoneFloor: 0, cleanSince: 77,
    ...given,
  };
}

describe('SegmentScan', () => {
  it('finds every record, also across windows and granules', async () => {
    const random = new Random(0, testSeed());
    const records = manyRecords(random, 2000);
    const files = new SimFiles();
    const bytes = segmentBytes(1, records);
    expect(bytes.length).toBeGreaterThan(3 * COMPACTION_WINDOW_BYTES);
    await write(files, '/seg', bytes);
    const seen = await scanned(files, '/seg', 1, bytes.length) as Seen[];
    expect(seen.map(({ key }) => key)).toEqual(records.map(({ key }) => key));
    expect(seen.map(({ valueIndex }) => valueIndex)).toEqual(records.map((_, i) => i + 1));
  });

  it('finds a record that is larger than its window', async () => {
    const records = [
      { key: 'a', value: Buffer.from('before') },
      { key: 'giant', value: Buffer.alloc(3 * COMPACTION_WINDOW_BYTES, 1) },
      { key: 'b', value: Buffer.from('after') },
    ];
    const files = new SimFiles();
    const bytes = segmentBytes(1, records);
    await write(files, '/seg', bytes);
    const seen = await scanned(files, '/seg', 1, bytes.length) as Seen[];
    expect(seen.map(({ key }) => key)).toEqual(['a', 'giant', 'b']);
  });

  it('notices every flipped bit that is not mere padding', async () => {
    const bytes = segmentBytes(1, manyRecords(new Random(0, 1), 3).map((record) => (
      { ...record, value: record.value.subarray(0, 30) }
    )));
    const files = new SimFiles();
    await write(files, '/seg', bytes);
    const whole = await scanned(files, '/seg', 1, bytes.length) as Seen[];
    for (let at = 0; at < bytes.length; at++) {
      files.damage('/seg', at, 1 << (at % 8));
      const found = await scanned(files, '/seg', 1, bytes.length);
      if (typeof found !== 'number') {
        expect(found.map(({ key, valueIndex }) => [key, valueIndex])).toEqual(
          whole.map(({ key, valueIndex }) => [key, valueIndex]));
        const inRecord = found.some(({ bytes: record }, i) => !record.equals(whole[i]!.bytes));
        const inSegmentHeader = at < SEGMENT_HEADER_BYTES;
        expect(inSegmentHeader).toBe(false);
        if (inRecord) expect(isPadding(bytes, whole, at)).toBe(true);
      }
      files.damage('/seg', at, 1 << (at % 8));
    }
  });

  it('calls a file damaged that is cut anywhere', async () => {
    const bytes = segmentBytes(1, [
      { key: 'a', value: Buffer.from('one') }, { key: 'b', value: Buffer.from('two') },
    ]);
    for (let length = 0; length < bytes.length; length++) {
      const files = new SimFiles();
      await write(files, '/seg', Buffer.from(bytes.subarray(0, length)));
      expect(await scanned(files, '/seg', 1, bytes.length)).toBeTypeOf('number');
    }
  });

  it('does not take the file of another segment', async () => {
    const bytes = segmentBytes(2, [{ key: 'a', value: Buffer.from('one') }]);
    const files = new SimFiles();
    await write(files, '/seg', bytes);
    expect(await scanned(files, '/seg', 1, bytes.length)).toBe(0);
  });
});

/** Whether byte `at` is one of the zeros behind a record's value. */
function isPadding(bytes: Buffer, records: readonly Seen[], at: number): boolean {
  return bytes[at] === 0 && records.some(({ offset, bytes: record }) => (
    at >= offset + record.length - 7 && at < offset + record.length
  ));
}

describe('copyLive', () => {
  async function copied(given: Partial<CopyJob> = {}): Promise<{
    files: SimFiles; before: Seen[]; result: CopyResult;
  }> {
    const files = new SimFiles();
    await files.mkdir(DIR);
    const bytes = segmentBytes(1, manyRecords(new Random(0, testSeed()), 1500));
    const path = `${DIR}/${segmentFileName(1, SEGMENT_LOG)}`;
    await write(files, path, bytes);
    const before = await scanned(files, path, 1, bytes.length) as Seen[];
    const result = await inlineCopier(files).run(jobFor(DIR, bytes.length, given), everyOther);
    return { files, before, result };
  }

  async function outputRecords(files: Files, result: CopyResult): Promise<Seen[]> {
    const seen: Seen[] = [];
    for (const { id, bytes } of result.outputs) {
      const path = `${DIR}/${segmentFileName(id, SEGMENT_PACK)}`;
      seen.push(...await scanned(files, path, id, bytes) as Seen[]);
    }
    return seen;
  }

  const isLive = ({ kind, offset }: Seen): boolean => kind === KIND_PUT && (offset / 8) % 2 === 0;

  it('copies the live records and the tombstones, byte by byte and in order', async () => {
    const { files, before, result } = await copied();
    const wanted = before.filter((record) => isLive(record) || record.kind === KIND_DELETED);
    const found = await outputRecords(files, result);
    expect(found.length).toBe(wanted.length);
    found.forEach((record, i) => expect(record.bytes.equals(wanted[i]!.bytes)).toBe(true));
    expect(result.outputs.length).toBeGreaterThan(1);
    for (const { bytes } of result.outputs) expect(bytes).toBeLessThanOrEqual(256 * 1024);
  });

  it('leaves out the tombstones below the floor, and only those', async () => {
    const { files, before, result } = await copied({ tombstoneFloor: 700 });
    const wanted = before.filter((record) => (
      isLive(record) || (record.kind === KIND_DELETED && record.valueIndex >= 700)
    ));
    const found = await outputRecords(files, result);
    const indexes = (records: readonly Seen[]): number[] => records.map(({ valueIndex }) => valueIndex);
    expect(indexes(found)).toEqual(indexes(wanted));
  });

  it('says where each live record went', async () => {
    const { files, before, result } = await copied();
    const copies = await outputRecords(files, result);
    const found = new Map(copies.map((record) => [record.valueIndex, record]));
    const byOffset = new Map(before.map((record) => [record.offset, record]));
    let moves = 0;
    for (const { fromSlot, records, newOffset } of result.moves) {
      expect(fromSlot).toBe(5);
      for (let row = 0; row < records.count; row++) {
        const old = byOffset.get(records.offset[row]!)!;
        expect(found.get(old.valueIndex)!.offset).toBe(newOffset[row]);
        moves++;
      }
    }
    expect(moves).toBe(before.filter(isLive).length);
  });

  it('writes hints that agree with the records, in hint order', async () => {
    const { files, result } = await copied();
    for (const output of result.outputs) {
      const path = `${DIR}/${segmentFileName(output.id, SEGMENT_PACK)}`;
      const records = await scanned(files, path, output.id, output.bytes) as Seen[];
      const hint = Buffer.from(files.contentOf(`${DIR}/${hintFileName(output.id)}`));
      const summary = decodeHintHeader(hint)!;
      const { directoryBytes: _, ...facts } = summary;
      expect(output).toMatchObject(facts);
      expect(output).toMatchObject({ cleanSince: 77, records: records.length });
      expect(output.tombstones).toBe(records.filter(({ kind }) => kind === KIND_DELETED).length);
      expect(rowsOf(hint, summary.records)).toEqual(records.map(rowWanted).sort());
    }
  });

  it('reports damage with its place and drops nothing', async () => {
    const files = new SimFiles();
    await files.mkdir(DIR);
    const bytes = segmentBytes(1, manyRecords(new Random(0, 5), 300));
    const path = `${DIR}/${segmentFileName(1, SEGMENT_LOG)}`;
    await write(files, path, bytes);
    const last = (await scanned(files, path, 1, bytes.length) as Seen[]).at(-1)!;
    files.damage(path, last.offset + ENTRY_HEADER_BYTES, 4);
    const result = await inlineCopier(files).run(jobFor(DIR, bytes.length), everyOther);
    expect(result.damage).toMatchObject({ inputId: 1, path, offset: last.offset });
  });

  function rowWanted(record: Seen): string {
    const hash = new KeyHash(SEED);
    const key = Buffer.from(record.key);
    hash.hash(key, 0, key.length);
    return [
      hash.hi & 0xffff, hash.lo, record.kind, record.offset, record.bytes.length, record.valueIndex,
    ].join(' ');
  }

  function rowsOf(hint: Buffer, records: number): string[] {
    const words = readHint(hint)!;
    const rows: string[] = [];
    for (let row = 0; row < records; row++) {
      if (row > 0) expect(compareRows(words, row - 1, row)).toBeLessThan(0);
      rows.push([
        rowHi(words, row), rowLo(words, row), rowKind(words, row), rowOffset(words, row),
        rowBytes(words, row), rowValueIndex(words, row),
      ].join(' '));
    }
    return rows.sort();
  }
});

describe('ThreadCopier', () => {
  // The thread runs compiled code; `npm test` compiles first.
  const worker = new URL('../../../dist/src/store/compaction/compaction-worker.js', import.meta.url);
  let dir = '';

  afterEach(() => rm(dir, { recursive: true, force: true }));

  async function input(): Promise<number> {
    dir = await mkdtemp(join(tmpdir(), 'dkvs-copier-'));
    const bytes = segmentBytes(1, manyRecords(new Random(0, testSeed()), 1500));
    await write(new NodeFiles(), join(dir, segmentFileName(1, SEGMENT_LOG)), bytes);
    return bytes.length;
  }

  it('gives the same result as the inline copier, job after job', async () => {
    const size = await input();
    const copier = new ThreadCopier(worker);
    try {
      const inline = await inlineCopier(new NodeFiles()).run(jobFor(dir, size), everyOther);
      const first = 200;
      const outputIds = Array.from({ length: 50 }, (_, i) => first + i);
      const threaded = await copier.run(jobFor(dir, size, { outputIds }), everyOther);
      const offsets = ({ moves }: CopyResult): number[][] => moves.map(({ records, newOffset }) => (
        [...newOffset.subarray(0, records.count)]
      ));
      expect(offsets(threaded)).toEqual(offsets(inline));
      expect(threaded.outputs.map(({ records }) => records)).toEqual(
        inline.outputs.map(({ records }) => records));
      const missing = jobFor(dir, size, { inputs: [{ id: 9, kind: SEGMENT_LOG, slot: 1, bytes: 99 }] });
      await expect(copier.run(missing, everyOther)).rejects.toMatchObject({ code: 'ENOENT', op: 'open' });
    } finally {
      await copier.close();
    }
  });

  it('stops when it is told to, and fails when an answer does', async () => {
    const size = await input();
    const copier = new ThreadCopier(worker);
    try {
      await expect(copier.run(jobFor(dir, size), async () => false))
        .rejects.toMatchObject({ code: 'STOPPED' });
      await expect(copier.run(jobFor(dir, size), () => Promise.reject(new Error('no answer'))))
        .rejects.toThrow('no answer');
      await expect(copier.run(jobFor(dir, size, { outputIds: [90] }), everyOther))
        .rejects.toThrow('too few');
    } finally {
      await copier.close();
    }
  });
});
