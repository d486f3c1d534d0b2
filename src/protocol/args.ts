/**
 * One request's arguments, as offsets into a Buffer: a command reads them where they arrived, and a
 * GET or a SET makes no object per argument.
 *
 * The decoder refills one instance per connection. So an Args, and every view and range taken
 * from it, is borrowed: it is valid until the caller returns to the event loop or asks the
 * decoder for the next request. A command that waits (MULTI, blocking, a cold value) keeps
 * `detach()`, which owns its bytes.
 *
 * Invariants: 0 <= start(i) <= end(i) <= buf.length for i < count. Asking for an argument that is
 * not there is a bug in the caller (arity is checked before) and throws a RangeError.
 */
import { equalsUpper } from '../lib/ascii.ts';
import { ByteRange } from '../lib/byte-range.ts';
import type { Int64 } from '../lib/int64.ts';
import { parseInt64, parseSafeInt } from '../lib/int64.ts';

/** A connection keeps room for so many arguments between requests: 8 KiB of offsets. */
export const ARGS_KEPT_MAX = 1024;

const NO_BYTES = Buffer.alloc(0);

/** Enough for nearly every command, and small enough that V8 keeps the array on its own heap. */
const ARGS_INITIAL = 8;

/** Positions whose range object is kept for the next request. */
const RANGES_KEPT = 8;

const COMPARE_IN_LOOP_BYTES_MAX = 64;

/** Up to this part more than its arguments may be kept alive by a request that is not copied. */
const ALONE_WASTE_DIVISOR = 8;

export class Args {
  buf: Buffer = NO_BYTES;
  count = 0;
  /** It was a line of words, such as a person types, and no array of bulk strings. */
  isInline = false;
  /** `buf` holds this request only, and nothing will be written there any more. */
  isAlone = false;
  /** In a batch: where the request begins in the decoder's window, and one past it. */
  wireStart = 0;
  wireEnd = 0;
  /** Start and end of argument i at 2i and 2i+1. Grows with what has arrived, by doubling. */
  #bounds = new Uint32Array(ARGS_INITIAL * 2);
  readonly #ranges: ByteRange[] = [];

  /** For tests and for commands that the server gives to itself; strings are UTF-8. */
  static of(...parts: readonly (string | Buffer)[]): Args {
    const buffers = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
    return Args.ofBuffers(buffers);
  }

  /** Owns a copy of the parts. */
  static ofBuffers(parts: readonly Buffer[]): Args {
    const args = new Args();
    args.setBuffers(parts);
    return args;
  }

  /** Byte length of all arguments together. */
  get bytes(): number {
    let bytes = 0;
    for (let i = 0; i < this.count; i++) bytes += this.length(i);
    return bytes;
  }

  start(i: number): number {
    if (i >= this.count || i < 0) this.#outOfRange(i);
    return this.#bounds[i * 2]!;
  }

  end(i: number): number {
    if (i >= this.count || i < 0) this.#outOfRange(i);
    return this.#bounds[i * 2 + 1]!;
  }

  length(i: number): number {
    return this.end(i) - this.start(i);
  }

  /** Borrowed: shares memory with the request. */
  view(i: number): Buffer {
    return this.buf.subarray(this.start(i), this.end(i));
  }

  /** Points `into` at the argument, without a new object. Borrowed. */
  range(i: number, into: ByteRange): ByteRange {
    into.start = this.start(i);
    into.end = this.end(i);
    into.buf = this.buf;
    into.words = undefined;
    return into;
  }

  /** The argument as a range: one object per position, refilled when it is asked for. Borrowed. */
  at(i: number): ByteRange {
    if (i >= RANGES_KEPT) return this.range(i, new ByteRange(this.buf));
    return this.range(i, (this.#ranges[i] ??= new ByteRange(this.buf)));
  }

  /** Owned. */
  copy(i: number): Buffer {
    const owned = Buffer.allocUnsafeSlow(this.length(i));
    this.buf.copy(owned, 0, this.start(i), this.end(i));
    return owned;
  }

  /** As UTF-8; for words and messages, not for keys: bytes that are not UTF-8 are replaced. */
  text(i: number): string {
    return this.buf.toString('utf8', this.start(i), this.end(i));
  }

  /** One JavaScript character per byte; keeps every byte apart. */
  latin1(i: number): string {
    return this.buf.toString('latin1', this.start(i), this.end(i));
  }

  /** Whether the argument is `word`, whatever its case. `word` must be upper-case ASCII. */
  is(i: number, word: string): boolean {
    return equalsUpper(this.buf, this.start(i), this.end(i), word);
  }

  /** Byte equality with [start, end) of `other`. */
  equals(i: number, other: Buffer, start = 0, end: number = other.length): boolean {
    const ours = this.start(i);
    const length = this.end(i) - ours;
    if (length !== end - start) return false;
    if (length > COMPARE_IN_LOOP_BYTES_MAX) {
      return this.buf.compare(other, start, end, ours, ours + length) === 0;
    }
    for (let at = 0; at < length; at++) {
      if (this.buf[ours + at] !== other[start + at]) return false;
    }
    return true;
  }

  /** In strict Redis syntax; undefined if it is not an integer, or not a safe one. */
  int(i: number): number | undefined {
    return parseSafeInt(this.buf, this.start(i), this.end(i));
  }

  /** In strict Redis syntax; undefined if it is not an integer, or does not fit 64 bits. */
  int64(i: number): Int64 | undefined {
    return parseInt64(this.buf, this.start(i), this.end(i));
  }

  /**
   * The same request for as long as it is needed, with little else kept alive: a copy, or the
   * memory itself where it is alone in it, since a copy of a value of 512 MB takes another 512 MB.
   */
  detach(): Args {
    const owned = new Args();
    const { bytes } = this;
    const bounds = this.#bounds;
    if (this.isAlone && this.buf.length - bytes <= bytes / ALONE_WASTE_DIVISOR) {
      owned.begin(this.buf);
      owned.isInline = this.isInline;
      owned.isAlone = true;
      for (let i = 0; i < this.count; i++) owned.push(bounds[i * 2]!, bounds[i * 2 + 1]!);
      return owned;
    }
    const buf = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    owned.begin(buf);
    owned.isInline = this.isInline;
    for (let i = 0; i < this.count; i++) {
      const start = at;
      at += this.buf.copy(buf, at, bounds[i * 2]!, bounds[i * 2 + 1]!);
      owned.push(start, at);
    }
    return owned;
  }

  // ---- For the decoder ----

  /** Starts an empty request over `buf`; gives back what one huge request had made it keep. */
  begin(buf: Buffer): void {
    this.buf = buf;
    this.count = 0;
    this.isInline = false;
    this.isAlone = false;
    if (this.#bounds.length > ARGS_KEPT_MAX * 2) this.#bounds = new Uint32Array(ARGS_INITIAL * 2);
  }

  /** Holds nothing of its last request alive. */
  release(): void {
    this.begin(NO_BYTES);
    for (const range of this.#ranges) if (range !== undefined) range.buf = NO_BYTES;
  }

  push(start: number, end: number): void {
    const at = this.count * 2;
    if (at === this.#bounds.length) this.#grow();
    this.#bounds[at] = start;
    this.#bounds[at + 1] = end;
    this.count++;
  }

  /** The bytes moved: what was at `from` in the old buffer is at 0 in `buf`. */
  moveTo(buf: Buffer, from: number): void {
    this.buf = buf;
    const bounds = this.#bounds;
    if (from > 0) for (let at = this.count * 2 - 1; at >= 0; at--) bounds[at]! -= from;
  }

  /** Becomes a copy of the parts. */
  setBuffers(parts: readonly Buffer[]): void {
    this.begin(Buffer.concat(parts));
    let at = 0;
    for (const part of parts) this.push(at, (at += part.length));
  }

  #grow(): void {
    const larger = new Uint32Array(this.#bounds.length * 2);
    larger.set(this.#bounds);
    this.#bounds = larger;
  }

  #outOfRange(i: number): never {
    throw new RangeError(`argument ${i} of a request with ${this.count}`);
  }
}
