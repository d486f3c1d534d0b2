import { describe, expect, it } from 'vitest';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import { CollectionChange } from '../../../src/keyspace/collection/collection-change.ts';
import { HashBlock } from '../../../src/keyspace/collection/hash/hash-block.ts';
import {
  HASH_EXPIRE, HASH_REMOVE, HASH_SET, HASH_SET_EXPIRING,
} from '../../../src/keyspace/collection/hash/hash-delta.ts';
import { HASHES } from '../../../src/keyspace/collection/hash/hash-type.ts';
import type { WholeHash } from '../../../src/keyspace/collection/hash/hash-view.ts';
import { hashOf } from '../../../src/keyspace/collection/hash/hashes.ts';
import { LargeHash } from '../../../src/keyspace/collection/hash/large-hash.ts';
import { PackedHash } from '../../../src/keyspace/collection/hash/packed-hash.ts';
import { UnexpiredFields } from '../../../src/keyspace/collection/hash/unexpired-fields.ts';
import type { CollectionLimits } from '../../../src/keyspace/collection/limits.ts';
import { PACKED_BYTES_MAX } from '../../../src/keyspace/limits.ts';
import { DeltaWriter } from '../../../src/keyspace/pieces.ts';
import { NEED_VALUE, type Found } from '../../../src/keyspace/storage.ts';
import { HASH } from '../../../src/keyspace/value-type.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { Random } from '../../../src/lib/random.ts';
import { MemoryStorage } from '../memory-storage.ts';
import { pairsOf, textAt } from './hash-text.ts';

const SPACE = 1;
const KEY = ByteRange.ofText('h');
const LIMITS: CollectionLimits = { mediumBytesMax: 1500, blockBytesMax: 900, blockBytesMin: 120 };

/** Numbers are expiries. */
function deltaOf(op: number, pieces: readonly (string | number)[]): ByteRange {
  const writer = new DeltaWriter();
  writer.begin(op);
  for (const piece of pieces) {
    if (typeof piece === 'number') writer.number(piece);
    else writer.latin1(piece);
  }
  return writer.finish();
}

function apply(block: HashBlock, op: number, pieces: readonly (string | number)[]): void {
  const { buf, start, end } = deltaOf(op, pieces);
  block.applyDelta(buf, start, end);
}

function blockOf(...pairs: string[]): HashBlock {
  const block = new HashBlock(HASH);
  apply(block, HASH_SET, pairs);
  return block;
}

function expiriesOf(hash: WholeHash): number[] {
  return Array.from({ length: hash.size }, (_, at) => hash.expiryAt(at));
}

/** A delta at random of fields f0 ... f39 that keeps to the rules of deltas. */
function randomDelta(random: Random, block: HashBlock): ByteRange | undefined {
  const name = `f${random.below(40)}`;
  const isThere = block.has(ByteRange.ofText(name));
  const expiry = random.below(3) === 0 ? 0 : 1 + 512 * random.below(2 ** 31);
  const value = 'v'.repeat(random.below(30));
  switch (random.below(5)) {
    case 0: return isThere ? deltaOf(HASH_REMOVE, [name]) : undefined;
    case 1: return deltaOf(HASH_SET_EXPIRING, [name, value, expiry, 'twice', '1', 0, 'twice', '2', 5]);
    case 2: return deltaOf(HASH_SET, [name, value, 'other', value]);
    default: return isThere ? deltaOf(HASH_EXPIRE, [name, expiry]) : undefined;
  }
}

describe('a hash in one piece with fields that expire', () => {
  it('has the bytes that it had without them until the first expiry, and after the last', () => {
    const block = blockOf('a', '1', 'b', '2');
    const plain = block.encodeBase();
    expect(plain.toString('latin1')).toBe('\x01\x02\x01a\x011\x01b\x012');
    apply(block, HASH_EXPIRE, ['a', 1000]);
    expect(block.encodeBase().toString('latin1')).toBe('\x01\0\x02\x01a\x03\xe8\x071\x01b\x02\x002');
    apply(block, HASH_EXPIRE, ['a', 0]);
    expect(block.encodeBase()).toEqual(plain);
  });

  it('knows when its fields expire, how many do, and who has expired', () => {
    const block = blockOf('a', '1', 'b', '2', 'c', '3');
    apply(block, HASH_EXPIRE, ['a', 1000, 'b', 3000]);
    expect(expiriesOf(block)).toEqual([1000, 3000, 0]);
    expect(block.times).toEqual({ count: 2, soonestMs: 1000, latestMs: 3000 });
    expect([999, 1000, 2999, 3000].map((now) => block.expiredIn(0, now))).toEqual([0, 1, 1, 2]);
    expect(pairsOf(block)).toEqual([['a', '1'], ['b', '2'], ['c', '3']]);
    // Bounds get narrower when they are asked for in vain, not with each change.
    apply(block, HASH_SET, ['a', '4']);
    expect(block.times).toEqual({ count: 1, soonestMs: 1000, latestMs: 3000 });
    expect(block.expiredIn(0, 2000)).toBe(0);
    expect(block.times).toEqual({ count: 1, soonestMs: 3000, latestMs: 3000 });
    apply(block, HASH_REMOVE, ['b']);
    expect([block.times, block.soonestMs]).toEqual([undefined, Infinity]);
  });

  it('asserts an expiry of a field that is not there, and a delta that it does not know', () => {
    const block = blockOf('a', '1');
    expect(() => apply(block, HASH_EXPIRE, ['b', 1000])).toThrow('not there');
    expect(() => apply(block, HASH_EXPIRE, ['b', 0])).toThrow('not there');
    expect(() => apply(block, 9, [])).toThrow('begins with 9');
  });

  it('is the same whether it was read again in between or not', () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Random(7, seed);
      const kept = blockOf('a', '1');
      let reloaded = blockOf('a', '1');
      for (let i = 0; i < 200; i++) {
        const delta = randomDelta(random, kept);
        if (delta === undefined) continue;
        for (const block of [kept, reloaded]) block.applyDelta(delta.buf, delta.start, delta.end);
        const base = kept.encodeBase();
        expect(reloaded.encodeBase()).toEqual(base);
        expect(kept.baseBytes).toBe(base.length);
        if (random.below(4) === 0) reloaded = HashBlock.ofBase(HASH, base, 0, base.length);
      }
    }
  });
});

describe('a small hash with fields that expire', () => {
  it('has the bytes of a block after the same deltas, and reads as one', () => {
    const { packedWriter } = HASHES;
    let tooLarge = 0;
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Random(8, seed);
      let block = new HashBlock(HASH);
      let packed: ByteRange | null = null;
      for (let i = 0; i < 100; i++) {
        const delta = randomDelta(random, block);
        if (delta === undefined) continue;
        block.applyDelta(delta.buf, delta.start, delta.end);
        const changed = packedWriter.change(packed, delta);
        if (changed === undefined) {
          tooLarge++;
          block = new HashBlock(HASH);
          packed = null;
          continue;
        }
        packed = new ByteRange(changed.copy());
        expect(packed.buf).toEqual(block.encodeBase());
        expect(packed.length).toBeLessThanOrEqual(PACKED_BYTES_MAX);
        const read = new PackedHash(packed);
        expect(pairsOf(read)).toEqual(pairsOf(block));
        expect(expiriesOf(read)).toEqual(expiriesOf(block));
        const now = 2 ** 39;
        expect(read.expiredIn(0, now)).toBe(block.expiredIn(0, now));
      }
    }
    expect(tooLarge).toBeGreaterThan(5);
  });
});

class Large {
  storage = new MemoryStorage(LIVE_CODECS);
  readonly random = new Random(11, 1);

  constructor(fields: number) {
    for (let i = 0; i < fields; i++) this.apply(HASH_SET, [`f${i}`, `value ${i}`]);
  }

  apply(op: number, pieces: readonly (string | number)[]): void {
    new CollectionChange(this.storage, LIMITS).apply(
      SPACE, KEY, HASHES, deltaOf(op, pieces), this.random);
  }

  get hash(): LargeHash {
    const hash = hashOf(this.storage.find(SPACE, KEY, NEED_VALUE) as Found);
    if (!(hash instanceof LargeHash)) throw new Error('it is not large');
    return hash;
  }

  /** The same read from a base that is written now. */
  reread(): LargeHash {
    const base = this.hash.encodeBase();
    return LargeHash.ofBase(HASH, this.storage.blocks, base, 0, base.length);
  }
}

function timesOf({ directory }: LargeHash): unknown[] {
  return Array.from({ length: directory.length }, (_, entry) => directory.timesOf(entry));
}

describe('a large hash with fields that expire', () => {
  it('says the same of its blocks when they left RAM, and in a base', () => {
    const large = new Large(300);
    for (let i = 0; i < 20; i++) large.apply(HASH_EXPIRE, [`f${7 * i}`, 1000 + i]);
    const { hash } = large;
    const times = timesOf(hash);
    expect(times.filter((each) => each !== undefined).length).toBeGreaterThan(5);
    expect(times.some((each) => each === undefined)).toBe(true);
    expect(hash.soonestMs).toBe(1000);
    while (hash.release(2 ** 20, () => true) > 0);
    expect(hash.directory.peek(0)).toBeUndefined();
    expect(timesOf(hash)).toEqual(times);
    const again = large.reread();
    expect(timesOf(again)).toEqual(times);
    expect([again.soonestMs, again.size]).toEqual([1000, 300]);
  });

  it('without such fields has no more in its base than it had', () => {
    const large = new Large(300);
    const before = large.hash.encodeBase();
    large.apply(HASH_EXPIRE, ['f1', 1000]);
    expect(large.hash.encodeBase().length).toBeGreaterThan(before.length);
    large.apply(HASH_EXPIRE, ['f1', 0]);
    expect(large.hash.encodeBase().length).toBe(before.length);
  });

  it('does not know the times of blocks that were changed on the way back, until it reads them', () => {
    const large = new Large(300);
    for (let i = 0; i < 20; i++) large.apply(HASH_EXPIRE, [`f${7 * i}`, 1000 + i]);
    const times = timesOf(large.hash);
    large.storage = large.storage.reopened();
    const { hash } = large;
    expect(timesOf(hash)).toContainEqual({ count: -1, soonestMs: 0, latestMs: Infinity });
    const all = Array.from({ length: hash.partCount }, (_, part) => hash.expiredIn(part, 2000));
    expect(all.reduce((sum, count) => sum + count)).toBe(20);
    expect(timesOf(hash)).toEqual(times);
    hash.refreshTimes([]);
    expect(hash.soonestMs).toBe(1000);
  });

  it('counts no field that was removed since the base, on the way back', () => {
    const large = new Large(300);
    for (let i = 0; i < 200; i++) large.apply(HASH_EXPIRE, [`f${i}`, i < 100 ? 1000 : 2000]);
    const again = large.reread();
    const { deltas } = large.storage.spaces.get(SPACE)!.get('h')!;
    const before = deltas.length;
    for (let i = 0; i < 100; i++) large.apply(i % 2 > 0 ? HASH_REMOVE : HASH_SET,
      i % 2 > 0 ? [`f${i}`] : [`f${i}`, 'never']);
    for (const delta of deltas.slice(before)) again.applyDelta(delta, 0, delta.length);
    expect([large.hash, again].map((hash) => new UnexpiredFields(hash, 2000).size))
      .toEqual([150, 150]);
  });

  it('counts what has expired together without reading its blocks', () => {
    const large = new Large(300);
    for (let i = 0; i < 300; i++) if (i % 3 > 0) large.apply(HASH_EXPIRE, [`f${i}`, 1000]);
    const hash = large.reread();
    expect(hash.directory.peek(0)).toBeUndefined();
    const left = new UnexpiredFields(hash, 1000);
    expect([left.size, left.wholeSize]).toEqual([100, 300]);
    expect(hash.directory.peek(0)).toBeUndefined();
    const names = Array.from({ length: 100 }, (_, rank) => left.fieldAt(left.nth(rank)).latin1());
    expect(new Set(names)).toEqual(
      new Set(Array.from({ length: 100 }, (_, i) => `f${3 * i}`)));
  });

  it('keeps the expiries of fields when blocks are cut and joined', () => {
    const large = new Large(40);
    for (let i = 0; i < 40; i++) if (i % 2 > 0) large.apply(HASH_EXPIRE, [`f${i}`, 1000 + i]);
    for (let i = 40; i < 600; i++) large.apply(HASH_SET, [`f${i}`, 'another']);
    const most = large.hash.partCount;
    for (let i = 60; i < 600; i++) large.apply(HASH_REMOVE, [`f${i}`]);
    const { hash } = large;
    expect(hash.partCount).toBeLessThan(most);
    for (let i = 0; i < 40; i++) {
      const at = hash.find(ByteRange.ofText(`f${i}`));
      expect([hash.expiryAt(at), textAt(hash, `f${i}`)]).toEqual(
        [i % 2 > 0 ? 1000 + i : 0, `value ${i}`]);
    }
  });
});
