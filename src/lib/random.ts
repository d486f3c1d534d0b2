/**
 * A seeded generator: the only randomness that commands may use. SPOP, SRANDMEMBER and the like
 * must choose the same on every node that applies an entry, so an entry carries its seed.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state with a counter in it,
 * so no seed gives a short cycle, in 32-bit operations. Not for secrets: an observer of a few
 * outputs can compute the rest.
 *
 * Invariant: the sequence is a function of the seed alone and is part of what peers must agree on.
 * It may not change between versions without a new entry format.
 */

const TWO_32 = 0x1_0000_0000;
const TWO_53 = 2 ** 53;

/** Rounds thrown away at the start, until every bit of the state depends on the seed. */
const WARM_UP_ROUNDS = 12;

export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #counter = 1;

  /** `seedHigh` and `seedLow` are the halves of a 64-bit seed, each any uint32. */
  constructor(seedHigh: number, seedLow: number) {
    this.reseed(seedHigh, seedLow);
  }

  /** Goes on as one that was made with this seed. */
  reseed(seedHigh: number, seedLow: number): void {
    this.#a = seedLow | 0;
    this.#b = seedHigh | 0;
    this.#c = 0;
    this.#counter = 1;
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.next();
  }

  /** A uniform unsigned 32-bit integer. */
  next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A uniform integer from 0 to `n` minus one, without bias; `n` is an integer from 1 to 2^32. */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO_32) {
      throw new RangeError(`Random.below: ${n} is not an integer from 1 to 2^32`);
    }
    const unbiased = TWO_32 - (TWO_32 % n);
    let value = this.next();
    while (value >= unbiased) value = this.next();
    return value % n;
  }

  /** A uniform multiple of 2^-53 from 0 (inclusive) to 1 (exclusive). */
  float(): number {
    const high = this.next() >>> 5;
    const low = this.next() >>> 6;
    return (high * 0x400_0000 + low) / TWO_53;
  }
}
