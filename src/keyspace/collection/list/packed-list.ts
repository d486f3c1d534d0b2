/**
 * A small list, read in place from its record and changed by writing it again: it has no object
 * and no memory of its own between two commands. Its bytes are the base of a list (list-delta.ts).
 * PACKED_BYTES_MAX bounds how far elements are walked.
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import { copyBytes, viewOf } from '../../../lib/views.ts';
import type { PackedWriter } from '../collection-type.ts';
import {
  LIST_INSERT, LIST_REMOVE, LIST_SET, LIST_TRIM, PUSH_LEFT, PUSH_RIGHT, badListDelta, noIndex,
} from './list-delta.ts';
import type { ListView } from './list-view.ts';
import { ListpackSize } from './listpack-size.ts';
import { PACKED_BYTES_MAX } from '../../limits.ts';
import { PieceReader } from '../../pieces.ts';

export class PackedList implements ListView {
  readonly #listpack = new ListpackSize();
  /** At the element that was located last, whose index this is; -1: none. */
  readonly #reader: PieceReader;
  #index = -1;
  readonly #firstAt: number;
  readonly #range: ByteRange;
  /** Where each element begins, once they were walked back. */
  #starts: number[] | undefined;

  /** Over borrowed bytes. */
  constructor({ buf, start, end, words }: ByteRange) {
    const reader = new PieceReader(buf, start, end);
    this.#listpack.read(reader);
    this.#reader = reader;
    this.#firstAt = reader.at;
    this.#range = new ByteRange(buf, start, start, words);
  }

  get size(): number {
    return this.#listpack.count;
  }

  get peakBytes(): number {
    return this.#listpack.peakBytes;
  }

  get peakCount(): number {
    return this.#listpack.peakCount;
  }

  at(index: number): ByteRange {
    if (index < 0 || index >= this.size) throw noIndex(this.size, index);
    const reader = this.#reader;
    if (index < this.#index) {
      reader.at = this.#startOf(index);
      this.#index = index - 1;
    }
    for (; this.#index < index; this.#index++) reader.next();
    this.#range.start = reader.start;
    this.#range.end = reader.end;
    return this.#range;
  }

  #startOf(index: number): number {
    if (this.#starts === undefined) {
      const { buf, limit } = this.#reader;
      const reader = new PieceReader(buf, this.#firstAt, limit);
      this.#starts = [];
      while (reader.hasMore) {
        this.#starts.push(reader.at);
        reader.next();
      }
    }
    return this.#starts[index]!;
  }
}

/** Bytes of what is in front of the elements, at most: it is never near it. */
export const LIST_HEAD_BYTES_MAX = 24;

/**
 * Makes the bytes of a changed small list, one at a time, in memory that it keeps. What `change`
 * gives is borrowed until the next call.
 */
export class PackedListWriter implements PackedWriter {
  readonly #buf = Buffer.alloc(LIST_HEAD_BYTES_MAX + PACKED_BYTES_MAX);
  readonly #words = viewOf(this.#buf);
  readonly #range = new ByteRange(this.#buf, 0, 0, this.#words);
  readonly #listpack = new ListpackSize();
  /** Where the elements begin and end. */
  #start = 0;
  #end = 0;
  growth = 0;

  get isEmpty(): boolean {
    return this.#listpack.count === 0;
  }

  change(packed: ByteRange | null, delta: ByteRange): ByteRange | undefined {
    const listpack = this.#listpack;
    listpack.clear();
    let oldAt = 0;
    let oldBytes = 0;
    if (packed !== null) {
      const head = new PieceReader(packed.buf, packed.start, packed.end);
      listpack.read(head);
      oldAt = head.at;
      oldBytes = packed.end - oldAt;
    }
    const op = delta.buf[delta.start]!;
    const isTaken = op === LIST_TRIM || op === LIST_REMOVE;
    const grown = oldBytes + (isTaken ? 0 : delta.length);
    if (grown > PACKED_BYTES_MAX - LIST_HEAD_BYTES_MAX) return undefined;
    const before = listpack.count;
    this.#start = LIST_HEAD_BYTES_MAX + (op === PUSH_LEFT ? delta.length - 1 : 0);
    this.#end = this.#start + oldBytes;
    if (packed !== null) copyBytes(packed, oldAt, this.#buf, this.#words, this.#start, oldBytes);
    this.#apply(op, new PieceReader(delta.buf, delta.start + 1, delta.end), delta);
    this.growth = listpack.count - before;
    return this.#finish();
  }

  #apply(op: number, pieces: PieceReader, delta: ByteRange): void {
    switch (op) {
      case PUSH_LEFT: return this.#pushLeft(pieces, delta);
      case PUSH_RIGHT: return this.#pushRight(pieces, delta);
      case LIST_TRIM: return this.#trim(pieces.number(), pieces.number());
      case LIST_SET: return this.#set(pieces, delta);
      case LIST_INSERT: return this.#insert(pieces, delta);
      case LIST_REMOVE: return this.#removeAll(pieces);
      default: throw badListDelta(op);
    }
  }

  // ---- Adding -----------------------------------------------------------------------------------

  #pushLeft(pieces: PieceReader, delta: ByteRange): void {
    this.#listpack.beginAdding();
    while (pieces.hasMore) {
      const { at } = pieces;
      this.#read(pieces);
      this.#start -= pieces.at - at;
      this.#copy(delta, at, this.#start, pieces.at - at);
    }
  }

  #pushRight(pieces: PieceReader, delta: ByteRange): void {
    const { at } = pieces;
    this.#listpack.beginAdding();
    while (pieces.hasMore) this.#read(pieces);
    this.#copy(delta, at, this.#end, delta.end - at);
    this.#end += delta.end - at;
  }

  #insert(pieces: PieceReader, delta: ByteRange): void {
    const to = this.#locate(pieces.number());
    const { at } = pieces;
    this.#listpack.beginAdding();
    this.#read(pieces);
    this.#replace(to, to, delta, at);
  }

  #set(pieces: PieceReader, delta: ByteRange): void {
    const to = this.#locate(pieces.number());
    const { at } = pieces;
    this.#listpack.beginAdding();
    this.#read(pieces);
    this.#replace(to, this.#take(to), delta, at);
    this.#listpack.noteTaken();
  }

  /** Reads a piece that is added. */
  #read(pieces: PieceReader): void {
    pieces.next();
    this.#listpack.add(pieces.buf, pieces.start, pieces.end);
  }

  // ---- Taking -----------------------------------------------------------------------------------

  #trim(left: number, right: number): void {
    const rest = this.#listpack.count - left - right;
    if (rest < 0) throw noIndex(this.#listpack.count, left + right);
    for (let i = 0; i < left; i++) this.#start = this.#take(this.#start);
    if (right > 0) {
      const end = this.#locate(rest);
      for (let at = end, i = 0; i < right; i++) at = this.#take(at);
      this.#end = end;
    }
    this.#listpack.noteTaken();
  }

  #removeAll(pieces: PieceReader): void {
    for (let index = 0, removed = 0; pieces.hasMore; removed++) {
      index += pieces.number();
      const at = this.#locate(index - removed);
      this.#move(this.#take(at), at);
    }
    this.#listpack.noteTaken();
  }

  /** Counts the element at an offset as taken; returns where it ends. */
  #take(at: number): number {
    const piece = this.#pieceAt(at);
    this.#listpack.take(this.#buf, piece.start, piece.end);
    return piece.end;
  }

  // ---- Bytes ------------------------------------------------------------------------------------

  /** Where the element of an index begins; the end for the index behind the last. */
  #locate(index: number): number {
    let at = this.#start;
    for (let i = 0; i < index; i++) at = this.#pieceAt(at).end;
    return at;
  }

  #pieceAt(at: number): PieceReader {
    const reader = new PieceReader(this.#buf, at, this.#end);
    if (!reader.hasMore) throw noIndex(this.#listpack.count, this.#listpack.count);
    reader.next();
    return reader;
  }

  /** Puts the rest of a delta, from `from` on, in the place of [start, end). */
  #replace(start: number, end: number, delta: ByteRange, from: number): void {
    const length = delta.end - from;
    this.#move(end, start + length);
    this.#copy(delta, from, start, length);
  }

  #copy(from: ByteRange, start: number, at: number, length: number): void {
    copyBytes(from, start, this.#buf, this.#words, at, length);
  }

  /** Moves everything from one offset on to another one. */
  #move(from: number, to: number): void {
    if (from !== to) this.#buf.copyWithin(to, from, this.#end);
    this.#end += to - from;
  }

  #finish(): ByteRange {
    const range = this.#range;
    range.start = this.#start - this.#listpack.encodedBytes;
    range.end = this.#end;
    if (range.start < 0) throw new Error('assertion failed: the head of a list has no room');
    this.#listpack.write(this.#buf, range.start);
    return range;
  }
}
