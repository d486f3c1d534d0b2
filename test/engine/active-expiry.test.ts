import { describe, expect, it } from 'vitest';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import { Random } from '../../src/lib/random.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import type { KeyToLoad } from '../../src/keyspace/storage.ts';
import { ActiveExpiry, EXPIRY_BATCH_KEYS, type ExpiryHost } from '../../src/engine/active-expiry.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';

const NOW = 1_700_000_000_000;

class World {
  readonly storage = new MemoryStorage();
  readonly keyspace = new Keyspace(this.storage, {
    notify: () => {},
  });
  mayRun = true;
  yields = 0;
  mayExpire = true;
  runInternal = (work: () => void): void => {
    this.keyspace.now = NOW;
    if (this.mayRun) work();
  };
  /** With peers. */
  expire: ExpiryHost['expire'];
  readonly expiry = new ActiveExpiry(this.#host());

  #host(): ExpiryHost {
    const host = {
      keyspace: this.keyspace, nowMs: () => NOW, expire: undefined, expireFields: undefined,
      random: new Random(1, 2), yieldToLoop: async () => void this.yields++,
      runInternal: (work: () => void) => this.runInternal(work),
      mayExpire: () => this.mayExpire,
    };
    return Object.defineProperty(host, 'expire', { get: () => this.expire });
  }

  put(name: string, expireAt: number, db = 0): void {
    this.keyspace.db(db).put(ByteRange.ofText(name), ByteRange.ofText('v'), expireAt);
  }
}

describe('active expiry', () => {
  it('removes what has expired in every database, and nothing else', async () => {
    const world = new World();
    world.put('old', NOW - 1);
    world.put('young', NOW + 1);
    world.put('eternal', 0);
    world.put('old', NOW - 1, 5);
    expect(await world.expiry.cycle(1)).toBe(2);
    expect(world.keyspace.db(0).count()).toBe(2);
    expect(world.keyspace.db(5).count()).toBe(0);
  });

  it('looks for nothing where another peer does', async () => {
    const world = new World();
    world.put('old', NOW - 1);
    world.mayExpire = false;
    expect(await world.expiry.cycle(1)).toBe(0);
    world.mayExpire = true;
    expect(await world.expiry.cycle(1)).toBe(1);
  });

  it('goes on while many have expired, longer with more effort, but not for ever', async () => {
    const world = new World();
    for (let i = 0; i < EXPIRY_BATCH_KEYS * 20; i++) world.put(`k${i}`, NOW - 1);
    const first = await world.expiry.cycle(1);
    expect(first).toBeGreaterThan(EXPIRY_BATCH_KEYS);
    expect(first).toBeLessThan(EXPIRY_BATCH_KEYS * 20);
    // What waits is served in between.
    expect(world.yields).toBe(first / EXPIRY_BATCH_KEYS);
    expect(await world.expiry.cycle(10)).toBe(EXPIRY_BATCH_KEYS * 20 - first);
  });

  it('removes the others when the record of one is damaged', async () => {
    const world = new World();
    for (const name of ['a', 'bad', 'c']) world.put(name, NOW - 1);
    world.storage.coldKeys.add('bad');
    const load = world.storage.load.bind(world.storage);
    world.storage.findNow = () => {
      throw new Error('damaged');
    };
    world.storage.load = async (keys: readonly KeyToLoad[]) => {
      if (keys.some(({ key }) => key.toString() === 'bad')) throw new Error('damaged');
      return load(keys);
    };
    expect(await world.expiry.cycle(1)).toBe(2);
    expect(world.keyspace.db(0).count()).toBe(1);
  });

  it('leaves everything for the next cycle when it may not write now', async () => {
    const world = new World();
    world.put('a', NOW - 1);
    world.mayRun = false;
    expect(await world.expiry.cycle(1)).toBe(0);
    world.mayRun = true;
    expect(await world.expiry.cycle(1)).toBe(1);
  });

  it('changes nothing after stop, even in a cycle under way', async () => {
    const world = new World();
    world.put('a', NOW - 1);
    const cycle = world.expiry.cycle(1);
    world.expiry.stop();
    expect(await cycle).toBe(0);
    expect(await world.expiry.cycle(1)).toBe(0);
    expect(world.keyspace.db(0).count()).toBe(1);
  });

  it('runs one cycle at a time, and none while it is off', async () => {
    const world = new World();
    world.put('a', NOW - 1);
    expect(await Promise.all([world.expiry.cycle(1), world.expiry.cycle(1)])).toEqual([1, 0]);
    world.put('a', NOW - 1);
    world.expiry.isOn = false;
    expect(await world.expiry.cycle(1)).toBe(0);
  });

  it('goes on with the next cycle after one that threw, and holds no key', async () => {
    const world = new World();
    const { storage } = world;
    let held = 0;
    const load = storage.load.bind(storage);
    storage.load = async (keys: readonly KeyToLoad[]) => {
      const release = await load(keys);
      held += 1;
      return () => {
        held -= 1;
        release();
      };
    };
    world.put('a', NOW - 1);
    const { runInternal } = world;
    world.runInternal = () => {
      throw new Error('the log is gone');
    };
    await expect(world.expiry.cycle(1)).rejects.toThrow('the log is gone');
    expect(held).toBe(0);
    storage.findExpired = async () => {
      throw new Error('the disk is gone');
    };
    await expect(world.expiry.cycle(1)).rejects.toThrow('the disk is gone');
    Reflect.deleteProperty(storage, 'findExpired');
    world.runInternal = runInternal;
    expect(await world.expiry.cycle(1)).toBe(1);
    expect(held).toBe(0);
  });

  it('takes no more than a batch at once, and looks again only behind a full one', async () => {
    const world = new World();
    for (let i = 0; i < EXPIRY_BATCH_KEYS + 1; i++) world.put(`k${i}`, NOW - 1);
    const find = world.storage.findExpired.bind(world.storage);
    const found: number[] = [];
    world.storage.findExpired = async (...asked) => {
      const keys = await find(...asked);
      found.push(keys.length);
      return keys;
    };
    expect(await world.expiry.cycle(1)).toBe(EXPIRY_BATCH_KEYS + 1);
    expect(found).toEqual([EXPIRY_BATCH_KEYS, 1]);
  });

  it('leaves a database alone that was exchanged meanwhile', async () => {
    const world = new World();
    world.put('a', NOW - 1);
    world.put('b', NOW - 1, 1);
    const load = world.storage.load.bind(world.storage);
    let swaps = 1;
    world.storage.load = async (keys: readonly KeyToLoad[]) => {
      if (swaps-- > 0) world.keyspace.swap(0, 1);
      return load(keys);
    };
    // `a` is in database 1 now, which is looked at next; `b` waits for the next cycle.
    expect(await world.expiry.cycle(1)).toBe(1);
    expect(world.keyspace.db(0).count()).toBe(1);
    expect(await world.expiry.cycle(1)).toBe(1);
  });

  it('asks the other peers, and counts what one of them was to remove', async () => {
    const world = new World();
    const asked: string[] = [];
    let answer: boolean | Error = true;
    world.expire = async (db, keys) => {
      asked.push(`${db} ${keys.map(String).join()}`);
      if (answer instanceof Error) throw answer;
      return answer;
    };
    world.put('a', NOW - 1);
    world.put('b', NOW - 1, 3);
    expect(await world.expiry.cycle(1)).toBe(2);
    expect(asked).toEqual(['0 a', '3 b']);
    answer = false;
    expect(await world.expiry.cycle(1)).toBe(0);
    answer = new Error('no majority');
    await expect(world.expiry.cycle(1)).rejects.toThrow('no majority');
    answer = true;
    expect(await world.expiry.cycle(1)).toBe(2);
    expect(world.keyspace.db(0).count()).toBe(1);
  });
});
