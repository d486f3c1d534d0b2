import { describe, expect, it } from 'vitest';
import { SYSTEM_SPACE } from '../../src/keyspace/storage.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import type { MemberId } from '../../src/raft/core/entry.ts';
import { OrderMarks, ORDER_MARKS_PAGE } from '../../src/cluster/applied-marks.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';
import { batchOf } from './cluster-layer.ts';

const NOTHING = new Uint8Array(0);

function idOf(name: string, epoch: number, number: number) {
  return { origin: `${name}:00` as MemberId, epoch, number };
}

function noted(marks: OrderMarks, storage: MemoryStorage, id: ReturnType<typeof idOf>, timeMs = 5) {
  marks.note(storage, batchOf(1, NOTHING, { id, timeMs }));
}

describe('the marks of the order', () => {
  it('survive a restart: the last batch of each peer, and the time', async () => {
    const storage = new MemoryStorage();
    const marks = await OrderMarks.read(storage, 0);
    expect([marks.position, marks.timeMs, marks.batchIds]).toEqual([0, 0, []]);
    noted(marks, storage, idOf('a', 1, 1), 1000);
    noted(marks, storage, idOf('b', 7, 2 ** 33), 2 ** 42 + 1);
    noted(marks, storage, idOf('a', 1, 2), 2 ** 42);
    const again = await OrderMarks.read(storage.reopened(), 41);
    expect(again.position).toBe(41);
    expect(again.timeMs).toBe(2 ** 42 + 1);
    expect(again.batchIds).toEqual([idOf('a', 1, 2), idOf('b', 7, 2 ** 33)]);
    expect(again.batchIds).toEqual(marks.batchIds);
  });

  it('follow a peer into its next start', async () => {
    const storage = new MemoryStorage();
    const marks = await OrderMarks.read(storage, 0);
    noted(marks, storage, idOf('a', 1, 900));
    noted(marks, storage, idOf('a', 2, 1));
    expect(marks.batchIds).toEqual([idOf('a', 2, 1)]);
    expect((await OrderMarks.read(storage.reopened(), 1)).batchIds).toEqual([idOf('a', 2, 1)]);
  });

  it('are found among other records, over any number of pages, cold or not', async () => {
    const storage = new MemoryStorage();
    const marks = await OrderMarks.read(storage, 0);
    for (let i = 0; i < ORDER_MARKS_PAGE * 2 + 1; i++) {
      const key = new ByteRange(Buffer.from(`other${i}`));
      storage.put(SYSTEM_SPACE, key, new ByteRange(Buffer.from('x')), 0, false);
      if (i % 25 === 0) noted(marks, storage, idOf(`peer${i}`, 1, i + 1));
    }
    for (const key of storage.spaces.get(SYSTEM_SPACE)!.keys()) storage.coldKeys.add(key);
    const again = await OrderMarks.read(storage, 9);
    expect(again.batchIds.length).toBe(9);
    expect(again.batchIds).toEqual(marks.batchIds);
  });

  it('are noted whether or not their record is in RAM', async () => {
    const storage = new MemoryStorage();
    const marks = await OrderMarks.read(storage, 0);
    noted(marks, storage, idOf('a', 1, 1));
    storage.coldKeys.add('order:a:00');
    noted(marks, storage, idOf('a', 1, 2));
    const again = await OrderMarks.read(storage, 0);
    expect(again.batchIds).toEqual([idOf('a', 1, 2)]);
  });

  it('remove what an earlier version kept of sessions that watched', async () => {
    const storage = new MemoryStorage();
    const put = (name: string): void =>
      storage.put(0, ByteRange.ofText(name), ByteRange.ofText('x'), 0, false);
    put('watch:a:00/1/7');
    put('other');
    const marks = await OrderMarks.read(storage, 0);
    noted(marks, storage, idOf('a', 1, 1));
    expect([...storage.spaces.get(0)!.keys()].toSorted()).toEqual(['order:a:00', 'other']);
  });

  it('write the position down without touching what is known of batches', async () => {
    const storage = new MemoryStorage();
    const marks = await OrderMarks.read(storage, 0);
    noted(marks, storage, idOf('a', 1, 1), 77);
    marks.position = 12;
    let effects = -1;
    await marks.notePosition(storage, () => (effects = storage.effects));
    expect(effects).toBe(2);
    const again = await OrderMarks.read(storage.reopened(), 12);
    expect([again.batchIds, again.timeMs]).toEqual([[idOf('a', 1, 1)], 77]);
  });
});
