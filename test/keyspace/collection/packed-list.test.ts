import { describe, expect, it } from 'vitest';
import { ListBlock } from '../../../src/keyspace/collection/list/list-block.ts';
import { LIST_HEAD_BYTES_MAX, PackedList, PackedListWriter } from '../../../src/keyspace/collection/list/packed-list.ts';
import { PACKED_BYTES_MAX } from '../../../src/keyspace/limits.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { Random } from '../../../src/lib/random.ts';
import {
  inserted, pushed, randomListChange, removed, replaced, textsOfList, textsWalkedBack, trimmed,
} from './list-changes.ts';

const writer = new PackedListWriter();

function randomText(random: Random): string {
  switch (random.below(6)) {
    case 0: return `${random.below(100_000) - 5000}`;
    case 1: return '';
    case 2: return 'v'.repeat(random.below(150));
    default: return 'abc'.slice(0, random.below(4));
  }
}

describe('a packed list', () => {
  it('is what one in RAM is after the same deltas, byte for byte, and what an array is', () => {
    const random = new Random(7, 3);
    let grown = 0;
    for (let run = 0; run < 300; run++) {
      const model = new ListBlock();
      let texts: readonly string[] = [];
      let packed: ByteRange | null = null;
      for (let step = 0; step < 40; step++) {
        const { delta, after } = randomListChange(random, texts,
          { taking: 45, text: () => randomText(random) });
        const changed: ByteRange | undefined = writer.change(packed, delta);
        model.applyDelta(delta.buf, delta.start, delta.end, delta.words);
        expect(textsOfList(model)).toEqual(after);
        if (changed === undefined) {
          grown++;
          break;
        }
        expect(changed.length).toBeLessThanOrEqual(PACKED_BYTES_MAX);
        expect(changed.view().toString('latin1')).toBe(model.encodeBase().toString('latin1'));
        expect(model.baseBytes).toBe(changed.length);
        expect(writer.isEmpty).toBe(after.length === 0);
        expect(writer.growth).toBe(after.length - texts.length);
        packed = new ByteRange(changed.copy());
        texts = after;
        expectSame(new PackedList(packed), model, texts);
      }
    }
    expect(grown).toBeGreaterThan(40);
  });

  it('takes whatever fits by the lengths of its old and new bytes, to the byte', () => {
    const room = PACKED_BYTES_MAX - LIST_HEAD_BYTES_MAX;
    for (const isLeft of [true, false]) {
      // The delta has its first byte, and two bytes of the element's length.
      const one = (bytes: number): ByteRange => pushed([], ['v'.repeat(bytes)], isLeft).delta;
      expect(writer.change(null, one(room - 3))).toBeDefined();
      expect(writer.change(null, one(room - 2))).toBeUndefined();
      const packed = new ByteRange(writer.change(null, one(200))!.copy());
      expect(writer.change(packed, one(room - 202 - 3))).toBeDefined();
      expect(writer.change(packed, one(room - 202 - 2))).toBeUndefined();
    }
    const packed = new ByteRange(
      writer.change(null, pushed([], ['v'.repeat(room - 3)], false).delta)!.copy());
    expect(writer.change(packed, inserted(['x'], 0, '').delta)).toBeUndefined();
    expect(writer.change(packed, replaced(['x'], 0, '').delta)).toBeUndefined();
    expect(writer.change(packed, trimmed(['x'], 1, 0).delta)).toBeDefined();
    expect(writer.isEmpty).toBe(true);
  });

  it('asserts an index that is not there, as one in RAM does, and elements that are cut', () => {
    const texts = ['a', 'b'];
    const { delta } = pushed([], texts, false);
    const packed = new ByteRange(writer.change(null, delta)!.copy());
    const block = (): ListBlock => ListBlock.ofBase(packed.buf, packed.start, packed.end);
    const wrong = [
      trimmed([], 3, 0).delta, trimmed([], 1, 2).delta, replaced(['', '', ''], 2, 'x').delta,
      inserted(['', '', ''], 3, 'x').delta, removed(['', '', ''], [2]).delta,
      removed(['', '', ''], [0, 2]).delta,
    ];
    for (const { buf, start, end } of wrong) {
      expect(() => writer.change(packed, new ByteRange(buf, start, end))).toThrow('assertion failed');
      expect(() => block().applyDelta(buf, start, end)).toThrow('assertion failed');
    }
    const unknown = new ByteRange(Buffer.from([9, 0]));
    expect(() => writer.change(packed, unknown)).toThrow('begins with 9');
    expect(() => block().applyDelta(unknown.buf, 0, 2)).toThrow('begins with 9');
    expect(() => new PackedList(packed).at(2)).toThrow('no index 2');
    expect(() => block().at(-1)).toThrow('no index -1');
    const cut = new ByteRange(packed.buf, packed.start, packed.end - 1);
    expect(() => new PackedList(cut).at(1)).toThrow('a piece of');
    expect(() => ListBlock.ofBase(cut.buf, cut.start, cut.end)).toThrow('a piece of');
    expect(() => ListBlock.ofBase(packed.buf, packed.start, packed.end - 2)).toThrow('has 1 pieces');
  });
});

function expectSame(packed: PackedList, block: ListBlock, texts: readonly string[]): void {
  expect([packed.size, packed.peakBytes, packed.peakCount])
    .toEqual([block.size, block.peakBytes, block.peakCount]);
  expect(textsWalkedBack(packed)).toEqual(texts.toReversed());
  expect(textsOfList(packed)).toEqual(texts);
}
