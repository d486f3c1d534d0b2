import { describe, expect, it } from 'vitest';
import {
  OUTPUT_BUFFER_BYTES_MIN, OUTPUT_BUFFER_POOLED_BYTES_MAX, OUTPUT_POOL_BYTES_MAX,
} from '../../src/protocol/output-pool.ts';
import { OutputMemory, OutputPool } from '../../src/protocol/output-pool.ts';

describe('OutputPool', () => {
  it('gives buffers of powers of two, at least of the smallest size', () => {
    const pool = new OutputPool();
    const min = OUTPUT_BUFFER_BYTES_MIN;
    const sizes = [1, min, min + 1, min * 2, 100_000].map((bytes) => pool.acquire(bytes).buf.length);
    expect(sizes).toEqual([min, min, min * 2, min * 2, 131_072]);
  });

  it('gives the same memory again after recycle', () => {
    const pool = new OutputPool();
    const first = pool.acquire(100);
    pool.recycle(first);
    expect(pool.unusedBytes).toBe(OUTPUT_BUFFER_BYTES_MIN);
    const second = pool.acquire(100);
    expect(second).toBe(first);
    expect(second.buf).toHaveLength(OUTPUT_BUFFER_BYTES_MIN);
    expect(pool.unusedBytes).toBe(0);
  });

  it('throws when memory is recycled twice or came from elsewhere', () => {
    const pool = new OutputPool();
    const buf = pool.acquire(100);
    pool.recycle(buf);
    expect(() => pool.recycle(buf)).toThrow('not lent');
    expect(() => pool.recycle(new OutputMemory(Buffer.alloc(100)))).toThrow('not lent');
  });

  it('keeps no buffer that is too large, and no more than its bound', () => {
    const pool = new OutputPool();
    pool.recycle(pool.acquire(OUTPUT_BUFFER_POOLED_BYTES_MAX + 1));
    expect(pool.unusedBytes).toBe(0);
    const many = Array.from({ length: 20 }, () => pool.acquire(OUTPUT_BUFFER_POOLED_BYTES_MAX));
    for (const buf of many) pool.recycle(buf);
    expect(pool.unusedBytes).toBe(OUTPUT_POOL_BYTES_MAX);
  });
});
