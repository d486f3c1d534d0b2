import { describe, expect, it } from 'vitest';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import { HashBlock } from '../../../src/keyspace/collection/hash/hash-block.ts';
import {
  HASH_INDEXED_FIELDS_MIN, HASH_ORDERED_FIELDS_MAX,
} from '../../../src/keyspace/collection/hash/hash-pairs.ts';
import { seedFieldHasher } from '../../../src/keyspace/collection/hash/field-hasher.ts';
import { HASH_REMOVE, HASH_SET } from '../../../src/keyspace/collection/hash/hash-delta.ts';
import { DeltaWriter } from '../../../src/keyspace/pieces.ts';
import { HASH, STRING } from '../../../src/keyspace/value-type.ts';
import type { Random } from '../../../src/lib/random.ts';
import { withSeed } from '../../lib/seeded.ts';
import { pairsOf, textAt } from './hash-text.ts';

const writer = new DeltaWriter();

function apply(hash: HashBlock, op: number, pieces: readonly string[]): void {
  writer.begin(op);
  for (const piece of pieces) writer.latin1(piece);
  const { buf, start, end } = writer.finish();
  hash.applyDelta(buf, start, end);
}

const set = (hash: HashBlock, ...pieces: string[]): void => apply(hash, HASH_SET, pieces);
const remove = (hash: HashBlock, ...fields: string[]): void => apply(hash, HASH_REMOVE, fields);

function fields(hash: HashBlock): string[] {
  return pairsOf(hash).map(([field]) => field);
}

function reloaded(hash: HashBlock): HashBlock {
  const base = hash.encodeBase();
  return HashBlock.ofBase(HASH, base, 0, base.length);
}

function hashOf(size: number): HashBlock {
  const hash = new HashBlock(HASH);
  for (let i = 0; i < size; i++) set(hash, `f${i}`, `v${i}`);
  return hash;
}

/** One random change of a hash of about `target` fields, on the hash and on its model. */
function change(random: Random, hash: HashBlock, model: Map<string, string>, target: number): void {
  const count = 1 + random.below(4);
  if (random.below(2 * target) >= hash.size) {
    const pieces: string[] = [];
    for (let i = 0; i < count; i++) {
      const field = `f${random.below(4 * target)}`;
      const isLong = random.below(30) === 0;
      const value = 'v'.repeat(random.below(isLong ? 3000 : 200));
      pieces.push(field, value);
      model.set(field, value);
    }
    return set(hash, ...pieces);
  }
  const present = new Set<string>();
  for (let i = 0; i < count; i++) present.add(hash.fieldAt(random.below(hash.size)).latin1());
  for (const field of present) model.delete(field);
  remove(hash, ...present);
}

describe('a hash', () => {
  it('lists its fields in the order of insertion; a new value does not move a field', () => {
    const hash = new HashBlock(HASH);
    set(hash, 'b', '1', 'a', '2', 'b', '3');
    set(hash, 'c', '4', 'a', '5');
    expect(pairsOf(hash)).toEqual([['b', '3'], ['a', '5'], ['c', '4']]);
  });

  it('has deltas and bases in the layout of the worked examples', () => {
    const hash = new HashBlock(HASH);
    hash.applyDelta(Buffer.from('0101610131', 'hex'), 0, 5);
    expect(pairsOf(hash)).toEqual([['a', '1']]);
    expect(hash.encodeBase().toString('hex')).toBe('010101610131');
    hash.applyDelta(Buffer.from('020161', 'hex'), 0, 3);
    expect(hash.size).toBe(0);
  });

  for (const target of [4, HASH_INDEXED_FIELDS_MIN, 100, HASH_ORDERED_FIELDS_MAX, 1000]) {
    it(`is the same as a Map after random changes around ${target} fields, and after reloads`,
      () => {
      withSeed((random) => {
        let hash = new HashBlock(HASH);
        const model = new Map<string, string>();
        for (let round = 0; round < 3000; round++) {
          change(random, hash, model, target);
          if (random.below(100) !== 0) continue;
          expect(new Map(pairsOf(hash))).toEqual(model);
          expect(hash.size).toBe(model.size);
          expect(hash.encodeBase().length).toBe(hash.baseBytes);
          for (const [field, value] of model) expect(textAt(hash, field)).toBe(value);
          expect(textAt(hash, 'nothing')).toBeUndefined();
          const before = hash;
          hash = reloaded(hash);
          expect(pairsOf(hash)).toEqual(pairsOf(before));
          expect([hash.longest, hash.peak]).toEqual([before.longest, before.peak]);
          expect(hash.memoryBytes).toBeGreaterThan(hash.baseBytes);
        }
      });
    });
  }

  it('reaches the same positions whether it was reloaded on the way or not', () => {
    withSeed((random) => {
      const kept = hashOf(HASH_ORDERED_FIELDS_MAX);
      let reloading = hashOf(HASH_ORDERED_FIELDS_MAX);
      for (let round = 0; round < 500; round++) {
        const field = kept.fieldAt(random.below(kept.size)).latin1();
        const isRemoval = random.below(2) === 0;
        for (const hash of [kept, reloading]) {
          if (isRemoval) remove(hash, field);
          else set(hash, `new${round}`, 'v', `more${round}`, 'w');
        }
        if (random.below(20) === 0) reloading = reloaded(reloading);
      }
      expect(pairsOf(reloading)).toEqual(pairsOf(kept));
    });
  });

  it('closes up behind removed fields while it is small', () => {
    const hash = hashOf(HASH_ORDERED_FIELDS_MAX);
    const expected = fields(hash).filter((field) => !['f0', 'f7', 'f8', 'f511'].includes(field));
    remove(hash, 'f8', 'f0', 'f511', 'f7');
    expect(fields(hash)).toEqual(expected);
    for (const field of expected) expect(textAt(hash, field)).toBe(field.replace('f', 'v'));
  });

  it('remembers the longest piece and the most fields that it ever held', () => {
    const hash = hashOf(20);
    set(hash, 'f0', 'x'.repeat(70));
    remove(hash, 'f0', 'f1', 'f2');
    expect([hash.longest, hash.peak, hash.size]).toEqual([70, 20, 17]);
    set(hash, 'y'.repeat(80), '');
    expect(reloaded(hash).longest).toBe(80);
  });

  it('gives back the memory of fields that are gone, and of values that were replaced', () => {
    const hash = hashOf(20_000);
    const full = hash.memoryBytes;
    for (let i = 100; i < 20_000; i++) remove(hash, `f${i}`);
    expect(hash.memoryBytes).toBeLessThan(full / 20);
    for (let i = 0; i < 100; i++) expect(textAt(hash, `f${i}`)).toBe(`v${i}`);
    const small = hash.memoryBytes;
    for (let i = 0; i < 10_000; i++) set(hash, 'f7', 'x'.repeat(i % 100));
    expect(hash.memoryBytes).toBeLessThan(small * 2);
    set(hash, 'f7', 'x'.repeat(1e6));
    expect(hash.memoryBytes).toBeGreaterThan(1e6);
    remove(hash, 'f7');
    expect(hash.memoryBytes).toBeLessThan(small * 2);
  });

  it('has a long value in memory once', () => {
    const hash = new HashBlock(HASH, 1e6);
    set(hash, 'f', 'x'.repeat(1e6));
    expect(hash.memoryBytes).toBeLessThan(1.1e6);
    expect(reloaded(hash).memoryBytes).toBeLessThan(1.1e6);
  });

  it('finds its fields under any seed', () => {
    const before = hashOf(100);
    seedFieldHasher({ a: 1, b: 2 });
    const after = hashOf(100);
    for (const hash of [before, after]) expect(textAt(hash, 'f99')).toBe('v99');
    expect(pairsOf(after)).toEqual(pairsOf(before));
  });

  it('asserts on deltas and bases that cannot be', () => {
    const hash = hashOf(2);
    expect(() => apply(hash, 9, ['a'])).toThrow('assertion failed');
    expect(() => apply(hash, HASH_SET, ['a'])).toThrow('assertion failed');
    expect(() => remove(hash, 'nothing')).toThrow('assertion failed');
    expect(() => remove(hash, 'f1', 'f1')).toThrow('assertion failed');
    expect(() => HashBlock.ofBase(HASH, Buffer.from([1, 1, 5, 0x61]), 0, 4)).toThrow('assertion failed');
  });
});

describe('a scan of a hash', () => {
  it('meets every field that stays, whatever is added, removed or reloaded between pages', () => {
    withSeed((random) => {
      for (let scan = 0; scan < 40; scan++) {
        let hash = hashOf(100 + random.below(1500));
        const staying = new Set(fields(hash).filter(() => random.below(2) === 0));
        const met = new Set<string>();
        let cursor = 0;
        do {
          const page = hash.scan(cursor, 1 + random.below(20));
          cursor = page.cursor;
          for (const at of page.positions) met.add(hash.fieldAt(at).latin1());
          for (let i = random.below(30); i > 0; i--) {
            const field = hash.fieldAt(random.below(hash.size)).latin1();
            if (!staying.has(field)) remove(hash, field);
            if (random.below(2) === 0) set(hash, `new${scan}-${cursor}-${i}`, 'v');
          }
          if (random.below(10) === 0) hash = reloaded(hash);
        } while (cursor !== 0);
        for (const field of staying) expect(met.has(field), `${field} of scan ${scan}`).toBe(true);
      }
    });
  });

  it('takes a cursor from beyond the hash as its end', () => {
    expect(hashOf(3).scan(2 ** 48, 2)).toEqual({ positions: [1, 2], cursor: 1 });
    expect(new HashBlock(HASH).scan(5, 2)).toEqual({ positions: [], cursor: 0 });
  });
});

describe('the codecs', () => {
  it('are one for each type that has a live form', () => {
    const types = LIVE_CODECS.map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
    expect(types).toEqual(expect.arrayContaining([STRING, HASH]));
  });

  it('give values of their own type, which share nothing with the bytes', () => {
    const base = hashOf(3).encodeBase();
    const hash = HashBlock.ofBase(HASH, base, 0, base.length);
    base.fill(0);
    expect(pairsOf(hash)).toEqual(pairsOf(hashOf(3)));
    expect(hash.type).toBe(HASH);
  });
});
