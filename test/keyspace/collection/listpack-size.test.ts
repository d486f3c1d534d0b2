import { describe, expect, it } from 'vitest';
import { ListpackSize, listpackBytes } from '../../../src/keyspace/collection/list/listpack-size.ts';
import { PieceReader } from '../../../src/keyspace/pieces.ts';
import { Random } from '../../../src/lib/random.ts';

function bytesOf(text: string): number {
  const buf = Buffer.from(text, 'latin1');
  return listpackBytes(buf, 0, buf.length);
}

describe('an element of a listpack', () => {
  it.each([
    // An entry, and its length behind it in one byte.
    ['0', 2], ['127', 2], ['128', 3], ['-1', 3], ['4095', 3], ['4096', 4], ['-4096', 3],
    ['-4097', 4], ['32767', 4], ['-32768', 4], ['32768', 5], ['8388607', 5], ['-8388608', 5],
    ['8388608', 6], ['2147483647', 6], ['-2147483648', 6], ['2147483648', 10],
    ['9223372036854775807', 10], ['-9223372036854775808', 10],
    // No integers as Redis reads them.
    ['9223372036854775808', 21], ['007', 5], ['-0', 4], ['1.5', 5], ['', 2], ['/', 3], ['-', 3],
  ])('%s takes %i bytes', (text, bytes) => {
    expect(bytesOf(text)).toBe(bytes);
  });

  it.each([
    [63, 65], [64, 67], [125, 128], [126, 130], [4095, 4099], [4096, 4103], [16_377, 16_384],
    [16_378, 16_386], [2_097_145, 2_097_153], [2_097_146, 2_097_155],
  ])('a text of %i bytes takes %i', (length, bytes) => {
    expect(bytesOf('x'.repeat(length))).toBe(bytes);
  });
});

interface Change {
  readonly adds: boolean;
  readonly text: string;
}

/** Whether Redis has a quicklist under a limit of bytes, after each of the changes. */
function isQuicklist(limit: number, changes: readonly Change[]): boolean[] {
  let [bytes, isQuick] = [7, false];
  return changes.map(({ adds, text }) => {
    if (adds && bytes + text.length > limit) isQuick = true;
    bytes += adds ? bytesOf(text) : -bytesOf(text);
    if (!adds && bytes <= Math.floor(limit / 2)) isQuick = false;
    return isQuick;
  });
}

describe('the size of a list as a listpack', () => {
  it('tells by one number what Redis would have made of it, under every limit', () => {
    const random = new Random(5, 1);
    for (let run = 0; run < 30; run++) {
      const there: string[] = [];
      const size = new ListpackSize();
      const peaks: number[] = [];
      const changes = Array.from({ length: 150 }, (): Change => {
        const adds = there.length === 0 || random.below(100) < (run % 3 === 0 ? 60 : 48);
        const text = adds ? 'x'.repeat(random.below(30)) : there.pop()!;
        const buf = Buffer.from(text);
        if (adds) {
          there.push(text);
          size.beginAdding();
          size.add(buf, 0, buf.length);
        } else {
          size.take(buf, 0, buf.length);
          size.noteTaken();
        }
        peaks.push(size.peakBytes);
        return { adds, text };
      });
      for (let limit = 1; limit < 500; limit += 7) {
        expect(peaks.map((peak) => peak > limit)).toEqual(isQuicklist(limit, changes));
      }
    }
  });

  it('counts what one change adds with its own bytes, not with those of a listpack', () => {
    const size = new ListpackSize();
    const text = Buffer.from('xx');
    size.beginAdding();
    size.add(text, 0, 2);
    size.add(text, 0, 2);
    expect([size.count, size.bytes, size.peakBytes, size.peakCount]).toEqual([2, 7 + 8, 7 + 4, 2]);
    size.beginAdding();
    size.add(text, 0, 2);
    expect([size.bytes, size.peakBytes, size.peakCount]).toEqual([7 + 12, 15 + 2, 3]);
    size.noteLarge();
    expect([size.peakBytes, size.peakCount]).toEqual([38, 6]);
  });

  it('is read as it was written, in as many bytes as it says', () => {
    const size = new ListpackSize();
    Object.assign(size, { count: 300, bytes: 70_000, peakBytes: 2 ** 31, peakCount: 0 });
    const buf = Buffer.alloc(30);
    expect(size.write(buf, 3)).toBe(3 + size.encodedBytes);
    const again = new ListpackSize();
    again.read(new PieceReader(buf, 3, 3 + size.encodedBytes));
    expect(again).toEqual(size);
    again.clear();
    expect(again).toEqual(new ListpackSize());
  });
});
