/**
 * Large collections in a store: through restarts, power losses, compaction and blocks that leave
 * RAM.
 */

import { describe, expect, it } from 'vitest';
import { CollectionChange } from '../../src/keyspace/collection/collection-change.ts';
import type { CollectionLimits } from '../../src/keyspace/collection/limits.ts';
import { LargeCollection } from '../../src/keyspace/collection/large-collection.ts';
import type { Found } from '../../src/keyspace/storage.ts';
import { Random } from '../../src/lib/random.ts';
import { Compactor } from '../../src/store/compaction/compactor.ts';
import type { StoreOptions } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { inlineCopier } from './compaction/inline-copier.ts';
import { TINY_PAGES, fetch, mustAgree, open, range } from './helpers.ts';
import { PLAYED_ZSETS } from './large-zset-type.ts';
import { PLAYED_HASHES, PLAYED_LISTS, type PlayedType } from './large-values-types.ts';

const LIMITS: CollectionLimits = { mediumBytesMax: 1500, blockBytesMax: 900, blockBytesMin: 120 };
const OPTIONS: Partial<StoreOptions> = {
  segmentBytes: 32 * 1024, paging: TINY_PAGES, readCacheBytes: 0,
};
const KEYS = 3;

class Trial<M> {
  readonly #type: PlayedType<M>;
  store!: Store;
  /** How often a value was seen as large, and blocks left RAM. */
  large = 0;
  released = 0;
  #disk = new SimFiles({ seed: 5 });
  readonly #clock = new SimClock();
  readonly #random: Random;
  readonly #model = new Map<string, M>();
  #compactor: Compactor | undefined;

  constructor(type: PlayedType<M>, seed: number) {
    this.#type = type;
    this.#random = new Random(3, seed);
  }

  async open(): Promise<void> {
    this.store = await this.#pass(open({ files: this.#disk, clock: this.#clock, options: OPTIONS }));
    this.#compactor = new Compactor({
      host: this.store.compaction, clock: this.#clock, copier: inlineCopier(this.#disk),
      diskRatioMax: 1.2, minBytes: 0, reserveBytes: 0, yieldToLoop: () => Promise.resolve(),
    });
  }

  async step(): Promise<void> {
    const key = `k${this.#random.below(KEYS)}`;
    await fetch(this.store, key);
    this.#change(key);
    if (this.#random.below(30) === 0) await this.#releaseBlocks(key);
    if (this.#random.below(4) === 0) this.store.commit();
    if (this.#random.below(40) === 0) {
      this.store.commit();
      await this.#pass(Promise.all([this.#compactor!.tick(), mustAgree(this.store)]));
    }
  }

  async reopen(isClean: boolean): Promise<void> {
    this.store.commit();
    await this.#pass(this.#compactor!.stop());
    if (isClean) await this.#pass(this.store.close());
    else {
      await this.#pass(this.store.flushAndSync());
      this.#disk = this.#disk.crash(this.#random);
    }
    await this.open();
    await this.#pass(mustAgree(this.store));
    await this.compare();
  }

  async compare(): Promise<void> {
    for (let i = 0; i < KEYS; i++) {
      const model = this.#model.get(`k${i}`);
      const found = await fetch(this.store, `k${i}`);
      if (model === undefined) expect(found).toBeUndefined();
      else {
        expect(this.#type.read(found as Found)).toEqual(model);
        if (found!.live instanceof LargeCollection) this.large++;
      }
    }
    expect(this.store.count(1)).toBe(this.#model.size);
  }

  /** The blocks of each large value, and no others, are in the space of blocks. */
  async checkBlocks(): Promise<void> {
    for (let i = 0; i < KEYS; i++) {
      const found = await fetch(this.store, `k${i}`);
      if (found !== undefined) this.#type.check(this.store, found as Found, LIMITS, KEYS);
    }
  }

  #change(key: string): void {
    const change = this.#type.change(this.#random, this.#model.get(key));
    if (change === undefined) return;
    new CollectionChange(this.store, LIMITS)
      .apply(1, range(key), this.#type.type, change.delta, this.#random);
    if (change.after === undefined) this.#model.delete(key);
    else this.#model.set(key, change.after);
  }

  async #releaseBlocks(key: string): Promise<void> {
    const found = await fetch(this.store, key);
    const { live } = found ?? {};
    if (live instanceof LargeCollection && live.release(Infinity, () => true) > 0) this.released++;
  }

  async #pass<T>(work: Promise<T>): Promise<T> {
    return await this.#clock.passUntil(work);
  }
}

describe('large collections in a store', () => {
  const play = async <M>(type: PlayedType<M>): Promise<void> => {
    let [large, released] = [0, 0];
    for (let seed = 1; seed <= 2; seed++) {
      const trial = new Trial(type, seed);
      await trial.open();
      for (let round = 0; round < 6; round++) {
        for (let i = 0; i < 150; i++) await trial.step();
        await trial.compare();
        await trial.reopen(round % 2 === 0);
        await trial.checkBlocks();
      }
      large += trial.large;
      released += trial.released;
    }
    expect(large).toBeGreaterThan(5);
    expect(released).toBeGreaterThan(5);
  };

  it('are what the same changes make of a model, after restarts and power losses: hashes', () =>
    play(PLAYED_HASHES));
  it('are what the same changes make of a model, after restarts and power losses: lists', () =>
    play(PLAYED_LISTS));
  it('are what the same changes make of a model, after restarts and power losses: sorted sets', () =>
    play(PLAYED_ZSETS));
});
