/**
 * A list in one piece, or a block of a large one: its elements side by side as they are packed in
 * a record, and where each of them begins. Both have room at both ends, so that what is pushed and
 * popped there costs a copy of the element, now and then of the block.
 *
 *     #buf      room | 01 61 | 02 62 63 | 01 64 | room          "a", "bc", "d"
 *     #starts   room | 4 | 6 | 9 | room                         offsets in #buf
 *
 * A change in the middle moves what is behind it, or before it if that is shorter.
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import { KiB } from '../../../lib/size-units.ts';
import { copyBytes, viewOf, type Bytes } from '../../../lib/views.ts';
import type { LiveValue, Snapshot } from '../../live-value.ts';
import { PieceReader } from '../../pieces.ts';
import { LIST } from '../../value-type.ts';
import {
  LIST_INSERT, LIST_REMOVE, LIST_SET, LIST_TRIM, PUSH_LEFT, PUSH_RIGHT, badListDelta, noIndex,
} from './list-delta.ts';
import type { ListView } from './list-view.ts';
import { ListpackSize } from './listpack-size.ts';
import { onePage } from '../one-page.ts';

/** RAM of a list beside its memory, by measurement: the objects, a Buffer, an array, a view. */
const EMPTY_BYTES = 640;

/** Room that is made at an end: a quarter of what is there, within these. */
const ROOM_BYTES_MIN = 32;
const ROOM_BYTES_MAX = 8 * KiB;
const ROOM_STARTS_MIN = 8;

/** With so many bytes more than four times what is there, a list has smaller memory made. */
const SPARE_BYTES = 1 * KiB;

/** Offsets in memory of at most so many bytes are kept in two bytes each. */
const SHORT_OFFSETS_BYTES_MAX = 64 * KiB;

type Offsets = Uint16Array | Uint32Array;

export class ListBlock implements LiveValue, ListView {
  readonly type = LIST;
  readonly #listpack = new ListpackSize();
  #buf: Buffer;
  #view: DataView;
  /** The elements are at [from, to) of `#buf`. */
  #from = 0;
  #to = 0;
  #size = 0;
  #starts: Offsets;
  /** Where the start of the first element stands in `#starts`. */
  #first = 0;
  /** What `at` gives. */
  readonly #range: ByteRange;

  /** Without elements. */
  constructor() {
    this.#buf = Buffer.allocUnsafeSlow(0);
    this.#view = viewOf(this.#buf);
    this.#starts = offsets(0, 0);
    this.#range = new ByteRange(this.#buf, 0, 0, this.#view);
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(buf: Buffer, start: number, end: number): ListBlock {
    const list = new ListBlock();
    const reader = new PieceReader(buf, start, end);
    list.#listpack.read(reader);
    list.#adopt(buf, reader.at, end);
    return list;
  }

  /** A list of these pieces, which was never larger. The bytes are borrowed. */
  static ofPieces(buf: Buffer, start: number, end: number): ListBlock {
    const list = new ListBlock();
    const reader = new PieceReader(buf, start, end);
    list.#listpack.beginAdding();
    while (reader.hasMore) {
      reader.next();
      list.#listpack.add(buf, reader.start, reader.end);
    }
    list.#adopt(buf, start, end);
    return list;
  }

  get size(): number {
    return this.#size;
  }

  get peakBytes(): number {
    return this.#listpack.peakBytes;
  }

  get peakCount(): number {
    return this.#listpack.peakCount;
  }

  get memoryBytes(): number {
    return EMPTY_BYTES + this.#buf.length + this.#starts.byteLength;
  }

  get baseBytes(): number {
    return this.#listpack.encodedBytes + this.#to - this.#from;
  }

  at(index: number): ByteRange {
    const at = this.#startOf(index);
    const low = this.#buf[at]!;
    const range = this.#range;
    if (low < 0x80) {
      range.start = at + 1;
      range.end = at + 1 + low;
      return range;
    }
    const reader = new PieceReader(this.#buf, at, this.#to);
    reader.next();
    range.start = reader.start;
    range.end = reader.end;
    return range;
  }

  /** Where an element's piece begins: it ends where the next one begins. */
  #startOf(index: number): number {
    if (index < 0 || index >= this.#size) throw noIndex(this.#size, index);
    return this.#starts[this.#first + index]!;
  }

  /** The elements [first, end) as pieces; borrowed until the next change. */
  pieces(first = 0, end: number = this.#size): ByteRange {
    return new ByteRange(this.#buf, this.#boundary(first), this.#boundary(end), this.#view);
  }

  /** Bytes of an element's piece. */
  pieceBytes(index: number): number {
    return this.#boundary(index + 1) - this.#startOf(index);
  }

  /** Where the element of an index begins; the end for the index behind the last. */
  #boundary(index: number): number {
    return index === this.#size ? this.#to : this.#startOf(index);
  }

  /** It was a large list until now: larger than any limit of listpacks. */
  noteLarge(): void {
    this.#listpack.noteLarge();
  }

  applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void {
    const op = buf[start]!;
    const reader = new PieceReader(buf, start + 1, end);
    const from = { buf, words };
    switch (op) {
      case PUSH_LEFT: return this.#pushLeft(reader, from);
      case PUSH_RIGHT: return this.#pushRight(reader, from);
      case LIST_TRIM: return this.#trim(reader.number(), reader.number());
      case LIST_SET: return this.#set(reader, from);
      case LIST_INSERT: return this.#insert(reader, from);
      case LIST_REMOVE: return this.#remove(reader);
      default: throw badListDelta(op);
    }
  }

  copy(): ListBlock {
    const base = this.encodeBase();
    return ListBlock.ofBase(base, 0, base.length);
  }

  encodeBase(): Buffer {
    const base = Buffer.allocUnsafe(this.baseBytes);
    this.#buf.copy(base, this.#listpack.write(base, 0), this.#from, this.#to);
    return base;
  }

  /** In one page: only one with a huge element is larger than a block. */
  snapshot(): Snapshot {
    return onePage(this.encodeBase());
  }

  // ---- Adding -----------------------------------------------------------------------------------

  #pushLeft(reader: PieceReader, from: Bytes): void {
    const all = reader.limit - reader.at;
    if (this.#from < all) this.#makeRoom(all, 0);
    this.#listpack.beginAdding();
    while (reader.hasMore) {
      const { at } = reader;
      reader.next();
      const bytes = reader.at - at;
      if (this.#first === 0) this.#makeStarts(1, 0);
      this.#from -= bytes;
      this.#starts[--this.#first] = this.#from;
      this.#size++;
      copyBytes(from, at, this.#buf, this.#view, this.#from, bytes);
      this.#listpack.add(reader.buf, reader.start, reader.end);
    }
  }

  #pushRight(reader: PieceReader, from: Bytes): void {
    const { at } = reader;
    const all = reader.limit - at;
    if (this.#to + all > this.#buf.length) this.#makeRoom(0, all);
    this.#listpack.beginAdding();
    copyBytes(from, at, this.#buf, this.#view, this.#to, all);
    while (reader.hasMore) {
      const { at: pieceAt } = reader;
      reader.next();
      if (this.#first + this.#size === this.#starts.length) this.#makeStarts(0, 1);
      this.#starts[this.#first + this.#size++] = this.#to;
      this.#to += reader.at - pieceAt;
      this.#listpack.add(reader.buf, reader.start, reader.end);
    }
  }

  #insert(reader: PieceReader, from: Bytes): void {
    const index = reader.number();
    const { at } = reader;
    reader.next();
    const bytes = reader.at - at;
    const to = this.#openGap(index, bytes);
    copyBytes(from, at, this.#buf, this.#view, to, bytes);
    this.#listpack.beginAdding();
    this.#listpack.add(reader.buf, reader.start, reader.end);
  }

  #set(reader: PieceReader, from: Bytes): void {
    const index = reader.number();
    const { at } = reader;
    reader.next();
    const bytes = reader.at - at;
    this.#listpack.beginAdding();
    this.#listpack.add(reader.buf, reader.start, reader.end);
    let to = this.#startOf(index);
    this.#noteTaken(index);
    if (this.#boundary(index + 1) - to !== bytes) {
      this.#closeGap(index);
      to = this.#openGap(index, bytes);
    }
    copyBytes(from, at, this.#buf, this.#view, to, bytes);
    this.#listpack.noteTaken();
  }

  // ---- Taking -----------------------------------------------------------------------------------

  #trim(left: number, right: number): void {
    const rest = this.#size - left - right;
    if (rest < 0) throw noIndex(this.#size, left + right);
    for (let index = 0; index < left; index++) this.#noteTaken(index);
    for (let index = left + rest; index < this.#size; index++) this.#noteTaken(index);
    this.#to = this.#boundary(left + rest);
    this.#size = left + rest;
    this.#from = this.#boundary(left);
    this.#size = rest;
    this.#first += left;
    this.#listpack.noteTaken();
    this.#maybeShrink();
  }

  #remove(reader: PieceReader): void {
    const indexes: number[] = [];
    for (let index = 0; reader.hasMore; indexes.push(index)) index += reader.number();
    for (const index of indexes) this.#noteTaken(index);
    if (indexes.length === 1) this.#closeGap(indexes[0]!);
    else this.#closeGaps(indexes);
    this.#listpack.noteTaken();
    this.#maybeShrink();
  }

  #noteTaken(index: number): void {
    const { buf, start, end } = this.at(index);
    this.#listpack.take(buf, start, end);
  }

  // ---- Memory -----------------------------------------------------------------------------------

  /** Makes place for an element of so many bytes; returns where it is. */
  #openGap(index: number, bytes: number): number {
    const isLeft = index < this.#size / 2;
    if (isLeft ? this.#from < bytes : this.#to + bytes > this.#buf.length) {
      this.#makeRoom(isLeft ? bytes : 0, isLeft ? 0 : bytes);
    }
    if (isLeft ? this.#first === 0 : this.#first + this.#size === this.#starts.length) {
      this.#makeStarts(isLeft ? 1 : 0, isLeft ? 0 : 1);
    }
    const [starts, first] = [this.#starts, this.#first];
    const at = this.#boundary(index);
    if (isLeft) {
      this.#buf.copyWithin(this.#from - bytes, this.#from, at);
      for (let i = first; i < first + index; i++) starts[i - 1] = starts[i]! - bytes;
      this.#first--;
      this.#from -= bytes;
    } else {
      this.#buf.copyWithin(at + bytes, at, this.#to);
      for (let i = first + this.#size; i > first + index; i--) starts[i] = starts[i - 1]! + bytes;
      this.#to += bytes;
    }
    this.#size++;
    const start = isLeft ? at - bytes : at;
    this.#starts[this.#first + index] = start;
    return start;
  }

  #closeGap(index: number): void {
    const [starts, first] = [this.#starts, this.#first];
    const start = this.#startOf(index);
    const end = this.#boundary(index + 1);
    const bytes = end - start;
    if (index < this.#size / 2) {
      this.#buf.copyWithin(this.#from + bytes, this.#from, start);
      for (let i = first + index; i > first; i--) starts[i] = starts[i - 1]! + bytes;
      this.#first++;
      this.#from += bytes;
    } else {
      this.#buf.copyWithin(start, end, this.#to);
      const last = first + this.#size - 1;
      for (let i = first + index; i < last; i++) starts[i] = starts[i + 1]! - bytes;
      this.#to -= bytes;
    }
    this.#size--;
  }

  /** Takes the elements at some indexes out, which go up; those behind move up, run by run. */
  #closeGaps(indexes: readonly number[]): void {
    let to = this.#startOf(indexes[0]!);
    let place = this.#first + indexes[0]!;
    for (const [i, gap] of indexes.entries()) {
      const next = indexes[i + 1] ?? this.#size;
      const [start, end] = [this.#boundary(gap + 1), this.#boundary(next)];
      for (let index = gap + 1; index < next; index++) {
        this.#starts[place++] = this.#starts[this.#first + index]! - (start - to);
      }
      this.#buf.copyWithin(to, start, end);
      to += end - start;
    }
    this.#size -= indexes.length;
    this.#to = to;
  }

  #maybeShrink(): void {
    const bytes = this.#to - this.#from;
    if (this.#buf.length > SPARE_BYTES + 4 * bytes) this.#makeRoom(0, 0);
    if (this.#starts.length > SPARE_BYTES + 4 * this.#size) this.#makeStarts(0, 0);
  }

  /** New memory, with so many bytes free at an end, and some more; 0: as there are, or fewer. */
  #makeRoom(left: number, right: number): void {
    const bytes = this.#to - this.#from;
    const room = Math.max(ROOM_BYTES_MIN, Math.min(bytes >>> 2, ROOM_BYTES_MAX));
    const from = left > 0 ? left + room : Math.min(this.#from, room);
    const behind = right > 0 ? right + room : Math.min(this.#buf.length - this.#to, room);
    const buf = Buffer.allocUnsafeSlow(from + bytes + behind);
    this.#buf.copy(buf, from, this.#from, this.#to);
    this.#shiftStarts(from - this.#from, buf.length);
    this.#from = from;
    this.#to = from + bytes;
    this.#use(buf);
  }

  #shiftStarts(bytes: number, bufBytes: number): void {
    const old = this.#starts;
    const isShort = bufBytes <= SHORT_OFFSETS_BYTES_MAX;
    const isFit = isShort === (old.BYTES_PER_ELEMENT === 2);
    const starts = isFit ? old : offsets(old.length, bufBytes);
    const end = this.#first + this.#size;
    for (let i = this.#first; i < end; i++) starts[i] = old[i]! + bytes;
    this.#starts = starts;
  }

  /** The same of the starts. */
  #makeStarts(left: number, right: number): void {
    const room = Math.max(ROOM_STARTS_MIN, Math.min(this.#size >>> 2, ROOM_BYTES_MAX));
    const behindNow = this.#starts.length - this.#first - this.#size;
    const first = left > 0 ? left + room : Math.min(this.#first, room);
    const behind = right > 0 ? right + room : Math.min(behindNow, room);
    const starts = offsets(first + this.#size + behind, this.#buf.length);
    starts.set(this.#starts.subarray(this.#first, this.#first + this.#size), first);
    this.#starts = starts;
    this.#first = first;
  }

  #use(buf: Buffer): void {
    this.#buf = buf;
    this.#view = viewOf(buf);
    this.#range.buf = buf;
    this.#range.words = this.#view;
  }

  /** Takes over as many pieces as are counted. */
  #adopt(from: Buffer, start: number, end: number): void {
    const buf = Buffer.allocUnsafeSlow(end - start);
    from.copy(buf, 0, start, end);
    this.#use(buf);
    this.#to = buf.length;
    this.#starts = offsets(this.#listpack.count, buf.length);
    const reader = new PieceReader(buf, 0, buf.length);
    for (; reader.hasMore; this.#size++) {
      this.#starts[this.#size] = reader.at;
      reader.next();
    }
    if (this.#size !== this.#listpack.count) {
      throw new Error('assertion failed: ' +
        `a list of ${this.#listpack.count} has ${this.#size} pieces`);
    }
  }
}

function offsets(length: number, bytes: number): Offsets {
  return bytes <= SHORT_OFFSETS_BYTES_MAX ? new Uint16Array(length) : new Uint32Array(length);
}
