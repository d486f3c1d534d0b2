import { describe, expect, it } from 'vitest';
import { Checksum, checksum } from '../../src/lib/checksum.ts';
import { randomBytes, withSeed } from './seeded.ts';

const PRIME_32 = 2654435761;
const PRIME_64 = 11400714785074694797n;

/** The test buffer of the reference implementation's self-test. */
function sanityBuffer(length: number): Buffer {
  const buf = Buffer.alloc(length);
  let generator = BigInt(PRIME_32);
  for (let at = 0; at < length; at++) {
    buf[at] = Number(generator >> 56n);
    generator = BigInt.asUintN(64, generator * PRIME_64);
  }
  return buf;
}

/** Published by the reference implementation: length of the sanity buffer, seed, sum. */
const PUBLISHED: ReadonlyArray<readonly [length: number, seed: number, sum: number]> = [
  [0, 0, 0x02cc5d05],
  [0, PRIME_32, 0x36b78ae7],
  [1, 0, 0xcf65b03e],
  [1, PRIME_32, 0xb4545aa4],
  [14, 0, 0x1208e7e2],
  [14, PRIME_32, 0x6af1d1fe],
  [222, 0, 0x5bd11dbd],
  [222, PRIME_32, 0x58803c5f],
];

function text(value: string): number {
  const bytes = Buffer.from(value);
  return checksum(bytes, 0, bytes.length);
}

describe('checksum', () => {
  it('gives the published sums of XXH32', () => {
    const buf = sanityBuffer(256);
    for (const [length, seed, sum] of PUBLISHED) {
      expect(checksum(buf, 0, length, seed), `length ${length} seed ${seed}`).toBe(sum);
    }
    expect(text('abc')).toBe(0x32d153ff);
    expect(text('Nobody inspects the spammish repetition')).toBe(0xe2293b2f);
  });

  it('does not depend on alignment, on either side of the size where it changes method', () => {
    withSeed((random) => {
      for (let length = 0; length < 600; length += 1 + random.below(7)) {
        const bytes = randomBytes(random, length);
        const seed = random.next();
        const sum = checksum(bytes, 0, length, seed);
        for (let shift = 0; shift < 8; shift++) {
          const moved = Buffer.concat([Buffer.alloc(shift), bytes, Buffer.alloc(3)]);
          expect(checksum(moved, shift, shift + length, seed)).toBe(sum);
        }
      }
    });
  });

  it('changes with every single bit of the input', () => {
    const bytes = sanityBuffer(260);
    const sum = checksum(bytes, 0, bytes.length);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(checksum(bytes, 0, bytes.length)).not.toBe(sum);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  });

  it('refuses a range outside the buffer', () => {
    expect(() => checksum(Buffer.alloc(4), 0, 5)).toThrow(RangeError);
    expect(() => checksum(Buffer.alloc(4), 3, 2)).toThrow(RangeError);
    expect(() => new Checksum().update(Buffer.alloc(4), -1, 2)).toThrow(RangeError);
  });
});

describe('Checksum', () => {
  it('gives the same sum however the input is cut', () => {
    withSeed((random) => {
      for (let round = 0; round < 400; round++) {
        const bytes = randomBytes(random, random.below(700));
        const seed = random.next();
        const sum = new Checksum(seed);
        for (let at = 0; at < bytes.length;) {
          const next = Math.min(bytes.length, at + random.below(40));
          sum.update(bytes, at, next);
          at = next;
          expect(sum.digest()).toBe(checksum(bytes, 0, at, seed));
        }
      }
    });
  });

  it('starts again after reset, also in the middle of a stripe', () => {
    const bytes = sanityBuffer(222);
    const sum = new Checksum(7);
    sum.update(bytes, 0, 21);
    sum.reset(PRIME_32);
    expect(sum.digest()).toBe(0x36b78ae7);
    sum.update(bytes, 0, 222);
    expect(sum.digest()).toBe(0x58803c5f);
  });
});
