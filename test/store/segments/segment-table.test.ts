import { describe, expect, it } from 'vitest';
import { SEGMENT_SLOTS_MAX } from '../../../src/store/limits.ts';
import type { WriteFile } from '../../../src/io/files.ts';
import {
  SEGMENT_HEADER_BYTES, SEGMENT_LOG, SEGMENT_PACK, encodeSegmentHeader,
} from '../../../src/store/format/segment-header.ts';
import type { SegmentHeader } from '../../../src/store/format/segment-header.ts';
import { SegmentTable, SEGMENT_FILES_OPEN_MAX } from '../../../src/store/segments/segment-table.ts';
import { SimFiles } from '../../sim/sim-files.ts';

const BYTES = 12;
const SEED = { a: 1, b: 2 };
const textOf = (id: number): Buffer => Buffer.from(`segment ${id}`.padEnd(BYTES));

async function withFiles(count: number): Promise<{ disk: SimFiles; table: SegmentTable }> {
  const disk = new SimFiles();
  const table = new SegmentTable(disk, 1, SEED);
  for (let id = 1; id <= count; id += 1) {
    const file = disk.createSync(`/${id}.pack`);
    writeHeader(file, { id });
    file.writeSync(textOf(id), 0, BYTES, SEGMENT_HEADER_BYTES);
    table.add(id, SEGMENT_PACK, `/${id}.pack`, 'sealed', SEGMENT_HEADER_BYTES + BYTES);
  }
  return { disk, table };
}

function writeHeader(file: WriteFile, header: Partial<SegmentHeader>): void {
  const whole: SegmentHeader = { id: 1, kind: SEGMENT_PACK, seed: SEED, previousId: 0, ...header };
  file.writeSync(encodeSegmentHeader(whole), 0, SEGMENT_HEADER_BYTES, 0);
}

function readText(table: SegmentTable, id: number): Promise<string> {
  const segment = table.byId(id)!;
  const buf = Buffer.alloc(BYTES);
  table.pin(segment);
  return new Promise((resolve, reject) => {
    table.read(segment, buf, 0, BYTES, SEGMENT_HEADER_BYTES, (error) => {
      table.unpin(segment);
      if (error === null) resolve(buf.toString());
      else reject(error);
    });
  });
}

describe('the segments', () => {
  it('keep a dropped file for as long as a reader pins it', async () => {
    const { disk, table } = await withFiles(1);
    const segment = table.byId(1)!;
    table.pin(segment);
    table.drop(segment);
    expect([table.byId(1), table.bySlot[segment.slot]]).toEqual([undefined, segment]);
    expect(await disk.exists('/1.pack')).toBe(true);
    table.unpin(segment);
    await table.unlinked();
    expect([await disk.exists('/1.pack'), table.bySlot[segment.slot]]).toEqual([false, undefined]);
  });

  it('keep a dropped file for as long as a snapshot holds it, and its readers', async () => {
    const { disk, table } = await withFiles(1);
    const segment = table.byId(1)!;
    table.hold(segment);
    table.hold(segment);
    table.pin(segment);
    table.drop(segment);
    table.letGo(segment);
    table.unpin(segment);
    await table.unlinked();
    expect(await disk.exists('/1.pack')).toBe(true);
    table.letGo(segment);
    await table.unlinked();
    expect(await disk.exists('/1.pack')).toBe(false);
  });

  it('have few files open, however many are read, held ones too', async () => {
    const { disk, table } = await withFiles(SEGMENT_FILES_OPEN_MAX + 50);
    for (const segment of table.all()) table.hold(segment);
    let open = 0;
    let openMax = 0;
    disk.onOperation = (op) => {
      open += Number(op === 'open') - Number(op === 'close');
      openMax = Math.max(openMax, open);
    };
    for (let round = 0; round < 2; round += 1) {
      for (let id = 1; id <= SEGMENT_FILES_OPEN_MAX + 50; id += 1) {
        expect(await readText(table, id)).toBe(textOf(id).toString());
      }
    }
    expect(openMax).toBeLessThanOrEqual(SEGMENT_FILES_OPEN_MAX + 1);
    // Those that were read last can be read again without opening them.
    expect(open).toBe(SEGMENT_FILES_OPEN_MAX);
    await table.close();
    expect(open).toBe(0);
  });

  it('give out no slot that a checkpoint has named, and none that is in use after a million', async () => {
    const { table } = await withFiles(1);
    const named = table.add(2, SEGMENT_PACK, '/2.pack', 'sealed', BYTES, 20);
    const next = table.add(3, SEGMENT_PACK, '/3.pack', 'sealed', BYTES);
    expect([named.slot, next.slot]).toEqual([20, 21]);
    expect(() => table.add(4, SEGMENT_PACK, '/4.pack', 'sealed', BYTES, 20)).toThrow('slot 20');
    const seen = new Set<number>();
    for (let id = 5; !seen.has(21) && id < SEGMENT_SLOTS_MAX + 30; id += 1) {
      const segment = table.add(id, SEGMENT_PACK, `/${id}.pack`, 'sealed', BYTES);
      seen.add(segment.slot);
      table.remove(segment);
      if (seen.size === 2) table.remove(next);
    }
    expect([seen.has(1), seen.has(20), seen.has(21)]).toEqual([false, false, true]);
  });

  it('leave a slot to its new segment when the old one is let go late', async () => {
    const { table } = await withFiles(1);
    const old = table.byId(1)!;
    table.remove(old);
    const later = table.add(2, SEGMENT_PACK, '/2.pack', 'sealed', BYTES, old.slot);
    table.drop(old);
    await table.unlinked();
    expect([table.has(old), table.has(later)]).toEqual([false, true]);
  });

  it('read nothing from a file that is not the one of the segment, until it is', async () => {
    const wrong: readonly (readonly [Partial<SegmentHeader>, string])[] = [
      [{ id: 2 }, 'it says that it is segment 2, not 1'],
      [{ kind: SEGMENT_LOG }, 'it says that it is of kind 1, not 2'],
      [{ seed: { a: 1, b: 3 } }, 'it belongs to another store'],
    ];
    for (const [header, reason] of wrong) {
      const { disk, table } = await withFiles(1);
      const file = await disk.openWrite('/1.pack');
      writeHeader(file, header);
      const error = await readText(table, 1).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'DAMAGED', file: '/1.pack', offset: 0 });
      expect(String(error)).toContain(reason);
      expect(table.readNow(table.byId(1)!, Buffer.alloc(BYTES), 0, BYTES, 0)).toBe(0);
      writeHeader(file, {});
      expect(await readText(table, 1)).toBe(textOf(1).toString());
      await table.close();
    }
  });

  it('read nothing from a file whose header is damaged, or that is too short', async () => {
    const { disk, table } = await withFiles(2);
    disk.damage('/1.pack', 17, 0x01);
    await (await disk.openWrite('/2.pack')).truncate(SEGMENT_HEADER_BYTES + BYTES - 1);
    const errors = [1, 2].map((id) => readText(table, id).catch((caught: unknown) => caught));
    expect(await Promise.all(errors)).toMatchObject([
      { code: 'DAMAGED', file: '/1.pack', offset: 0 },
      { code: 'DAMAGED', file: '/2.pack', offset: SEGMENT_HEADER_BYTES + BYTES - 1 },
    ]);
    await table.close();
  });
});
