import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  combineBits, countBitRange, countBits, findBit, getBit, setBit,
} from '../../src/lib/bits.ts';
import type { BitOperation } from '../../src/lib/bits.ts';
import type { Random } from '../../src/lib/random.ts';
import { hasRedisServer, startRedisServer, type RedisServer } from '../commands/redis-server.ts';
import { randomBytes, testSeed, withSeed } from './seeded.ts';

/** The slow clear twin: a string of '0' and '1'. */
function bitsOf(buf: Uint8Array): string {
  return [...buf].map((byte) => byte.toString(2).padStart(8, '0')).join('');
}

const onesIn = (bits: string): number => bits.split('1').length - 1;

/** Bytes with long runs of zeros and ones, at any alignment. */
function runs(random: Random, length: number): Buffer {
  const shift = random.below(5);
  const whole = Buffer.alloc(length + shift, random.below(2) === 0 ? 0 : 0xff);
  const changes = length === 0 ? 0 : random.below(4);
  for (let i = 0; i < changes; i++) {
    const at = shift + random.below(length);
    const end = Math.min(whole.length, at + random.below(length));
    whole.fill([0, 0xff, random.below(256)][random.below(3)]!, at, end);
  }
  return whole.subarray(shift);
}

describe('bits', () => {
  it('are numbered from the highest of byte 0', () => {
    const buf = Buffer.from([0b1000_0001, 0b0100_0000]);
    expect([0, 1, 7, 8, 9, 16, 1e9].map((bit) => getBit(buf, bit))).toEqual([1, 0, 1, 0, 1, 0, 0]);
  });

  it('are set one at a time, giving what they were', () => {
    const buf = Buffer.alloc(2);
    expect(setBit(buf, 9, 1)).toBe(0);
    expect(setBit(buf, 9, 1)).toBe(1);
    expect([...buf]).toEqual([0, 0x40]);
    expect(setBit(buf, 9, 0)).toBe(1);
    expect([...buf]).toEqual([0, 0]);
    expect(() => setBit(buf, 16, 1)).toThrow(RangeError);
  });

  it('are counted and found as in the clear twin, for every kind of range', () => {
    withSeed((random) => {
      for (let round = 0; round < 3000; round++) {
        const buf = runs(random, random.below(60));
        const bits = bitsOf(buf);
        const start = random.below(bits.length + 1);
        const end = start + random.below(bits.length - start + 1);
        expect(countBitRange(buf, start, end)).toBe(onesIn(bits.slice(start, end)));
        const [from, to] = [start >> 3, end >> 3];
        expect(countBits(buf, from, to)).toBe(onesIn(bits.slice(from * 8, to * 8)));
        for (const value of [0, 1] as const) {
          const found = bits.slice(start, end).indexOf(String(value));
          expect(findBit(buf, value, start, end)).toBe(found < 0 ? -1 : start + found);
        }
      }
    });
  });

  it('are combined as in the clear twin, for strings of different lengths', () => {
    const operations: ReadonlyArray<BitOperation> = ['AND', 'OR', 'XOR'];
    withSeed((random) => {
      for (let round = 0; round < 1000; round++) {
        const operation = operations[random.below(3)]!;
        const sources = Array.from({ length: 1 + random.below(4) }, () => {
          const shift = random.below(4);
          return randomBytes(random, shift + random.below(30)).subarray(shift);
        });
        const copies = sources.map((source) => Buffer.from(source));
        const length = Math.max(...sources.map((source) => source.length));
        const expected = Array.from({ length }, (_, at) => sources
          .map((source) => source[at] ?? 0)
          .reduce((a, b) => (operation === 'AND' ? a & b : operation === 'OR' ? a | b : a ^ b)));
        expect([...combineBits(operation, sources)]).toEqual(expected);
        expect(sources.map((source) => Buffer.from(source))).toEqual(copies);
      }
    });
  });

  it('are inverted by NOT, which takes one string', () => {
    expect([...combineBits('NOT', [Buffer.from([0x0f, 0xff])])]).toEqual([0xf0, 0]);
    expect(() => combineBits('NOT', [Buffer.alloc(1), Buffer.alloc(1)])).toThrow();
    expect(() => combineBits('AND', [])).toThrow();
  });

  it('can be combined from more strings than fit on the stack', () => {
    const sources = Array.from({ length: 200_000 }, () => Buffer.from([1]));
    expect([...combineBits('OR', sources)]).toEqual([1]);
  });
});

describe.skipIf(!hasRedisServer())('bits beside a real redis-server', () => {
  let redis: RedisServer;
  beforeAll(async () => { redis = await startRedisServer(); });
  afterAll(() => redis?.stop());

  it('are counted, found and combined alike', async () => {
    const inputs: Array<{ a: Buffer; b: Buffer; start: number; end: number }> = [];
    withSeed((random) => {
      for (let round = 0; round < 500; round++) {
        const a = runs(random, 1 + random.below(40));
        const start = random.below(a.length * 8);
        const end = start + 1 + random.below(a.length * 8 - start);
        inputs.push({ a, b: runs(random, random.below(40)), start, end });
      }
    });
    const replies = await redis.ask(inputs.flatMap(({ a, b, start, end }) => {
      const range = [String(start), String(end - 1), 'BIT'];
      return [
        ['MSET', 'a', a.toString('latin1'), 'b', b.toString('latin1')],
        ['BITCOUNT', 'a', ...range], ['BITPOS', 'a', '0', ...range], ['BITPOS', 'a', '1', ...range],
        ['BITOP', 'AND', 'c', 'a', 'b'], ['GET', 'c'],
        ['BITOP', 'XOR', 'c', 'b', 'a'], ['GET', 'c'],
      ];
    }));
    inputs.forEach(({ a, b, start, end }, i) => {
      const [, count, zero, one, , and, , xor] = replies.slice(i * 8, i * 8 + 8);
      expect([
        countBitRange(a, start, end), findBit(a, 0, start, end), findBit(a, 1, start, end),
        combineBits('AND', [a, b]).toString('latin1'),
        combineBits('XOR', [b, a]).toString('latin1'),
      ], `seed ${testSeed()} round ${i}`).toEqual([count, zero, one, and, xor]);
    });
  });
});
