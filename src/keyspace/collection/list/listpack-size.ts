/**
 * How large a list would be as a listpack of Redis 7.2, and whether Redis would keep it as one:
 * what OBJECT ENCODING goes by.
 *
 * Redis makes a quicklist of a listpack when what is added would take it beyond a limit, and a
 * listpack of it again when something was taken and it is at most half as large. The limit is an
 * option, and a list must not depend on options. It need not: of all limits, those under which it
 * is a quicklist now are always the ones below one number, its peak.
 *
 *     added:  peak = max(peak, size before + what is added)
 *     taken:  peak = min(peak, 2 * size)
 *
 * Sizes are in bytes and in elements, each with a peak. What is added counts with its own bytes
 * alone, as in Redis. (Redis also keeps a quicklist that has several nodes, however short it is.)
 */

import { parseInt64 } from '../../../lib/int64.ts';
import { varintBytes, writeVarint } from '../../../lib/varint.ts';
import type { PieceReader } from '../../pieces.ts';

/** Bytes of a listpack without elements. */
const EMPTY_BYTES = 7;

const MINUS = 0x2d;
const DIGIT_9 = 0x39;

export class ListpackSize {
  /** Elements. */
  count = 0;
  bytes = EMPTY_BYTES;
  peakBytes = 0;
  peakCount = 0;
  /** `bytes` before a change, and what it has added. */
  #adding = 0;

  clear(): void {
    this.count = this.peakBytes = this.peakCount = 0;
    this.bytes = EMPTY_BYTES;
  }

  read(reader: PieceReader): void {
    this.count = reader.number();
    this.bytes = reader.number();
    this.peakBytes = reader.number();
    this.peakCount = reader.number();
  }

  /** How many bytes `write` writes. */
  get encodedBytes(): number {
    return varintBytes(this.count) + varintBytes(this.bytes) + varintBytes(this.peakBytes) +
      varintBytes(this.peakCount);
  }

  /** Returns the offset after it. */
  write(buf: Uint8Array, at: number): number {
    const peaksAt = writeVarint(buf, writeVarint(buf, at, this.count), this.bytes);
    return writeVarint(buf, writeVarint(buf, peaksAt, this.peakBytes), this.peakCount);
  }

  /** Behind the last `take` of a change. */
  noteTaken(): void {
    this.peakBytes = Math.min(this.peakBytes, 2 * this.bytes);
    this.peakCount = Math.min(this.peakCount, 2 * this.count);
  }

  /** It was larger than any limit, and something was taken. */
  noteLarge(): void {
    this.peakBytes = 2 * this.bytes;
    this.peakCount = 2 * this.count;
  }

  /** Before the first `add` of a change. */
  beginAdding(): void {
    this.#adding = this.bytes;
  }

  add(buf: Buffer, start: number, end: number): void {
    this.count++;
    this.bytes += listpackBytes(buf, start, end);
    this.#adding += end - start;
    if (this.#adding > this.peakBytes) this.peakBytes = this.#adding;
    if (this.count > this.peakCount) this.peakCount = this.count;
  }

  take(buf: Buffer, start: number, end: number): void {
    this.count--;
    this.bytes -= listpackBytes(buf, start, end);
  }
}

/** Bytes of an element in a listpack. */
export function listpackBytes(buf: Buffer, start: number, end: number): number {
  const entry = entryBytes(buf, start, end);
  return entry + backLengthBytes(entry);
}

function entryBytes(buf: Buffer, start: number, end: number): number {
  const first = buf[start]!;
  const length = end - start;
  if (length > 0 && first <= DIGIT_9 && first >= MINUS) {
    const value = parseInt64(buf, start, end);
    if (value !== undefined) return integerBytes(Number(value));
  }
  if (length < 64) return 1 + length;
  return length < 4096 ? 2 + length : 5 + length;
}

function integerBytes(value: number): number {
  if (value >= 0 && value <= 127) return 1;
  if (value >= -4096 && value <= 4095) return 2;
  if (value >= -(2 ** 15) && value < 2 ** 15) return 3;
  if (value >= -(2 ** 23) && value < 2 ** 23) return 4;
  return value >= -(2 ** 31) && value < 2 ** 31 ? 5 : 9;
}

/** The length of an entry stands behind it too, for walking back. */
function backLengthBytes(bytes: number): number {
  if (bytes <= 127) return 1;
  if (bytes < 16_383) return 2;
  if (bytes < 2_097_151) return 3;
  return bytes < 268_435_455 ? 4 : 5;
}
