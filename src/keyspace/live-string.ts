/**
 * A string under change in place: what APPEND, SETRANGE, SETBIT and BITFIELD write into.
 *
 * A delta is `offset varint, bytes`: the bytes replace what is at the offset, and the string grows
 * when they reach beyond its end; a gap reads as zeros. Capacity doubles, so that appending n bytes
 * one by one copies O(n).
 *
 * The pages of a snapshot are its first bytes and, for each further page, the delta that writes
 * them. A page that is not drawn yet is copied before the first change to it.
 */

import type { LiveCodec, LiveValue, Snapshot } from './live-value.ts';
import { readVarint, varintBytes, writeVarint } from '../lib/varint.ts';
import { STRING } from './value-type.ts';

const CAPACITY_MIN = 64;

export class LiveString implements LiveValue {
  readonly type = STRING;
  #buf: Buffer;
  #length: number;
  #snapshot: StringSnapshot | undefined;

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

  copy(): LiveString {
    return LiveString.of(this.bytes());
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
    this.#snapshot?.keep(this.#buf, Math.min(offset, this.#length), offset + (end - from));
    if (newLength > this.#buf.length) this.#grow(newLength);
    buf.copy(this.#buf, offset, from, end);
    this.#length = newLength;
  }

  encodeBase(): Buffer {
    return this.bytes();
  }

  snapshot(pageBytes: number): Snapshot {
    if (this.#snapshot !== undefined) {
      throw new Error('assertion failed: a string has a snapshot already');
    }
    this.#snapshot = new StringSnapshot(this, pageBytes, () => {
      this.#snapshot = undefined;
    });
    return this.#snapshot;
  }

  #grow(length: number): void {
    const larger = Buffer.alloc(Math.max(length, this.#buf.length * 2));
    this.#buf.copy(larger, 0, 0, this.#length);
    this.#buf = larger;
  }
}

class StringSnapshot implements Snapshot {
  readonly #live: LiveString;
  readonly #length: number;
  readonly #pageBytes: number;
  readonly #onEnd: () => void;
  /** Pages as they were, by number. */
  readonly #kept = new Map<number, Buffer>();
  #next = 0;
  #isEnded = false;

  constructor(live: LiveString, pageBytes: number, onEnd: () => void) {
    this.#live = live;
    this.#length = live.size;
    this.#pageBytes = pageBytes;
    this.#onEnd = onEnd;
  }

  next(): Buffer | undefined {
    const number = this.#next;
    const start = number * this.#pageBytes;
    if (this.#isEnded || (start >= this.#length && number > 0)) {
      this.end();
      return undefined;
    }
    const page = this.#kept.get(number) ?? this.#pageOf(this.#live.bytes(), number);
    this.#kept.delete(number);
    this.#next += 1;
    return number === 0 ? Buffer.from(page) : LiveString.delta(start, page);
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#kept.clear();
    this.#onEnd();
  }

  /** The bytes from `start` to `end` are about to change. */
  keep(buf: Buffer, start: number, end: number): void {
    const last = Math.min(end, this.#length) - 1;
    const first = Math.max(this.#next, Math.floor(start / this.#pageBytes));
    for (let number = first; number * this.#pageBytes <= last; number++) {
      if (!this.#kept.has(number)) this.#kept.set(number, Buffer.from(this.#pageOf(buf, number)));
    }
  }

  #pageOf(buf: Buffer, number: number): Buffer {
    const start = number * this.#pageBytes;
    return buf.subarray(start, Math.min(start + this.#pageBytes, this.#length));
  }
}

export const liveStringCodec: LiveCodec = Object.freeze({
  type: STRING,
  decodeBase: (buf: Buffer, start: number, end: number) => LiveString.of(buf.subarray(start, end)),
});
