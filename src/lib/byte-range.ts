/**
 * A run of bytes inside a Buffer that another object owns.
 *
 * Keys and values travel as ranges from the socket's chunk to the log without becoming Buffers of
 * their own. A range is borrowed: it is valid until the borrower returns to the event loop, then
 * its memory may hold something else. What is kept longer is copied with `copy()`.
 */

export class ByteRange {
  buf: Buffer;
  start: number;
  /** One past the last byte. */
  end: number;
  /** Over all of `buf`, if the maker of the range has one: a copy is faster with it (views.ts). */
  words: DataView | undefined;

  constructor(buf: Buffer, start = 0, end: number = buf.length, words?: DataView) {
    this.words = words;
    this.buf = buf;
    this.start = start;
    this.end = end;
  }

  static ofText(text: string): ByteRange {
    return new ByteRange(Buffer.from(text));
  }

  get length(): number {
    return this.end - this.start;
  }

  /** A Buffer over the same memory; borrowed like the range itself. */
  view(): Buffer {
    return this.buf.subarray(this.start, this.end);
  }

  /** A Buffer of its own, safe to keep. */
  copy(): Buffer {
    const owned = Buffer.allocUnsafeSlow(this.end - this.start);
    this.buf.copy(owned, 0, this.start, this.end);
    return owned;
  }

  /** One JS character per byte: the form in which keys and fields are kept in Maps. */
  latin1(): string {
    return this.buf.toString('latin1', this.start, this.end);
  }

  text(): string {
    return this.buf.toString('utf8', this.start, this.end);
  }

  equals(buf: Buffer, start: number, end: number): boolean {
    const length = this.end - this.start;
    if (length !== end - start) return false;
    if (length > 32) return this.buf.compare(buf, start, end, this.start, this.end) === 0;
    const ours = this.buf;
    let j = start;
    for (let i = this.start; i < this.end; i++, j++) if (ours[i] !== buf[j]) return false;
    return true;
  }
}
