import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import { readSnapshotMeta } from '../../../src/store/snapshot/install-snapshot.ts';
import { streamSnapshot } from '../../../src/store/snapshot/snapshot-stream.ts';
import type { StoreSnapshot } from '../../../src/store/snapshot/store-snapshot.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import { SimFiles } from '../../sim/sim-files.ts';
import { Told, committed, fetch, open, put, text } from '../helpers.ts';
import { BUSY, BusyStore, DIR, META, mustBeIn, pass, streamed, take } from './helpers.ts';

/** A snapshot on its way, a chunk at a time between the batches. */
class Transfer {
  readonly fromPosition: number;
  readonly #bytes: Buffer[] = [];
  #snapshot: StoreSnapshot | undefined;
  #chunks: AsyncGenerator<Uint8Array, void> | undefined;
  isDone = false;

  constructor({ store }: BusyStore, chunkBytes: number) {
    this.fromPosition = store.position;
    void store.exportSnapshot().then((snapshot) => {
      this.#snapshot = snapshot;
      this.#chunks = streamSnapshot(snapshot, chunkBytes);
    });
  }

  get snapshot(): StoreSnapshot {
    return this.#snapshot!;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#bytes);
  }

  async step(): Promise<void> {
    const next = await this.#chunks?.next();
    if (next?.value !== undefined) this.#bytes.push(Buffer.from(next.value));
    if (next?.done !== true) return;
    this.isDone = true;
    await this.#snapshot!.release();
  }
}

/** A fresh disk with the store of a stream. */
async function diskWith(bytes: Buffer, seed: number): Promise<SimFiles> {
  const disk = new SimFiles({ seed });
  await disk.mkdir(DIR);
  await disk.syncDir('/');
  await take(disk, bytes, new Random(seed, 5));
  return disk;
}

async function checkArrived(busy: BusyStore, transfer: Transfer, seed: number): Promise<void> {
  const { position } = transfer.snapshot;
  expect(position).toBeGreaterThanOrEqual(transfer.fromPosition);
  let disk = await diskWith(transfer.bytes, seed);
  for (const life of ['from hints', 'after a power cut']) {
    const other = await BusyStore.start(disk, seed);
    const what = `seed ${seed}, position ${position}, ${life}`;
    expect(other.store.position, what).toBe(position);
    await mustBeIn(other.store, busy.history[position]!, what);
    expect(Buffer.from((await readSnapshotMeta(disk, DIR))!)).toEqual(META);
    disk = disk.crash(new Random(seed, position));
  }
  // And it goes on from there, through a clean stop.
  const goesOn = await BusyStore.start(disk, seed);
  await goesOn.resume(busy.history[position]!);
  await goesOn.batches(20);
  await goesOn.close();
  const again = await BusyStore.start(disk, seed);
  await mustBeIn(again.store, goesOn.history.at(-1)!, `seed ${seed}, gone on`);
  expect([...goesOn.told.damage, ...goesOn.told.failures]).toEqual([]);
}

describe('a snapshot', () => {
  it.each([1, 2, 3, 4, 5, 6])('holds exactly its position while writes and compaction go on, seed %i',
    async (seed) => {
      const busy = await BusyStore.start(new SimFiles({ seed }), seed);
      const transfers: Transfer[] = [];
      const underWay = (): Transfer[] => transfers.filter(({ isDone }) => !isDone);
      for (let n = 0; n < 250; n += 1) {
        await busy.batch();
        if (busy.random.below(25) === 0 && underWay().length < 3) {
          transfers.push(new Transfer(busy, 3000 + busy.random.below(9000)));
        }
        for (const transfer of underWay()) if (busy.random.below(3) > 0) await transfer.step();
      }
      while (underWay().length > 0) {
        await busy.clock.advanceGently(3);
        for (const transfer of underWay()) await transfer.step();
      }
      expect(transfers.length).toBeGreaterThan(3);
      expect(busy.compactor.status().rounds).toBeGreaterThan(3);
      for (const transfer of transfers) await checkArrived(busy, transfer, seed);
      expect([...busy.told.damage, ...busy.told.failures]).toEqual([]);
    }, 120_000);

  it('holds the same whatever the compactor is about at the cut', async () => {
    const disk = new SimFiles({ seed: 7 });
    const busy = await BusyStore.start(disk, 7);
    await busy.batches(150);
    const progress = { isDone: false, underWay: 0 };
    void busy.compactor.compactAll().finally(() => {
      progress.isDone = true;
    });
    const snapshots: StoreSnapshot[] = [];
    // A round waits for a sync with its outputs adopted, and for a rename with its inputs retired.
    disk.onOperation = (op) => {
      if (progress.isDone || progress.underWay > 5 || !['datasync', 'rename'].includes(op)) return;
      progress.underWay += 1;
      void Promise.resolve().then(() => busy.store.exportSnapshot()).then((snapshot) => {
        progress.underWay -= 1;
        snapshots.push(snapshot);
      });
    };
    for (let turn = 0; !progress.isDone || progress.underWay > 0; turn += 1) {
      // So that there is always something to sync; the model knows nothing of this space.
      put(busy.store, `turn:${turn}`, '', 0, 9);
      busy.store.commit();
      if (turn % 5 === 0) busy.clock.advance(1);
      await new Promise((done) => void setImmediate(done));
    }
    expect(snapshots.length).toBeGreaterThan(5);
    // Twelve of them, from the first to the last.
    const stride = Math.max(1, (snapshots.length - 1) / 11);
    for (let at = 0; at < snapshots.length; at += stride) {
      const snapshot = snapshots[Math.floor(at)]!;
      const other = await BusyStore.start(await diskWith(await streamed(snapshot), 1), 1);
      await mustBeIn(other.store, busy.history.at(-1)!, snapshot.files.map(({ name }) => name).join());
    }
  });

  it('is cut between two batches: a batch that is open comes later', async () => {
    const clock = new SimClock();
    const disk = new SimFiles();
    const store = await pass(clock, open({ files: disk, clock }));
    put(store, 'a', '1');
    store.commit(4);
    put(store, 'a', '2');
    const exporting = store.exportSnapshot();
    await clock.advanceGently(50);
    put(store, 'b', '2');
    store.commit(5);
    put(store, 'a', '3');
    store.commit(6);
    const snapshot = await pass(clock, exporting);
    expect(snapshot.position).toBe(5);
    const other = await open({ files: await diskWith(await streamed(snapshot), 1), clock });
    expect([await text(other, 'a'), await text(other, 'b'), other.position]).toEqual(['2', '2', 5]);
  });

  it('tells the position of entries that changed nothing', async () => {
    const clock = new SimClock();
    const store = await pass(clock, open({ files: new SimFiles(), clock }));
    put(store, 'a', '1');
    store.commit(4);
    store.commit(9);
    const snapshot = await pass(clock, store.exportSnapshot());
    const other = await open({ files: await diskWith(await streamed(snapshot), 1), clock });
    expect([snapshot.position, other.position]).toEqual([9, 9]);
  });

  it('of an empty store is an empty store', async () => {
    const clock = new SimClock();
    const store = await pass(clock, open({ files: new SimFiles(), clock }));
    const snapshot = await pass(clock, store.exportSnapshot());
    expect(snapshot.files.map(({ name }) => name)).toEqual(['MANIFEST']);
    const other = await open({ files: await diskWith(await streamed(snapshot), 1), clock });
    expect([other.count(1), other.position]).toEqual([0, 0]);
    await pass(clock, other.close());
  });

  it('goes on in the middle of a batch that does not fit one segment, and is cut behind it',
    async () => {
      const clock = new SimClock();
      const options = { segmentStartBytesMax: 140_000 };
      const store = await pass(clock, open({ files: new SimFiles(), clock, options }));
      const value = 'v'.repeat(50_000);
      const exporting = store.exportSnapshot();
      for (let i = 0; i < 8; i += 1) put(store, `key:${i}`, `${i}${value}`);
      await clock.advanceGently(50);
      for (let i = 8; i < 16; i += 1) put(store, `key:${i}`, `${i}${value}`);
      store.commit(1);
      const empty = await pass(clock, exporting);
      expect(empty.position).toBe(0);
      const snapshot = await pass(clock, store.exportSnapshot());
      expect([snapshot.position, snapshot.files.length > 5]).toEqual([1, true]);
      const disk = await diskWith(await streamed(snapshot), 1);
      const other = await open({ files: disk, clock, options });
      expect(other.count(1)).toBe(16);
      for (let i = 0; i < 16; i += 1) expect(await text(other, `key:${i}`)).toBe(`${i}${value}`);
    });

  it('waits for no further batch when an open one has used up the segment made ready', async () => {
    const clock = new SimClock();
    const options = { segmentStartBytesMax: 140_000 };
    const store = await pass(clock, open({ files: new SimFiles(), clock, options }));
    await clock.advanceGently(50);
    put(store, 'a', '1');
    const exporting = store.exportSnapshot();
    const rolling = store.compaction.rollActive();
    await clock.advanceGently(50);
    for (let i = 0; i < 4; i += 1) put(store, `key:${i}`, 'v'.repeat(50_000));
    store.commit(1);
    for (let n = 0; n < 10; n += 1) await clock.advanceGently(50);
    const snapshot = await Promise.race([exporting, Promise.resolve(undefined)]);
    expect(snapshot?.position).toBe(1);
    await rolling;
  });

  it('keeps the seed of the hashes and keys that share one', async () => {
    const clock = new SimClock();
    const pairs = [['c3257982', 'c4681183'], ['c14785442', 'c63472763']] as const;
    const store = await pass(clock, open({ files: new SimFiles(), clock }));
    for (const key of pairs.flat()) put(store, key, `value of ${key}`, 5000);
    await committed(store);
    const snapshot = await pass(clock, store.exportSnapshot());
    const disk = await diskWith(await streamed(snapshot), 1);
    const other: Store = await open({ files: disk, clock, options: BUSY });
    expect(other.compaction.seed).toEqual(store.compaction.seed);
    expect([other.count(1), other.countExpiring(1)]).toEqual([4, 4]);
    for (const key of pairs.flat()) {
      const found = await fetch(other, key);
      expect([found?.value.text(), found?.expireAt]).toEqual([`value of ${key}`, 5000]);
    }
  });
});

describe('the files of a snapshot', () => {
  it('stay until it is released, whatever the compactor does, and go then', async () => {
    const disk = new SimFiles();
    const busy = await BusyStore.start(disk, 3);
    await busy.batches(100);
    const [one, two] = await pass(busy.clock,
      Promise.all([busy.store.exportSnapshot(), busy.store.exportSnapshot()]));
    const bytes = await streamed(one!);
    await busy.batches(150);
    await pass(busy.clock, busy.compactor.compactAll());
    const held = one!.files.slice(1).map(({ name }) => name);
    const left = async (): Promise<number> => {
      await busy.clock.advanceGently(100);
      const names = new Set(await disk.list(DIR));
      return held.filter((name) => names.has(name)).length;
    };
    expect(await left()).toBe(held.length);
    await one!.release();
    await one!.release();
    expect(await left()).toBe(held.length);
    expect(await streamed(two!)).toEqual(bytes);
    await two!.release();
    expect(await left()).toBe(0);
    await expect(one!.read(held[0]!, 0, Buffer.alloc(9))).rejects.toThrow(/released/);
  });

  it('go when the store is closed in the middle, and reads say so', async () => {
    const disk = new SimFiles();
    const busy = await BusyStore.start(disk, 4);
    await busy.batches(100);
    const snapshot = await pass(busy.clock, busy.store.exportSnapshot());
    const { name } = snapshot.files[1]!;
    await busy.batches(100);
    await pass(busy.clock, busy.compactor.compactAll());
    const reading = snapshot.read(name, 0, Buffer.alloc(64));
    await busy.close();
    expect(await reading).toBe(64);
    await expect(snapshot.read(name, 0, Buffer.alloc(64))).rejects.toThrow(/released/);
    expect(await disk.list(DIR)).not.toContain(name);
    const before = await disk.list(DIR);
    await snapshot.release();
    expect(await disk.list(DIR)).toEqual(before);
    await expect(busy.store.exportSnapshot()).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('need no hint: one that vanished meanwhile is made anew on the other side', async () => {
    const disk = new SimFiles();
    const busy = await BusyStore.start(disk, 5);
    await busy.batches(80);
    const snapshot = await pass(busy.clock, busy.store.exportSnapshot());
    const hints = snapshot.files.filter(({ name }) => name.endsWith('.hint'));
    expect(hints.length).toBeGreaterThan(2);
    for (const { name } of hints.slice(1)) await disk.unlink(`${DIR}/${name}`);
    const arrived = await diskWith(await streamed(snapshot), 2);
    const other = await BusyStore.start(arrived, 2);
    await mustBeIn(other.store, busy.history[snapshot.position]!, 'without hints');
  });
});

describe('an export', () => {
  it('is refused by a store that has failed, and holds nothing', async () => {
    const clock = new SimClock();
    const disk = new SimFiles();
    const store = await pass(clock, open({ files: disk, clock }));
    put(store, 'a', '1');
    store.commit(1);
    disk.fail({ op: 'datasync', path: '000000000000001.log', code: 'EIO' });
    await expect(pass(clock, store.exportSnapshot())).rejects.toMatchObject({ code: 'FAILED' });
    await expect(pass(clock, store.exportSnapshot())).rejects.toMatchObject({ code: 'FAILED' });
  });

  it('ends with an error when the store is closed while it waits for a batch to end', async () => {
    const clock = new SimClock();
    const store = await pass(clock, open({ files: new SimFiles(), clock }));
    put(store, 'a', '1');
    const exporting = store.exportSnapshot();
    exporting.catch(() => undefined);
    await pass(clock, store.close());
    await expect(exporting).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('rejects with the disk full when no next segment can be made, and works later', async () => {
    const clock = new SimClock();
    const disk = new SimFiles();
    const store = await pass(clock, open({ files: disk, clock }));
    await clock.advanceGently(50);
    put(store, 'a', '1');
    store.commit(1);
    // This one takes the segment that was made ready; making the next one fails in the background,
    // and once more for the export that needs it.
    disk.fail({ op: 'create', path: '.log', code: 'ENOSPC', times: 2 });
    await (await pass(clock, store.exportSnapshot())).release();
    await clock.advanceGently(50);
    put(store, 'a', '2');
    store.commit(2);
    await expect(pass(clock, store.exportSnapshot())).rejects.toMatchObject({ code: 'ENOSPC' });
    expect((await pass(clock, store.exportSnapshot())).position).toBe(2);
  });
});

describe('a snapshot of a store with a damaged record', () => {
  it('fails before the segment is sent, and says where', async () => {
    const disk = new SimFiles({ seed: 1 });
    const told = new Told();
    const clock = new SimClock();
    const store = await open({ files: disk, clock, told });
    put(store, 'key', 'needle');
    await committed(store);
    const sound = await pass(clock, store.exportSnapshot());
    expect((await streamed(sound)).includes('needle')).toBe(true);
    await sound.release();
    const path = '/data/000000000000001.log';
    disk.damage(path, Buffer.from(disk.contentOf(path)).indexOf('needle'), 1);
    const snapshot = await pass(clock, store.exportSnapshot());
    const place = { code: 'DAMAGED', file: path, offset: 104 };
    await expect(streamed(snapshot)).rejects.toMatchObject(place);
    expect(told.damage).toMatchObject([place]);
    await snapshot.release();
    await pass(clock, store.close());
  });
});
