/**
 * Pieces: byte strings one after the other, each behind its length. Deltas and bases of collections
 * are made of them.
 *
 *   length varint | bytes        "ab" = 02 61 62
 *
 * A live hash keeps its pairs in the same form (pair-page.ts). Pieces are never text: UTF-8 is not
 * decoded anywhere on the way.
 */

import { ByteRange } from '../lib/byte-range.ts';
import { ViewMemo, WORDS_BYTES_MAX, copyWords, viewOf } from '../lib/views.ts';
import { readVarint, varintBytes, writeVarint } from '../lib/varint.ts';
import { MiB } from '../lib/size-units.ts';

/** Memory in which deltas are built that is kept from one to the next. */
export const PIECES_KEPT_BYTES_MAX = 1 * MiB;

const CAPACITY_MIN = 1024;
const NO_BYTES = Buffer.alloc(0);

/** Of a double with its length. */
const DOUBLE_PIECE_BYTES = 9;

/** Below this length a loop over the characters beats a call out of JavaScript. */
const LOOP_LENGTH_MAX = 24;

export function pieceBytes(length: number): number {
  return length + varintBytes(length);
}

/** Writes a latin1 string with its length and returns the offset after it. There must be room. */
export function writePiece(buf: Buffer, offset: number, text: string): number {
  const { length } = text;
  const at = writeVarint(buf, offset, length);
  if (length > LOOP_LENGTH_MAX) return at + buf.write(text, at, 'latin1');
  for (let i = 0; i < length; i++) buf[at + i] = text.charCodeAt(i);
  return at + length;
}

/** Reads pieces in order. Asserts that each ends before the end: else a bug or damage. */
export class PieceReader {
  readonly buf: Buffer;
  /** Where the bytes to read end. */
  readonly limit: number;
  /** What is read next; `next` and `number` move it. */
  at: number;
  /** The piece that `next` has read. */
  start = 0;
  end = 0;

  constructor(buf: Buffer, start: number, limit: number) {
    this.buf = buf;
    this.at = start;
    this.limit = limit;
  }

  get hasMore(): boolean {
    return this.at < this.limit;
  }

  /** A number without bytes behind it. */
  number(): number {
    const value = readVarint(this.buf, this.at, this.limit);
    this.at += varintBytes(value);
    return value;
  }

  /** Moves to the next piece. */
  next(): void {
    const length = this.number();
    this.start = this.at;
    this.end = this.at = this.start + length;
    if (this.end > this.limit) {
      throw new Error('assertion failed: a piece of ' +
        `${length} bytes at ${this.start} of ${this.limit}`);
    }
  }
}

/**
 * Builds one delta at a time in memory that it keeps: an HSET makes no garbage here. What `finish`
 * gives is borrowed until the next `begin`.
 */
export class DeltaWriter {
  readonly #range = new ByteRange(NO_BYTES);
  #view = viewOf(NO_BYTES);
  /** Pieces of one tick mostly come from one chunk. */
  readonly #sources = new ViewMemo();

  constructor() {
    this.#use(Buffer.allocUnsafeSlow(CAPACITY_MIN));
  }

  /** Starts a delta with the byte that tells its kind. */
  begin(op: number): void {
    this.restart();
    this.#range.buf[0] = op;
    this.#range.end = 1;
  }

  /** Starts anew, with pieces alone. */
  restart(): void {
    if (this.#range.buf.length > PIECES_KEPT_BYTES_MAX) {
      this.#use(Buffer.allocUnsafeSlow(CAPACITY_MIN));
    }
    this.#range.end = 0;
  }

  /** Forgets what was written behind the first `bytes` bytes. */
  cut(bytes: number): void {
    this.#range.end = Math.min(this.#range.end, bytes);
  }

  number(value: number): void {
    const buf = this.#reserve(varintBytes(value));
    this.#range.end = writeVarint(buf, this.#range.end, value);
  }

  /** A piece with the bytes [start, end) of `from`. */
  bytes(from: Buffer, start: number, end: number): void {
    const length = end - start;
    const buf = this.#reserve(pieceBytes(length));
    this.#range.end = writeVarint(buf, this.#range.end, length);
    this.#put(from, start, length);
  }

  /** Pieces that were written elsewhere. */
  raw(from: Buffer, start: number, end: number): void {
    this.#reserve(end - start);
    this.#put(from, start, end - start);
  }

  /** A piece of 8 bytes: an IEEE double, little endian. */
  double(value: number): void {
    const buf = this.#reserve(DOUBLE_PIECE_BYTES);
    const at = this.#range.end;
    buf[at] = DOUBLE_PIECE_BYTES - 1;
    this.#view.setFloat64(at + 1, value, true);
    this.#range.end = at + DOUBLE_PIECE_BYTES;
  }

  /** A piece with the bytes of a range. */
  range(range: ByteRange): void {
    this.bytes(range.buf, range.start, range.end);
  }

  /** A piece with the bytes that a latin1 string stands for. */
  latin1(text: string): void {
    const buf = this.#reserve(pieceBytes(text.length));
    this.#range.end = writePiece(buf, this.#range.end, text);
  }

  /** The delta; borrowed until the next `begin`. */
  finish(): ByteRange {
    return this.#range;
  }

  #put(from: Buffer, start: number, length: number): void {
    const at = this.#range.end;
    if (length > WORDS_BYTES_MAX) from.copy(this.#range.buf, at, start, start + length);
    else copyWords(this.#sources.of(from), start, this.#view, at, length);
    this.#range.end = at + length;
  }

  #reserve(bytes: number): Buffer {
    const { buf, end } = this.#range;
    if (end + bytes <= buf.length) return buf;
    const larger = Buffer.allocUnsafeSlow(Math.max(end + bytes, buf.length * 2));
    buf.copy(larger, 0, 0, end);
    this.#use(larger);
    return larger;
  }

  #use(memory: Buffer): void {
    this.#view = viewOf(memory);
    this.#range.buf = memory;
    this.#range.words = this.#view;
  }
}
