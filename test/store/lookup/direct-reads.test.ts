import { describe, expect, it } from 'vitest';
import { COLD, NEED_KEY, NEED_VALUE } from '../../../src/keyspace/storage.ts';
import type { StoreOptions } from '../../../src/store/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { MIB, open, put, range, text } from '../helpers.ts';

const KEYS = 400;
const valueOf = (i: number): string => `${i}:${'v'.repeat(1000)}`;

/** Each look at it takes a while, so that a read, between two looks, takes that long. */
class TickingClock extends SimClock {
  tickMs = 0;

  override monotonicMs(): number {
    if (this.tickMs > 0) this.advance(this.tickMs);
    return super.monotonicMs();
  }
}

async function closed(store: Store, clock: SimClock): Promise<void> {
  await clock.passUntil(store.close());
}

/** A store whose records are on disk only, with its one file open. */
async function coldStore(
  options: Partial<StoreOptions> = {},
): Promise<{ store: Store; clock: TickingClock; disk: SimFiles }> {
  const disk = new SimFiles();
  const clock = new TickingClock();
  const first = await open({ files: disk, clock });
  for (let i = 0; i < KEYS; i++) put(first, `key:${i}`, valueOf(i));
  await closed(first, clock);
  const store = await open({ files: disk, clock, options: {
    memoryBytes: 4 * MIB, readCacheBytes: 0, directIo: true, ...options,
  } });
  expect(await text(store, 'key:0')).toBe(valueOf(0));
  store.begin();
  return { store, clock, disk };
}

function mustLoad(store: Store, i: number, need: typeof NEED_KEY | typeof NEED_VALUE): boolean {
  return store.mustLoad(1, range(`key:${i}`), need);
}

function valueNow(store: Store, i: number): string | undefined {
  const found = store.find(1, range(`key:${i}`), NEED_VALUE);
  if (found === COLD) throw new Error(`key:${i} is cold`);
  return found?.value.text();
}

describe('reads on the serving thread', () => {
  it('bring a value at once, for the command that asked', async () => {
    const { store } = await coldStore();
    expect(store.find(1, range('key:7'), NEED_VALUE)).toBe(COLD);
    expect(mustLoad(store, 7, NEED_VALUE)).toBe(false);
    expect(valueNow(store, 7)).toBe(valueOf(7));
    store.begin();
    expect(store.find(1, range('key:7'), NEED_VALUE)).toBe(COLD);
    await store.close();
  });

  it('keep a value in the read cache behind the command', async () => {
    const { store } = await coldStore({ readCacheBytes: 2 * MIB });
    expect(mustLoad(store, 7, NEED_VALUE)).toBe(false);
    expect(mustLoad(store, 8, NEED_KEY)).toBe(false);
    store.begin();
    expect(valueNow(store, 7)).toBe(valueOf(7));
    // Only its key was wanted, as by an overwrite.
    expect(store.find(1, range('key:8'), NEED_VALUE)).toBe(COLD);
    await store.close();
  });

  it('keep all keys of one command, however small the cache is', async () => {
    const { store } = await coldStore({ readCacheBytes: 1 * MIB });
    for (let round = 0; round < 30; round++) {
      store.begin();
      const keys = Array.from({ length: 60 }, (_, i) => (round * 61 + i * 7) % KEYS);
      for (const i of keys) expect(mustLoad(store, i, NEED_VALUE)).toBe(false);
      for (const i of keys) expect(valueNow(store, i)).toBe(valueOf(i));
    }
    await store.close();
  });

  it('leave what has no room any more to the loader', async () => {
    const { store } = await coldStore();
    const outcomes = Array.from({ length: 100 }, (_, i) => mustLoad(store, i + 100, NEED_VALUE));
    const brought = outcomes.indexOf(true);
    expect(brought).toBe(64);
    expect(outcomes.slice(brought)).toEqual(Array.from({ length: 36 }, () => true));
    for (let i = 0; i < brought; i++) expect(valueNow(store, i + 100)).toBe(valueOf(i + 100));
    const release = await store.load([
      { space: 1, key: Buffer.from('key:199'), need: NEED_VALUE },
    ]);
    expect(valueNow(store, 199)).toBe(valueOf(199));
    release();
    await store.close();
  });

  it('find that a key is absent', async () => {
    const { store } = await coldStore();
    expect(store.mustLoad(1, range('no such key'), NEED_VALUE)).toBe(false);
    expect(store.find(1, range('no such key'), NEED_VALUE)).toBeUndefined();
    await store.close();
  });

  it('let a cold key be overwritten and removed', async () => {
    const { store, clock } = await coldStore();
    expect(mustLoad(store, 1, NEED_KEY)).toBe(false);
    put(store, 'key:1', 'new');
    store.begin();
    expect(mustLoad(store, 2, NEED_KEY)).toBe(false);
    expect(store.remove(1, range('key:2'))).toBe(true);
    store.commit();
    store.begin();
    expect(valueNow(store, 1)).toBe('new');
    expect(store.find(1, range('key:2'), NEED_VALUE)).toBeUndefined();
    expect(store.count(1)).toBe(KEYS - 1);
    await closed(store, clock);
  });

  it('give way to the pool when they take long, and try again after a rest', async () => {
    const { store, clock } = await coldStore();
    const bringUntilRefused = (): number => {
      for (let n = 0; n < 5000; n++) {
        store.begin();
        if (mustLoad(store, n % KEYS, NEED_VALUE)) return n;
      }
      return Infinity;
    };
    expect(bringUntilRefused()).toBe(Infinity);
    clock.tickMs = 0.1;
    const first = bringUntilRefused();
    // 20 ms of debt, 0.08 ms a read.
    expect(first).toBeGreaterThan(200);
    expect(first).toBeLessThan(300);
    clock.tickMs = 0;
    expect(bringUntilRefused()).toBe(0);
    clock.advance(500);
    clock.tickMs = 0.1;
    const second = bringUntilRefused();
    expect(second).toBeGreaterThan(first / 3);
    expect(second).toBeLessThan(first * 2 / 3);
    clock.tickMs = 0;
    // The second rest is twice as long.
    clock.advance(600);
    expect(bringUntilRefused()).toBe(0);
    clock.advance(500);
    expect(bringUntilRefused()).toBe(Infinity);
    await closed(store, clock);
  });

  it('leave a damaged record to the loader, which names it', async () => {
    const { store, clock, disk } = await coldStore();
    const path = '/data/000000000000001.log';
    disk.damage(path, Buffer.from(disk.contentOf(path)).indexOf(valueOf(9)) + 20, 0x01);
    expect(mustLoad(store, 9, NEED_VALUE)).toBe(true);
    await expect(store.load([
      { space: 1, key: Buffer.from('key:9'), need: NEED_VALUE },
    ])).rejects.toMatchObject({ code: 'DAMAGED' });
    await closed(store, clock);
  });
});
