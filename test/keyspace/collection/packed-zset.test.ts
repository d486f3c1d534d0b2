import { describe, expect, it } from 'vitest';
import { PACKED_BYTES_MAX } from '../../../src/keyspace/limits.ts';
import { HashBlock } from '../../../src/keyspace/collection/hash/hash-block.ts';
import { PackedZset, PackedZsetWriter } from '../../../src/keyspace/collection/zset/packed-zset.ts';
import { ZsetBlock } from '../../../src/keyspace/collection/zset/zset-block.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { Random } from '../../../src/lib/random.ts';
import { ZSET } from '../../../src/keyspace/value-type.ts';
import {
  bytesOf, membersOf, randomScore, removeDelta, setDelta, type Scored,
} from './zset-model.ts';

const writer = new PackedZsetWriter();

function randomDelta(random: Random, model: ZsetBlock): ByteRange {
  const name = (): string => {
    const long = random.below(10) === 0 ? random.below(300) : random.below(20);
    return `${random.below(8)}${'m'.repeat(random.below(3) === 0 ? long : 0)}`;
  };
  if (random.below(3) > 0) {
    const pairs = new Map(Array.from({ length: 1 + random.below(3) }, () =>
      [name(), randomScore(random)] as const));
    return setDelta([...pairs]);
  }
  return removeDelta(membersOf(model).map(([member]) => member)
    .filter(() => random.below(3) === 0));
}

describe('a packed sorted set', () => {
  it('is what a medium one is after the same deltas, and says when it may be too large', () => {
    const random = new Random(8, 1);
    let grown = 0;
    for (let run = 0; run < 60; run++) {
      const model = new ZsetBlock(new HashBlock(ZSET));
      let packed: ByteRange | null = null;
      for (let step = 0; step < 40; step++) {
        const delta = randomDelta(random, model);
        const before = model.size;
        const changed: ByteRange | undefined = writer.change(packed, delta);
        model.applyDelta(delta.buf, delta.start, delta.end);
        if (changed === undefined) {
          grown++;
          break;
        }
        expect(changed.length).toBeLessThanOrEqual(PACKED_BYTES_MAX);
        expect(changed.view().toString('latin1')).toBe(model.encodeBase().toString('latin1'));
        expect(writer.isEmpty).toBe(model.size === 0);
        expect(writer.growth).toBe(model.size - before);
        packed = new ByteRange(changed.copy());
        expectSame(new PackedZset(packed), model, random);
      }
    }
    expect(grown).toBeGreaterThan(10);
  });

  it('takes whatever fits by the lengths of its old and new bytes, to the byte', () => {
    const delta = (bytes: number): ByteRange => setDelta([['m'.repeat(bytes), 1]]);
    // The head, the delta's first byte, two bytes of the member's length, and the score's piece.
    const fits = PACKED_BYTES_MAX - 16 - 1 - 2 - 9;
    expect(writer.change(null, delta(fits))).toBeDefined();
    expect(writer.change(null, delta(fits + 1))).toBeUndefined();
  });

  it('keeps its longest member and its peak', () => {
    const first = new ByteRange(writer.change(null, setDelta([['long', 1], ['b', 2]]))!.copy());
    const less = new PackedZset(writer.change(first, removeDelta(['long']))!);
    expect([less.size, less.longest, less.peak]).toEqual([1, 4, 2]);
  });

  it('asserts a member that is removed and not there, and pairs that are cut', () => {
    const packed = new ByteRange(writer.change(null, setDelta([['a', 1]]))!.copy());
    expect(() => writer.change(packed, removeDelta(['b']))).toThrow('not there');
    expect(() => writer.change(packed, removeDelta(['a', 'a']))).toThrow('not there');
    expect(() => writer.change(null, removeDelta(['a']))).toThrow('not there');
    const cut = new PackedZset(new ByteRange(packed.buf, packed.start, packed.end - 1));
    expect(() => cut.size).toThrow('a pair at');
    expect(() => new PackedZset(packed).scannedAt(1)).toThrow('no rank 1');
    const medium = ZsetBlock.ofBase(packed.buf, packed.start, packed.end);
    expect(() => medium.scannedAt(1)).toThrow('no index 1');
    const gone = removeDelta(['b']);
    expect(() => medium.applyDelta(gone.buf, gone.start, gone.end)).toThrow('not there');
  });
});

function expectSame(packed: PackedZset, model: ZsetBlock, random: Random): void {
  expect([packed.size, packed.longest, packed.peak])
    .toEqual([model.size, model.longest, model.peak]);
  const all: Scored[] = membersOf(model);
  expect(membersOf(packed)).toEqual(all);
  expect(membersOf(packed, all.length - 1, all.length, -1)).toEqual(all.toReversed());
  const reread = ZsetBlock.ofBase(...baseOf(model));
  expect(membersOf(reread)).toEqual(all);
  for (const [rank, [member, score]] of all.entries()) {
    expect(packed.rankOf(bytesOf(member))).toBe(rank);
    expect(packed.scoreOf(bytesOf(member))).toBe(score);
    for (const bound of [score, randomScore(random)]) {
      for (const isOpen of [false, true]) {
        expect(packed.rankOfScore(bound, isOpen)).toBe(model.rankOfScore(bound, isOpen));
      }
    }
  }
  expect(packed.scoreOf(bytesOf('none'))).toBeUndefined();
  expect(packed.scan(0, 2)).toEqual(model.scan(0, 2));
  expect(packed.scan(2 ** 31, 3)).toEqual(model.scan(2 ** 31, 3));
}

function baseOf(model: ZsetBlock): [Buffer, number, number] {
  const base = model.encodeBase();
  return [base, 0, base.length];
}
