import { describe, expect, it } from 'vitest';
import { readVarint, varintBytes, writeVarint } from '../../src/lib/varint.ts';
import { withSeed } from './seeded.ts';

function encode(value: number): Buffer {
  const buf = Buffer.alloc(12, 0xee);
  const end = writeVarint(buf, 1, value);
  return buf.subarray(1, end);
}

describe('varints', () => {
  it('take seven bits a byte, lowest first', () => {
    expect([...encode(0)]).toEqual([0]);
    expect([...encode(127)]).toEqual([127]);
    expect([...encode(128)]).toEqual([0x80, 1]);
    expect([...encode(300)]).toEqual([0xac, 2]);
    expect(encode(Number.MAX_SAFE_INTEGER)).toHaveLength(8);
  });

  it('come back as they were, at every length, and take the announced bytes', () => {
    const powers = Array.from({ length: 53 }, (_, bit) => 2 ** bit);
    const edges = powers.flatMap((n) => [n - 1, n, n + 1]);
    for (const value of [...edges, Number.MAX_SAFE_INTEGER]) {
      const bytes = encode(value);
      expect(bytes, `${value}`).toHaveLength(varintBytes(value));
      expect(readVarint(bytes, 0, bytes.length)).toBe(value);
    }
  });

  it('come back as they were, for random values', () => {
    withSeed((random) => {
      for (let round = 0; round < 20_000; round++) {
        const value = Math.floor(random.float() * 2 ** random.below(54));
        const bytes = encode(value);
        expect(readVarint(bytes, 0, bytes.length)).toBe(value);
      }
    });
  });

  it('are refused when they are cut, too long or too large', () => {
    const bytes = encode(1_000_000);
    for (let end = 0; end < bytes.length; end++) {
      expect(() => readVarint(bytes, 0, end)).toThrow('no varint at offset 0');
    }
    const endless = Buffer.alloc(20, 0x80);
    expect(() => readVarint(endless, 0, 20)).toThrow('no varint');
    const large = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f]);
    expect(() => readVarint(large, 0, large.length)).toThrow('no varint');
  });
});
