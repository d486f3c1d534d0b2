/** What tells the entries of a directory apart: where each of them begins. */

import type { DeltaWriter, PieceReader } from '../pieces.ts';

export interface Separators<S> {
  /** `before`: that of the entry before, which the reader has too; undefined if it has not. */
  write(writer: DeltaWriter, separator: S, before: S | undefined): void;
  read(reader: PieceReader, before: S | undefined): S;
}

/** Numbers that go up, such as the hashes of fields. */
export const NUMBERS: Separators<number> = Object.freeze({
  write: (writer: DeltaWriter, start: number, before = 0) => writer.number(start - before),
  read: (reader: PieceReader, before = 0) => before + reader.number(),
});

/** The elements have no other order than that in which they are. */
export const NO_SEPARATORS: Separators<undefined> = Object.freeze({
  write: () => undefined,
  read: () => undefined,
});

/** The entry with the last start that is not greater. */
export function entryOfNumber(starts: readonly number[], start: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle]! <= start) low = middle;
    else high = middle - 1;
  }
  return low;
}
