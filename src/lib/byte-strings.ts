/**
 * Many byte strings in one memory, numbered from 0 in the order in which they were added: four
 * bytes beside each, and no object. They own their bytes.
 */

import type { ByteRange } from './byte-range.ts';
import { compareBytes } from './compare-bytes.ts';

const CAPACITY_MIN = 1024;
const COUNT_MIN = 64;

/** So many bytes are a whole number that a double holds exactly. */
const LEADING_BYTES = 6;

export class ByteStrings {
  readonly #bytesMax: number;
  #buf = Buffer.allocUnsafeSlow(CAPACITY_MIN);
  /** Where each string ends; it begins where the one before it does. */
  #ends = new Uint32Array(COUNT_MIN);
  #count = 0;

  /** `bytesMax`: of all strings together, below 4 GiB. While memory grows, it is there twice. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#count;
  }

  /** Of all strings together. */
  get bytes(): number {
    return this.#startOf(this.#count);
  }

  /** Adds a copy of [start, end); false, and nothing is added, if it is too much. */
  add(buf: Buffer, start: number, end: number): boolean {
    const at = this.bytes;
    const stop = at + end - start;
    if (stop > this.#bytesMax) return false;
    if (stop > this.#buf.length) this.#grow(stop);
    buf.copy(this.#buf, at, start, end);
    if (this.#count === this.#ends.length) {
      const ends = new Uint32Array(this.#count * 2);
      ends.set(this.#ends);
      this.#ends = ends;
    }
    this.#ends[this.#count++] = stop;
    return true;
  }

  /** Points `into` at a string; valid until the next `add`. */
  range(at: number, into: ByteRange): ByteRange {
    into.buf = this.#buf;
    into.start = this.#startOf(at);
    into.end = this.#ends[at]!;
    into.words = undefined;
    return into;
  }

  /** As memcmp, the shorter one first when it begins the other. */
  compare(a: number, b: number): number {
    const buf = this.#buf;
    const ends = this.#ends;
    return compareBytes(buf, this.#startOf(a), ends[a]!, buf, this.#startOf(b), ends[b]!);
  }

  /** The first bytes as a number: where two differ, strings are in the order of these numbers. */
  leading(at: number): number {
    const start = this.#startOf(at);
    const end = this.#ends[at]!;
    let number = 0;
    for (let i = start; i < start + LEADING_BYTES; i++) {
      number = number * 256 + (i < end ? this.#buf[i]! : 0);
    }
    return number;
  }

  #startOf(at: number): number {
    return at === 0 ? 0 : this.#ends[at - 1]!;
  }

  #grow(bytes: number): void {
    const doubled = Math.min(this.#buf.length * 2, this.#bytesMax);
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, doubled));
    this.#buf.copy(larger, 0, 0, this.bytes);
    this.#buf = larger;
  }
}
