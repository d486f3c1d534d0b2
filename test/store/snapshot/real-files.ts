/** A snapshot of many keys over real files, with its speed. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { NodeClock } from '../../../src/io/node-clock.ts';
import { NodeFiles } from '../../../src/io/node-files.ts';
import { Compactor } from '../../../src/store/compaction/compactor.ts';
import { inlineCopier } from '../compaction/inline-copier.ts';
import { installSnapshot, readSnapshotMeta } from '../../../src/store/snapshot/install-snapshot.ts';
import { receiveSnapshot } from '../../../src/store/snapshot/receive-snapshot.ts';
import { streamSnapshot } from '../../../src/store/snapshot/snapshot-stream.ts';
import type { StoreSnapshot } from '../../../src/store/snapshot/store-snapshot.ts';
import type { Store } from '../../../src/store/store.ts';
import { MIB, committed, open, put, set, text } from '../helpers.ts';
import { META } from './helpers.ts';

const PER_COMMIT = 500;
const OPTIONS = { segmentBytes: 8 * MIB, memoryBytes: 96 * MIB, readCacheBytes: 4 * MIB };

let base = '';
const stores: Store[] = [];
const files = new NodeFiles();
const clock = new NodeClock();

async function openIn(name: string): Promise<Store> {
  const store = await open({ files, clock, dir: join(base, name), options: OPTIONS });
  stores.push(store);
  return store;
}

function megabytesPerSecond(bytes: number, sinceMs: number): string {
  const seconds = (performance.now() - sinceMs) / 1000;
  return `${(bytes / MIB / seconds).toFixed(0)} MB/s`;
}

const valueOf = (n: number): string => `${n}:${'v'.repeat(100 + n % 150)}`;

async function fill(store: Store, keys: number): Promise<void> {
  for (let n = 0; n < keys; n += 1) {
    put(store, `key:${n}`, valueOf(n), n % 3 === 0 ? 4e12 : 0);
    if (n % PER_COMMIT === PER_COMMIT - 1) {
      store.commit((n + 1) / PER_COMMIT);
      // As a server does after each turn.
      await new Promise((done) => void setImmediate(done));
    }
  }
}

/** Overwrites from the first key on until told to stop; returns how many were written. */
async function overwrite(
  store: Store, keys: number, progress: { isDone: boolean },
): Promise<number> {
  const from = store.position;
  let position = from;
  for (let n = 0; !progress.isDone; n = (n + 1) % keys) {
    await set(store, `key:${n}`, 'new');
    position += 1;
    store.commit(position);
    if (n % 20 === 0) await new Promise((done) => void setImmediate(done));
  }
  return position - from;
}

async function streamAlone(snapshot: StoreSnapshot): Promise<string> {
  const startedMs = performance.now();
  let bytes = 0;
  for await (const chunk of streamSnapshot(snapshot)) bytes += chunk.length;
  expect(bytes).toBeGreaterThan(snapshot.totalBytes);
  return megabytesPerSecond(bytes, startedMs);
}

export function useRealDirectory(): void {
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'dkvs-snapshot-'));
  });

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    await rm(base, { recursive: true });
  });
}

/** Streams a snapshot of `keys` keys to another directory while writes and compaction go on. */
export async function sendAcross(keys: number): Promise<void> {
  const store = await openIn('from');
  await fill(store, keys);
  await committed(store);
  const last = keys / PER_COMMIT;
  const compactor = new Compactor({
    host: store.compaction, clock, copier: inlineCopier(files), diskRatioMax: 1.2, minBytes: 0,
    reserveBytes: 0, yieldToLoop: () => new Promise((done) => void setImmediate(done)),
  });
  const snapshot = await store.exportSnapshot();
  expect(snapshot.position).toBe(last);
  const alone = await streamAlone(snapshot);

  const progress = { isDone: false };
  const writing = overwrite(store, keys, progress);
  const compacting = compactor.compactAll();
  const target = join(base, 'to');
  await files.mkdir(target);
  let startedMs = performance.now();
  const env = { files, dir: target, reserveBytes: 0 };
  const { position, totalBytes } = await receiveSnapshot(env, streamSnapshot(snapshot));
  const speed = megabytesPerSecond(totalBytes, startedMs);
  progress.isDone = true;
  expect(await writing).toBeGreaterThan(10);
  await compacting;
  await snapshot.release();
  await compactor.stop();

  startedMs = performance.now();
  await installSnapshot(files, target, META);
  const other = await openIn('to');
  const opened = megabytesPerSecond(totalBytes, startedMs);
  console.log(`${(totalBytes / MIB).toFixed(0)} MB of ${keys} keys: a stream alone makes ` +
    `${alone}; taken in, under load, at ${speed}; installed and opened at ${opened}`);
  expect([other.position, position, other.count(1)]).toEqual([last, last, keys]);
  expect(other.countExpiring(1)).toBe(keys / 3);
  for (let n = 0; n < keys; n += 997) expect(await text(other, `key:${n}`)).toBe(valueOf(n));
  expect(Buffer.from((await readSnapshotMeta(files, target))!)).toEqual(META);
  expect((await readdir(target)).filter((name) => name.endsWith('.incoming'))).toEqual([]);
}
