import { describe, expect, it } from 'vitest';
import { inOrderOfBlocks } from '../../../src/keyspace/collection/delta-order.ts';
import { DeltaWriter, PieceReader } from '../../../src/keyspace/pieces.ts';
import type { ByteRange } from '../../../src/lib/byte-range.ts';
import { Random } from '../../../src/lib/random.ts';

const OP = 7;

function deltaOf(elements: readonly (readonly string[])[]): ByteRange {
  const writer = new DeltaWriter();
  writer.begin(OP);
  for (const piece of elements.flat()) writer.bytes(Buffer.from(piece), 0, piece.length);
  return writer.finish();
}

function elementsOf({ buf, end, start }: ByteRange, pieces: number): string[][] {
  const reader = new PieceReader(buf, start + 1, end);
  const found: string[] = [];
  while (reader.hasMore) {
    reader.next();
    found.push(buf.toString('latin1', reader.start, reader.end));
  }
  return Array.from({ length: found.length / pieces }, (_, i) =>
    found.slice(i * pieces, (i + 1) * pieces));
}

/** Of a decimal number. */
const orderOf = (buf: Buffer, start: number, end: number): number =>
  Number(buf.toString('latin1', start, end).split(':')[0]);

const passOne = {
  1: (): void => undefined,
  2: (reader: PieceReader): void => reader.next(),
};

describe('a delta in the order of blocks', () => {
  it.each([1, 2] as const)('has the same elements of %i pieces, by their order', (pieces) => {
    const random = new Random(3, pieces);
    const elements = Array.from({ length: 2000 }, (_, i) =>
      [`${random.below(500)}:${i}`, 'x'.repeat(random.below(20))].slice(0, pieces));
    const ordered = inOrderOfBlocks(deltaOf(elements), passOne[pieces], orderOf);
    expect(ordered.buf[ordered.start]).toBe(OP);
    const keyOf = ([name]: readonly string[]): number => Number(name!.split(':')[0]);
    // Those of equal order stay as they were.
    expect(elementsOf(ordered, pieces)).toEqual(elements.toSorted((a, b) => keyOf(a) - keyOf(b)));
  });

  it('is the delta itself when that is short', () => {
    const delta = deltaOf([['2:'], ['1:']]);
    expect(inOrderOfBlocks(delta, passOne[1], orderOf)).toBe(delta);
  });
});
