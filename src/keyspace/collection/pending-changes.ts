/**
 * Changes of a block that its record does not have yet, in order: for a block that is not in RAM,
 * or that may leave it without being written.
 */

import { PieceReader, DeltaWriter } from '../pieces.ts';

/** RAM of one that holds nothing. */
const EMPTY_BYTES = 1200;

export class PendingChanges {
  readonly #pieces = new DeltaWriter();
  /** Bytes of the changes. */
  bytes = 0;

  constructor() {
    this.#pieces.restart();
  }

  get memoryBytes(): number {
    return EMPTY_BYTES + this.bytes;
  }

  /** Adds the change with this number in the collection. The bytes are copied. */
  add(sequence: number, buf: Buffer, start: number, end: number): void {
    this.#pieces.number(sequence);
    this.#pieces.bytes(buf, start, end);
    this.bytes = this.#pieces.finish().length;
  }

  /** Gives each change with a higher number to `apply`. */
  applyAfter(
    sequence: number, apply: (buf: Buffer, start: number, end: number) => void,
  ): void {
    const { buf, start, end } = this.#pieces.finish();
    const reader = new PieceReader(buf, start, end);
    while (reader.hasMore) {
      const number = reader.number();
      reader.next();
      if (number > sequence) apply(buf, reader.start, reader.end);
    }
  }
}
