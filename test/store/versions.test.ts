/** Versions of keys where the contract does not reach: on disk, moved, and from before format 3. */

import { describe, expect, it } from 'vitest';
import { checksum } from '../../src/lib/checksum.ts';
import { COLD } from '../../src/keyspace/storage.ts';
import { HASH, STRING } from '../../src/keyspace/value-type.ts';
import { HashBlock } from '../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import { DeltaWriter } from '../../src/keyspace/pieces.ts';
import { CHAIN_DELTA_BYTES_MIN } from '../../src/store/limits.ts';
import { LIVE_BYTES_MIN } from '../../src/store/memory-budget.ts';
import { KEY_READ_BYTES } from '../../src/store/memory/residents.ts';
import { Compactor } from '../../src/store/compaction/compactor.ts';
import { inlineCopier } from './compaction/inline-copier.ts';
import { writeFrameHeader } from '../../src/store/format/frame.ts';
import { inspectStore } from '../../src/store/inspect.ts';
import type { Store } from '../../src/store/store.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { pass } from './snapshot/helpers.ts';
import {
  MIB, TINY_PAGES, Told, committed, open, put, range, set, text, versionAt,
} from './helpers.ts';

const DIR = '/data';
const COLDEST = { memoryBytes: 2 * MIB, hotTailBytes: 0, readCacheBytes: 0 };

// ---- What a server of format 2 wrote ------------------------------------------------------------

interface OldRecord {
  readonly kind: number;
  readonly type: number;
  readonly key: string;
  readonly value: string | Buffer;
}

/** A record of space 1 as format 2 had it: 36 bytes, then the key. */
function oldRecord({ kind, type, key, value }: OldRecord, valueIndex: number): Buffer {
  const body = Buffer.concat([Buffer.from(key), Buffer.from(value)]);
  const buf = Buffer.alloc(Math.ceil((36 + body.length) / 8) * 8);
  buf.writeUInt32LE(checksum(body, 0, body.length), 4);
  buf[8] = kind;
  buf[9] = type;
  buf.writeUInt32LE(valueIndex, 12);
  buf.writeUInt32LE(1, 16);
  buf.writeUInt32LE(key.length, 20);
  buf.writeUInt32LE(body.length - key.length, 24);
  buf.writeUInt32LE(checksum(buf, 4, 36), 0);
  body.copy(buf, 36);
  return buf;
}

/** LOG segment 1 with one frame. */
function oldSegment(records: readonly OldRecord[]): Buffer {
  const header = Buffer.alloc(64);
  header.write('DKVSSEGM', 'latin1');
  header.writeUInt32LE(2, 8);
  header.writeUInt32LE(1, 12);
  header.writeUInt32LE(1, 16);
  header.writeUInt32LE(7, 32);
  header.writeUInt32LE(9, 36);
  header.writeUInt32LE(checksum(header, 0, 60), 60);
  const bodies = records.map((record, i) => oldRecord(record, i + 1));
  const frame = Buffer.concat([Buffer.alloc(40), ...bodies]);
  writeFrameHeader(new DataView(frame.buffer, frame.byteOffset, frame.length), frame, 0, 1, 64, {
    bytes: frame.length, records: records.length, firstValueIndex: 1, position: 5,
    syncedSegment: 0, syncedOffset: 0, flags: 0,
  });
  return Buffer.concat([header, frame]);
}

function oldManifest(): Buffer {
  const body = Buffer.from(JSON.stringify({
    seed: { a: 7, b: 9 }, nextSegmentId: 2, nextValueIndex: 1, position: 0, sealed: [], open: [1],
    checkpoint: null,
  }));
  const sum = checksum(body, 0, body.length).toString(16).padStart(8, '0');
  return Buffer.concat([Buffer.from(`dkvs-manifest 2 ${sum}\n`), body]);
}

const HASH_BASE = Buffer.from([1, 2, 1, 0x61, 1, 0x31]);
const HASH_CHANGE = Buffer.from([5, 1, 1, 0x62, 1, 0x32]);

async function oldDirectory(): Promise<SimFiles> {
  const files = new SimFiles();
  await files.mkdir(DIR);
  await files.writeWhole(`${DIR}/000000000000001.log`, oldSegment([
    { kind: 1, type: STRING, key: 'gone', value: 'x' },
    { kind: 1, type: STRING, key: 's', value: 'text' },
    { kind: 1, type: HASH, key: 'h', value: HASH_BASE },
    { kind: 2, type: HASH, key: 'h', value: HASH_CHANGE },
    { kind: 3, type: 0, key: 'gone', value: '' },
  ]));
  await files.writeWhole(`${DIR}/MANIFEST`, oldManifest());
  return files;
}

function hashSet(field: string, value: string): Buffer {
  const writer = new DeltaWriter();
  writer.begin(HASH_SET);
  writer.latin1(field);
  writer.latin1(value);
  return writer.finish().copy();
}

async function versionsOf(store: Store): Promise<number[]> {
  return [await versionAt(store, 's'), await versionAt(store, 'h'), await versionAt(store, 'gone')];
}

describe('a directory of format 2', () => {
  it('opens with its values, and with the value_indexes for versions', async () => {
    const files = await oldDirectory();
    const clock = new SimClock();
    const store = await pass(clock, open({ files, clock }));
    expect(await text(store, 's')).toBe('text');
    expect(await versionsOf(store)).toEqual([2, 4, 0]);
    await pass(clock, store.close());
    const manifest = Buffer.from(await files.readAll(`${DIR}/MANIFEST`));
    expect(manifest.toString()).toMatch(/^dkvs-manifest 4 /);
    const again = await pass(clock, open({ files, clock }));
    expect(await versionsOf(again)).toEqual([2, 4, 0]);
  });

  it('has keys of version 1 with peers, until they change', async () => {
    const files = await oldDirectory();
    const clock = new SimClock();
    const store = await pass(clock, open({ files, clock }));
    store.logIndex = 6;
    expect(await versionsOf(store)).toEqual([1, 1, 0]);
    await set(store, 's', 'changed');
    expect(await versionsOf(store)).toEqual([6, 1, 0]);
    store.commit(6);
    await pass(clock, store.close());
    const again = await pass(clock, open({ files, clock }));
    again.logIndex = 6;
    expect(await versionsOf(again)).toEqual([6, 1, 0]);
  });
});

// ---- Records that are only on disk, and that are moved ------------------------------------------

describe('the version of a key', () => {
  it('is COLD until the head of its record is in RAM, which is enough', async () => {
    const files = new SimFiles();
    const clock = new SimClock();
    const first = await pass(clock, open({ files, clock, options: COLDEST }));
    first.logIndex = 2 ** 40 + 3;
    put(first, 'large', Buffer.alloc(4 * KEY_READ_BYTES, 'v'));
    put(first, 'k'.repeat(2 * KEY_READ_BYTES), 'v');
    await pass(clock, first.close());
    const store = await pass(clock, open({ files, clock, options: COLDEST }));
    store.logIndex = 2 ** 40 + 4;
    for (const key of ['large', 'k'.repeat(2 * KEY_READ_BYTES)]) {
      expect(store.version(1, range(key))).toBe(COLD);
      expect(await versionAt(store, key)).toBe(2 ** 40 + 3);
    }
  });

  it.each([
    ['alone', 'as a whole'], ['alone', 'in pages'],
    ['with peers', 'as a whole'], ['with peers', 'in pages'],
  ])('is not moved by a base that is written again, %s, %s', async (mode, how) => {
    const isOrdered = mode === 'with peers';
    const isPaged = how === 'in pages';
    const files = new SimFiles();
    const clock = new SimClock();
    const paging = isPaged ? { paging: TINY_PAGES } : {};
    const store = await pass(clock, open({ files, clock, options: paging }));
    const hash = new HashBlock(HASH);
    const first = hashSet('f', 'v'.repeat(1000));
    hash.applyDelta(first, 0, first.length);
    if (isOrdered) store.logIndex = 10;
    store.putLive(1, range('h'), hash, 0);
    store.commit();
    store.change(1, range('h'), range(hashSet('f', 'w'.repeat(CHAIN_DELTA_BYTES_MIN))));
    const version = store.version(1, range('h'));
    for (let i = 0; i < 30; i += 1) {
      if (isOrdered) store.logIndex += 1;
      put(store, 'other', 'v');
      store.commit();
    }
    await pass(clock, store.close());
    const reports = (await inspectStore(files, DIR)).segments;
    const bases = reports.reduce((sum, { puts, pages }) => sum + (isPaged ? pages : puts), 0);
    expect(bases).toBeGreaterThan(isPaged ? 3 : 31);
    const again = await pass(clock, open({ files, clock, options: paging }));
    if (isOrdered) again.logIndex = 100;
    expect(await versionAt(again, 'h')).toBe(version);
    if (isOrdered) expect(version).toBe(10);
  });

  it.each(['alone', 'with peers'])('is not moved when a value leaves RAM, %s', async (mode) => {
    const files = new SimFiles();
    const clock = new SimClock();
    const options = { memoryBytes: 2 * MIB, hotTailBytes: MIB, readCacheBytes: 0 };
    const store = await pass(clock, open({ files, clock, options }));
    const versions: unknown[] = [];
    const count = 10 + 2 * LIVE_BYTES_MIN / 100_000;
    for (let i = 0; i < count; i += 1) {
      if (mode === 'with peers') store.logIndex = 10 + i;
      const hash = new HashBlock(HASH);
      const first = hashSet('f', 'v'.repeat(100_000));
      hash.applyDelta(first, 0, first.length);
      store.putLive(1, range(`h${i}`), hash, 0);
      store.change(1, range(`h${i}`), range(hashSet('g', 'w')));
      versions.push(store.version(1, range(`h${i}`)));
      store.commit();
    }
    await pass(clock, store.close());
    const reports = (await inspectStore(files, DIR)).segments;
    expect(reports.reduce((sum, { puts }) => sum + puts, 0)).toBeGreaterThan(count + 5);
    const again = await pass(clock, open({ files, clock, options }));
    if (mode === 'with peers') again.logIndex = 1000;
    const found = [];
    for (let i = 0; i < count; i += 1) found.push(await versionAt(again, `h${i}`));
    expect(found).toEqual(versions);
  });

  it('is in the same place in a record of any size', async () => {
    const files = new SimFiles();
    const clock = new SimClock();
    const store = await pass(clock, open({ files, clock, options: { ...COLDEST, hotTailBytes: MIB } }));
    const sizes = [0, 1, 4, 20, 27, 28, 29, 600, 65_400, 65_480, 65_536, 200_000];
    for (const [i, size] of sizes.entries()) {
      store.logIndex = 10 + i;
      put(store, `of ${size}`, Buffer.alloc(size, 'v'));
      store.commit(10 + i);
    }
    await pass(clock, store.close());
    expect((await inspectStore(files, DIR)).segments.flatMap(({ bad }) => bad)).toEqual([]);
    const again = await pass(clock, open({ files, clock, options: COLDEST }));
    again.logIndex = 100;
    for (const [i, size] of sizes.entries()) {
      expect(await versionAt(again, `of ${size}`)).toBe(10 + i);
      expect((await text(again, `of ${size}`))?.length).toBe(size);
    }
  });

  it('stays when the compactor moves the record, from hints and without', async () => {
    const files = new SimFiles();
    const clock = new SimClock();
    const told = new Told();
    const options = { segmentBytes: 16 * 1024, memoryBytes: 64 * MIB };
    const store = await pass(clock, open({ files, clock, told, options }));
    for (let i = 1; i <= 200; i += 1) {
      store.logIndex = i;
      put(store, `kept${i % 10 === 0 ? i : 0}`, 'v'.repeat(500));
      await pass(clock, committed(store));
    }
    const compactor = new Compactor({
      host: store.compaction, clock, copier: inlineCopier(files), diskRatioMax: 1.1, minBytes: 0,
      reserveBytes: 0, yieldToLoop: () => new Promise((resolve) => void setImmediate(resolve)),
    });
    const namesOf = async (ending: string): Promise<string[]> =>
      (await files.list(DIR)).filter((name) => name.endsWith(ending));
    for (let tick = 0; tick < 50 && (await namesOf('.pack')).length === 0; tick += 1) {
      await pass(clock, compactor.tick());
      await clock.advanceGently(100);
    }
    expect(await namesOf('.pack')).not.toEqual([]);
    const check = async (checked: Store): Promise<void> => {
      checked.logIndex = 200;
      for (let i = 10; i <= 200; i += 10) expect(await versionAt(checked, `kept${i}`)).toBe(i);
    };
    await check(store);
    await pass(clock, compactor.stop());
    await pass(clock, store.close());
    const fromCheckpoint = await pass(clock, open({ files, clock, options }));
    await check(fromCheckpoint);
    await pass(clock, fromCheckpoint.close());
    for (const name of (await files.list(DIR)).filter((each) => each.startsWith('checkpoint-'))) {
      await files.unlink(`${DIR}/${name}`);
    }
    const fromHints = await pass(clock, open({ files, clock, options }));
    await check(fromHints);
    await pass(clock, fromHints.close());
    for (const name of await files.list(DIR)) {
      if (/\.hint$|^checkpoint-/.test(name)) await files.unlink(`${DIR}/${name}`);
    }
    await check(await pass(clock, open({ files, clock, options })));
    expect([...told.damage, ...told.failures]).toEqual([]);
  });
});
