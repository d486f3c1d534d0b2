import { describe, expect, it } from 'vitest';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import type { KeyToLoad } from '../../src/keyspace/storage.ts';
import { ActiveExpiry, EXPIRY_BATCH_KEYS } from '../../src/engine/active-expiry.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';

const NOW = 1_700_000_000_000;

class World {
  readonly storage = new MemoryStorage();
  readonly keyspace = new Keyspace(this.storage, {
    notify: () => {},
  });
  mayRun = true;
  readonly expiry = new ActiveExpiry({
    keyspace: this.keyspace,
    runInternal: (work) => {
      this.keyspace.now = NOW;
      if (this.mayRun) work();
    },
    expire: undefined,
    nowMs: () => NOW,
  });

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

  it('goes on while many have expired, longer with more effort, but not for ever', async () => {
    const world = new World();
    for (let i = 0; i < EXPIRY_BATCH_KEYS * 20; i++) world.put(`k${i}`, NOW - 1);
    const first = await world.expiry.cycle(1);
    expect(first).toBeGreaterThan(EXPIRY_BATCH_KEYS);
    expect(first).toBeLessThan(EXPIRY_BATCH_KEYS * 20);
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
});
