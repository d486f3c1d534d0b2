/**
 * Changes of a block that its record does not have yet, in order: for a block that is not in RAM,
 * or that may leave it without being written.
 */

import { varintBytes, writeVarint } from '../../lib/varint.ts';
import { PieceReader, pieceBytes } from '../pieces.ts';

/** RAM of one beside its memory, by measurement: two objects. */
const EMPTY_BYTES = 250;

/** There may be one for each block: its first memory has room for a few small changes. */
const CAPACITY_MIN = 128;

export class PendingChanges {
  #buf = Buffer.allocUnsafeSlow(CAPACITY_MIN);
  /** Bytes of the changes. */
  bytes = 0;

  get memoryBytes(): number {
    return EMPTY_BYTES + this.#buf.length;
  }

  /** Adds the change with this number in the collection. The bytes are copied. */
  add(sequence: number, from: Buffer, start: number, end: number): void {
    this.#reserve(varintBytes(sequence) + pieceBytes(end - start));
    const at = writeVarint(this.#buf, writeVarint(this.#buf, this.bytes, sequence), end - start);
    from.copy(this.#buf, at, start, end);
    this.bytes = at + end - start;
  }

  /** Gives each change with a higher number to `apply`. */
  applyAfter(
    sequence: number, apply: (buf: Buffer, start: number, end: number) => void,
  ): void {
    const buf = this.#buf;
    const reader = new PieceReader(buf, 0, this.bytes);
    while (reader.hasMore) {
      const number = reader.number();
      reader.next();
      if (number > sequence) apply(buf, reader.start, reader.end);
    }
  }

  #reserve(bytes: number): void {
    const { length } = this.#buf;
    if (this.bytes + bytes <= length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes + bytes, length + (length >>> 1)));
    this.#buf.copy(larger, 0, 0, this.bytes);
    this.#buf = larger;
  }
}
