/**
 * Where unpredictable numbers come from: seeds for hash tags (so that strangers cannot choose
 * colliding keys), the random seed stamped on an entry, nonces and ids. Whatever needs many numbers
 * expands a seed with its own generator, which replays.
 */

/** 64 random bits as two whole numbers from 0 to 2^32 - 1. */
export type Seed64 = readonly [hi: number, lo: number];

const SEED_BYTES = 8;

export interface RandomSource {
  seed64(): Seed64;
}

/** `count` fresh bytes, for nonces and ids. */
export function randomBytes(source: RandomSource, count: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(count / SEED_BYTES) * SEED_BYTES);
  for (let at = 0; at < bytes.length; at += SEED_BYTES) {
    const [hi, lo] = source.seed64();
    bytes.writeUInt32BE(hi, at);
    bytes.writeUInt32BE(lo, at + SEED_BYTES / 2);
  }
  return bytes.subarray(0, count);
}
