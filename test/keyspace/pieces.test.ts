import { describe, expect, it } from 'vitest';
import {
  DeltaWriter, PieceReader, pieceBytes, writePiece, PIECES_KEPT_BYTES_MAX,
} from '../../src/keyspace/pieces.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { randomBytes, withSeed } from '../lib/seeded.ts';

function next(reader: PieceReader): string {
  reader.next();
  return reader.buf.toString('latin1', reader.start, reader.end);
}

describe('pieces', () => {
  it('have the layout of the worked example', () => {
    const buf = Buffer.alloc(3);
    expect(writePiece(buf, 0, 'ab')).toBe(3);
    expect(buf).toEqual(Buffer.from([2, 0x61, 0x62]));
  });

  it('are read back with every byte value, whatever their length', () => {
    const everyByte = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');
    for (const text of ['', 'a', everyByte.slice(0, 24), everyByte.slice(0, 25), everyByte,
      everyByte.repeat(100)]) {
      const buf = Buffer.alloc(pieceBytes(text.length) + 1);
      expect(writePiece(buf, 1, text)).toBe(buf.length);
      const reader = new PieceReader(buf, 1, buf.length);
      expect(reader.hasMore).toBe(true);
      expect(next(reader)).toBe(text);
      expect(reader.hasMore).toBe(false);
    }
  });

  it('stand for bytes: no character is encoded as UTF-8', () => {
    const buf = Buffer.alloc(4);
    expect(writePiece(buf, 0, '\xff\x80')).toBe(3);
    expect(buf).toEqual(Buffer.from([2, 0xff, 0x80, 0]));
  });

  it('assert when they are cut anywhere', () => {
    const buf = Buffer.alloc(pieceBytes(200));
    writePiece(buf, 0, 'x'.repeat(200));
    for (let end = 0; end < buf.length; end++) {
      expect(() => new PieceReader(buf, 0, end).next()).toThrow('assertion failed');
    }
  });
});

describe('a delta writer', () => {
  it('gives back what was written, in order, over many deltas of all sizes', () => {
    withSeed((random) => {
      const writer = new DeltaWriter();
      for (let round = 0; round < 200; round++) {
        const parts = Array.from({ length: random.below(20) }, () =>
          randomBytes(random, random.below(10) === 0 ? random.below(5000) : random.below(40)));
        writer.begin(round);
        writer.number(round * 1000);
        parts.forEach((part, i) => {
          if (i % 3 === 0) writer.bytes(Buffer.concat([part, part]), 0, part.length);
          else if (i % 3 === 1) writer.range(new ByteRange(part));
          else writer.latin1(part.toString('latin1'));
        });
        const { buf, start, end } = writer.finish();
        expect(buf[start]).toBe(round);
        const reader = new PieceReader(buf, start + 1, end);
        expect(reader.number()).toBe(round * 1000);
        for (const part of parts) expect(next(reader)).toBe(part.toString('latin1'));
        expect(reader.hasMore).toBe(false);
      }
    });
  });

  it('does not keep the memory of a huge delta', () => {
    const writer = new DeltaWriter();
    writer.begin(1);
    writer.latin1('x'.repeat(PIECES_KEPT_BYTES_MAX + 1));
    writer.begin(1);
    expect(writer.finish().buf.length).toBeLessThan(PIECES_KEPT_BYTES_MAX);
  });
});
