/**
 * A string under change in place: what APPEND, SETRANGE, SETBIT and BITFIELD write into.
 *
 * A delta is `offset varint, bytes`: the bytes replace what is at the offset, and the string grows
 * when they reach beyond its end; a gap reads as zeros. Capacity doubles, so that appending n bytes
 * one by one copies O(n).
 */

import type { LiveCodec, LiveValue } from './live-value.ts';
import { readVarint, varintBytes, writeVarint } from '../lib/varint.ts';
import { STRING } from './value-type.ts';

const CAPACITY_MIN = 64;

export class LiveString implements LiveValue {
  readonly type = STRING;
  #buf: Buffer;
  #length: number;

  private constructor(buf: Buffer, length: number) {
    this.#buf = buf;
    this.#length = length;
  }

  /** Copies the bytes. */
  static of(bytes: Uint8Array): LiveString {
    const buf = Buffer.alloc(Math.max(CAPACITY_MIN, bytes.length));
    buf.set(bytes);
    return new LiveString(buf, bytes.length);
  }

  /** The delta that writes `bytes` at `offset`. */
  static delta(offset: number, bytes: Uint8Array): Buffer {
    const head = varintBytes(offset);
    const delta = Buffer.allocUnsafe(head + bytes.length);
    writeVarint(delta, 0, offset);
    delta.set(bytes, head);
    return delta;
  }

  get size(): number {
    return this.#length;
  }

  get memoryBytes(): number {
    return this.#buf.length;
  }

  get baseBytes(): number {
    return this.#length;
  }

  /** The string's bytes; borrowed: the next delta may move or change them. */
  bytes(): Buffer {
    return this.#buf.subarray(0, this.#length);
  }

  applyDelta(buf: Buffer, start: number, end: number): void {
    const offset = readVarint(buf, start, end);
    const from = start + varintBytes(offset);
    const newLength = Math.max(this.#length, offset + (end - from));
    if (newLength > this.#buf.length) this.#grow(newLength);
    buf.copy(this.#buf, offset, from, end);
    this.#length = newLength;
  }

  encodeBase(): Buffer {
    return this.bytes();
  }

  #grow(length: number): void {
    const larger = Buffer.alloc(Math.max(length, this.#buf.length * 2));
    this.#buf.copy(larger, 0, 0, this.#length);
    this.#buf = larger;
  }
}

export const liveStringCodec: LiveCodec = Object.freeze({
  type: STRING,
  decodeBase: (buf: Buffer, start: number, end: number) => LiveString.of(buf.subarray(start, end)),
});
