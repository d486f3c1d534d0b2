/** The checker of the index: nothing on a sound store, and each planted fault by its name. */

import { describe, expect, it } from 'vitest';
import { KeyHash } from '../../src/lib/key-hash.ts';
import { HashBlock } from '../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import type { IndexReport } from '../../src/keyspace/index-report.ts';
import { pieceBytes, writePiece } from '../../src/keyspace/pieces.ts';
import { HASH, STRING } from '../../src/keyspace/value-type.ts';
import { INDEX_FINDINGS_MAX, shownKey } from '../../src/store/check/findings.ts';
import { CHECK_PIECE_BYTES } from '../../src/store/check/read-record.ts';
import { IndexCheck } from '../../src/store/check/check-index.ts';
import { placeOf } from '../../src/store/memory/residents.ts';
import { scanLog } from '../../src/store/recovery/log-scan.ts';
import { readOnlyTables } from '../../src/store/recovery/read-only-tables.ts';
import type { ReadOnlyTables } from '../../src/store/recovery/read-only-tables.ts';
import { inspectStore } from '../../src/store/inspect.ts';
import { NodeClock } from '../../src/io/node-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { TINY_PAGES, committed, fetch, manifestOf, open, put, range, set } from './helpers.ts';

const LOG = '/data/000000000000001.log';
const clock = new NodeClock();

function fieldDelta(field: string, value: string): Buffer {
  const buf = Buffer.alloc(1 + pieceBytes(field.length) + pieceBytes(value.length));
  buf[0] = HASH_SET;
  writePiece(buf, writePiece(buf, 1, field), value);
  return buf;
}

/**
 * Strings with and without an expiry, one that is read in pieces, a hash in deltas and one in
 * pages.
 */
async function example(): Promise<SimFiles> {
  const disk = new SimFiles();
  const store = await open({ files: disk, clock, options: { paging: TINY_PAGES } });
  for (let i = 0; i < 200; i++) put(store, `key:${i}`, `value of ${i}`, i % 3 === 0 ? 1e12 + i : 0);
  put(store, 'large', 'x'.repeat(3 * CHECK_PIECE_BYTES));
  for (const key of ['hash', 'paged']) store.putLive(1, range(key), new HashBlock(HASH), 0);
  await committed(store);
  for (let i = 0; i < 30; i++) {
    if (i < 3) store.change(1, range('hash'), range(fieldDelta(`f${i}`, 'v')));
    store.change(1, range('paged'), range(fieldDelta(`f${i}`, 'v'.repeat(100))));
    await committed(store);
  }
  await store.close();
  return disk;
}

async function tablesOf(disk: SimFiles): Promise<ReadOnlyTables> {
  const manifest = manifestOf(disk);
  const scanned = [];
  for (const { id, kind, bytes } of manifest.sealed) {
    const path = `/data/${String(id).padStart(15, '0')}.log`;
    const file = await disk.openRead(path);
    const { rows } = scanLog({ file, id, bytes, hasher: new KeyHash(manifest.seed), isGapless: true });
    await file.close();
    scanned.push({ id, kind, path, isSealed: true, bytes, rows });
  }
  return await readOnlyTables(disk, '/data', manifest, scanned);
}

function check(tables: ReadOnlyTables): Promise<IndexReport> {
  const pause = (): Promise<void> => Promise.resolve();
  return new IndexCheck({ parts: tables, pause, isStopped: () => false }).run();
}

type Plant = (tables: ReadOnlyTables, disk: SimFiles) => void;

/** The faults that a check finds after `plant`. */
async function faultsAfter(plant: Plant): Promise<string[]> {
  const disk = await example();
  const tables = await tablesOf(disk);
  plant(tables, disk);
  const { findings } = await check(tables);
  for (const { path, pins } of tables.segments.all()) expect([path, pins]).toEqual([path, 0]);
  await tables.close();
  return findings.map(({ fault }) => fault);
}

function slotOf({ probe, spaces, hasher }: ReadOnlyTables, key: string): number {
  probe.forget();
  const bytes = Buffer.from(key);
  hasher.hash(bytes, 0, bytes.length);
  return spaces.get(1)!.index.find(hasher.hi, hasher.lo);
}

const indexOf = ({ spaces }: ReadOnlyTables) => spaces.get(1)!.index;

function chainOf(tables: ReadOnlyTables, key: string) {
  return tables.chains.mustGet(indexOf(tables).chainOf(slotOf(tables, key)));
}

/** A second slot on the record of `key`, under the hash of `other`. */
function addSlot(tables: ReadOnlyTables, key: string, other: string): void {
  const index = indexOf(tables);
  const slot = slotOf(tables, key);
  const place = [index.segmentOf(slot), index.offsetOf(slot), index.sizeClassOf(slot)] as const;
  const expiry = index.expirySecondsOf(slot);
  const bytes = Buffer.from(other);
  tables.hasher.hash(bytes, 0, bytes.length);
  index.insert(tables.hasher.hi, tables.hasher.lo, 0, ...place, expiry);
  tables.segments.mustGet(place[0]).addLive(place[2]);
}

describe('a check of the index', () => {
  it('finds nothing in a sound store, and has read every record that counts', async () => {
    const tables = await tablesOf(await example());
    const { findings, ...counts } = await check(tables);
    expect([findings, counts.slots, counts.chains]).toEqual([[], 203, 2]);
    expect(counts.records).toBeGreaterThan(215);
    await tables.close();
  });

  const planted: readonly (readonly [string, readonly string[], Plant])[] = [
    ['a key with two slots', ['doubled'], (tables) => addSlot(tables, 'key:7', 'key:7')],
    ['a slot under the hash of another key', ['wrong-hash'], (tables) =>
      addSlot(tables, 'key:7', 'no such key')],
    ['a slot without its segment', ['dangling'], (tables) =>
      void indexOf(tables).insert(1, 2, 0, 77, 64, 5, 0)],
    ['a slot that names no chain', ['dangling'], (tables) =>
      void indexOf(tables).insertChained(1, 2, 0, 99, 5, 0)],
    ['a slot on bytes that are no record', ['unreadable'], (tables) => {
      indexOf(tables).insert(1, 2, 0, 1, 72, 5, 0);
      tables.segments.mustGet(1).addLive(5);
    }],
    ['a wrong number of live bytes', ['wrong-account'], (tables) => tables.segments.mustGet(1).addLive(5)],
    ['a chain that no slot names', ['lost-chain'], (tables) => {
      const place = { slot: 1, offset: 64, sizeClass: 5 };
      tables.chains.create(tables.spaces.get(1)!, 1, 2, STRING, place);
      tables.segments.mustGet(1).addLive(5);
    }],
    ['a chain whose base is in no segment', ['dangling'], (tables) => {
      chainOf(tables, 'hash').base = placeOf(77, 64);
    }],
    ['another expiry than the record has', ['wrong-expiry'], (tables) =>
      indexOf(tables).setExpiry(slotOf(tables, 'key:7'), 5)],
    ['another type than the record has', ['wrong-type'], (tables) => {
      const index = indexOf(tables);
      const slot = slotOf(tables, 'key:7');
      const [segment, offset] = [index.segmentOf(slot), index.offsetOf(slot)];
      index.exchange(slot, 3, segment, offset, index.sizeClassOf(slot), 0, new Int32Array(3), 0);
    }],
    ['a size class that is too large', ['wrong-size', 'wrong-account'], (tables) => {
      const index = indexOf(tables);
      const slot = slotOf(tables, 'key:7');
      index.setPlace(slot, index.segmentOf(slot), index.offsetOf(slot), index.sizeClassOf(slot) + 1);
    }],
    ['a chain with the records of its tail exchanged', ['wrong-order'], (tables) => {
      const { places } = chainOf(tables, 'hash').deltas;
      [places[0], places[1]] = [places[1]!, places[0]!];
    }],
    ['a chain with a record of another key', ['wrong-key'], (tables) => {
      const { deltas } = chainOf(tables, 'hash');
      const other = chainOf(tables, 'paged').deltas;
      deltas.places[0] = other.places[0]!;
      deltas.classes[0] = other.classes[0]!;
    }],
    ['a page that is missing', ['wrong-kind', 'wrong-account'], (tables) =>
      chainOf(tables, 'paged').pages!.remove(1, 1, () => undefined)],
    ['a flipped bit in a value that is read in pieces', ['unreadable'], (_tables, disk) => {
      const at = Buffer.from(disk.contentOf(LOG)).indexOf('large');
      disk.damage(LOG, at + 2 * CHECK_PIECE_BYTES, 0x01);
    }],
    ['a flipped bit in the page of a value', ['unreadable'], (_tables, disk) =>
      disk.damage(LOG, Buffer.from(disk.contentOf(LOG)).lastIndexOf('v'.repeat(90)), 0x01)],
  ];

  for (const [what, faults, plant] of planted) {
    it(`reports ${what}`, async () => {
      const found = await faultsAfter(plant);
      expect(found).toEqual(expect.arrayContaining([...faults]));
    });
  }

  it('reports a cached record that the disk does not have there', async () => {
    const disk = await example();
    const tables = await tablesOf(disk);
    const { residents, segments } = tables;
    residents.cache.setBudget(8 * 1024 * 1024);
    const index = indexOf(tables);
    const at = Buffer.from(disk.contentOf(LOG)).indexOf('key:8value') - 36;
    const record = Buffer.from(disk.contentOf(LOG)).subarray(at, at + 56);
    const offset = index.offsetOf(slotOf(tables, 'key:7'));
    residents.cache.insert(segments.mustGet(1).id, offset, record, 0, record.length);
    const { findings } = await check(tables);
    expect(findings.map(({ fault }) => fault)).toEqual(['stale-cache', 'not-found']);
    expect(findings[0]?.text).toContain(`${LOG} at byte ${offset}, key 'key:7'`);
    await tables.close();
  });

  it('shows of a key no more than its beginning', () => {
    expect(shownKey(Buffer.from('key'))).toBe("'key'");
    const shown = shownKey(Buffer.alloc(100_000, 'k'));
    expect([shown.slice(0, 9), shown.length < 1000]).toEqual(["'kkkkkkkk", true]);
  });

  it('stops after so many findings', async () => {
    const faults = await faultsAfter((tables) => {
      for (let i = 0; i < 150; i++) indexOf(tables).setExpiry(slotOf(tables, `key:${i}`), 5);
    });
    expect(faults).toHaveLength(INDEX_FINDINGS_MAX);
  });
});

describe('a check of an open store', () => {
  it('finds nothing while keys are written, removed and moved beside it', async () => {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock, options: { hotTailBytes: 0, paging: TINY_PAGES } });
    for (let i = 0; i < 500; i++) await set(store, `key:${i}`, 'x'.repeat(i));
    store.putLive(1, range('hash'), new HashBlock(HASH), 0);
    await committed(store);
    await store.compaction.rollActive();
    const progress = { isDone: false, reports: 0 };
    const checks = (async () => {
      while (!progress.isDone) {
        expect((await store.checkIndex()).findings).toEqual([]);
        progress.reports += 1;
      }
    })();
    for (let i = 0; progress.reports < 3; i++) {
      store.begin();
      await set(store, `key:${i % 600}`, 'y'.repeat(i % 300));
      const release = await store.load([{ space: 1, key: Buffer.from(`key:${(i * 7) % 600}`), need: 0 }]);
      store.begin();
      if (i % 3 === 0) store.remove(1, range(`key:${(i * 7) % 600}`));
      release();
      await fetch(store, 'hash');
      store.change(1, range('hash'), range(fieldDelta(`f${i % 50}`, 'v'.repeat(i % 90))));
      if (i % 11 === 0) store.expire(1, range('hash'), 1e12 + i * 1000);
      await committed(store);
      if (i === 50) store.dropSpace(2);
      if (i === 40) put(store, 'other', 'space', 0, 2);
      if (i % 97 === 0) await store.compaction.rollActive();
    }
    progress.isDone = true;
    await checks;
    await store.close();
  });

  it('ends when the store is closed, with an error that says so', async () => {
    const disk = await example();
    const store = await open({ files: disk, clock });
    const checking = store.checkIndex().catch((error: unknown) => error);
    await store.close();
    expect(await checking).toMatchObject({ code: 'CLOSED' });
  });

  it('finds nothing in values of all kinds that are still in the in-memory tail', async () => {
    const store = await open({ files: new SimFiles(), clock, options: { paging: TINY_PAGES } });
    for (const key of ['hash', 'paged']) store.putLive(1, range(key), new HashBlock(HASH), 0);
    put(store, 'key', 'x'.repeat(3 * CHECK_PIECE_BYTES));
    for (let i = 0; i < 30; i++) {
      if (i < 3) store.change(1, range('hash'), range(fieldDelta(`f${i}`, 'v')));
      store.change(1, range('paged'), range(fieldDelta(`f${i}`, 'v'.repeat(100))));
      await committed(store);
    }
    const { findings, slots, chains } = await store.checkIndex();
    expect([findings, slots, chains]).toEqual([[], 3, 2]);
    await store.close();
  });

  it('counts what a frame that is still open has dropped', async () => {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock });
    store.putLive(1, range('hash'), new HashBlock(HASH), 0);
    put(store, 'key', 'x');
    await committed(store);
    store.dropSpace(1);
    expect((await store.checkIndex()).findings).toEqual([]);
    await store.close();
  });

  it('knows of records that a dropped space still has in the accounts', async () => {
    const disk = new SimFiles();
    const store = await open({ files: disk, clock });
    for (let i = 0; i < 30_000; i++) put(store, `key:${i}`, 'x');
    store.dropSpace(1);
    store.commit();
    expect((await store.checkIndex()).findings).toEqual([]);
    await store.close();
  });
});

describe('inspecting a store', () => {
  it('checks the index that the next start would have, with the checkpoint and without it', async () => {
    const disk = await example();
    const sound = await inspectStore(disk, '/data');
    expect([sound.indexSource, sound.index.findings]).toEqual(['checkpoint', []]);
    const name = (await disk.list('/data')).find((each) => each.startsWith('checkpoint'));
    await disk.unlink(`/data/${name}`);
    const again = await inspectStore(disk, '/data');
    expect([again.indexSource, again.index]).toEqual(['hints', sound.index]);
    disk.damage(LOG, Buffer.from(disk.contentOf(LOG)).indexOf('key:7value'), 0x01);
    expect((await inspectStore(disk, '/data')).index.findings).toHaveLength(1);
  });
});
