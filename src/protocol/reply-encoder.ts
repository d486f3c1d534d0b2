/**
 * Writes replies as RESP2 or RESP3 into one growing buffer.
 *
 * Replies of one read event gather here and leave in one write: `take()` hands the filled memory
 * over, and the receiver gives it back with `recycle()` when the socket is done. What a command
 * wrote before it failed is dropped with `mark()` and `rewind()`.
 *
 * Between a take and the next reply the encoder holds no memory. A buffer grows by doubling. What
 * would pass REPLY_BYTES_MAX is dropped and noted in `isTooLarge`, until `rewind`: never thrown,
 * because a command must do the same wherever its reply goes.
 */
import type { ByteRange } from '../lib/byte-range.ts';
import { WORDS_BYTES_MAX, copyWords } from '../lib/views.ts';
import { bytesOfText, hasEscapedBytes } from '../lib/escaped-text.ts';
import { formatDouble } from '../lib/format-double.ts';
import { writeInt } from '../lib/int64.ts';
import { REPLY_BYTES_MAX } from './limits.ts';
import { NO_MEMORY, OUTPUT_BUFFER_POOLED_BYTES_MAX } from './output-pool.ts';
import type { OutputMemory, OutputPool } from './output-pool.ts';

const RETURN = 0x0d;
const NEWLINE = 0x0a;

const TYPE_SIMPLE = 0x2b;
const TYPE_ERROR = 0x2d;
const TYPE_INTEGER = 0x3a;
const TYPE_BULK = 0x24;
const TYPE_ARRAY = 0x2a;
const TYPE_MAP = 0x25;
const TYPE_SET = 0x7e;
const TYPE_PUSH = 0x3e;
const TYPE_ATTRIBUTE = 0x7c;
const TYPE_DOUBLE = 0x2c;
const TYPE_BIG_NUMBER = 0x28;
const TYPE_VERBATIM = 0x3d;

const NIL_2 = Buffer.from('$-1\r\n');
const NIL_ARRAY_2 = Buffer.from('*-1\r\n');
const NIL_3 = Buffer.from('_\r\n');
const TRUE = Buffer.from('#t\r\n');
const FALSE = Buffer.from('#f\r\n');

/** A type byte, any 64-bit integer and a line end. */
const HEADER_BYTES_MAX = 24;

/** Below this, a loop over the bytes beats Buffer.copy, which makes a view for each call. */
const COPY_IN_LOOP_BYTES_MAX = 64;

/** Digits of 0 to 999, four bytes each: how many digits, then the digits. */
const SMALL_NUMBERS_END = 1000;
const SMALL_NUMBERS = encodeSmallNumbers();

/** Reply text longer than this is not worth trying as ASCII byte by byte. */
const ASCII_LOOP_LENGTH_MAX = 48;

/**
 * Where a command writes its reply. The server gives it an encoder over a connection's output, a
 * script or a test something else; a command cannot tell.
 *
 * An aggregate is announced with its count, and that many elements follow (for a map or an
 * attribute, that many pairs). The writer does not check the count.
 */
export interface ReplyWriter {
  /** The protocol that the client chose; a few commands reply differently in 3. */
  readonly protocol: 2 | 3;
  /** It has passed its bound: an error takes its place, whatever is still written. */
  readonly isTooLarge: boolean;

  ok(): void;
  /** A status such as PONG. Line ends become spaces. */
  simple(text: string): void;
  /** `text` begins with a code: ERR, WRONGTYPE ... Line ends become spaces. */
  error(text: string): void;
  integer(n: number | bigint): void;
  /** Bytes [start, end) of `buf`; copied before the call returns. */
  bulk(buf: Uint8Array, start?: number, end?: number): void;
  /** The same bytes of a range. */
  bulkRange(range: ByteRange): void;
  /** As UTF-8. */
  bulkText(text: string): void;
  nil(): void;
  /** Where RESP2 says "no array", as from a timed-out BLPOP or an aborted EXEC. */
  nilArray(): void;
  array(count: number): void;
  emptyArray(): void;
  /** RESP2: an array of twice the count. */
  map(pairs: number): void;
  /** RESP2: an array. */
  set(count: number): void;
  /** Data that the client did not ask for. RESP2: an array. */
  push(count: number): void;
  /** RESP3 only; calling it in RESP2 is a bug, and throws. */
  attribute(pairs: number): void;
  /** RESP2: a bulk. */
  double(x: number): void;
  /** A double in digits that are not those of `double`. RESP2: a bulk. */
  doubleText(text: string): void;
  /** RESP2: the integer 1 or 0. */
  boolean(b: boolean): void;
  /** RESP2: a bulk. */
  bigNumber(b: bigint): void;
  /** `format` has three letters, such as txt. RESP2: a bulk of the text alone. */
  verbatim(format: string, text: string): void;
}

export class ReplyEncoder implements ReplyWriter {
  protocol: 2 | 3 = 2;

  readonly #pool: OutputPool;
  #memory = NO_MEMORY;
  // Of the memory: on the path of every byte.
  #buf = NO_MEMORY.buf;
  #view = NO_MEMORY.view;
  #length = 0;
  /** Memory that was filled before this one, and the bytes in it: a large reply is not copied. */
  readonly #pieces: OutputMemory[] = [];
  #pieceBytes = 0;
  /** What was written before the reply became too large; what follows is written over and over. */
  #kept: OutputMemory | undefined;

  constructor(pool: OutputPool) {
    this.#pool = pool;
  }

  /** Bytes written since the last take. */
  get length(): number {
    return this.#pieceBytes + this.#length;
  }

  mark(): number {
    return this.#pieceBytes + this.#length;
  }

  /** Drops what was written since `mark`; nothing may have been taken since. */
  rewind(mark: number): void {
    if (this.#kept !== undefined) this.#restore(this.#kept);
    if (mark > this.length) throw new Error(`rewind to ${mark}, beyond ${this.length} bytes`);
    while (mark < this.#pieceBytes) this.#backToPiece();
    this.#length = mark - this.#pieceBytes;
  }

  /** Something was dropped: rewind to the mark of its reply, and say so. */
  get isTooLarge(): boolean {
    return this.#kept !== undefined;
  }

  /** The text of the error reply that begins at `mark`, or undefined if none does. */
  errorAt(mark: number): string | undefined {
    const at = mark - this.#pieceBytes;
    if (at < 0 || at >= this.#length || this.#buf[at] !== TYPE_ERROR) return undefined;
    const end = this.#buf.indexOf(RETURN, at);
    return this.#buf.toString('latin1', at + 1, end < 0 ? this.#length : end);
  }

  /**
   * What was written, or its first piece: `length` tells whether there is more. The caller owns it,
   * and gives it to recycle() when it is sent.
   */
  take(): OutputMemory {
    if (this.#kept !== undefined) this.#restore(this.#kept);
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#pieceBytes -= piece.length;
      return piece;
    }
    const filled = this.#memory;
    filled.length = this.#length;
    this.#use(NO_MEMORY);
    this.#length = 0;
    return filled;
  }

  /** Takes back what `take` gave. */
  recycle(memory: OutputMemory): void {
    if (memory !== NO_MEMORY) this.#pool.recycle(memory);
  }

  /** Drops what was written and gives the memory back, for a connection that is closed. */
  release(): void {
    while (this.#pieces.length > 0) this.#backToPiece();
    this.recycle(this.take());
  }

  ok(): void {
    // The reply to every SET: without the loop it takes a quarter of the time.
    this.#reserve(5);
    const buf = this.#buf;
    const at = this.#length;
    buf[at] = TYPE_SIMPLE;
    buf[at + 1] = 0x4f;
    buf[at + 2] = 0x4b;
    buf[at + 3] = RETURN;
    buf[at + 4] = NEWLINE;
    this.#length = at + 5;
  }

  simple(text: string): void {
    this.#line(TYPE_SIMPLE, text);
  }

  error(text: string): void {
    this.#line(TYPE_ERROR, text);
  }

  integer(n: number | bigint): void {
    this.#header(TYPE_INTEGER, n);
  }

  bulk(buf: Uint8Array, start = 0, end: number = buf.length): void {
    const bytes = end - start;
    this.#reserve(bytes + HEADER_BYTES_MAX + 2);
    this.#header(TYPE_BULK, bytes);
    this.#bytes(buf, start, end);
    this.#lineEnd();
  }

  bulkRange({ buf, start, end, words }: ByteRange): void {
    const bytes = end - start;
    if (words === undefined || bytes > WORDS_BYTES_MAX) return this.bulk(buf, start, end);
    this.#reserve(bytes + HEADER_BYTES_MAX + 2);
    this.#header(TYPE_BULK, bytes);
    copyWords(words, start, this.#view, this.#length, bytes);
    this.#length += bytes;
    this.#lineEnd();
  }

  bulkText(text: string): void {
    if (text.length <= ASCII_LOOP_LENGTH_MAX && this.#asciiBulk(text)) return;
    const bytes = Buffer.byteLength(text);
    this.#reserve(bytes + HEADER_BYTES_MAX + 2);
    this.#header(TYPE_BULK, bytes);
    this.#length += this.#buf.write(text, this.#length, bytes, 'utf8');
    this.#lineEnd();
  }

  nil(): void {
    this.#constant(this.protocol === 2 ? NIL_2 : NIL_3);
  }

  nilArray(): void {
    this.#constant(this.protocol === 2 ? NIL_ARRAY_2 : NIL_3);
  }

  array(count: number): void {
    this.#header(TYPE_ARRAY, count);
  }

  emptyArray(): void {
    this.#header(TYPE_ARRAY, 0);
  }

  map(pairs: number): void {
    if (this.protocol === 2) this.#header(TYPE_ARRAY, pairs * 2);
    else this.#header(TYPE_MAP, pairs);
  }

  set(count: number): void {
    this.#header(this.protocol === 2 ? TYPE_ARRAY : TYPE_SET, count);
  }

  push(count: number): void {
    this.#header(this.protocol === 2 ? TYPE_ARRAY : TYPE_PUSH, count);
  }

  attribute(pairs: number): void {
    if (this.protocol === 2) throw new Error('an attribute in RESP2');
    this.#header(TYPE_ATTRIBUTE, pairs);
  }

  double(x: number): void {
    if (this.protocol === 2) this.bulkText(formatDouble(x));
    else this.#line(TYPE_DOUBLE, formatDouble(x));
  }

  doubleText(text: string): void {
    if (this.protocol === 2) this.bulkText(text);
    else this.#line(TYPE_DOUBLE, text);
  }

  boolean(b: boolean): void {
    if (this.protocol === 2) this.#header(TYPE_INTEGER, b ? 1 : 0);
    else this.#constant(b ? TRUE : FALSE);
  }

  bigNumber(b: bigint): void {
    if (this.protocol === 2) this.bulkText(b.toString());
    else this.#line(TYPE_BIG_NUMBER, b.toString());
  }

  verbatim(format: string, text: string): void {
    if (this.protocol === 2) return this.bulkText(text);
    if (format.length !== 3) throw new Error(`verbatim format '${format}' has not three letters`);
    const content = Buffer.from(`${format}:${text}`);
    this.#reserve(content.length + HEADER_BYTES_MAX + 2);
    this.#header(TYPE_VERBATIM, content.length);
    this.#bytes(content, 0, content.length);
    this.#lineEnd();
  }

  #constant(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#bytes(bytes, 0, bytes.length);
  }

  /** A type byte, a text without line ends, a line end. */
  #line(type: number, text: string): void {
    const raw = hasEscapedBytes(text) ? bytesOfText(text) : undefined;
    const bytes = raw?.length ?? Buffer.byteLength(text);
    this.#reserve(bytes + 3);
    const start = this.#length + 1;
    const end = start + (raw?.copy(this.#buf, start) ?? this.#buf.write(text, start, bytes));
    for (let at = start; at < end; at++) {
      if (this.#buf[at] === RETURN || this.#buf[at] === NEWLINE) this.#buf[at] = 0x20;
    }
    this.#buf[this.#length] = type;
    this.#length = end;
    this.#lineEnd();
  }

  /** A type byte, an integer, a line end. */
  #header(type: number, n: number | bigint): void {
    this.#reserve(HEADER_BYTES_MAX);
    const buf = this.#buf;
    let at = this.#length;
    buf[at++] = type;
    if (typeof n === 'number' && (n | 0) === n && n >= 0 && n < SMALL_NUMBERS_END) {
      const entry = n * 4;
      const digits = SMALL_NUMBERS[entry]!;
      buf[at] = SMALL_NUMBERS[entry + 1]!;
      buf[at + 1] = SMALL_NUMBERS[entry + 2]!;
      buf[at + 2] = SMALL_NUMBERS[entry + 3]!;
      at += digits;
    } else {
      at += writeInt(buf, at, n);
    }
    buf[at++] = RETURN;
    buf[at++] = NEWLINE;
    this.#length = at;
  }

  /** False, with nothing written, if the text is not ASCII. */
  #asciiBulk(text: string): boolean {
    this.#reserve(text.length + HEADER_BYTES_MAX + 2);
    const start = this.#length;
    this.#header(TYPE_BULK, text.length);
    const buf = this.#buf;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) {
        this.#length = start;
        return false;
      }
      buf[at++] = unit;
    }
    this.#length = at;
    this.#lineEnd();
    return true;
  }

  /** There must be room. */
  #bytes(from: Uint8Array, start: number, end: number): void {
    const buf = this.#buf;
    const length = this.#length;
    const bytes = end - start;
    if (bytes <= COPY_IN_LOOP_BYTES_MAX) {
      for (let i = 0; i < bytes; i++) buf[length + i] = from[start + i]!;
    } else if (bytes === from.length) {
      buf.set(from, length);
    } else {
      buf.set(from.subarray(start, end), length);
    }
    this.#length = length + bytes;
  }

  /** There must be room. */
  #lineEnd(): void {
    this.#buf[this.#length++] = RETURN;
    this.#buf[this.#length++] = NEWLINE;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes > this.#buf.length) this.#grow(bytes);
  }

  /** Sees to it that there is room for so many bytes more. */
  #grow(bytes: number): void {
    if (this.length + bytes > REPLY_BYTES_MAX || this.#kept !== undefined) return this.#drop(bytes);
    const wanted = this.#length + bytes;
    if (this.#length > 0 && wanted > OUTPUT_BUFFER_POOLED_BYTES_MAX) return this.#nextPiece(bytes);
    const larger = this.#pool.acquire(wanted);
    const old = this.#memory;
    if (this.#length > 0) larger.buf.set(old.buf.subarray(0, this.#length));
    this.#use(larger);
    this.recycle(old);
  }

  /** What was written stays where it is; more goes to memory of its own. */
  #nextPiece(bytes: number): void {
    const piece = this.#memory;
    piece.length = this.#length;
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
    this.#use(this.#pool.acquire(Math.max(bytes, OUTPUT_BUFFER_POOLED_BYTES_MAX)));
    this.#length = 0;
  }

  /** Drops the memory in use, and goes back to the piece before it. */
  #backToPiece(): void {
    this.recycle(this.#memory);
    const piece = this.#pieces.pop()!;
    this.#pieceBytes -= piece.length;
    this.#use(piece);
    this.#length = piece.length;
  }

  /** Goes on in memory that is thrown away. */
  #drop(bytes: number): void {
    if (this.#kept === undefined) {
      this.#kept = this.#memory;
      this.#kept.length = this.#length;
    } else this.recycle(this.#memory);
    this.#use(this.#pool.acquire(bytes));
    this.#length = 0;
  }

  #restore(kept: OutputMemory): void {
    this.recycle(this.#memory);
    this.#kept = undefined;
    this.#use(kept);
    this.#length = kept.length;
  }

  #use(memory: OutputMemory): void {
    this.#memory = memory;
    this.#buf = memory.buf;
    this.#view = memory.view;
  }
}

function encodeSmallNumbers(): Uint8Array {
  const table = new Uint8Array(SMALL_NUMBERS_END * 4);
  for (let n = 0; n < SMALL_NUMBERS_END; n++) {
    const digits = String(n);
    table[n * 4] = digits.length;
    table.set(Buffer.from(digits), n * 4 + 1);
  }
  return table;
}
