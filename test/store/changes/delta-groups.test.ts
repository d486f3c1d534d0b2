import { describe, expect, it } from 'vitest';
import { HashBlock } from '../../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_REMOVE, HASH_SET } from '../../../src/keyspace/collection/hash/hash-delta.ts';
import { DeltaWriter } from '../../../src/keyspace/pieces.ts';
import { DELTA_GROUP_BYTES_MAX } from '../../../src/store/changes/delta-groups.ts';
import { inspectStore } from '../../../src/store/inspect.ts';
import type { Store } from '../../../src/store/store.ts';
import { Random } from '../../../src/lib/random.ts';
import { pairsOf } from '../../keyspace/collection/hash-text.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { fetch, open, put, range } from '../helpers.ts';
import { HASH } from '../../../src/keyspace/value-type.ts';

const DIR = '/data';
const writer = new DeltaWriter();

function delta(op: number, ...pieces: string[]): Buffer {
  writer.begin(op);
  for (const piece of pieces) writer.latin1(piece);
  return Buffer.from(writer.finish().view());
}

const set = (store: Store, key: string, ...pieces: string[]): void =>
  store.change(1, range(key), range(delta(HASH_SET, ...pieces)));

function hashOf(...pieces: string[]): HashBlock {
  const hash = new HashBlock(HASH);
  const buf = delta(HASH_SET, ...pieces);
  hash.applyDelta(buf, 0, buf.length);
  return hash;
}

async function start(): Promise<{ store: Store; disk: SimFiles }> {
  const disk = new SimFiles();
  return { store: await open({ files: disk, clock: new SimClock() }), disk };
}

/** The store as it comes back after a loss of power at this moment. */
async function reopened(store: Store, disk: SimFiles): Promise<Store> {
  store.commit();
  await store.flushAndSync();
  return open({ files: disk.crash(new Random(1, 1), 'forgetful'), clock: new SimClock() });
}

async function pairs(store: Store, key: string): Promise<[string, string][] | undefined> {
  const found = await fetch(store, key);
  return found === undefined ? undefined : pairsOf(found.live as HashBlock);
}

/** How many records of deltas are on disk once all of this tick is. */
async function deltasIn(store: Store, disk: SimFiles): Promise<number> {
  store.commit();
  await store.flushAndSync();
  const { segments } = await inspectStore(disk, DIR);
  return segments.reduce((sum, segment) => sum + segment.deltas, 0);
}

describe('deltas of one tick', () => {
  it('are one record for each value, whatever came between', async () => {
    const { store, disk } = await start();
    for (const key of ['a', 'b']) store.putLive(1, range(key), hashOf('f', '0'), 0);
    for (let i = 0; i < 100; i++) {
      set(store, 'a', 'f', `${i}`, `g${i}`, 'x');
      set(store, 'b', 'f', `${i}`);
      put(store, `between${i}`, 'v');
    }
    expect(await deltasIn(store, disk)).toBe(2);
    const back = await reopened(store, disk);
    expect((await pairs(back, 'a'))!.length).toBe(101);
    expect(await pairs(back, 'b')).toEqual([['f', '99']]);
  });

  it('are in the log before the tick ends when they are many', async () => {
    const { store, disk } = await start();
    store.putLive(1, range('a'), hashOf('f', '0'), 0);
    const value = 'x'.repeat(1000);
    const count = Math.ceil(DELTA_GROUP_BYTES_MAX / 1000) * 3;
    for (let i = 0; i < count; i++) set(store, 'a', 'f', value);
    const records = await deltasIn(store, disk);
    expect(records).toBeGreaterThan(2);
    expect(records).toBeLessThan(6);
  });

  it('end with the value: what replaces it, removes it or takes it over holds them', async () => {
    const { store, disk } = await start();
    for (const key of ['put', 'gone', 'again', 'old']) {
      store.putLive(1, range(key), hashOf('f', '0'), 0);
      store.commit();
      set(store, key, 'f', '1', 'g', '1');
    }
    store.putLive(1, range('put'), hashOf('new', '1'), 0);
    set(store, 'put', 'more', '2');
    store.remove(1, range('gone'));
    store.remove(1, range('again'));
    store.putLive(1, range('again'), hashOf('f', '5'), 0);
    const { live } = (await fetch(store, 'old'))!;
    store.putLive(1, range('new'), live!, 0);
    store.remove(1, range('old'));
    set(store, 'new', 'h', '3');
    const back = await reopened(store, disk);
    expect(await pairs(back, 'put')).toEqual([['new', '1'], ['more', '2']]);
    expect(await pairs(back, 'gone')).toBeUndefined();
    expect(await pairs(back, 'again')).toEqual([['f', '5']]);
    expect(await pairs(back, 'old')).toBeUndefined();
    expect(await pairs(back, 'new')).toEqual([['f', '1'], ['g', '1'], ['h', '3']]);
  });

  it('keep their order, also across a removal of fields and an expiry', async () => {
    const { store, disk } = await start();
    store.putLive(1, range('a'), hashOf('f', '0', 'g', '0'), 0);
    store.commit();
    set(store, 'a', 'f', '1');
    store.change(1, range('a'), range(delta(HASH_REMOVE, 'f')));
    store.expire(1, range('a'), 9e12);
    set(store, 'a', 'f', '2');
    store.commit();
    set(store, 'a', 'g', '3');
    store.expire(1, range('a'), 8e12);
    const back = await reopened(store, disk);
    expect(await pairs(back, 'a')).toEqual([['g', '3'], ['f', '2']]);
    expect((await fetch(back, 'a'))!.expireAt).toBe(8e12);
  });
});
