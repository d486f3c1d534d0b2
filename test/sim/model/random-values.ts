/** Random words, numbers, bytes and times for random commands. */

import type { Random } from '../../../src/lib/random.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const WORDS = ['', 'a', 'hello', 'xyzzy', '0', '-1', '12', '007', ' 7', '9223372036854775807'];
const BLOCK_BYTES = 64;

export class RandomValues {
  readonly #random: Random;
  readonly #bytesMax: number;

  constructor(random: Random, bytesMax: number) {
    this.#random = random;
    this.#bytesMax = bytesMax;
  }

  /** True in `percent` of a hundred cases. */
  chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  between(min: number, max: number): number {
    return min + this.#random.below(max - min + 1);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]!;
  }

  /** From `min` to `max` things. */
  list<T>(min: number, max: number, make: () => T): T[] {
    return Array.from({ length: this.between(min, max) }, make);
  }

  /** A value of any size up to the largest allowed; small ones are frequent. */
  value(isBig = false): string {
    const kind = isBig ? this.between(70, 99) : this.#random.below(100);
    if (kind < 30) return `${this.between(-100, 1000)}`;
    if (kind < 40) return this.pick(WORDS);
    if (kind < 70) return this.letters(this.between(1, 30));
    if (kind < 92) return this.bytes(this.between(100, 2048));
    if (kind < 99 || !this.chance(isBig ? 40 : 15)) {
      return this.bytes(isBig || this.chance(30) ? this.between(10_000, 60_000) : 3000);
    }
    return this.bytes(this.between(200_000, 400_000));
  }

  letters(length: number): string {
    let text = '';
    for (let i = 0; i < length; i++) text += LETTERS[this.#random.below(LETTERS.length)];
    return text;
  }

  /** Any bytes. Long ones repeat a random block, each time with its number. */
  bytes(lengthWanted: number): string {
    const length = Math.min(lengthWanted, this.#bytesMax);
    let block = '';
    for (let i = 0; i < Math.min(length, BLOCK_BYTES); i++) {
      block += String.fromCharCode(this.#random.below(256));
    }
    const parts: string[] = [];
    for (let bytes = 0, n = 0; bytes < length; n++) {
      const part = n === 0 ? block : `${n}${block}`;
      parts.push(part);
      bytes += part.length;
    }
    return parts.join('').slice(0, length);
  }

  /** An increment: mostly small, now and then at the edge of 64 bits, rarely no number. */
  increment(): string {
    const kind = this.#random.below(40);
    if (kind === 0) return this.pick(['9223372036854775807', '-9223372036854775808']);
    if (kind === 1) return this.pick(['1.5', 'x', '', '9223372036854775808', '01']);
    return `${this.between(-10, 100)}`;
  }

  /** A number that binary floating point holds exactly. */
  quarters(): string {
    return `${this.between(-400, 400) / 4}`;
  }

  /** From now until a key ends: often so short that it ends soon. */
  delayMs(): number {
    const kind = this.#random.below(10);
    if (kind < 4) return this.between(5, 50);
    if (kind < 7) return this.between(50, 1000);
    if (kind < 9) return this.between(1000, 20_000);
    return this.between(20_000, 300_000);
  }

  /** A start or end of a range. */
  position(): string {
    return `${this.between(-40, 60)}`;
  }
}
