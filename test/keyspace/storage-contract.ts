/**
 * What every Storage must do, whatever keeps the records. Run on the store over a simulated and a
 * real disk (test/store/storage.test.ts) and on the in-memory one.
 */

import { describe, expect, it } from 'vitest';
import { HashBlock } from '../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import { LiveString } from '../../src/keyspace/live-string.ts';
import { pieceBytes, writePiece } from '../../src/keyspace/pieces.ts';
import { COLD, NEED_KEY, NEED_VALUE } from '../../src/keyspace/storage.ts';
import type { Found, Need, Storage } from '../../src/keyspace/storage.ts';
import { HASH, STRING } from '../../src/keyspace/value-type.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { Random } from '../../src/lib/random.ts';
import { EXPIRE_REWRITE_BYTES_MAX } from '../../src/store/limits.ts';
import { textAt } from './collection/hash-text.ts';

/** A storage under test; `settle` makes everything as cold as it gets. */
export interface StorageUnderTest {
  readonly storage: Storage;
  settle(): Promise<void>;
  close(): Promise<void>;
}

const SPACE = 1;
const at = (text: string): ByteRange => ByteRange.ofText(text);

type ContractTest = (
  title: string, body: (storage: Storage, subject: StorageUnderTest) => Promise<void>,
) => void;

export function describeStorage(name: string, make: () => Promise<StorageUnderTest>): void {
  const test: ContractTest = (title, body) => {
    it(title, async () => {
      const subject = await make();
      try {
        await body(subject.storage, subject);
      } finally {
        await subject.close();
      }
    });
  };

  describe(`${name}: numbers`, () => {
    test('a number is given once, also where nothing is appended between two', async (storage) => {
      const numbers = [storage.uniqueNumber(), storage.uniqueNumber()];
      for (let i = 0; i < 5; i++) {
        storage.put(SPACE, at('a'), at(`${i}`), 0, false);
        numbers.push(storage.uniqueNumber());
      }
      numbers.push(storage.uniqueNumber());
      expect(new Set(numbers).size).toBe(numbers.length);
    });
  });

  describe(`${name}: strings`, () => {
    test('a key that was never put is absent', async (storage) => {
      expect(storage.find(SPACE, at('a'), NEED_VALUE)).toBeUndefined();
      expect(storage.count(SPACE)).toBe(0);
      expect(storage.memoryUsage(SPACE, at('a'))).toBeUndefined();
    });

    test('a put is readable at once, and after it has gone cold', async (storage, subject) => {
      storage.put(SPACE, at('a'), at('one'), 5000, true);
      const check = ({ type, expireAt, value, raw, live }: Found): void => {
        expect([type, expireAt, value.text(), raw, live]).toEqual([STRING, 5000, 'one', true, undefined]);
      };
      check(mustFind(storage.find(SPACE, at('a'), NEED_VALUE)));
      expect(storage.memoryUsage(SPACE, at('a'))).toBeGreaterThanOrEqual(4);
      check(mustFind(await cold(subject, 'a')));
    });

    test('a second put replaces value, expiry and flag', async (storage, subject) => {
      storage.put(SPACE, at('a'), at('one'), 5000, true);
      storage.put(SPACE, at('a'), at('two'), 0, false);
      const { expireAt, value, raw } = mustFind(await cold(subject, 'a'));
      expect([expireAt, value.text(), raw]).toEqual([0, 'two', false]);
      expect([storage.count(SPACE), storage.countExpiring(SPACE)]).toEqual([1, 0]);
    });

    test('the same key in two spaces is two keys', async (storage, subject) => {
      storage.put(1, at('a'), at('one'), 0, false);
      storage.put(2, at('a'), at('two'), 0, false);
      expect(storage.remove(1, at('a'))).toBe(true);
      expect(storage.find(1, at('a'), NEED_VALUE)).toBeUndefined();
      expect(mustFind(await cold(subject, 'a', 2)).value.text()).toBe('two');
    });

    test('a range that is filled again after a find does not change what the find meant', async (storage) => {
      const key = at('a');
      expect(storage.find(SPACE, key, NEED_KEY)).toBeUndefined();
      key.buf.write('b');
      storage.put(SPACE, key, at('of b'), 0, false);
      expect(storage.find(SPACE, at('a'), NEED_KEY)).toBeUndefined();
      expect(mustFind(storage.find(SPACE, at('b'), NEED_VALUE)).value.text()).toBe('of b');
    });

    test('knows of a string how long it is at least, cold or not', async (storage, subject) => {
      const sizes = [0, 1, 100, 5000, 60_000, 3_000_000];
      const expectBounds = (prefix: string): void => {
        for (const size of sizes) {
          const least = storage.stringBytesMin(SPACE, at(`${prefix}${size}`), 4000);
          expect([prefix, size, least <= size, least >= size * 31 / 32 - 100]).toEqual(
            [prefix, size, true, true]);
        }
      };
      for (const size of sizes) {
        const value = new ByteRange(Buffer.alloc(size, 'x'));
        storage.put(SPACE, at(`put${size}`), value, 0, false);
        storage.put(SPACE, at(`expiring${size}`), value, 5000, false);
        storage.put(SPACE, at(`live${size}`), value, 0, false);
        storage.makeLive(SPACE, at(`live${size}`));
        const more = new ByteRange(LiveString.delta(0, Buffer.from('y'.repeat(size))));
        storage.change(SPACE, at(`live${size}`), more);
      }
      for (const prefix of ['put', 'expiring', 'live']) expectBounds(prefix);
      await subject.settle();
      for (const prefix of ['put', 'expiring', 'live']) expectBounds(prefix);
    });

    test('counts no bytes of what is absent, expired or no string', async (storage, subject) => {
      const long = new ByteRange(Buffer.alloc(5000, 'x'));
      storage.put(SPACE, at('expiring'), long, 5000, false);
      storage.putLive(SPACE, at('h'), hashOf(['f', 'v'.repeat(5000)]), 0);
      storage.put(2, at('elsewhere'), long, 0, false);
      for (const key of ['expiring', 'h', 'elsewhere', 'absent']) {
        expect([key, storage.stringBytesMin(SPACE, at(key), 5000)]).toEqual([key, 0]);
      }
      await subject.settle();
      for (const key of ['expiring', 'h', 'elsewhere', 'absent']) {
        expect([key, storage.stringBytesMin(SPACE, at(key), 5000)]).toEqual([key, 0]);
      }
      expect(storage.stringBytesMin(SPACE, at('expiring'), 4000)).toBeGreaterThan(4500);
      expect(storage.stringBytesMin(3, at('expiring'), 0)).toBe(0);
    });

    test('keys and values may be empty, binary and long', async (storage, subject) => {
      const keys = ['', '\0', '\u00ff\u00fe', 'k'.repeat(70_000)];
      for (const key of keys) storage.put(SPACE, at(key), at(`${key}!`), 0, false);
      storage.put(SPACE, at('large'), new ByteRange(Buffer.alloc(3_000_000, 'x')), 0, false);
      storage.put(SPACE, at('empty'), at(''), 0, false);
      for (const key of keys) expect(mustFind(await cold(subject, key)).value.text()).toBe(`${key}!`);
      expect(mustFind(await cold(subject, 'large')).value.length).toBe(3_000_000);
      expect(mustFind(await cold(subject, 'empty')).value.length).toBe(0);
    });
  });

  describe(`${name}: removal and expiry`, () => {
    test('a removed key is absent, and stays so', async (storage, subject) => {
      storage.put(SPACE, at('a'), at('one'), 9, false);
      expect(storage.remove(SPACE, at('a'))).toBe(true);
      expect(storage.remove(SPACE, at('a'))).toBe(false);
      expect(await cold(subject, 'a')).toBeUndefined();
      expect([storage.count(SPACE), storage.countExpiring(SPACE)]).toEqual([0, 0]);
    });

    test('an expiry can be set, changed and taken away, of small and large values', async (storage, subject) => {
      for (const bytes of [3, 100_000]) {
        const key = `of ${bytes}`;
        storage.put(SPACE, at(key), at('v'.repeat(bytes)), 0, false);
        await cold(subject, key);
        for (const expireAt of [5000, 2 ** 42 + 1, 0, 7001]) {
          await loaded(storage, key, NEED_KEY, () => storage.expire(SPACE, at(key), expireAt));
          const found = mustFind(await cold(subject, key));
          expect([found.expireAt, found.value.length]).toEqual([expireAt, bytes]);
        }
      }
      expect([storage.countExpiring(SPACE), storage.countAllExpiring()]).toEqual([2, 2]);
    });

    test('expired keys are found, and only they', async (storage) => {
      for (let i = 0; i < 100; i++) {
        storage.put(SPACE, at(`k${i}`), at('v'), i % 2 === 0 ? 1000 + i : 0, false);
      }
      const found = new Set<string>();
      for (let round = 0; round < 50; round++) {
        for (const key of await storage.findExpired(SPACE, 60_000, 7)) found.add(key.toString());
        for (const key of found) storage.remove(SPACE, at(key));
      }
      expect(found.size).toBe(50);
      expect(await storage.findExpired(SPACE, 900, 100)).toEqual([]);
    });

    test('a dropped space is empty, and can be used again', async (storage, subject) => {
      storage.put(1, at('a'), at('one'), 0, false);
      storage.put(1, at('b'), at('one'), 50, false);
      storage.put(2, at('a'), at('two'), 0, false);
      storage.dropSpace(1);
      expect([storage.count(1), storage.countExpiring(1), storage.count(2)]).toEqual([0, 0, 1]);
      expect(storage.countAllExpiring()).toBe(storage.countExpiring(2));
      expect(storage.find(1, at('a'), NEED_KEY)).toBeUndefined();
      storage.put(1, at('a'), at('again'), 0, false);
      expect(mustFind(await cold(subject, 'a', 1)).value.text()).toBe('again');
      expect(await cold(subject, 'b', 1)).toBeUndefined();
      expect(mustFind(await cold(subject, 'a', 2)).value.text()).toBe('two');
    });
  });

  describe(`${name}: live values`, () => {
    test('a collection takes deltas, cold or warm, and its expiry outlives them', async (storage, subject) => {
      storage.putLive(SPACE, at('h'), hashOf(['f', '1']), 0);
      await subject.settle();
      await loaded(storage, 'h', NEED_VALUE, () => storage.expire(SPACE, at('h'), 9000));
      for (let i = 0; i < 50; i++) {
        const delta = new ByteRange(hashSet([`f${i % 10}`, String(i)]));
        await loaded(storage, 'h', NEED_VALUE, () => storage.change(SPACE, at('h'), delta));
        if (i % 10 === 0) await subject.settle();
      }
      const { type, expireAt, live } = mustFind(await cold(subject, 'h'));
      expect([type, expireAt, live?.size]).toEqual([HASH, 9000, 11]);
      expect(textAt(live as HashBlock, 'f9')).toBe('49');
      expect(mustFind(storage.find(SPACE, at('h'), NEED_KEY)).type).toBe(HASH);
    });

    test('a value that is in RAM stays there when its expiry changes', async (storage, subject) => {
      const long = 'x'.repeat(EXPIRE_REWRITE_BYTES_MAX);
      storage.put(SPACE, at('s'), at(long), 0, false);
      storage.put(SPACE, at('changed'), at(long), 0, false);
      storage.putLive(SPACE, at('h'), hashOf(['f', long]), 0);
      await subject.settle();
      const keys = ['s', 'changed', 'h'].map((key) => (
        { space: SPACE, key: Buffer.from(key), need: NEED_VALUE } as const));
      const release = await storage.load(keys);
      storage.begin();
      for (const { key } of keys) storage.expire(SPACE, new ByteRange(key), 9000);
      for (const { key } of keys) expect(storage.mustLoad(SPACE, new ByteRange(key), NEED_VALUE)).toBe(false);
      const { value, expireAt } = mustFind(storage.find(SPACE, at('s'), NEED_VALUE));
      expect([value.text(), expireAt]).toEqual([long, 9000]);
      const { live } = mustFind(storage.find(SPACE, at('h'), NEED_VALUE));
      expect(textAt(live as HashBlock, 'f')).toBe(long);
      storage.makeLive(SPACE, at('changed'));
      storage.change(SPACE, at('changed'), new ByteRange(LiveString.delta(0, Buffer.from('y'))));
      release();
      const changed = mustFind(await cold(subject, 'changed'));
      expect([changed.value.text(), changed.expireAt]).toEqual([`y${long.slice(1)}`, 9000]);
    });

    test('a string made live takes deltas and reads as a string', async (storage, subject) => {
      storage.put(SPACE, at('s'), at('abc'), 77_000, false);
      const live = storage.makeLive(SPACE, at('s'));
      storage.change(SPACE, at('s'), new ByteRange(LiveString.delta(live.size, Buffer.from('def'))));
      storage.change(SPACE, at('s'), new ByteRange(LiveString.delta(8, Buffer.from('!'))));
      const { value, expireAt, raw } = mustFind(await cold(subject, 's'));
      expect([value.latin1(), expireAt, raw]).toEqual(['abcdef\0\0!', 77_000, true]);
    });

    test('a collection can become a string and the other way round', async (storage, subject) => {
      storage.putLive(SPACE, at('k'), hashOf(['f', '1']), 0);
      storage.put(SPACE, at('k'), at('text'), 0, false);
      expect(mustFind(await cold(subject, 'k')).value.text()).toBe('text');
      await loaded(storage, 'k', NEED_KEY, () => storage.putLive(SPACE, at('k'), hashOf(['g', '2']), 0));
      expect(mustFind(await cold(subject, 'k')).live?.size).toBe(1);
      await loaded(storage, 'k', NEED_KEY, () => storage.remove(SPACE, at('k')));
      expect(await cold(subject, 'k')).toBeUndefined();
    });
  });

  for (const isOrdered of [false, true]) {
    describeVersions(name, (title, body) => test(title, async (storage, subject) => {
      if (isOrdered) storage.logIndex = 1000;
      await body(storage, subject);
    }), isOrdered);
  }

  describe(`${name}: walks`, () => {
    test('a scan returns each key that stays, whatever comes and goes meanwhile', async (storage, subject) => {
      for (let i = 0; i < 500; i++) storage.put(SPACE, at(`stay${i}`), at('v'), 0, false);
      await subject.settle();
      const seen = new Set<string>();
      let cursor = 0;
      let round = 0;
      do {
        const page = await storage.scan(SPACE, cursor, 20);
        for (const { key, type } of page.keys) {
          expect(type).toBe(STRING);
          seen.add(key.toString());
        }
        cursor = page.cursor;
        storage.put(SPACE, at(`come${round}`), at('v'), 0, false);
        round += 1;
      } while (cursor !== 0);
      for (let i = 0; i < 500; i++) expect(seen.has(`stay${i}`)).toBe(true);
    });

    test('the average time to live is that of the keys that expire', async (storage, subject) => {
      const now = Date.UTC(2026, 0, 1);
      expect(storage.averageTtlMs(SPACE, now)).toBe(0);
      storage.put(SPACE, at('for ever'), at('v'), 0, false);
      expect(storage.averageTtlMs(SPACE, now)).toBe(0);
      storage.put(SPACE, at('soon'), at('v'), now + 10_000, false);
      storage.put(SPACE, at('late'), at('v'), now + 30_000, false);
      await subject.settle();
      const mean = storage.averageTtlMs(SPACE, now);
      expect(mean).toBeGreaterThanOrEqual(20_000);
      expect(mean).toBeLessThanOrEqual(21_000);
      storage.put(SPACE, at('gone'), at('v'), now - 60_000, false);
      expect(storage.averageTtlMs(SPACE, now)).toBeLessThanOrEqual(14_000);
    });

    test('a random key is one of the keys, and each of few comes up', async (storage, subject) => {
      const random = new Random(1, 2);
      expect(await storage.randomKey(SPACE, () => random.float())).toBeUndefined();
      for (const key of ['a', 'b', 'c']) storage.put(SPACE, at(key), at('v'), 4000, false);
      await subject.settle();
      const seen = new Set<string>();
      for (let i = 0; i < 200; i++) {
        const key = await storage.randomKey(SPACE, () => random.float());
        expect(key?.expireAt).toBe(4000);
        seen.add(key!.key.toString());
      }
      expect([...seen].sort()).toEqual(['a', 'b', 'c']);
    });
  });

  describe(`${name}: taking back`, () => {
    test('undoes every kind of change since the mark, and none before', async (storage, subject) => {
      for (const key of ['put', 'removed', 'expires', 'grows']) {
        storage.put(SPACE, at(key), at(`${key} before`), key === 'expires' ? 9000 : 0, false);
      }
      storage.put(SPACE + 1, at('dropped'), at('kept'), 0, false);
      const mark = storage.mark();
      storage.put(SPACE, at('put'), at('after'), 7000, false);
      storage.put(SPACE, at('new'), at('after'), 7000, false);
      storage.remove(SPACE, at('removed'));
      storage.expire(SPACE, at('expires'), 0);
      storage.makeLive(SPACE, at('grows'));
      storage.change(SPACE, at('grows'), new ByteRange(LiveString.delta(5, Buffer.from(' AFTER'))));
      storage.dropSpace(SPACE + 1);
      storage.takeBack(mark);
      expect([storage.count(SPACE), storage.countExpiring(SPACE)]).toEqual([4, 1]);
      for (const key of ['put', 'removed', 'expires', 'grows']) {
        expect(mustFind(await cold(subject, key)).value.text()).toBe(`${key} before`);
      }
      expect(mustFind(await cold(subject, 'expires')).expireAt).toBe(9000);
      expect(await cold(subject, 'new')).toBeUndefined();
      expect(mustFind(await cold(subject, 'dropped', SPACE + 1)).value.text()).toBe('kept');
    });

    test('goes back to an inner mark, then to an outer one, and tells its owner', async (storage) => {
      let told = 0;
      storage.onTakenBack = () => void (told += 1);
      const outer = storage.mark();
      storage.put(SPACE, at('a'), at('1'), 0, false);
      const inner = storage.mark();
      storage.put(SPACE, at('a'), at('2'), 0, false);
      storage.takeBack(inner);
      expect(mustFind(storage.find(SPACE, at('a'), NEED_VALUE)).value.text()).toBe('1');
      storage.put(SPACE, at('a'), at('3'), 0, false);
      storage.takeBack(outer);
      expect(storage.find(SPACE, at('a'), NEED_VALUE)).toBeUndefined();
      expect(told).toBe(2);
    });
  });
}

/** Versions, of a storage that is alone and of one that takes part in an order. */
function describeVersions(name: string, test: ContractTest, isOrdered: boolean): void {
  /** The next entry runs; alone nothing says so. */
  const next = (storage: Storage): void => {
    if (isOrdered) storage.logIndex += 100;
  };

  describe(`${name}: versions ${isOrdered ? 'with peers' : 'alone'}`, () => {
    test('a version moves with each change, and with nothing else', async (storage, subject) => {
      const seen = new Set<number>([0]);
      const long = 'v'.repeat(EXPIRE_REWRITE_BYTES_MAX + 1);
      const changes: readonly ((key: string) => void)[] = [
        (key) => storage.put(SPACE, at(key), at('one'), 0, false),
        (key) => storage.expire(SPACE, at(key), 5000),
        (key) => storage.put(SPACE, at(key), at(long), 0, false),
        (key) => storage.expire(SPACE, at(key), 6000),
        (key) => storage.expire(SPACE, at(key), 0),
        (key) => {
          storage.makeLive(SPACE, at(key));
          storage.change(SPACE, at(key), new ByteRange(LiveString.delta(0, Buffer.from('x'))));
        },
        (key) => storage.change(SPACE, at(key), new ByteRange(LiveString.delta(1, Buffer.from('y')))),
        (key) => storage.putLive(SPACE, at(key), hashOf(['f', '1']), 0),
        (key) => storage.change(SPACE, at(key), new ByteRange(hashSet(['g', long]))),
        (key) => storage.expire(SPACE, at(key), 7000),
        (key) => storage.change(SPACE, at(key), new ByteRange(hashSet(['g', '2']))),
      ];
      expect(storage.version(SPACE, at('k'))).toBe(0);
      for (const [i, change] of changes.entries()) {
        next(storage);
        await loaded(storage, 'k', NEED_VALUE, () => change('k'));
        const version = storage.version(SPACE, at('k')) as number;
        if (isOrdered) expect([i, version]).toEqual([i, storage.logIndex]);
        expect([i, seen.has(version)]).toEqual([i, false]);
        seen.add(version);
        next(storage);
        expect([i, await coldVersion(subject, 'k', NEED_KEY)]).toEqual([i, version]);
        expect([i, await coldVersion(subject, 'k', NEED_VALUE)]).toEqual([i, version]);
      }
      await loaded(storage, 'k', NEED_KEY, () => storage.remove(SPACE, at('k')));
      expect(await coldVersion(subject, 'k', NEED_KEY)).toBe(0);
    });

    test('a base that is written again keeps the version', async (storage, subject) => {
      storage.putLive(SPACE, at('h'), hashOf(['f', '1']), 0);
      for (let i = 0; i < 40; i++) {
        next(storage);
        const delta = new ByteRange(hashSet([`f${i % 4}`, 'v'.repeat(2000)]));
        await loaded(storage, 'h', NEED_VALUE, () => storage.change(SPACE, at('h'), delta));
        const version = storage.version(SPACE, at('h'));
        next(storage);
        expect(await coldVersion(subject, 'h', NEED_KEY)).toBe(version);
      }
    });

    test('a change that follows a read of the version is another one', async (storage) => {
      storage.putLive(SPACE, at('h'), hashOf(['f', '1']), 0);
      const versions = new Set<unknown>();
      for (let i = 0; i < 5; i++) {
        next(storage);
        storage.change(SPACE, at('h'), new ByteRange(hashSet(['f', String(i)])));
        versions.add(storage.version(SPACE, at('h')));
        expect(storage.version(SPACE, at('h'))).toBe([...versions].at(-1));
      }
      expect(versions.size).toBe(5);
    });

    test('deltas that two entries made are not one change', async (storage, subject) => {
      next(storage);
      storage.putLive(SPACE, at('h'), hashOf(['f', '1']), 0);
      storage.putLive(SPACE, at('g'), hashOf(['f', '1']), 0);
      storage.change(SPACE, at('h'), new ByteRange(hashSet(['f', '2'])));
      const first = storage.logIndex;
      next(storage);
      storage.change(SPACE, at('g'), new ByteRange(hashSet(['f', '2'])));
      if (!isOrdered) return;
      expect(await coldVersion(subject, 'h', NEED_KEY)).toBe(first);
      expect(await coldVersion(subject, 'g', NEED_KEY)).toBe(storage.logIndex);
    });

    test('a dropped space has no versions, and later ones are new', async (storage, subject) => {
      storage.put(SPACE, at('a'), at('one'), 0, false);
      const version = storage.version(SPACE, at('a'));
      next(storage);
      storage.dropSpace(SPACE);
      expect(storage.version(SPACE, at('a'))).toBe(0);
      storage.put(SPACE, at('a'), at('one'), 0, false);
      expect([0, version]).not.toContain(await coldVersion(subject, 'a', NEED_KEY));
    });

    test('a key that changed before the order, or in it, has version 1 beyond', async (storage, subject) => {
      storage.put(SPACE, at('s'), at('one'), 0, false);
      storage.putLive(SPACE, at('h'), hashOf(['f', '1']), 0);
      await subject.settle();
      await loaded(storage, 'h', NEED_VALUE, () =>
        storage.change(SPACE, at('h'), new ByteRange(hashSet(['f', '2']))));
      storage.logIndex = isOrdered ? 0 : 500;
      for (const key of ['s', 'h']) expect(await coldVersion(subject, key, NEED_KEY)).toBe(1);
      await loaded(storage, 's', NEED_KEY, () => storage.put(SPACE, at('s'), at('two'), 0, false));
      const version = await coldVersion(subject, 's', NEED_KEY);
      if (isOrdered) expect(version).toBeGreaterThan(1);
      else expect(version).toBe(500);
    });
  });
}

/** The key's version after everything went cold, loaded as far as `need` says. */
async function coldVersion(subject: StorageUnderTest, key: string, need: Need): Promise<unknown> {
  await subject.settle();
  const release = await subject.storage.load([{ space: SPACE, key: Buffer.from(key), need }]);
  const version = subject.storage.version(SPACE, at(key));
  release();
  return version;
}

/** The key as it is found after everything went cold, loaded if need be. */
async function cold(subject: StorageUnderTest, key: string, space = SPACE,
  need: Need = NEED_VALUE): Promise<Found | undefined> {
  await subject.settle();
  const release = await subject.storage.load([{ space, key: Buffer.from(key), need }]);
  const found = subject.storage.find(space, at(key), need);
  release();
  if (found === COLD) throw new Error(`${key} is cold although it was loaded`);
  return found;
}

/** Changes a key that may be cold. */
async function loaded(storage: Storage, key: string, need: Need, change: () => unknown): Promise<void> {
  const release = await storage.load([{ space: SPACE, key: Buffer.from(key), need }]);
  change();
  release();
}

function mustFind(found: ReturnType<Storage['find']>): Found {
  if (found === undefined || found === COLD) throw new Error('the key is absent or cold');
  return found;
}

function hashOf(pairs: readonly string[]): HashBlock {
  const hash = new HashBlock(HASH);
  const delta = hashSet(pairs);
  hash.applyDelta(delta, 0, delta.length);
  return hash;
}

function hashSet(pairs: readonly string[]): Buffer {
  const delta = Buffer.alloc(1 + pairs.reduce((sum, part) => sum + pieceBytes(part.length), 0));
  delta[0] = HASH_SET;
  pairs.reduce((offset, part) => writePiece(delta, offset, part), 1);
  return delta;
}
