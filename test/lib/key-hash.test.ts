import { describe, expect, it } from 'vitest';
import { KeyHash } from '../../src/lib/key-hash.ts';
import { halfSipHash } from './half-sip-hash.ts';
import { randomBytes, withSeed } from './seeded.ts';

/** Published results of HalfSipHash-2-4: key 00 to 07, message 00 01 02 … of that length. */
const PUBLISHED: ReadonlyArray<readonly [length: number, result: string]> = [
  [0, '218d1f59b9b83cc8'],
  [1, 'be552412f8387315'],
  [2, '064f39ef7c50eb57'],
  [3, 'ce0f1a45f7060679'],
  [4, 'd5e78a175be52ea1'],
  [7, 'ff202728b07bc684'],
  [8, 'edfee820bce4858c'],
  [63, '2ea63c71bf326087'],
];

function hex([first, second]: readonly [number, number]): string {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(first, 0);
  bytes.writeUInt32LE(second, 4);
  return bytes.toString('hex');
}

function hashOf(hasher: KeyHash, bytes: Uint8Array): [number, number] {
  hasher.hash(bytes, 0, bytes.length);
  return [hasher.lo, hasher.hi];
}

/** Pearson's statistic over equal buckets, in standard deviations from its expectation. */
function chiSquareSigmas(counts: Uint32Array, total: number): number {
  const expected = total / counts.length;
  let sum = 0;
  for (const count of counts) sum += (count - expected) ** 2 / expected;
  const freedom = counts.length - 1;
  return (sum - freedom) / Math.sqrt(2 * freedom);
}

describe('KeyHash', () => {
  it('has an oracle that gives the published results of HalfSipHash-2-4', () => {
    const message = Buffer.from(Array.from({ length: 64 }, (_, i) => i));
    for (const [length, result] of PUBLISHED) {
      const got = hex(halfSipHash(2, 4, [0x03020100, 0x07060504], message.subarray(0, length)));
      expect(got, `length ${length}`).toBe(result);
    }
  });

  it('agrees with the oracle for HalfSipHash-1-3 at every length and alignment', () => {
    withSeed((random) => {
      for (let round = 0; round < 2000; round++) {
        const seed = { a: random.next(), b: random.next() };
        const bytes = randomBytes(random, random.below(300));
        const start = random.below(bytes.length + 1);
        const end = start + random.below(bytes.length - start + 1);
        const hasher = new KeyHash(seed);
        hasher.hash(bytes, start, end);
        expect([hasher.lo, hasher.hi])
          .toEqual(halfSipHash(1, 3, [seed.a, seed.b], bytes.subarray(start, end)));
      }
    });
  });

  it('gives two unsigned 32-bit integers that depend on both halves of the seed', () => {
    const key = Buffer.from('user:1000');
    const base = hashOf(new KeyHash({ a: 1, b: 2 }), key);
    expect(hashOf(new KeyHash({ a: 2, b: 2 }), key)).not.toEqual(base);
    expect(hashOf(new KeyHash({ a: 1, b: 3 }), key)).not.toEqual(base);
    for (const half of base) expect(half).toBe(half >>> 0);
  });

  it('spreads sequential keys evenly over the low, middle and high bits of both halves', () => {
    const hasher = new KeyHash({ a: 0x9e3779b9, b: 0x7f4a7c15 });
    const shifts = [0, 8, 16, 20];
    const counts = shifts.flatMap(() => [new Uint32Array(4096), new Uint32Array(4096)]);
    const total = 400_000;
    for (let i = 0; i < total; i++) {
      const [lo, hi] = hashOf(hasher, Buffer.from(`key:${i}`));
      shifts.forEach((shift, which) => {
        counts[which * 2]![(lo >>> shift) & 4095]! += 1;
        counts[which * 2 + 1]![(hi >>> shift) & 4095]! += 1;
      });
    }
    for (const bucket of counts) expect(Math.abs(chiSquareSigmas(bucket, total))).toBeLessThan(4.5);
  });

  it('has no 64-bit collision among 300,000 sequential keys', () => {
    const hasher = new KeyHash({ a: 5, b: 6 });
    const seen = new Set<string>();
    for (let i = 0; i < 300_000; i++) seen.add(hashOf(hasher, Buffer.from(`k${i}`)).join());
    expect(seen.size).toBe(300_000);
  });

  it('flips each output bit for half of the single-bit changes of a key', () => {
    withSeed((random) => {
      const hasher = new KeyHash({ a: random.next(), b: random.next() });
      const flips = new Uint32Array(64);
      const trials = 20_000;
      for (let trial = 0; trial < trials; trial++) {
        const key = randomBytes(random, 12);
        const [lo, hi] = hashOf(hasher, key);
        const bit = random.below(96);
        key[bit >> 3]! ^= 1 << (bit & 7);
        const [lo2, hi2] = hashOf(hasher, key);
        for (let i = 0; i < 32; i++) {
          flips[i]! += ((lo ^ lo2) >>> i) & 1;
          flips[32 + i]! += ((hi ^ hi2) >>> i) & 1;
        }
      }
      for (const count of flips) expect(Math.abs(count / trials - 0.5)).toBeLessThan(0.02);
    });
  });

  it('refuses a range outside the buffer', () => {
    const hasher = new KeyHash({ a: 1, b: 2 });
    const buf = Buffer.alloc(4);
    for (const [start, end] of [[-1, 2], [0, 5], [3, 2]] as const) {
      expect(() => hasher.hash(buf, start, end)).toThrow(RangeError);
    }
  });
});
