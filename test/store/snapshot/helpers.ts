/** What the tests of snapshots share: a busy store that knows its state at every position. */

import { Random } from '../../../src/lib/random.ts';
import { COMPACTION_DISK_RATIO_MAX } from '../../../src/config/options.ts';
import { Compactor } from '../../../src/store/compaction/compactor.ts';
import { inlineCopier } from '../compaction/inline-copier.ts';
import type { StoreOptions } from '../../../src/store/open-store.ts';
import { installSnapshot } from '../../../src/store/snapshot/install-snapshot.ts';
import { receiveSnapshot } from '../../../src/store/snapshot/receive-snapshot.ts';
import { streamSnapshot } from '../../../src/store/snapshot/snapshot-stream.ts';
import type { SnapshotContent } from '../../../src/store/snapshot/store-snapshot.ts';
import type { Store } from '../../../src/store/store.ts';
import { SimClock } from '../../sim/sim-clock.ts';
import type { SimFiles } from '../../sim/sim-files.ts';
import { CrashModel, SPACES, differences, stateOf } from '../crash-model.ts';
import type { State } from '../crash-model.ts';
import { MIB, TINY_PAGES, Told, open } from '../helpers.ts';

export const DIR = '/data';
const KEYS = 24;

/** Many small segments, values in pages, and nothing stays warm for long. */
export const BUSY: Partial<StoreOptions> = {
  segmentBytes: 16 * 1024, paging: TINY_PAGES, memoryBytes: 2 * MIB, readCacheBytes: 0,
};

export const META = Buffer.from('what the owner wants to know');

/** Lets time pass until the work has ended. */
export async function pass<T>(clock: SimClock, work: Promise<T>): Promise<T> {
  return await clock.passUntil(work);
}

/** A store under a random workload; `history[position]` is its state there. */
export class BusyStore {
  readonly history: State[] = [new Map()];
  readonly store: Store;
  readonly clock: SimClock;
  readonly told: Told;
  readonly random: Random;
  readonly compactor: Compactor;
  readonly #model: CrashModel;

  private constructor(disk: SimFiles, clock: SimClock, store: Store, told: Told, seed: number) {
    this.store = store;
    this.clock = clock;
    this.told = told;
    this.random = new Random(seed, 1);
    this.#model = new CrashModel(this.random, KEYS);
    this.compactor = new Compactor({
      host: store.compaction, clock, copier: inlineCopier(disk),
      diskRatioMax: COMPACTION_DISK_RATIO_MAX, minBytes: 0, reserveBytes: 0,
      yieldToLoop: () => new Promise((resolve) => {
        setImmediate(resolve);
      }),
    });
  }

  static async start(disk: SimFiles, seed: number,
    options: Partial<StoreOptions> = BUSY): Promise<BusyStore> {
    const clock = new SimClock();
    const told = new Told();
    const store = await pass(clock, open({ files: disk, clock, told, options }));
    return new BusyStore(disk, clock, store, told, seed);
  }

  get position(): number {
    return this.history.length - 1;
  }

  /** Takes over the state of a store that was opened anew; positions go on from there. */
  async resume(state: State): Promise<void> {
    this.store.logIndex = this.store.position;
    this.history.length = this.store.position;
    this.history.push(state);
    await this.#model.restore(this.store);
  }

  /** Some changes and their commit, as one entry of the total order. */
  async batch(): Promise<void> {
    this.store.logIndex = this.position + 1;
    for (let n = 1 + this.random.below(5); n > 0; n -= 1) await this.#model.step(this.store);
    this.history.push(this.#model.state());
    this.store.commit(this.position);
    const choice = this.random.below(10);
    if (choice === 0) await this.clock.advanceGently(20);
    // What the turn of a server does that has nothing to apply.
    if (choice === 1) this.store.commit();
    if (choice === 2) void this.compactor.tick();
    if (choice === 3) await this.clock.advanceGently(1100);
  }

  async batches(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) await this.batch();
  }

  async close(): Promise<void> {
    await pass(this.clock, this.compactor.stop());
    await pass(this.clock, this.store.close());
  }
}

export const KEY_NAMES = Array.from({ length: KEYS }, (_, i) => `key:${i}`);

/** Throws with the differences if the store is not in this state, its counts included. */
export async function mustBeIn(store: Store, expected: State, what: string): Promise<void> {
  store.logIndex = Math.max(1, store.position);
  const state = await stateOf(store, KEY_NAMES);
  const different = differences(expected, state);
  if (different !== '') throw new Error(`${what}:\n${different}`);
  for (const space of SPACES) {
    const expiring = [...expected].filter(([name, text]) =>
      name.startsWith(`${space}:`) && !text.endsWith('@0')).length;
    if (store.countExpiring(space) !== expiring) {
      throw new Error(`${what}: ${store.countExpiring(space)} keys expire, expected ${expiring}`);
    }
  }
}

// ---- Streams ------------------------------------------------------------------------------------

/** The whole stream; chunks are copied, because they share a buffer. */
export async function streamed(snapshot: SnapshotContent, chunkBytes?: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const chunk of streamSnapshot(snapshot, chunkBytes)) pieces.push(Buffer.from(chunk));
  return Buffer.concat(pieces);
}

/** The bytes in chunks of any length, empty ones included. */
export async function* cut(bytes: Buffer, random: Random,
  bytesMax = 5000): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length;) {
    const length = random.below(bytesMax);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

/** Takes a stream in and installs it. The directory is there. */
export async function take(disk: SimFiles, bytes: Buffer, random = new Random(1, 1)): Promise<void> {
  await receiveSnapshot({ files: disk, dir: DIR, reserveBytes: 0 }, cut(bytes, random));
  await installSnapshot(disk, DIR, META);
}
