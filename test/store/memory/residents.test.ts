/** Records that are held while commands wait: by how many, where, and in how much RAM. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Residents, type LoadedRecord } from '../../../src/store/memory/residents.ts';
import type { Segment } from '../../../src/store/segments/segment.ts';
import type { SegmentTable } from '../../../src/store/segments/segment-table.ts';

const segmentOf = (id: number): Segment => ({ id, slot: id, granules: [] }) as unknown as Segment;
const [ONE, TWO] = [segmentOf(1), segmentOf(2)];

let residents: Residents;
let changes: number;

beforeEach(() => {
  residents = new Residents({ bySlot: [undefined, ONE, TWO] } as unknown as SegmentTable, 0);
  changes = 0;
  residents.onChange = () => (changes += 1);
});

const record = (bytes: number, isWhole = true): LoadedRecord =>
  ({ buf: Buffer.alloc(bytes), at: 0, isWhole });

/** Bytes that are found at a place; -1 for none. A part is shown with half a byte. */
function found(segment: Segment, offset: number): number {
  if (!residents.find(segment.slot, offset)) return -1;
  return residents.buf.length + (residents.isWhole ? 0 : 0.5);
}

describe('a held record', () => {
  it('is there until as many releases as holds', () => {
    const first = residents.hold(ONE, 64, record(100));
    const second = residents.hold(ONE, 64, record(70));
    expect([found(ONE, 64), found(ONE, 72), found(TWO, 64), residents.heldBytes])
      .toEqual([100, -1, -1, 100]);
    residents.release(first);
    expect([found(ONE, 64), residents.heldBytes]).toEqual([100, 100]);
    residents.release(second);
    expect([found(ONE, 64), residents.heldBytes, changes]).toEqual([-1, 0, 3]);
  });

  it('that is a part becomes whole, and a whole one is not replaced by a part', () => {
    const part = residents.hold(ONE, 64, record(30, false));
    expect([found(ONE, 64), residents.heldBytes]).toEqual([30.5, 30]);
    const whole = residents.hold(ONE, 64, record(500));
    expect([found(ONE, 64), residents.heldBytes]).toEqual([500, 500]);
    const again = residents.hold(ONE, 64, record(30, false));
    expect([found(ONE, 64), residents.heldBytes]).toEqual([500, 500]);
    for (const held of [part, whole, again]) residents.release(held);
    expect([found(ONE, 64), residents.heldBytes]).toEqual([-1, 0]);
  });

  it('is found where the compactor moves it, and nowhere else', () => {
    const held = residents.hold(ONE, 64, record(100));
    residents.move(ONE, 72, TWO, 8);
    residents.move(ONE, 64, TWO, 16);
    expect([found(ONE, 64), found(TWO, 8), found(TWO, 16), residents.heldBytes])
      .toEqual([-1, -1, 100, 100]);
    const other = residents.hold(ONE, 64, record(7));
    residents.release(held);
    expect([found(ONE, 64), found(TWO, 16), residents.heldBytes]).toEqual([7, -1, 7]);
    residents.release(other);
    expect(residents.heldBytes).toBe(0);
  });

  it('that is taken back is found no more, and another may come to its place', () => {
    const before = residents.hold(ONE, 56, record(1));
    const taken = residents.hold(ONE, 64, record(100));
    const elsewhere = residents.hold(TWO, 64, record(9));
    residents.takeBack(ONE, 64);
    expect([found(ONE, 56), found(ONE, 64), found(TWO, 64)]).toEqual([1, -1, 9]);
    expect(residents.heldBytes).toBe(110);
    const next = residents.hold(ONE, 64, record(20));
    residents.release(taken);
    expect([found(ONE, 64), residents.heldBytes]).toEqual([20, 30]);
    for (const held of [next, before, elsewhere]) residents.release(held);
    expect([found(ONE, 64), residents.heldBytes]).toEqual([-1, 0]);
  });
});
