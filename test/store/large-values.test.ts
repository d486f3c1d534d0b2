/** Large hashes in a store: through restarts, power losses, compaction and blocks that leave RAM. */

import { describe, expect, it } from 'vitest';
import { HASHES } from '../../src/keyspace/collection/hash-type.ts';
import { CollectionChange } from '../../src/keyspace/collection/collection-change.ts';
import type { CollectionLimits } from '../../src/keyspace/collection/limits.ts';
import { HASH_REMOVE, HASH_SET } from '../../src/keyspace/collection/hash-delta.ts';
import { hashOf } from '../../src/keyspace/collection/hashes.ts';
import { LargeHash } from '../../src/keyspace/collection/large-hash.ts';
import { DeltaWriter } from '../../src/keyspace/pieces.ts';
import type { Found } from '../../src/keyspace/storage.ts';
import { Random } from '../../src/lib/random.ts';
import { Compactor } from '../../src/store/compaction/compactor.ts';
import type { StoreOptions } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { checkLarge } from '../keyspace/collection/check-large.ts';
import { pairsOf } from '../keyspace/collection/hash-text.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { inlineCopier } from './compaction/inline-copier.ts';
import { TINY_PAGES, fetch, mustAgree, open, range } from './helpers.ts';

const LIMITS: CollectionLimits = { mediumBytesMax: 1500, blockBytesMax: 900, blockBytesMin: 120 };
const OPTIONS: Partial<StoreOptions> = {
  segmentBytes: 32 * 1024, paging: TINY_PAGES, readCacheBytes: 0,
};
const KEYS = 3;

class Trial {
  store!: Store;
  /** How often a value was seen as large, and blocks left RAM. */
  large = 0;
  released = 0;
  #disk = new SimFiles({ seed: 5 });
  readonly #clock = new SimClock();
  readonly #random: Random;
  readonly #model = new Map<string, Map<string, string>>();
  #compactor: Compactor | undefined;

  constructor(seed: number) {
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
    const key = `h${this.#random.below(KEYS)}`;
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
      const model = this.#model.get(`h${i}`);
      const found = await fetch(this.store, `h${i}`);
      if (model === undefined) expect(found).toBeUndefined();
      else {
        expect(new Map(pairsOf(hashOf(found!)))).toEqual(model);
        if (found!.live instanceof LargeHash) this.large++;
      }
    }
    expect(this.store.count(1)).toBe(this.#model.size);
  }

  /** The blocks of each large hash, and no others, are in the space of blocks. */
  async checkBlocks(): Promise<void> {
    for (let i = 0; i < KEYS; i++) {
      const found = await fetch(this.store, `h${i}`);
      if (found !== undefined) checkLarge(this.store, found as Found, LIMITS, KEYS);
    }
  }

  #change(key: string): void {
    const model = this.#model.get(key) ?? new Map<string, string>();
    const fields = [...model.keys()];
    const isRemoval = this.#random.below(10) < (this.#random.below(2) === 0 ? 3 : 6);
    const delta = new DeltaWriter();
    delta.begin(isRemoval ? HASH_REMOVE : HASH_SET);
    if (isRemoval) {
      const chosen = new Set(Array.from({ length: 1 + this.#random.below(6) }, () =>
        fields[this.#random.below(fields.length || 1)]).filter((field) => field !== undefined));
      if (chosen.size === 0) return;
      for (const field of chosen) delta.latin1(field);
      for (const field of chosen) model.delete(field);
    } else {
      for (let left = this.#random.below(15) === 0 ? 40 : 2; left > 0; left--) {
        const field = `field${this.#random.below(300)}`;
        const value = 'v'.repeat(this.#random.below(this.#random.below(40) === 0 ? 1500 : 60));
        delta.latin1(field);
        delta.latin1(value);
        model.set(field, value);
      }
    }
    new CollectionChange(this.store, LIMITS)
      .apply(1, range(key), HASHES, delta.finish(), this.#random);
    if (model.size === 0) this.#model.delete(key);
    else this.#model.set(key, model);
  }

  async #releaseBlocks(key: string): Promise<void> {
    const found = await fetch(this.store, key);
    const { live } = found ?? {};
    if (live instanceof LargeHash && live.release(Infinity, () => true) > 0) this.released++;
  }

  async #pass<T>(work: Promise<T>): Promise<T> {
    return await this.#clock.passUntil(work);
  }
}

describe('large hashes in a store', () => {
  it('are what the same changes make of a map, after restarts and power losses', async () => {
    let [large, released] = [0, 0];
    for (let seed = 1; seed <= 6; seed++) {
      const trial = new Trial(seed);
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
    expect(large).toBeGreaterThan(20);
    expect(released).toBeGreaterThan(20);
  });
});
