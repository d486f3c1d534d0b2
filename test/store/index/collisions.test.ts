import { describe, expect, it } from 'vitest';
import { NEED_KEY, NEED_VALUE } from '../../../src/keyspace/storage.ts';
import { KeyHash } from '../../../src/lib/key-hash.ts';
import { Random } from '../../../src/lib/random.ts';
import { turns } from '../../cluster/cluster-layer.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { MIB, fetch, open, put, range, set, text } from '../helpers.ts';

/** Keys with equal 48-bit hashes under the seed that the tests' stores have; found by search. */
const PAIRS = [
  ['c3257982', 'c4681183'], ['c14785442', 'c63472763'], ['c18046790', 'c30687217'],
] as const;
const COLD = { memoryBytes: 2 * MIB, readCacheBytes: 0, hotTailBytes: MIB };

function hashOf(key: string): string {
  const hasher = new KeyHash({ a: 0x12345678, b: 0x9abcdef0 });
  const bytes = Buffer.from(key);
  hasher.hash(bytes, 0, bytes.length);
  return `${hasher.hi & 0xffff} ${hasher.lo}`;
}

describe('two keys with the same hash', () => {
  it('have it', () => {
    for (const [a, b] of PAIRS) expect(hashOf(a)).toBe(hashOf(b));
  });

  it('are two keys, after a crash and a rebuild from hints as well', async () => {
    const clock = new SimClock();
    let disk = new SimFiles();
    let store = await open({ files: disk, clock });
    for (const [a, b] of PAIRS) {
      put(store, a, `value of ${a}`);
      put(store, b, `value of ${b}`, 5000);
    }
    const [removedFirst, other] = PAIRS[1];
    expect(store.remove(1, range(removedFirst))).toBe(true);
    put(store, PAIRS[2][0], 'newer');
    store.commit();
    await store.flushAndSync();
    for (let life = 0; life < 3; life += 1) {
      disk = disk.crash(new Random(1, life), 'forgetful');
      store = await open({ files: disk, clock, options: COLD });
      expect(await text(store, PAIRS[0][0])).toBe(`value of ${PAIRS[0][0]}`);
      expect(await text(store, PAIRS[0][1])).toBe(`value of ${PAIRS[0][1]}`);
      expect(await text(store, removedFirst)).toBeUndefined();
      expect((await fetch(store, other))?.expireAt).toBe(5000);
      expect(await text(store, PAIRS[2][0])).toBe('newer');
      expect(await text(store, PAIRS[2][1])).toBe(`value of ${PAIRS[2][1]}`);
      expect(store.count(1)).toBe(life === 0 ? 5 : 6);
      await set(store, 'filler', `life ${life}`);
      store.commit();
      await store.flushAndSync();
    }
  });

  it('are told apart when one of them is cold: an overwrite never hits the other', async () => {
    const [a, b] = PAIRS[0];
    const clock = new SimClock();
    let disk = new SimFiles();
    const before = await open({ files: disk, clock });
    put(before, a, 'of a');
    before.commit();
    await before.flushAndSync();
    disk = disk.crash(new Random(1, 1), 'forgetful');
    const store = await open({ files: disk, clock, options: COLD });
    const release = await store.load([{ space: 1, key: Buffer.from(b), need: NEED_KEY }]);
    expect(store.find(1, range(b), NEED_VALUE)).toBeUndefined();
    put(store, b, 'of b');
    release();
    expect(await text(store, a)).toBe('of a');
    expect(await text(store, b)).toBe('of b');
    expect(store.count(1)).toBe(2);
  });

  it('are read from the disk on the serving thread only as far as they are cold', async () => {
    const [a, b] = PAIRS[0];
    const clock = new SimClock();
    const disk = new SimFiles();
    const before = await open({ files: disk, clock });
    put(before, a, 'of a');
    put(before, b, 'of b');
    await clock.passUntil(before.close());
    const store = await open({ files: disk, clock, options: { ...COLD, directIo: true } });
    // The one is written again, and so in RAM.
    await set(store, b, 'newer');
    store.begin();
    let reads = 0;
    disk.onOperation = (op) => {
      reads += Number(op === 'read');
    };
    expect(store.mustLoad(1, range(a), NEED_VALUE)).toBe(false);
    expect([await text(store, a), await text(store, b), reads]).toEqual(['of a', 'newer', 1]);
  });

  it('hold no memory when one of them cannot be read, and both can later', async () => {
    const [a, b] = PAIRS[0];
    const clock = new SimClock();
    let disk = new SimFiles();
    const before = await open({ files: disk, clock });
    for (const key of [a, b]) put(before, key, `of ${key}`);
    before.commit();
    await before.flushAndSync();
    disk = disk.crash(new Random(1, 1), 'forgetful');
    const store = await open({ files: disk, clock, options: { ...COLD, hotTailBytes: 0 } });
    await set(store, 'filler', 'x'.repeat(MIB));
    store.commit();
    await store.flushAndSync();
    const { loaded } = store.memory();
    const keys = [{ space: 1, key: Buffer.from(a), need: NEED_VALUE }] as const;
    // The two reads end in any order.
    for (let i = 0; i < 8; i += 1) {
      disk.fail({ op: 'read', path: '.pack', code: 'EIO' });
      await expect(store.load(keys)).rejects.toMatchObject({ code: 'FAILED' });
      disk.heal();
      await turns(10);
      expect(store.memory().loaded).toBe(loaded);
    }
    for (const key of [a, b]) expect(await text(store, key)).toBe(`of ${key}`);
    expect(store.memory().loaded).toBe(loaded);
  });

  it('are both taken to be as long at least as the shorter', async () => {
    const [a, b] = PAIRS[0];
    const store = await open({ files: new SimFiles(), clock: new SimClock() });
    put(store, a, 'x'.repeat(50_000));
    for (const key of [a, b]) expect(store.stringBytesMin(1, range(key), 0)).toBeGreaterThan(48_000);
    put(store, b, 'short');
    for (const key of [a, b]) expect(store.stringBytesMin(1, range(key), 0)).toBeLessThan(6);
  });
});
