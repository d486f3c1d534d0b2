import { describe, expect, it } from 'vitest';
import { ActiveExpiry, type ExpiryHost } from '../../src/engine/active-expiry.ts';
import { EXPIRY_BATCH_FIELDS } from '../../src/engine/field-expiry.ts';
import { LIVE_CODECS } from '../../src/keyspace/codecs.ts';
import { HASH_EXPIRE, HASH_REMOVE, HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import { HASHES } from '../../src/keyspace/collection/hash/hash-type.ts';
import { hashOf } from '../../src/keyspace/collection/hash/hashes.ts';
import { removeExpiredFields, type ExpiredOfHash } from '../../src/keyspace/expired-fields.ts';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import { DeltaWriter } from '../../src/keyspace/pieces.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { Random } from '../../src/lib/random.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';

const NOW = 1_700_000_000_000;
const LIMITS = { mediumBytesMax: 1500, blockBytesMax: 900, blockBytesMin: 120 };
const random = new Random(5, 5);

class World {
  readonly storage = new MemoryStorage(LIVE_CODECS);
  readonly notified: string[] = [];
  readonly keyspace = new Keyspace(this.storage, {
    notify: (_kind, event, db, key) => void this.notified.push(`${event} ${key.latin1()}@${db}`),
  }, LIMITS);
  readonly db = this.keyspace.db(0);
  batches = 0;
  yields = 0;
  mayExpire = true;
  readonly expiry: ActiveExpiry;

  constructor(expireFields?: ExpiryHost['expireFields']) {
    this.keyspace.now = NOW;
    this.expiry = new ActiveExpiry({
      keyspace: this.keyspace, nowMs: () => NOW, expire: undefined, expireFields, random,
      mayExpire: () => this.mayExpire, yieldToLoop: async () => void this.yields++,
      runInternal: (work: () => void) => {
        this.batches++;
        work();
      },
    });
  }

  set(key: string, fields: readonly string[]): void {
    const delta = new DeltaWriter();
    delta.begin(HASH_SET);
    for (const field of fields) {
      delta.latin1(field);
      delta.latin1('value');
    }
    this.db.changeCollection(ByteRange.ofText(key), HASHES, delta.finish(), random);
  }

  expire(key: string, fields: readonly string[], at: number): void {
    const delta = new DeltaWriter();
    delta.begin(HASH_EXPIRE);
    for (const field of fields) {
      delta.latin1(field);
      delta.number(at);
    }
    this.db.expireFields(ByteRange.ofText(key), HASHES, delta.finish(), at, random);
  }

  remove(key: string, field: string): void {
    const delta = new DeltaWriter();
    delta.begin(HASH_REMOVE);
    delta.latin1(field);
    this.db.changeCollection(ByteRange.ofText(key), HASHES, delta.finish(), random);
  }

  /** With those that have expired. */
  sizeOf(key: string): number {
    const found = this.db.findStored(ByteRange.ofText(key));
    return found === undefined ? 0 : hashOf(found).size;
  }
}

function names(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, i) => `f${first + i}`);
}

describe('expiry of fields that no one asks for', () => {
  it('removes them from hashes of every size, and hashes that have no other', async () => {
    const world = new World();
    for (const [key, size] of [['small', 4], ['medium', 50], ['large', 400]] as const) {
      world.set(key, names(size));
      world.expire(key, names(size / 2), NOW);
      world.expire(key, names(1, size - 1), NOW + 1);
    }
    world.set('whole', names(400));
    world.expire('whole', names(400), NOW - 5);
    world.set('young', names(3));
    world.expire('young', names(3), NOW + 1);
    expect(await world.expiry.cycle(1)).toBeGreaterThan(0);
    expect(['small', 'medium', 'large', 'whole', 'young'].map((key) => world.sizeOf(key)))
      .toEqual([2, 25, 200, 0, 3]);
    expect(world.keyspace.stats.expiredFields).toBe(2 + 25 + 200 + 400);
    expect(world.notified).toContain('del whole@0');
    expect(world.notified.filter((each) => each.startsWith('del'))).toEqual(['del whole@0']);
    // What is left to expire is noted, and nothing else is.
    expect(world.db.countExpiringHashes()).toBe(4);
    expect(await world.db.findExpiringHashes(NOW, 10)).toEqual([]);
    expect(await world.expiry.cycle(1)).toBe(0);
  });

  it('removes a bounded number in one batch, and some batches in one cycle', async () => {
    const world = new World();
    world.set('h', names(5000));
    world.expire('h', names(4999), NOW);
    await world.expiry.cycle(1);
    const removed = 5000 - world.sizeOf('h');
    expect(removed).toBe(world.batches * EXPIRY_BATCH_FIELDS);
    expect(world.batches).toBe(8);
    // What waits is served in between.
    expect(world.yields).toBe(8);
    while (await world.expiry.cycle(2) > 0);
    expect(world.sizeOf('h')).toBe(1);
    expect(world.db.countExpiringHashes()).toBe(0);
  });

  it('notes anew when fields expire, where the first of them is gone', async () => {
    const world = new World();
    world.set('h', names(4));
    world.expire('h', ['f0'], NOW - 5);
    world.expire('h', ['f1'], NOW + 7);
    world.remove('h', 'f0');
    expect(await world.db.findExpiringHashes(NOW, 10)).toHaveLength(1);
    await world.expiry.cycle(1);
    expect(await world.db.findExpiringHashes(NOW + 6, 10)).toEqual([]);
    expect(await world.db.findExpiringHashes(NOW + 7, 10)).toHaveLength(1);
    expect(world.notified).toEqual([]);
  });

  it('leaves a hash that cannot be read, and removes what has expired of others', async () => {
    const world = new World();
    for (const key of ['bad', 'good']) {
      world.set(key, names(4));
      world.expire(key, names(2), NOW);
    }
    const load = world.storage.load.bind(world.storage);
    world.storage.load = async (keys) => {
      if (keys.some(({ key }) => key.toString() === 'bad')) throw new Error('damaged');
      return await load(keys);
    };
    await world.expiry.cycle(1);
    expect([world.sizeOf('bad'), world.sizeOf('good')]).toEqual([4, 2]);
  });

  it('names fields of a bounded number of bytes in one batch, or one that has more', async () => {
    const batches: number[][] = [];
    const world = new World(async (_db, hashes) => {
      batches.push(hashes.flatMap(({ fields }) => fields.map(({ length }) => length)));
      for (const { key, fields } of hashes) {
        const named = fields.map((field) => new ByteRange(field));
        removeExpiredFields(world.db, new ByteRange(key), named, NOW, random);
      }
      return true;
    });
    const sizes = [700_000, 600_000, 2_000_000, 300_000, 200_000];
    const all = sizes.map((bytes) => 'f'.repeat(bytes));
    world.set('h', [...all, 'stays']);
    world.expire('h', all, NOW);
    while (await world.expiry.cycle(1) > 0);
    expect(world.sizeOf('h')).toBe(1);
    expect(batches.flat().toSorted()).toEqual(sizes.toSorted());
    for (const batch of batches) {
      const bytes = batch.reduce((sum, length) => sum + length, 0);
      expect(bytes <= 1024 * 1024 || batch.length === 1, `${batch}`).toBe(true);
    }
  });

  it('with peers names the fields, and does so on one of the peers alone', async () => {
    const asked: ExpiredOfHash[] = [];
    const world = new World(async (_db, hashes) => {
      asked.push(...hashes);
      return asked.length < 2;
    });
    world.set('h', names(6));
    world.expire('h', ['f1', 'f4'], NOW);
    world.expire('h', ['f5'], NOW + 1);
    world.mayExpire = false;
    await world.expiry.cycle(1);
    expect(asked).toEqual([]);
    world.mayExpire = true;
    await world.expiry.cycle(1);
    expect(asked).toEqual(
      [{ key: Buffer.from('h'), fields: [Buffer.from('f1'), Buffer.from('f4')] }]);
    expect([world.batches, world.sizeOf('h')]).toEqual([0, 6]);
  });

  it('removes of what was named only what has expired by the time of the order', () => {
    const world = new World();
    world.set('h', names(4));
    world.expire('h', ['f0'], NOW);
    world.expire('h', ['f1'], NOW + 1);
    const named = ['f0', 'f1', 'f2', 'none'].map((name) => ByteRange.ofText(name));
    removeExpiredFields(world.db, ByteRange.ofText('h'), named, NOW, random);
    expect(world.sizeOf('h')).toBe(3);
    removeExpiredFields(world.db, ByteRange.ofText('none'), named, NOW, random);
    expect(world.notified).toEqual(['hexpired h@0']);
  });
});
