/**
 * Puts a delta of many elements in the order of the blocks that it changes: each block then comes
 * to RAM once for it, also where the blocks of the collection take more RAM than they may.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { KiB } from '../../lib/size-units.ts';
import { PieceReader } from '../pieces.ts';

/** A shorter delta changes few blocks. */
const ORDERED_FROM_BYTES = 4 * KiB;

/** What is changed together: such as a field and its value, or a field to be removed. */
interface Unit {
  readonly start: number;
  readonly end: number;
  readonly order: number;
}

/**
 * The same delta, or one of its own that has the same elements in another order. `orderOf` gets the
 * first piece of an element; `passRest` moves the reader behind what comes after it.
 */
export function inOrderOfBlocks(
  delta: ByteRange, passRest: (reader: PieceReader) => void,
  orderOf: (buf: Buffer, start: number, end: number) => number,
): ByteRange {
  if (delta.length < ORDERED_FROM_BYTES) return delta;
  const { buf } = delta;
  const units: Unit[] = [];
  const reader = new PieceReader(buf, delta.start + 1, delta.end);
  while (reader.hasMore) {
    const start = reader.at;
    reader.next();
    const order = orderOf(buf, reader.start, reader.end);
    passRest(reader);
    units.push({ start, end: reader.at, order });
  }
  units.sort((a, b) => a.order - b.order || a.start - b.start);
  const ordered = Buffer.allocUnsafeSlow(delta.length);
  ordered[0] = buf[delta.start]!;
  let at = 1;
  for (const { start, end } of units) {
    buf.copy(ordered, at, start, end);
    at += end - start;
  }
  return new ByteRange(ordered);
}
