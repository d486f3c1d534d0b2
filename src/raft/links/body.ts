/**
 * The fields in the body of a frame, one after the other: little-endian numbers, and bytes.
 *
 * A writer that runs past its buffer or is given a number that does not fit is a bug, and asserted.
 * A reader faces a peer: what is missing reads as 0 and empty, and `isWhole` tells at the end.
 */

import { readU32, readU48, writeU32, writeU48 } from '../../lib/words.ts';

const U48_END = 2 ** 48;

const NOTHING = new Uint8Array(0);

export class BodyWriter {
  readonly #buf: Uint8Array;
  #at: number;

  constructor(buf: Uint8Array, at: number) {
    this.#buf = buf;
    this.#at = at;
  }

  u8(value: number): void {
    this.#buf[this.#move(1)] = value;
  }

  flag(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  u32(value: number): void {
    writeU32(this.#buf, this.#move(4), value);
  }

  u48(value: number): void {
    if (!(value >= 0 && value < U48_END)) throw new RangeError(`${value} is not below 2^48`);
    writeU48(this.#buf, this.#move(6), value);
  }

  bytes(value: Uint8Array): void {
    this.#buf.set(value, this.#move(value.length));
  }

  /** A u32 length before them. */
  lengthAndBytes(value: Uint8Array): void {
    this.u32(value.length);
    this.bytes(value);
  }

  /** Asserts that the buffer is exactly full. */
  finish(): void {
    const { length } = this.#buf;
    if (this.#at !== length) throw new Error(`BodyWriter: ${this.#at} bytes of ${length} written`);
  }

  #move(bytes: number): number {
    const at = this.#at;
    if (at + bytes > this.#buf.length) throw new RangeError('BodyWriter: the buffer is too small');
    this.#at = at + bytes;
    return at;
  }
}

export class BodyReader {
  readonly #buf: Uint8Array;
  #at = 0;
  #isSound = true;

  constructor(buf: Uint8Array) {
    this.#buf = buf;
  }

  /** Bytes that are not read. */
  get left(): number {
    return this.#buf.length - this.#at;
  }

  /** Everything was there, was allowed, and nothing is left. */
  get isWhole(): boolean {
    return this.#isSound && this.left === 0;
  }

  u8(): number {
    const at = this.#move(1);
    return at < 0 ? 0 : this.#buf[at]!;
  }

  flag(): boolean {
    const value = this.u8();
    if (value > 1) this.#isSound = false;
    return value === 1;
  }

  u32(): number {
    const at = this.#move(4);
    return at < 0 ? 0 : readU32(this.#buf, at);
  }

  u48(): number {
    const at = this.#move(6);
    return at < 0 ? 0 : readU48(this.#buf, at);
  }

  /** A view. */
  bytes(length: number): Uint8Array {
    const at = this.#move(length);
    return at < 0 ? NOTHING : this.#buf.subarray(at, at + length);
  }

  lengthAndBytes(): Uint8Array {
    return this.bytes(this.u32());
  }

  /** A number of items that take at least `bytesMin` each: 0 if so many cannot follow. */
  count(bytesMin: number): number {
    const count = this.u32();
    if (count * bytesMin <= this.left) return count;
    this.#isSound = false;
    return 0;
  }

  rest(): Uint8Array {
    return this.bytes(this.left);
  }

  #move(bytes: number): number {
    const at = this.#at;
    if (!this.#isSound || bytes > this.left) {
      this.#isSound = false;
      return -1;
    }
    this.#at = at + bytes;
    return at;
  }
}
