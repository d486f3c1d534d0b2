/** All chance of a simulated run, from one seed. */

import { Random } from '../../../src/lib/random.ts';

export class Chance {
  readonly #random: Random;

  constructor(seed: number, stream = 0) {
    this.#random = new Random(stream, seed);
  }

  /** A generator of its own, so that what one part draws does not move the others. */
  fork(): Chance {
    return new Chance(this.#random.next(), this.#random.next());
  }

  uint32(): number {
    return this.#random.next();
  }

  /** An integer from 0 to n - 1. */
  below(n: number): number {
    return this.#random.below(n);
  }

  /** A number from `low` to below `high`. */
  between(low: number, high: number): number {
    return low + this.#random.float() * (high - low);
  }

  /** True once in `n`. */
  oneIn(n: number): boolean {
    return this.#random.below(n) === 0;
  }

  /** An exponential wait: what happens at random, on average every `meanMs`. */
  wait(meanMs: number): number {
    return -Math.log(1 - this.#random.float()) * meanMs;
  }

  choose<T>(choices: readonly T[]): T {
    return choices[this.#random.below(choices.length)]!;
  }

  /** For what takes a generator. */
  random(): Random {
    return new Random(this.#random.next(), this.#random.next());
  }
}
