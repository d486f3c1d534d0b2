import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { READ_CACHE_RECORD_BYTES_MAX } from '../../../src/store/limits.ts';
import { READ_CACHE_CHUNK_BYTES } from '../../../src/store/memory/read-cache.ts';
import { ReadCache } from '../../../src/store/memory/read-cache.ts';

const MIB = 1024 * 1024;

/** A record whose bytes tell its place. */
function recordOf(slot: number, offset: number, bytes: number): Buffer {
  const buf = Buffer.alloc(bytes, (slot * 31 + offset / 8) & 0xff);
  buf.writeUInt32LE(slot, 0);
  buf.writeUInt32LE(offset, 4);
  return buf;
}

function isRight(cache: ReadCache, slot: number, offset: number, bytes: number): boolean {
  const found = cache.buf.subarray(cache.at, cache.at + bytes);
  return found.equals(recordOf(slot, offset, bytes));
}

describe('the read cache', () => {
  it('gives back what was put, or nothing, and never holds more than its budget', () => {
    const cache = new ReadCache(4 * MIB);
    const random = new Random(3, 3);
    const sizes = new Map<number, number>();
    let hits = 0;
    for (let i = 0; i < 60_000; i += 1) {
      const slot = 1 + random.below(5);
      const offset = random.below(4000) * 8;
      const id = slot * 1e6 + offset;
      const bytes = sizes.get(id) ?? 8 + random.below(200) * 8;
      if (cache.find(slot, offset)) {
        hits += 1;
        if (!isRight(cache, slot, offset, bytes)) throw new Error(`wrong bytes at ${slot}:${offset}`);
      } else {
        sizes.set(id, bytes);
        cache.insert(slot, offset, recordOf(slot, offset, bytes), 0, bytes);
      }
    }
    expect(hits).toBeGreaterThan(1000);
    expect(cache.bytes).toBeLessThanOrEqual(4 * MIB);
  });

  it('keeps what is used and forgets what is not', () => {
    const cache = new ReadCache(4 * MIB);
    const put = (offset: number): void => cache.insert(1, offset, recordOf(1, offset, 1000), 0, 1000);
    for (let i = 0; i < 500; i += 1) put(i * 1000);
    for (let i = 500; i < 20_000; i += 1) {
      put(i * 1000);
      cache.find(1, (i % 500) * 1000);
    }
    let kept = 0;
    for (let i = 0; i < 500; i += 1) kept += Number(cache.find(1, i * 1000));
    expect(kept).toBeGreaterThan(450);
    expect(cache.find(1, 600 * 1000)).toBe(false);
  });

  it('follows records that the compactor moves', () => {
    const cache = new ReadCache(2 * MIB);
    cache.insert(1, 64, recordOf(1, 64, 80), 0, 80);
    cache.move(1, 64, 7, 800);
    expect([cache.find(1, 64), cache.find(7, 800)]).toEqual([false, true]);
    expect(isRight(cache, 1, 64, 80)).toBe(true);
  });

  it('moves a record onto a location that it has already, and never shows the replaced entry', () => {
    const cache = new ReadCache(2 * MIB);
    cache.insert(1, 64, recordOf(1, 64, 80), 0, 80);
    cache.insert(7, 800, recordOf(9, 9, 80), 0, 80);
    cache.move(1, 64, 7, 800);
    expect([cache.find(1, 64), cache.find(7, 800), cache.size]).toEqual([false, true, 1]);
    expect(isRight(cache, 1, 64, 80)).toBe(true);
    // Recycles every chunk, with the record in use and so kept.
    for (let i = 0; i < 60_000; i += 1) {
      cache.insert(2, i * 8, recordOf(2, i * 8, 200), 0, 200);
      if (!cache.find(7, 800)) throw new Error('a record in use is gone');
      if (!isRight(cache, 1, 64, 80)) throw new Error(`wrong bytes after ${i} records`);
    }
  });

  it('has nothing left of a moved record when its chunk has gone', () => {
    const cache = new ReadCache(4 * MIB);
    for (let i = 0; i < 100; i += 1) {
      cache.insert(1, i * 80, recordOf(1, i * 80, 80), 0, 80);
      cache.move(1, i * 80, 7, i * 80);
    }
    for (let i = 0; i < 2000; i += 1) {
      cache.insert(2, i * 1000, recordOf(2, i * 1000, 1000), 0, 1000);
    }
    cache.setBudget(2 * MIB);
    cache.shrink(() => true);
    expect(cache.bytes).toBeLessThanOrEqual(2 * MIB);
    for (let i = 0; i < 100; i += 1) {
      expect([cache.find(1, i * 80), cache.find(7, i * 80)]).toEqual([false, false]);
    }
    expect(cache.find(2, 1_999_000)).toBe(true);
  });

  it('shrinks a chunk at a time when its budget does, and at once down to nothing', () => {
    const cache = new ReadCache(8 * MIB);
    for (let i = 0; i < 20_000; i += 1) cache.insert(1, i * 1000, recordOf(1, i * 1000, 1000), 0, 1000);
    cache.setBudget(2 * MIB);
    let steps = 0;
    while (cache.isTooLarge) {
      const before = cache.size;
      cache.shrink(() => false);
      steps += 1;
      expect(before - cache.size).toBeLessThanOrEqual(READ_CACHE_CHUNK_BYTES / 1000);
    }
    expect(steps).toBeGreaterThan(4);
    expect(cache.bytes).toBeLessThanOrEqual(2 * MIB);
    expect(cache.size).toBeLessThan(2100);
    let kept = 0;
    for (let i = 0; i < 20_000; i += 1) {
      if (!cache.find(1, i * 1000)) continue;
      kept += 1;
      if (!isRight(cache, 1, i * 1000, 1000)) throw new Error(`wrong bytes at ${i}`);
    }
    expect(kept).toBe(cache.size);
    cache.setBudget(0);
    expect([cache.size, cache.find(1, 19_999_000)]).toEqual([0, false]);
    cache.insert(1, 8, recordOf(1, 8, 64), 0, 64);
    expect(cache.size).toBe(0);
  });

  it('is never larger than its budget after it has shrunk, whatever the records are', () => {
    for (const bytes of [40, 200, 4000]) {
      const cache = new ReadCache(16 * MIB);
      const record = Buffer.alloc(bytes);
      for (let i = 0; i < (20 * MIB) / bytes; i += 1) cache.insert(1, i * 4000, record, 0, bytes);
      for (const budget of [9, 5, 3, 2, 1.2]) {
        cache.setBudget(budget * MIB);
        cache.shrink(() => true);
        expect(cache.isTooLarge).toBe(false);
        expect(cache.bytes).toBeLessThanOrEqual(budget * MIB);
        cache.insert(2, budget * 8000, record, 0, bytes);
        expect(cache.find(2, budget * 8000)).toBe(budget > 1.5);
      }
    }
  });

  it('leaves out records that would push out too many others', () => {
    const cache = new ReadCache(2 * READ_CACHE_CHUNK_BYTES);
    const bytes = READ_CACHE_RECORD_BYTES_MAX + 8;
    cache.insert(1, 8, Buffer.alloc(bytes), 0, bytes);
    expect(cache.find(1, 8)).toBe(false);
  });
});
