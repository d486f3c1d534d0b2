import { describe, expect, it } from 'vitest';
import { MurmurHash } from '../../src/lib/murmur-hash.ts';
import { Random } from '../../src/lib/random.ts';
import { testSeed } from './seeded.ts';

const M = 0xc6a4a7935bd1e995n;
const mask = (value: bigint): bigint => BigInt.asUintN(64, value);
const mix = (value: bigint): bigint => value ^ (value >> 47n);

/** The slow twin, from the description: blocks of 8 bytes, then what is left. */
function slowHash(bytes: Buffer, seed: number): bigint {
  let hash = BigInt(seed) ^ mask(BigInt(bytes.length) * M);
  const whole = bytes.length - (bytes.length % 8);
  for (let at = 0; at < whole; at += 8) {
    const block = mask(mix(mask(bytes.readBigUInt64LE(at) * M)) * M);
    hash = mask((hash ^ block) * M);
  }
  if (whole < bytes.length) {
    const rest = Buffer.alloc(8);
    bytes.copy(rest, 0, whole);
    hash = mask((hash ^ rest.readBigUInt64LE()) * M);
  }
  return mix(mask(mix(hash) * M));
}

function hashOf(bytes: Buffer, seed: number, start = 0, end: number = bytes.length): bigint {
  const hash = new MurmurHash(seed);
  hash.hash(bytes, start, end);
  return BigInt(hash.hi) << 32n | BigInt(hash.lo);
}

describe('MurmurHash', () => {
  it('gives what others give for these bytes', () => {
    expect(hashOf(Buffer.alloc(0), 0)).toBe(0n);
    expect(hashOf(Buffer.from('a'), 0)).toBe(0x071717d2d36b6b11n);
  });

  it('equals its slow twin for every length, seed and place in a buffer', () => {
    const random = new Random(11, testSeed());
    for (let round = 0; round < 2000; round++) {
      const length = round % 70;
      const bytes = Buffer.from(Array.from({ length: length + 5 }, () => random.below(256)));
      const seed = random.below(2) === 0 ? 0xadc83b19 : random.next();
      const start = random.below(6);
      const slow = slowHash(bytes.subarray(start, start + length), seed);
      expect(hashOf(bytes, seed, start, start + length), `DKVS_TEST_SEED=${testSeed()}`).toBe(slow);
    }
  });

  it('is right where each half has its largest and smallest words', () => {
    for (const fill of [0, 0xff, 0x80, 0x7f]) {
      for (const length of [1, 7, 8, 9, 15, 16, 1000]) {
        const bytes = Buffer.alloc(length, fill);
        for (const seed of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
          expect(hashOf(bytes, seed)).toBe(slowHash(bytes, seed));
        }
      }
    }
  });

  it('refuses bytes outside of the buffer', () => {
    const hash = new MurmurHash(0);
    for (const [start, end] of [[-1, 2], [0, 4], [2, 1]] as const) {
      expect(() => hash.hash(Buffer.alloc(3), start, end)).toThrow(RangeError);
    }
  });
});
