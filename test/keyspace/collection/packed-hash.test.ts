import { describe, expect, it } from 'vitest';
import { HashBlock } from '../../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_REMOVE, HASH_SET } from '../../../src/keyspace/collection/hash/hash-delta.ts';
import { PACKED_BYTES_MAX } from '../../../src/keyspace/limits.ts';
import { PackedHash, PackedHashWriter } from '../../../src/keyspace/collection/hash/packed-hash.ts';
import { DeltaWriter } from '../../../src/keyspace/pieces.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { Random } from '../../../src/lib/random.ts';
import { HASH } from '../../../src/keyspace/value-type.ts';
import { pairsOf } from './hash-text.ts';

const packedHashWriter = new PackedHashWriter(HASH);

/** Owned bytes of a delta. */
function deltaOf(op: number, pieces: readonly string[]): ByteRange {
  const writer = new DeltaWriter();
  writer.begin(op);
  for (const piece of pieces) writer.latin1(piece);
  return writer.finish();
}

/** A random delta for a hash, and how often each kind came. */
function randomDelta(random: Random, model: HashBlock): ByteRange {
  const name = (): string => `f${random.below(8)}`;
  if (random.below(3) > 0) {
    const pairs = Array.from({ length: 1 + random.below(3) }, () =>
      [name(), 'v'.repeat(random.below(random.below(10) === 0 ? 300 : 40))]);
    return deltaOf(HASH_SET, pairs.flat());
  }
  const fields = Array.from({ length: model.size }, (_, at) => model.fieldAt(at).latin1());
  return deltaOf(HASH_REMOVE, fields.filter(() => random.below(3) === 0));
}

describe('a packed hash', () => {
  it('is what a live one is after the same deltas, and says when it may be too large', () => {
    const random = new Random(7, 1);
    let grown = 0;
    for (let run = 0; run < 200; run++) {
      const model = new HashBlock(HASH);
      let packed: ByteRange | null = null;
      for (let step = 0; step < 30; step++) {
        const delta = randomDelta(random, model);
        const before = model.size;
        const changed: ByteRange | undefined = packedHashWriter.change(packed, delta);
        model.applyDelta(delta.buf, delta.start, delta.end);
        if (changed === undefined) {
          grown++;
          break;
        }
        expect(changed.length).toBeLessThanOrEqual(PACKED_BYTES_MAX);
        expect(changed.view().toString('latin1')).toBe(model.encodeBase().toString('latin1'));
        expect(packedHashWriter.isEmpty).toBe(model.size === 0);
        expect(packedHashWriter.growth).toBe(model.size - before);
        packed = new ByteRange(changed.copy());
        expectSame(new PackedHash(packed), model);
      }
    }
    expect(grown).toBeGreaterThan(20);
  });

  it('becomes a live one that knows its longest piece and its peak', () => {
    const delta = deltaOf(HASH_SET, ['a', 'long value', 'b', '', 'c', '3']);
    const first = new ByteRange(packedHashWriter.change(null, delta)!.copy());
    const less = packedHashWriter.change(first, deltaOf(HASH_REMOVE, ['a', 'c']))!;
    const live = HashBlock.ofPacked(HASH, new PackedHash(less));
    expect([live.size, live.longest, live.peak]).toEqual([1, 10, 3]);
    expect(pairsOf(live)).toEqual([['b', '']]);
  });

  it('takes whatever fits by the lengths of its old and new bytes, to the byte', () => {
    const head = 16;
    const pair = (valueBytes: number): ByteRange => deltaOf(HASH_SET, ['f', 'v'.repeat(valueBytes)]);
    // The delta has its first byte, the field and two bytes of the value's length beside it.
    const fits = PACKED_BYTES_MAX - head - 5;
    expect(packedHashWriter.change(null, pair(fits))).toBeDefined();
    expect(packedHashWriter.change(null, pair(fits + 1))).toBeUndefined();
  });

  it('asserts a field that is removed and not there, and pairs that are cut', () => {
    const packed = new ByteRange(packedHashWriter.change(null, deltaOf(HASH_SET, ['a', '1']))!.copy());
    const hash = new PackedHash(packed);
    expect(() => packedHashWriter.change(packed, deltaOf(HASH_REMOVE, ['b']))).toThrow('not there');
    expect(() => packedHashWriter.change(packed, deltaOf(HASH_REMOVE, ['a', 'a']))).toThrow('not there');
    const cut = new PackedHash(new ByteRange(packed.buf, packed.start, packed.end - 1));
    expect(() => cut.size).toThrow('a pair at');
    expect(() => hash.fieldAt(1)).toThrow('no position 1');
  });
});

function expectSame(packed: PackedHash, model: HashBlock): void {
  expect([packed.size, packed.longest, packed.peak]).toEqual(
    [model.size, model.longest, model.peak]);
  expect(pairsOf(packed)).toEqual(pairsOf(model));
  for (let at = model.size - 1; at >= 0; at--) {
    const field = model.fieldAt(at);
    expect(packed.find(field)).toBe(at);
    expect(packed.get(field)!.latin1()).toBe(model.valueAt(at).latin1());
    expect(packed.fieldAt(at).latin1()).toBe(field.latin1());
  }
  expect([packed.has(ByteRange.ofText('none')), packed.find(ByteRange.ofText('f'))])
    .toEqual([false, -1]);
  expect(packed.scan(0, 2)).toEqual(model.scan(0, 2));
  expect(packed.scan(1e9, 3)).toEqual(model.scan(1e9, 3));
  expect(packed.baseBytes).toBe(model.baseBytes);
}
