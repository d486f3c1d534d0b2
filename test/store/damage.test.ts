import { describe, expect, it } from 'vitest';
import { NEED_KEY, NEED_VALUE } from '../../src/keyspace/storage.ts';
import { Random } from '../../src/lib/random.ts';
import { SYSTEM_SPACE } from '../../src/store/format/hint-rows.ts';
import type { StoreOptions } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { MIB, Told, committed, open, put, range, set, text } from './helpers.ts';

const FIRST_LOG = '/data/000000000000001.log';
const clock = new SimClock();

interface Written {
  readonly disk: SimFiles;
  readonly values: ReadonlyMap<string, string>;
  /** The log was synced up to here when its last frame was made. */
  readonly syncedBytes: number;
}

/**
 * A store that lost its power with everything written still there; a frame proves what was synced.
 */
async function written(): Promise<Written> {
  const disk = new SimFiles();
  const store = await open({ files: disk, clock, options: { appendfsync: 'always' } });
  const values = new Map<string, string>();
  const write = async (key: string): Promise<void> => {
    values.set(key, `value of ${key}`);
    put(store, key, `value of ${key}`);
    await committed(store);
  };
  for (let i = 0; i < 20; i++) await write(`key:${i}`);
  const syncedBytes = disk.contentOf(FIRST_LOG).length;
  await write('last');
  return { disk: disk.crash(new Random(1, 1), 'lucky'), values, syncedBytes };
}

/** A store whose records are in sealed segments. */
async function sealed(): Promise<SimFiles> {
  const disk = new SimFiles();
  const store = await open({ files: disk, clock });
  for (let i = 0; i < 20; i++) put(store, `key:${i}`, `value of ${i}`);
  await closed(store);
  return disk;
}

async function closed(store: Store): Promise<void> {
  await clock.passUntil(store.close());
}

function reopen(disk: SimFiles, told = new Told(), options: Partial<StoreOptions> = {}): Promise<Store> {
  return open({ files: disk, clock, told, options: { memoryBytes: 2 * MIB, readCacheBytes: 0, ...options } });
}

async function refusal(disk: SimFiles): Promise<StoreError> {
  try {
    await reopen(disk);
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error('the store opened');
}

async function rejection(work: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await work.then(() => undefined, (reason: unknown) => reason);
  if (error instanceof StoreError) return error;
  throw new Error(`expected a StoreError, got ${String(error)}`);
}

describe('a damaged log', () => {
  it('is refused wherever a synced byte changed, but for padding, which holds nothing', async () => {
    const { syncedBytes, disk: original, values } = await written();
    let refused = 0;
    let tried = 0;
    for (let at = 0; at < syncedBytes; at += 3) {
      tried += 1;
      const disk = original.crash(new Random(1, 1), 'lucky');
      disk.damage(FIRST_LOG, at, 1 << (at % 8));
      const outcome = await reopen(disk).catch((error: unknown) => error);
      if (outcome instanceof StoreError) {
        refused += 1;
        expect([at, outcome.code, outcome.file]).toEqual([at, 'DAMAGED', FIRST_LOG]);
        expect(Math.abs(outcome.offset! - at)).toBeLessThan(200);
      } else {
        for (const [key, value] of values) expect([at, await text(outcome as Store, key)]).toEqual([at, value]);
      }
    }
    expect(refused).toBeGreaterThan(tried * 0.95);
  });

  it('is cut when only bytes behind the last synced place changed', async () => {
    const { disk, syncedBytes, values } = await written();
    disk.damage(FIRST_LOG, syncedBytes + 50, 0xff);
    const store = await reopen(disk);
    for (const [key, value] of values) {
      expect(await text(store, key)).toBe(key === 'last' ? undefined : value);
    }
  });

  it('is read as far as it is sound when the operator asks for that, and every place is told', async () => {
    const { disk, values } = await written();
    const at = Buffer.from(disk.contentOf(FIRST_LOG)).indexOf('value of key:7');
    disk.damage(FIRST_LOG, at, 0x20);
    const told = new Told();
    const store = await reopen(disk, told, { damagedRecords: 'report' });
    expect(told.damage.some(({ key }) => key?.toString() === 'key:7')).toBe(true);
    for (const [key, value] of values) {
      if (key === 'key:7') expect((await rejection(text(store, key))).code).toBe('DAMAGED');
      else expect(await text(store, key)).toBe(value);
    }
  });
});

describe('a batch that is cut off behind a damaged place', () => {
  it('is not taken in parts when the log is read as far as it is sound', async () => {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock, options: { appendfsync: 'always' } });
    for (const key of ['a', 'b']) {
      put(store, key, `value of ${key}`);
      await committed(store);
    }
    put(store, 'c', 'first of two');
    put(store, 'd', 'second of two');
    await committed(store);
    const left = disk.crash(new Random(1, 1), 'lucky');
    const log = Buffer.from(left.contentOf(FIRST_LOG));
    left.damage(FIRST_LOG, log.indexOf('value of a'), 0x01);
    left.exchange(FIRST_LOG, left.contentOf(FIRST_LOG).subarray(0, log.indexOf('second of two')));
    const told = new Told();
    const after = await reopen(left, told, { damagedRecords: 'report' });
    expect(told.damage.length).toBeGreaterThan(0);
    expect([await text(after, 'b'), await text(after, 'c'), await text(after, 'd')])
      .toEqual(['value of b', undefined, undefined]);
  });
});

describe('a damaged record of the system', () => {
  async function damagedSystem(): Promise<SimFiles> {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock });
    put(store, 'a', '1');
    put(store, 'a system key', 'what the system keeps', 0, SYSTEM_SPACE);
    await closed(store);
    const at = Buffer.from(disk.contentOf(FIRST_LOG)).indexOf('what the system keeps');
    disk.damage(FIRST_LOG, at, 0x01);
    return disk;
  }

  it('is refused, because no decision could rest on it', async () => {
    const error = await refusal(await damagedSystem());
    expect([error.code, error.file]).toEqual(['DAMAGED', FIRST_LOG]);
  });

  it('is told and left out when the operator asks for what is sound', async () => {
    const told = new Told();
    const store = await reopen(await damagedSystem(), told, { damagedRecords: 'report' });
    expect(told.damage.map(({ code, file }) => [code, file])).toEqual([['DAMAGED', FIRST_LOG]]);
    expect(await text(store, 'a')).toBe('1');
  });
});

describe('a damaged record in a sealed segment', () => {
  it('is refused with file, offset and key, and its neighbours are served', async () => {
    const disk = await sealed();
    const at = Buffer.from(disk.contentOf(FIRST_LOG)).indexOf('value of 7');
    disk.damage(FIRST_LOG, at, 0x01);
    const store = await reopen(disk);
    const error = await rejection(text(store, 'key:7'));
    expect([error.code, error.file, error.key?.toString()]).toEqual(['DAMAGED', FIRST_LOG, 'key:7']);
    expect(error.offset).toBe(at - 'key:7'.length - 36);
    expect(await text(store, 'key:8')).toBe('value of 8');
  });

  it('can be overwritten, because its key is still proven', async () => {
    const disk = await sealed();
    disk.damage(FIRST_LOG, Buffer.from(disk.contentOf(FIRST_LOG)).indexOf('value of 7'), 0x01);
    const store = await reopen(disk);
    await set(store, 'key:7', 'new');
    expect(await text(store, 'key:7')).toBe('new');
  });

  it('with a damaged header is refused too', async () => {
    const disk = await sealed();
    const at = Buffer.from(disk.contentOf(FIRST_LOG)).indexOf('key:7') - 36;
    disk.damage(FIRST_LOG, at + 24, 0x01);
    const store = await reopen(disk);
    const load = store.load([{ space: 1, key: Buffer.from('key:7'), need: NEED_VALUE }]);
    expect((await rejection(load)).code).toBe('DAMAGED');
  });

  it('is listed by a scan and logged, because its key is still proven', async () => {
    const disk = await sealed();
    disk.damage(FIRST_LOG, Buffer.from(disk.contentOf(FIRST_LOG)).indexOf('value of 7'), 0x01);
    const told = new Told();
    const store = await reopen(disk, told);
    const { keys } = await store.scan(1, 0, 100);
    expect(keys.map(({ key }) => key.toString())).toContain('key:7');
    expect([keys.length, told.damage.length]).toEqual([20, 1]);
  });
});

describe('damage elsewhere', () => {
  it('of a hint costs only the time to make it again', async () => {
    const { disk } = await written();
    const first = await reopen(disk);
    await clock.advanceGently(2000);
    await closed(first);
    const checkpoint = (await disk.list('/data')).find((name) => name.startsWith('checkpoint'))!;
    await disk.unlink(`/data/${checkpoint}`);
    disk.damage('/data/000000000000001.hint', 100, 0x10);
    const told = new Told();
    const store = await reopen(disk, told);
    expect(await text(store, 'key:7')).toBe('value of key:7');
    expect(told.infos.join()).toContain(`${FIRST_LOG} has no usable hint`);
    // It is made in the background, so that the next start is fast again.
    await clock.advanceGently(2000);
    const later = new Told();
    const again = await reopen(disk.crash(new Random(1, 1), 'lucky'), later);
    expect(await text(again, 'key:7')).toBe('value of key:7');
    expect(later.infos.join()).not.toContain('has no usable hint');
  });

  it('of a checkpoint makes it unused', async () => {
    const disk = await sealed();
    const checkpoint = (await disk.list('/data')).find((name) => name.startsWith('checkpoint'))!;
    const bytes = disk.contentOf(`/data/${checkpoint}`).length;
    for (let at = 0; at < bytes; at += 97) {
      const copy = disk.crash(new Random(1, at), 'lucky');
      copy.damage(`/data/${checkpoint}`, at, 0x04);
      const told = new Told();
      const store = await reopen(copy, told);
      expect(await text(store, 'key:19')).toBe('value of 19');
      expect([at, told.infos.some((info) => info.includes('is not used'))]).toEqual([at, true]);
    }
  });

  it('of the manifest is refused', async () => {
    const disk = await sealed();
    disk.damage('/data/MANIFEST', 60, 0x01);
    expect((await refusal(disk)).code).toBe('INVALID');
  });

  it('a lost segment is refused by name', async () => {
    const disk = await sealed();
    await disk.unlink(FIRST_LOG);
    const error = await refusal(disk);
    expect([error.code, error.file]).toEqual(['MISSING', FIRST_LOG]);
  });

  it('a lost manifest does not make a new store over the old one', async () => {
    const disk = await sealed();
    await disk.unlink('/data/MANIFEST');
    expect((await refusal(disk)).code).toBe('INVALID');
  });
});

describe('a disk that fails', () => {
  it('makes the store read-only for good after a failed fsync, and says so to who waits', async () => {
    const disk = new SimFiles();
    const told = new Told();
    const store = await open({ files: disk, clock, told, options: { appendfsync: 'always' } });
    put(store, 'a', '1');
    await committed(store);
    disk.fail({ op: 'datasync', path: '.log', code: 'EIO' });
    put(store, 'b', '2');
    // It is written, and may be on disk.
    expect((await rejection(committed(store))).code).toBe('UNKNOWN');
    expect(store.writeRefusal?.code).toBe('FAILED');
    expect(() => put(store, 'c', '3')).toThrow('read-only');
    expect([await text(store, 'a'), await text(store, 'b')]).toEqual(['1', '2']);
    await clock.advanceGently(5000);
    expect((await rejection(committed(store))).code).toBe('FAILED');
    expect(told.failures).toHaveLength(1);
    const after = await reopen(disk.crash(new Random(1, 1), 'forgetful'));
    expect([await text(after, 'a'), await text(after, 'b')]).toEqual(['1', undefined]);
  });

  it('that is full loses nothing that was acknowledged', async () => {
    const disk = new SimFiles({ capacityBytes: 400_000 });
    const store = await open({ files: disk, clock, options: { appendfsync: 'always' } });
    let acknowledged = 0;
    for (let i = 0; i < 100; i++) {
      put(store, `key:${i}`, 'x'.repeat(10_000));
      const failure = await committed(store).then(() => undefined, (error: unknown) => error);
      if (failure !== undefined) break;
      acknowledged = i + 1;
    }
    expect(acknowledged).toBeGreaterThan(10);
    expect(acknowledged).toBeLessThan(100);
    disk.capacityBytes = 10_000_000;
    const after = await reopen(disk.crash(new Random(1, 1), 'forgetful'));
    for (let i = 0; i < acknowledged; i++) expect((await text(after, `key:${i}`))?.length).toBe(10_000);
  });

  it('that is nearly full has writes refused before it is full, until space returns', async () => {
    const disk = new SimFiles({ capacityBytes: 3_000_000 });
    const store = await open({ files: disk, clock, options: { diskReserveBytes: 1_000_000 } });
    expect(store.writeRefusal).toBeUndefined();
    for (let i = 0; store.writeRefusal === undefined && i < 1000; i++) {
      put(store, `key:${i}`, 'x'.repeat(10_000));
      store.commit();
      if (i % 10 === 0) await clock.advanceGently(1000);
    }
    expect(store.writeRefusal?.code).toBe('FULL');
    expect(store.failure).toBeUndefined();
    disk.capacityBytes = 9_000_000;
    await clock.advanceGently(1000);
    expect(store.writeRefusal).toBeUndefined();
  });

  it('that cannot read rejects a load, and works again later', async () => {
    const disk = await sealed();
    const store = await reopen(disk);
    disk.fail({ op: 'read', path: '.log', code: 'EIO' });
    const load = store.load([{ space: 1, key: Buffer.from('key:1'), need: NEED_KEY }]);
    expect((await rejection(load)).code).toBe('FAILED');
    expect(await text(store, 'key:1')).toBe('value of 1');
    expect(store.remove(1, range('key:none'))).toBe(false);
  });
});
