/**
 * The open log of a store that was synced and killed, and then lost its end or its content, was
 * replaced, or is gone; and tails that were never synced, which are cut and kept aside.
 */

import { describe, expect, it } from 'vitest';
import { WATERMARK_NAME, readSyncedPlace } from '../../../src/io/watermark-file.ts';
import { Random } from '../../../src/lib/random.ts';
import { SEGMENT_LOG, segmentFileName } from '../../../src/store/format/segment-header.ts';
import { StoreError } from '../../../src/store/store-error.ts';
import type { Store } from '../../../src/store/store.ts';
import { inspectStore } from '../../../src/store/inspect.ts';
import {
  parseTornTailName, tornTailName, TORN_TAILS_MAX,
} from '../../../src/store/recovery/torn-tails.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimCrash, SimFiles } from '../../sim/sim-files.ts';
import { Told, committed, open, put, text } from '../helpers.ts';

const LOG = '/data/000000000000001.log';
const KEYS = 30;

interface Killed {
  readonly disk: SimFiles;
  /** The open log, and what it was when half of the keys were there. */
  readonly bytes: Buffer;
  readonly older: Buffer;
}

/** A store with keys that were acknowledged under `always`, killed a moment later. */
async function killed(value = 'value', seed = 1): Promise<Killed> {
  const disk = new SimFiles({ seed });
  const clock = new SimClock();
  const store = await open({ files: disk, clock, options: { appendfsync: 'always' } });
  let older = Buffer.alloc(0);
  for (let key = 0; key < KEYS; key += 1) {
    put(store, `key:${key}`, `${value} ${key}`);
    await committed(store);
    if (key === KEYS / 2) older = Buffer.from(disk.contentOf(LOG));
  }
  await clock.advanceGently(50);
  disk.killProcess();
  return { disk, older, bytes: Buffer.from(disk.contentOf(LOG)) };
}

/** Replaces the content of a file, durably. */
async function replace(disk: SimFiles, path: string, bytes: Uint8Array): Promise<void> {
  await disk.unlink(path);
  const file = await disk.create(path);
  await file.write(bytes, 0, bytes.length, 0);
  await file.datasync();
  await file.close();
  await disk.syncDir('/data');
}

function reopen(disk: SimFiles, told = new Told()): Promise<Store> {
  return open({ files: disk, clock: new SimClock(), told });
}

async function refusal(disk: SimFiles): Promise<StoreError> {
  const error: unknown = await reopen(disk).then(() => undefined, (reason: unknown) => reason);
  if (error instanceof StoreError) return error;
  throw new Error(`expected a refusal, got ${String(error)}`);
}

async function countKeys(store: Store): Promise<number> {
  let count = 0;
  for (let key = 0; key < KEYS; key += 1) {
    if (await text(store, `key:${key}`) === `value ${key}`) count += 1;
  }
  return count;
}

const LOSSES: readonly (readonly [string, (killed: Killed) => Uint8Array])[] = [
  ['is cut to half', ({ bytes }) => bytes.subarray(0, bytes.length / 2)],
  ['is cut to its header', ({ bytes }) => bytes.subarray(0, 64)],
  ['is empty', () => Buffer.alloc(0)],
  ['lost its last bytes', ({ bytes }) => bytes.subarray(0, bytes.length - 8)],
  ['is only zeros', ({ bytes }) => Buffer.alloc(bytes.length)],
  ['is an older copy of itself', ({ older }) => older],
  ['has a damaged header', ({ bytes }) => Buffer.from(bytes).fill(0xff, 20, 22)],
  ['is damaged near its end', ({ bytes }) => Buffer.from(bytes).fill(0xff, bytes.length - 40)],
];

describe('an open log that was synced', () => {
  it.each(LOSSES)('is refused by name when it %s, and stays as it is', async (_what, change) => {
    const life = await killed();
    const changed = change(life);
    await replace(life.disk, LOG, changed);
    const error = await refusal(life.disk);
    expect([error.code, error.file]).toEqual(['DAMAGED', LOG]);
    expect(Buffer.from(life.disk.contentOf(LOG))).toEqual(Buffer.from(changed));
  });

  it('is refused when it is another log of the same store, number and length', async () => {
    const { disk } = await killed();
    const other = await killed('VALUE');
    await replace(disk, LOG, other.bytes);
    expect((await refusal(disk)).message).toContain('is not the one that was synced');
  });

  it('is refused when the next one is in its place', async () => {
    const { disk } = await killed();
    await replace(disk, LOG, disk.contentOf('/data/000000000000002.log'));
    expect((await refusal(disk)).message).toContain('says that this is segment 2');
  });

  it('opens with every key when nothing was lost', async () => {
    const { disk } = await killed();
    const told = new Told();
    expect(await countKeys(await reopen(disk, told))).toBe(KEYS);
    expect(told.tornTails).toEqual([]);
  });

  it('is read as far as it is sound when the operator asks for that', async () => {
    const { disk, bytes } = await killed();
    await replace(disk, LOG, bytes.subarray(0, bytes.length / 2));
    const told = new Told();
    const store = await open({
      files: disk, clock: new SimClock(), told, options: { damagedRecords: 'report' },
    });
    const count = await countKeys(store);
    expect([count > 5, count < KEYS, told.damage.length > 0]).toEqual([true, true, true]);
  });

  it('is not trusted from the page cache either, when what is sound of it is taken', async () => {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock: new SimClock() });
    const write = async (from: number, to: number): Promise<void> => {
      for (let key = from; key < to; key += 1) {
        put(store, `key:${key}`, `value ${key}`);
        await committed(store);
      }
    };
    await write(0, KEYS / 2);
    await store.flushAndSync();
    await write(KEYS / 2, KEYS);
    disk.fail({ op: 'datasync', path: LOG, code: 'EIO' });
    await store.flushAndSync().catch(() => undefined);
    disk.killProcess();
    disk.damage(LOG, Buffer.from(disk.contentOf(LOG)).indexOf('value 3'), 0x55);
    const options = { damagedRecords: 'report' } as const;
    await open({ files: disk, clock: new SimClock(), options });
    const survivor = disk.crash(new Random(1, 1), 'forgetful');
    const again = await open({ files: survivor, clock: new SimClock(), options });
    expect(await text(again, `key:${KEYS - 1}`)).toBe(`value ${KEYS - 1}`);
  });

  it('opens without the note, as an earlier version left it', async () => {
    const { disk } = await killed();
    await disk.unlink(`/data/${WATERMARK_NAME}`);
    expect(await countKeys(await reopen(disk))).toBe(KEYS);
  });

  it('opens when one slot of the note is not sound, and one of another store tells nothing', async () => {
    const { disk } = await killed();
    const note = Buffer.from(disk.contentOf(`/data/${WATERMARK_NAME}`));
    for (const at of [0, 4096]) {
      const torn = Buffer.from(note);
      torn[at + 40]! ^= 0xff;
      const copy = disk.crash(new Random(1, 1), 'lucky');
      await replace(copy, `/data/${WATERMARK_NAME}`, torn);
      expect(await countKeys(await reopen(copy))).toBe(KEYS);
    }
  });

  it('is shown as damaged by an inspection', async () => {
    const { disk, bytes } = await killed();
    await replace(disk, LOG, bytes.subarray(0, 64));
    const { segments, synced } = await inspectStore(disk, '/data');
    expect(synced?.bytes).toBe(bytes.length);
    expect(segments.find(({ id }) => id === 1)?.bad.map(({ reason }) => reason).join())
      .toContain('the log ends here');
  });
});

describe('a segment that the manifest does not list yet', () => {
  it('is refused by name when it was synced and is gone, and its number is not used again', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    const store = await open({
      files: disk, clock, options: { appendfsync: 'always', segmentStartBytesMax: 140_000 },
    });
    await clock.advanceGently(50);
    disk.fail({ op: 'rename', path: 'MANIFEST', code: 'EIO', times: 1000 });
    for (let key = 0; key < 8; key += 1) put(store, `large:${key}`, 'x'.repeat(100_000));
    await committed(store);
    await clock.advanceGently(50);
    const after = disk.crash(new Random(1, 1), 'lucky');
    const { seed } = (await inspectStore(after, '/data')).manifest;
    const place = (await readSyncedPlace(after, '/data', [seed.a, seed.b]))!;
    expect(place.fileId).toBeGreaterThan(2);
    const path = `/data/${segmentFileName(place.fileId, SEGMENT_LOG)}`;
    await after.unlink(path);
    const error = await refusal(after);
    expect([error.code, error.file]).toEqual(['MISSING', path]);
    const told = new Told();
    const reported = await open({
      files: after, clock, told, options: { damagedRecords: 'report' },
    });
    expect(told.damage.map(({ file }) => file)).toContain(path);
    const { nextSegmentId } = (await inspectStore(after, '/data')).manifest;
    expect(nextSegmentId).toBeGreaterThan(place.fileId);
    await committed(reported);
  });
});

describe('a tail that was never synced', () => {
  /** Killed in the middle of a write that nobody has synced. */
  async function torn(garbage: Uint8Array): Promise<Killed> {
    const life = await killed();
    await replace(life.disk, LOG, Buffer.concat([life.bytes, garbage]));
    return life;
  }

  it('is cut, reported with file, offset and bytes, and kept aside', async () => {
    const { disk, bytes } = await torn(Buffer.alloc(500, 0xa5));
    const told = new Told();
    const store = await reopen(disk, told);
    expect(await countKeys(store)).toBe(KEYS);
    const name = tornTailName(1, bytes.length);
    expect(told.tornTails).toMatchObject([
      { file: LOG, offset: bytes.length, bytes: 500, keptAs: name },
    ]);
    expect(Buffer.from(disk.contentOf(`/data/${name}`))).toEqual(Buffer.alloc(500, 0xa5));
    expect(store.statistics().tornTails).toEqual(told.tornTails);
    expect((await inspectStore(disk, '/data')).tornTails).toEqual([{ name, bytes: 500 }]);
  });

  it('of zeros is reported and not kept', async () => {
    const { disk, bytes } = await torn(Buffer.alloc(500));
    const told = new Told();
    await reopen(disk, told);
    expect(told.tornTails).toMatchObject([{ offset: bytes.length, bytes: 500, keptAs: undefined }]);
    expect((await inspectStore(disk, '/data')).tornTails).toEqual([]);
  });

  it('is cut and reported on a disk without room for a copy', async () => {
    const { disk, bytes } = await torn(Buffer.alloc(500, 0xa5));
    disk.capacityBytes = disk.usedBytes + 60_000;
    const told = new Told();
    expect(await countKeys(await reopen(disk, told))).toBe(KEYS);
    expect(told.tornTails).toMatchObject([{ offset: bytes.length, bytes: 500, keptAs: undefined }]);
  });

  it('takes the place of the oldest one when there are many', async () => {
    const { disk, bytes } = await torn(Buffer.alloc(500, 0xa5));
    // The names of earlier stores' segments are lower.
    const olds = Array.from({ length: TORN_TAILS_MAX }, (_, i) => tornTailName(0, 100 + i));
    for (const name of olds) {
      await disk.writeWhole(`/data/${name}`, Buffer.alloc(10, 1));
    }
    await reopen(disk);
    const names = (await disk.list('/data')).filter((each) => parseTornTailName(each) !== undefined);
    expect(names).toEqual([...olds.slice(1), tornTailName(1, bytes.length)]);
  });

  it('is the same copy wherever the power fails in the start', async () => {
    let operations = Infinity;
    for (let at = 1; at < operations; at += 3) {
      const { disk, bytes } = await torn(Buffer.alloc(500, 0xa5));
      const before = disk.operations;
      disk.onOperation = (_op, _path, number) => {
        if (number === before + at) throw new SimCrash();
      };
      await disk.runUntilCrash(async () => {
        await reopen(disk);
        operations = disk.operations - before;
      });
      const survivor = disk.crash(new Random(at, 7));
      const told = new Told();
      expect([at, await countKeys(await reopen(survivor, told))]).toEqual([at, KEYS]);
      const kept = survivor.contentOf(`/data/${tornTailName(1, bytes.length)}`);
      expect([at, kept.length]).toEqual([at, 500]);
    }
    expect(operations).toBeGreaterThan(20);
  });
});

describe('what was synced a moment before a kill', () => {
  it('is proven by a SAVE at once: damage in the middle is no torn tail', async () => {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock: new SimClock() });
    for (let key = 0; key < KEYS; key += 1) {
      put(store, `key:${key}`, `value ${key}`);
      await committed(store);
    }
    await store.flushAndSync();
    disk.killProcess();
    disk.damage(LOG, Math.floor(disk.contentOf(LOG).length / 2), 0x55);
    const error = await refusal(disk);
    expect([error.code, error.file]).toEqual(['DAMAGED', LOG]);
  });
});
