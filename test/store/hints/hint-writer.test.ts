import { describe, expect, it } from 'vitest';
import { KIND_DELETED, KIND_PUT } from '../../../src/store/format/data-entry.ts';
import { encodeHintNow } from '../../../src/store/format/hint.ts';
import { HintRows } from '../../../src/store/format/hint-rows.ts';
import { summaryOf, writeHint } from '../../../src/store/hints/hint-writer.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { MIB } from '../helpers.ts';

const DIR = '/data';
const HINT = '/data/000000000000007.hint';

/** Rows whose records are side by side in a segment. */
function rowsOf(records: readonly (readonly [kind: number, valueIndex: number])[]): HintRows {
  const rows = new HintRows();
  records.forEach(([kind, valueIndex], i) => {
    // Hashes that the columns cannot pack small.
    const lo = Math.imul(i + 1, 0x9e3779b1) >>> 0;
    rows.add(i & 0xffff, lo, kind, 0, 1, 64 + i * 48, 48, 0, valueIndex);
  });
  return rows;
}

const puts = (count: number): HintRows =>
  rowsOf(Array.from({ length: count }, (_, i) => [KIND_PUT, i + 1] as const));

async function emptyDisk(): Promise<SimFiles> {
  const disk = new SimFiles();
  await disk.mkdir(DIR);
  await disk.syncDir('/');
  return disk;
}

const write = (disk: SimFiles, rows: HintRows, pause = async (): Promise<void> => {}):
  Promise<void> => writeHint(disk, DIR, summaryOf(rows, 7, 4096, 3), rows, pause);

const fileOf = (rows: HintRows): Buffer =>
  Buffer.concat(encodeHintNow(summaryOf(rows, 7, 4096, 3), rows));

describe('what the rows of a segment say about it', () => {
  it('is how many records it has, and between which value_indexes, whatever their order', () => {
    const rows = rowsOf([
      [KIND_PUT, 12], [KIND_DELETED, 30], [KIND_PUT, 5], [KIND_DELETED, 8], [KIND_PUT, 9],
    ]);
    expect(summaryOf(rows, 7, 4096, 3)).toEqual({
      id: 7, bytes: 4096, position: 3, records: 5, tombstones: 2, minValueIndex: 5,
      maxValueIndex: 30,
    });
  });

  it('is zeros when there are none', () => {
    expect(summaryOf(new HintRows(), 7, 64, 0)).toEqual({
      id: 7, bytes: 64, position: 0, records: 0, tombstones: 0, minValueIndex: 0, maxValueIndex: 0,
    });
  });
});

describe('a hint file', () => {
  it('is on disk when its name is, and replaces the one that was there', async () => {
    const disk = await emptyDisk();
    for (const rows of [puts(50), puts(3)]) {
      await write(disk, rows);
      expect(Buffer.from(disk.contentOf(HINT)).equals(fileOf(rows))).toBe(true);
      await disk.syncDir(DIR);
      expect(disk.isDurable(HINT)).toBe(true);
    }
  });

  it('of more than a megabyte is written in pieces, with pauses between them', async () => {
    const disk = await emptyDisk();
    const rows = puts(150_000);
    const file = fileOf(rows);
    expect(file.length).toBeGreaterThan(MIB);
    let writes = 0;
    let writesAtPause = 0;
    let pausesBetween = 0;
    disk.onOperation = (op) => {
      writes += Number(op === 'write');
    };
    await write(disk, rows, async () => {
      pausesBetween += Number(writes > writesAtPause);
      writesAtPause = writes;
    });
    expect([writes, pausesBetween]).toEqual([Math.ceil(file.length / MIB), writes]);
    expect(Buffer.from(disk.contentOf(HINT)).equals(file)).toBe(true);
  });

  it('is not written when the one that is there cannot be removed', async () => {
    const disk = await emptyDisk();
    await write(disk, puts(3));
    const before = Buffer.from(disk.contentOf(HINT));
    disk.fail({ op: 'unlink', path: HINT, code: 'EIO' });
    await expect(write(disk, puts(50))).rejects.toMatchObject({ code: 'EIO', op: 'unlink' });
    expect(Buffer.from(disk.contentOf(HINT)).equals(before)).toBe(true);
  });
});
