/**
 * Bytes read and written four at a time through DataViews.
 *
 * For the short runs that a key or a small value is, a loop over single bytes costs several times
 * as much, and so does a call into Buffer.copy. From WORDS_BYTES_MAX on the call wins.
 */

/** Longer runs are for Buffer.copy. */
export const WORDS_BYTES_MAX = 384;

/** Copies `length` bytes from one memory to another; they must not overlap. */
export function copyWords(from: DataView, start: number, to: DataView, at: number,
  length: number): void {
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) to.setInt32(at + i, from.getInt32(start + i, true), true);
  for (let i = whole; i < length; i += 1) to.setUint8(at + i, from.getUint8(start + i));
}

/** Memory to copy from; `words` is over all of `buf`, where it was made. */
export interface Bytes {
  readonly buf: Buffer;
  readonly words: DataView | undefined;
}

/** Copies `length` bytes from one memory to another, in the way that is fastest; no overlap. */
export function copyBytes(from: Bytes, start: number, to: Buffer, toWords: DataView, at: number,
  length: number): void {
  const { words } = from;
  if (words === undefined || length > WORDS_BYTES_MAX) from.buf.copy(to, at, start, start + length);
  else copyWords(words, start, toWords, at, length);
}

/** A DataView over all of a buffer. */
export function viewOf(buf: Uint8Array): DataView {
  return new DataView(buf.buffer, buf.byteOffset, buf.byteLength);
}

/**
 * The views over the two buffers that were asked for last: a chunk holds many keys and values, and
 * making a view costs as much as copying one; a request may take from two by turns. It keeps those
 * buffers alive.
 */
export class ViewMemo {
  #buf: Uint8Array = new Uint8Array(0);
  #view: DataView = viewOf(this.#buf);
  #bufBefore = this.#buf;
  #viewBefore = this.#view;

  has(buf: Uint8Array): boolean {
    return buf === this.#buf || buf === this.#bufBefore;
  }

  of(buf: Uint8Array): DataView {
    if (buf === this.#buf) return this.#view;
    const view = buf === this.#bufBefore ? this.#viewBefore : viewOf(buf);
    this.#bufBefore = this.#buf;
    this.#viewBefore = this.#view;
    this.#buf = buf;
    this.#view = view;
    return view;
  }
}
