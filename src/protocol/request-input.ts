/**
 * The memory under a request decoder: which bytes it may read now, and where they live.
 *
 *   window  what the grammar reads: bytes [start, end) of `buf`. [start, at) is the part of the
 *           present request that was understood already; [at, end) is unread.
 *   rest    what arrived behind the window.
 *
 * A request that lies wholly inside a chunk is read where it is. When a chunk ends inside a
 * request, the request's bytes, and only those, move to the *carry*: memory of our own, which
 * then is the window. It takes from the rest no more than the request is known to need, so that
 * with the request's last byte the carry is used up and reading goes on inside the chunk.
 * (Copying whole chunks into the carry was rejected: a busy connection would keep as much memory
 * as its largest chunk.)
 *
 * Chunks belong to the caller, who reuses them. `hold()` copies what is unread, and must be called
 * before the caller reuses a chunk that was not read to its end.
 *
 * Memory grows with what arrived, not with what was announced: to twice that, and to the whole of
 * the last argument once an eighth of it has come. It is given back after a large request.
 * `overflowed` is latched when a bound is passed; what comes after that is dropped.
 */
import { QUERY_BUFFER_BYTES_MAX_DEFAULT } from '../config/limits.ts';
import { KiB } from '../lib/size-units.ts';

/** First memory for a request that a chunk cut in two; ten thousand strangers cost 5 MB. */
const DECODER_CARRY_BYTES_MIN = 512;

/**
 * Once this part of a long argument has come, its whole length is given to it: doubling on would
 * leave as much again behind for the garbage collector, which comes late. Pages that nothing was
 * written to take no memory.
 */
export const CARRY_ARRIVED_DIVISOR = 8;

/** A connection keeps so much of that memory between requests, not more. */
const DECODER_KEPT_BYTES_MAX = 4 * KiB;

const NO_BYTES = Buffer.alloc(0);

export class RequestInput {
  buf: Buffer = NO_BYTES;
  start = 0;
  at = 0;
  end = 0;

  /** Bound on one incomplete request, and on what is held. */
  bytesMax = QUERY_BUFFER_BYTES_MAX_DEFAULT;
  overflowed = false;

  #carrying = false;
  /** Kept between requests while it is small; the window is it or not. */
  #carry: Buffer = NO_BYTES;

  #rest: Buffer = NO_BYTES;
  #restAt = 0;
  #restEnd = 0;
  #restOwned = false;
  #windowOwned = false;

  /** Bytes that arrived and were not understood yet. */
  get unread(): number {
    return this.end - this.at + this.#restEnd - this.#restAt;
  }

  /** Bytes of memory that this object keeps for itself; a chunk of the caller's does not count. */
  get ownedBytes(): number {
    const window = this.#windowOwned && !this.#carrying ? this.buf.length : 0;
    return this.#carry.length + window + (this.#restOwned ? this.#rest.length : 0);
  }

  /** Borrows the first `bytes` of `chunk` until they are read or held. */
  feed(chunk: Buffer, bytes: number): void {
    if (bytes === 0 || this.overflowed) return;
    if (this.#restAt === this.#restEnd) {
      this.#setRest(chunk, 0, bytes, false);
      // Two chunks without a hold between them: the first may be reused, for all we know.
      if (!this.#windowOwned && this.at < this.end) this.hold();
      return;
    }
    this.#appendToRest(chunk, bytes);
  }

  /**
   * Makes everything unread our own, so that the caller may reuse its chunk. Must not be called
   * while the decoder is in the middle of a request inside a chunk; `next` never leaves it there.
   */
  hold(): void {
    const window = this.#windowOwned ? 0 : this.end - this.at;
    const rest = this.#restEnd - this.#restAt;
    if (window > 0 || (rest > 0 && !this.#restOwned)) {
      const held = Buffer.allocUnsafeSlow(window + rest);
      if (window > 0) this.buf.copy(held, 0, this.at, this.end);
      this.#rest.copy(held, window, this.#restAt, this.#restEnd);
      this.#setRest(held, 0, held.length, true);
      if (held.length > this.bytesMax) this.overflowed = true;
    }
    if (!this.#windowOwned) this.#setWindow(NO_BYTES, 0, 0, false);
  }

  /** The window holds one request and will not be used for another. */
  get isWindowGivenAway(): boolean {
    return this.#carrying && this.#carry.length > DECODER_KEPT_BYTES_MAX;
  }

  /** The present request is complete, or is nothing: the next one starts at `at`. */
  finishRequest(): void {
    this.start = this.at;
  }

  /** What lies behind `at`, in the present window, was not read. */
  rewind(at: number): void {
    this.start = at;
    this.at = at;
  }

  /** Between requests: puts what came behind the window in its place. False if nothing did. */
  advance(): boolean {
    if (this.#carrying) {
      this.#carrying = false;
      if (this.#carry.length > DECODER_KEPT_BYTES_MAX) this.#carry = NO_BYTES;
    }
    const more = this.#restAt < this.#restEnd;
    this.#setWindow(this.#rest, this.#restAt, this.#restEnd, this.#restOwned);
    this.#setRest(NO_BYTES, 0, 0, false);
    return more;
  }

  /** Moves what there is of the present request to the carry, unless it is there. */
  beginCarry(): void {
    if (this.#carrying) return;
    const length = this.end - this.start;
    if (this.#carry.length < length) {
      this.#carry = Buffer.allocUnsafeSlow(Math.max(length, DECODER_CARRY_BYTES_MIN));
    }
    this.buf.copy(this.#carry, 0, this.start, this.end);
    const read = this.at - this.start;
    this.#setWindow(this.#carry, 0, length, true);
    this.at = read;
    this.#carrying = true;
    if (length > this.bytesMax) this.overflowed = true;
  }

  /**
   * Appends up to `wanted` bytes of the rest to the carry; false if there are none. `needed` is the
   * request's whole length when that is known (the carry will not be larger), or 0. The bound is
   * passed by a byte beyond it: the bytes up to it are to be understood first.
   */
  pull(wanted: number, needed: number): boolean {
    const available = this.#restEnd - this.#restAt;
    if (available === 0 || this.overflowed) return false;
    const length = Math.min(wanted, available, this.bytesMax - this.end);
    if (length === 0) this.overflowed = true;
    const end = this.end + length;
    if (end > this.#carry.length) this.#growCarry(end, needed);
    this.#rest.copy(this.#carry, this.end, this.#restAt, this.#restAt + length);
    this.end = end;
    this.#restAt += length;
    if (this.#restAt === this.#restEnd) this.#setRest(NO_BYTES, 0, 0, false);
    return true;
  }

  /** How many bytes of the rest go up to and including the first `byte`, or all if it has none. */
  restThrough(byte: number): number {
    const found = this.#rest.subarray(this.#restAt, this.#restEnd).indexOf(byte);
    return found < 0 ? this.#restEnd - this.#restAt : found + 1;
  }

  /** Forgets everything, for a connection that is to be closed. */
  clear(): void {
    this.#carrying = false;
    this.#carry = NO_BYTES;
    this.#setWindow(NO_BYTES, 0, 0, false);
    this.#setRest(NO_BYTES, 0, 0, false);
  }

  #growCarry(end: number, needed: number): void {
    const doubled = Math.max(this.#carry.length * 2, DECODER_CARRY_BYTES_MIN);
    const enough = needed > 0 ? needed : this.bytesMax;
    const isNear = needed > 0 && end >= needed / CARRY_ARRIVED_DIVISOR;
    const size = isNear ? Math.max(end, needed) : Math.max(end, Math.min(doubled, enough));
    const larger = Buffer.allocUnsafeSlow(size);
    this.#carry.copy(larger, 0, 0, this.end);
    this.#carry = larger;
    this.buf = larger;
  }

  #appendToRest(chunk: Buffer, bytes: number): void {
    const unread = this.#restEnd - this.#restAt;
    if (unread + bytes > this.bytesMax) {
      this.overflowed = true;
      return;
    }
    if (!this.#restOwned || this.#restEnd + bytes > this.#rest.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(unread * 2, unread + bytes));
      this.#rest.copy(larger, 0, this.#restAt, this.#restEnd);
      this.#setRest(larger, 0, unread, true);
    }
    this.#restEnd += chunk.copy(this.#rest, this.#restEnd, 0, bytes);
  }

  #setWindow(buf: Buffer, start: number, end: number, owned: boolean): void {
    this.buf = buf;
    this.start = start;
    this.at = start;
    this.end = end;
    this.#windowOwned = owned;
  }

  #setRest(buf: Buffer, at: number, end: number, owned: boolean): void {
    this.#rest = buf;
    this.#restAt = at;
    this.#restEnd = end;
    this.#restOwned = owned;
  }
}
