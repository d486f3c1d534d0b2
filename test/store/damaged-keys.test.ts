/**
 * A key on disk that is not the one that was written: it may be any key of its hash, so nothing may
 * be answered that rests on its absence, and no walk may leave it out in silence.
 */

import { describe, expect, it } from 'vitest';
import { HashBlock } from '../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import { pieceBytes, writePiece } from '../../src/keyspace/pieces.ts';
import { COLD, NEED_KEY, NEED_VALUE } from '../../src/keyspace/storage.ts';
import type { StoreOptions } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { StoreError, WRONG_KEY } from '../../src/store/store-error.ts';
import { NodeClock } from '../../src/io/node-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { Told, committed, fetch, open, put, range, set, text } from './helpers.ts';
import { HASH } from '../../src/keyspace/value-type.ts';

const FIRST_LOG = '/data/000000000000001.log';
const HEADER_BYTES = 36;
const clock = new NodeClock();

function reopen(disk: SimFiles, told = new Told(),
  options: Partial<StoreOptions> = {}): Promise<Store> {
  return open({ files: disk, clock, told, options: { readCacheBytes: 0, ...options } });
}

/** 20 small strings, one large one, and a hash with deltas, in a sealed segment. */
async function written(): Promise<SimFiles> {
  const disk = new SimFiles();
  const store = await reopen(disk);
  for (let i = 0; i < 20; i++) put(store, `key:${i}`, `value of ${i}`);
  put(store, 'large', 'x'.repeat(20_000));
  put(store, 'expires', 'soon', 1000);
  store.putLive(1, range('hash'), new HashBlock(HASH), 0);
  store.change(1, range('hash'), range(fieldDelta('f', 'v')));
  await committed(store);
  store.change(1, range('hash'), range(fieldDelta('g', 'w')));
  await committed(store);
  await store.close();
  return disk;
}

function fieldDelta(field: string, value: string): Buffer {
  const buf = Buffer.alloc(1 + pieceBytes(field.length) + pieceBytes(value.length));
  buf[0] = HASH_SET;
  let at = 1;
  for (const piece of [field, value]) at = writePiece(buf, at, piece);
  return buf;
}

/** Flips a bit in every record of a key; returns the offset of the first. */
function flip(disk: SimFiles, key: string): number {
  const bytes = Buffer.from(disk.contentOf(FIRST_LOG));
  const first = bytes.indexOf(key);
  for (let at = first; at !== -1; at = bytes.indexOf(key, at + 1)) disk.damage(FIRST_LOG, at, 0x01);
  return first - HEADER_BYTES;
}

async function rejection(work: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await work.then(() => undefined, (reason: unknown) => reason);
  if (error instanceof StoreError) return error;
  throw new Error(`expected a StoreError, got ${String(error)}`);
}

const KEYS = ['key:7', 'large', 'hash'];

describe('a key that is damaged on disk', () => {
  for (const directIo of [false, true]) {
    it(`is never absent: a load names file and offset, direct reads ${directIo}`, async () => {
      for (const key of KEYS) {
        const disk = await written();
        const offset = flip(disk, key);
        const store = await reopen(disk, new Told(), { directIo });
        for (const need of [NEED_KEY, NEED_VALUE] as const) {
          for (let round = 0; round < 3; round++) {
            store.begin();
            expect([key, store.mustLoad(1, range(key), need)]).toEqual([key, true]);
            expect(store.find(1, range(key), need)).toBe(COLD);
            const error = await rejection(store.load([{ space: 1, key: Buffer.from(key), need }]));
            expect(error).toMatchObject({ code: 'DAMAGED', file: FIRST_LOG, offset });
            expect(error.message).toContain(WRONG_KEY);
          }
        }
        await store.close();
      }
    });
  }

  it('leaves the other keys as they are', async () => {
    const disk = await written();
    flip(disk, 'key:7');
    const store = await reopen(disk);
    await set(store, 'key:8', 'new');
    expect(await text(store, 'key:8')).toBe('new');
    expect(await text(store, 'key:9')).toBe('value of 9');
    expect((await fetch(store, 'hash'))?.live?.size).toBe(2);
    expect(store.count(1)).toBe(23);
    await store.close();
  });

  it('is an error of a scan, which goes on from the same cursor once it can be read', async () => {
    for (const key of KEYS) {
      const disk = await written();
      const offset = flip(disk, key);
      const store = await reopen(disk);
      const place = { code: 'DAMAGED', file: FIRST_LOG, offset };
      expect(await rejection(store.scan(1, 0, 100))).toMatchObject(place);
      flip(disk, key === 'hash' ? 'iash' : key === 'large' ? 'marge' : 'jey:7');
      expect((await store.scan(1, 0, 100)).keys).toHaveLength(23);
      await store.close();
    }
  });

  it('is left out of a scan, and logged, when the operator takes what is sound', async () => {
    for (const key of KEYS) {
      const disk = await written();
      flip(disk, key);
      const told = new Told();
      const store = await reopen(disk, told, { damagedRecords: 'report' });
      const keys = (await store.scan(1, 0, 100)).keys.map((each) => each.key.toString());
      expect(keys).toHaveLength(22);
      expect(keys).not.toContain(key);
      expect(told.damage.map(({ file }) => file)).toEqual([FIRST_LOG]);
      await store.close();
    }
  });
});

describe('a walk over keys that cannot be read', () => {
  it('rejects with file and offset, and is whole when the disk reads again', async () => {
    const disk = await written();
    const store = await reopen(disk);
    disk.fail({ op: 'read', path: '.log', code: 'EIO', nth: 5 });
    const error = await rejection(store.scan(1, 0, 100));
    expect([error.code, error.file]).toEqual(['FAILED', FIRST_LOG]);
    expect(error.offset).toBeGreaterThan(0);
    expect((await store.scan(1, 0, 100)).keys).toHaveLength(23);
    await store.close();
  });

  it('is an error of a random pick too, not an empty answer', async () => {
    const disk = await written();
    const store = await reopen(disk);
    disk.fail({ op: 'read', path: '.log', code: 'EIO' });
    expect((await rejection(store.randomKey(1, Math.random))).code).toBe('FAILED');
    expect((await store.randomKey(1, Math.random))?.key.length).toBeGreaterThan(3);
    await store.close();
  });

  it('goes on and logs it when it looks for keys that expired', async () => {
    const disk = await written();
    const told = new Told();
    const store = await reopen(disk, told);
    const offset = flip(disk, 'expires');
    expect(await store.findExpired(1, 2000, 10)).toEqual([]);
    expect(told.damage.map((error) => error.offset)).toEqual([offset]);
    await store.close();
  });
});

describe('two segment files that were exchanged', () => {
  it('are named by every read, however their keys became known', async () => {
    for (const how of ['checkpoint', 'hints'] as const) {
      const disk = new SimFiles();
      const store = await reopen(disk);
      put(store, 'a', 'x');
      await committed(store);
      await store.compaction.rollActive();
      put(store, 'b', 'y');
      await committed(store);
      await store.close();
      if (how === 'hints') await makeHints(disk);
      const names = (await disk.list('/data')).filter((name) => name.endsWith('.log'));
      await exchange(disk, `/data/${names[0]}`, `/data/${names[1]}`);
      if (how === 'hints') {
        const checkpoint = (await disk.list('/data')).find((name) => name.startsWith('checkpoint'));
        await disk.unlink(`/data/${checkpoint}`);
      }
      const again = await reopen(disk);
      const error = await rejection(text(again, 'a'));
      expect(error).toMatchObject({ code: 'DAMAGED', file: `/data/${names[0]}`, offset: 0 });
      expect(error.message).toContain('it says that it is segment');
      expect((await rejection(again.scan(1, 0, 10))).code).toBe('DAMAGED');
      await again.close();
    }
  });
});

/** A store that is open makes the hints that a quick stop has left out. */
async function makeHints(disk: SimFiles): Promise<void> {
  const store = await reopen(disk);
  const count = async (suffix: string): Promise<number> =>
    (await disk.list('/data')).filter((name) => name.endsWith(suffix)).length;
  while (await count('.hint') < 2) {
    await new Promise((resolve) => void clock.setTimer(1, () => resolve(undefined)));
  }
  await store.close();
}

async function exchange(disk: SimFiles, one: string, other: string): Promise<void> {
  const contents = [disk.contentOf(one), disk.contentOf(other)].map((each) => Buffer.from(each));
  for (const [path, bytes] of [[one, contents[1]!], [other, contents[0]!]] as const) {
    const file = await disk.openWrite(path);
    await file.truncate(0);
    file.writeSync(bytes, 0, bytes.length, 0);
    await file.close();
  }
}
