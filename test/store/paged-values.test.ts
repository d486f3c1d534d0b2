import { describe, expect, it } from 'vitest';
import type { HashBlock } from '../../src/keyspace/collection/hash/hash-block.ts';
import { HASH_REMOVE, HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import { LiveString } from '../../src/keyspace/live-string.ts';
import { DeltaWriter } from '../../src/keyspace/pieces.ts';
import { COLD, NEED_KEY, NEED_VALUE } from '../../src/keyspace/storage.ts';
import type { Clock } from '../../src/io/clock.ts';
import { Random } from '../../src/lib/random.ts';
import { Compactor } from '../../src/store/compaction/compactor.ts';
import { inlineCopier } from './compaction/inline-copier.ts';
import {
  entryBytesAt, entryKeyBytesAt, entryKeyStartAt, entryKindAt, entryValueBytesAt,
  entryValueIndexAt,
} from '../../src/store/format/data-entry.ts';
import { FRAME_HEADER_BYTES } from '../../src/store/format/frame.ts';
import { SEGMENT_HEADER_BYTES } from '../../src/store/format/segment-header.ts';
import { inspectStore } from '../../src/store/inspect.ts';
import type { SegmentReport } from '../../src/store/inspect.ts';
import type { StoreOptions } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { textAt } from '../keyspace/collection/hash-text.ts';
import { testSeed } from '../lib/seeded.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import { PagedHash } from './paged-hash.ts';
import { MIB, TINY_PAGES, Told, fetch, mustAgree, open, put, range, set } from './helpers.ts';
import { HASH } from '../../src/keyspace/value-type.ts';

const DIR = '/data';
const writer = new DeltaWriter();

function setDelta(pairs: Iterable<readonly [string, string]>): Buffer {
  writer.begin(HASH_SET);
  for (const [field, value] of pairs) {
    writer.latin1(field);
    writer.latin1(value);
  }
  return writer.finish().copy();
}

function removeDelta(field: string): Buffer {
  writer.begin(HASH_REMOVE);
  writer.latin1(field);
  return writer.finish().copy();
}

/** Fields `from` to `to`, all in one delta. */
function fieldsDelta(from: number, to: number, value = 'v'): Buffer {
  return setDelta(Array.from({ length: to - from }, (_, i) => [`f${from + i}`, `${value}${from + i}`]));
}

function hashOf(count: number): HashBlock {
  const hash = new PagedHash(HASH);
  const delta = fieldsDelta(0, count);
  hash.applyDelta(delta, 0, delta.length);
  return hash;
}

async function hashAt(store: Store, key: string): Promise<HashBlock> {
  return (await fetch(store, key))!.live as HashBlock;
}

async function settle(store: Store): Promise<void> {
  for (let before = -1; before !== store.appended;) {
    before = store.appended;
    store.commit();
  }
  await store.flushAndSync();
}

async function sumOf(disk: SimFiles, of: (segment: SegmentReport) => number): Promise<number> {
  const { segments } = await inspectStore(disk, DIR);
  return segments.reduce((sum, segment) => sum + of(segment), 0);
}

const OPTIONS: Partial<StoreOptions> = {
  segmentBytes: 16 * 1024, paging: TINY_PAGES, readCacheBytes: 0,
};

/** What a key must hold: the hash with its positions, or the string. */
type Wanted = Map<string, { value: HashBlock | string; expireAt: number }>;

/** One store on one disk, changed at random, crashed and reopened, beside a model. */
class Trial {
  disk = new SimFiles({ seed: testSeed() });
  store!: Store;
  pagesSeen = 0;
  runsSeen = 0;
  readonly #clock = new SimClock();
  readonly #random: Random;
  readonly #wanted: Wanted = new Map();
  #compactor: Compactor | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  async open(): Promise<void> {
    this.store = await this.#pass(open({ files: this.disk, clock: this.#clock, options: OPTIONS }));
    this.#compactor = new Compactor({
      host: this.store.compaction, clock: this.#clock, copier: inlineCopier(this.disk),
      diskRatioMax: 1.2, minBytes: 0, reserveBytes: 0, yieldToLoop: () => Promise.resolve(),
    });
  }

  async change(): Promise<void> {
    const key = `key:${this.#random.below(6)}`;
    const release = await this.store.load([{ space: 1, key: Buffer.from(key), need: NEED_VALUE }]);
    this.store.begin();
    this.#change(key);
    release();
    if (this.#random.below(4) === 0) this.store.commit();
    if (this.#random.below(100) !== 0) return;
    // Beside the compactor, which moves what is being checked, and waits for the end of the
    // frame, which every turn of a server brings.
    this.store.commit();
    await this.#pass(Promise.all([this.#compactor!.tick(), mustAgree(this.store)]));
  }

  /** What the log says is what the store says, to the byte. */
  async check(): Promise<void> {
    await settle(this.store);
    const liveBytes = await sumOf(this.disk, (segment) => segment.liveBytes);
    expect(this.store.compaction.liveBytes()).toBe(liveBytes);
    this.pagesSeen += await sumOf(this.disk, ({ pages }) => pages);
    this.runsSeen += await sumOf(this.disk, ({ runs }) => runs);
  }

  async reopen(isClean: boolean): Promise<void> {
    if (!isClean) await this.crash();
    else {
      this.store.commit();
      await this.#pass(this.#compactor!.stop());
      await this.#pass(this.store.close());
      await this.open();
    }
    await this.#pass(mustAgree(this.store));
    await this.compare();
  }

  /** Loses its power when all is durable, and starts again. */
  async crash(): Promise<void> {
    this.store.commit();
    await this.#pass(this.#compactor!.stop());
    await this.#pass(this.store.flushAndSync());
    this.disk = this.disk.crash(this.#random);
    await this.open();
  }

  /** Compacts what is worth it; how many rounds that took. */
  async compact(): Promise<number> {
    const before = this.#compactor!.status().rounds;
    // A round waits for the end of the open frame.
    this.store.commit();
    await this.#pass(this.#compactor!.tick());
    return this.#compactor!.status().rounds - before;
  }

  async compare(): Promise<void> {
    for (const [key, { value, expireAt }] of this.#wanted) {
      const found = await fetch(this.store, key);
      expect(found?.expireAt, key).toBe(expireAt);
      if (typeof value === 'string') expect(found!.value.latin1()).toBe(value);
      else expect(found!.live!.encodeBase().equals(value.encodeBase()), key).toBe(true);
    }
    expect(this.store.count(1)).toBe(this.#wanted.size);
  }

  #change(key: string): void {
    const wanted = this.#wanted.get(key);
    const choice = this.#random.below(100);
    if (wanted === undefined || choice < 2) this.#replace(key);
    else if (choice < 3) {
      this.#wanted.delete(key);
      this.store.remove(1, range(key));
    } else if (choice < 10) {
      wanted.expireAt = this.#random.below(2) * (1 + this.#random.below(1e6)) * 1e6;
      this.store.expire(1, range(key), wanted.expireAt);
    } else if (typeof wanted.value === 'string') this.#write(key, wanted.value, wanted);
    else this.#set(key, wanted.value);
  }

  #replace(key: string): void {
    const [count, isString] = [this.#random.below(200), this.#random.below(3) === 0];
    const value = isString ? 's'.repeat(count * 10) : hashOf(1 + count);
    this.#wanted.set(key, { value, expireAt: 0 });
    if (typeof value === 'string') put(this.store, key, value);
    else this.store.putLive(1, range(key), hashOf(1 + count), 0);
  }

  #write(key: string, before: string, wanted: { value: HashBlock | string }): void {
    const offset = this.#random.below(before.length + 1);
    const bytes = 'abcdefgh'.repeat(1 + this.#random.below(this.#random.below(9) === 0 ? 90 : 9));
    wanted.value = before.slice(0, offset) + bytes + before.slice(offset + bytes.length);
    this.store.makeLive(1, range(key));
    this.store.change(1, range(key), range(LiveString.delta(offset, Buffer.from(bytes))));
  }

  #set(key: string, hash: HashBlock): void {
    const isRemoval = hash.size > 1 && this.#random.below(3) === 0;
    const length = this.#random.below(this.#random.below(20) === 0 ? 900 : 20);
    const delta = isRemoval
      ? removeDelta(hash.fieldAt(this.#random.below(hash.size)).latin1())
      : setDelta([[`f${this.#random.below(300)}`, 'w'.repeat(length)]]);
    hash.applyDelta(delta, 0, delta.length);
    this.store.change(1, range(key), range(delta));
  }

  async #pass<T>(work: Promise<T>): Promise<T> {
    return await this.#clock.passUntil(work);
  }
}

/**
 * "value_index kind: value" of every record with a key in a LOG segment of one frame each commit.
 */
function recordsIn(bytes: Buffer, key: string): string[] {
  const records: string[] = [];
  for (let at = SEGMENT_HEADER_BYTES; at + FRAME_HEADER_BYTES < bytes.length;) {
    if (bytes.toString('latin1', at + 4, at + 8) !== 'FRM1') break;
    const end = at + bytes.readUInt32LE(at + 8);
    for (at += FRAME_HEADER_BYTES; at < end; at += entryBytesAt(bytes, at)) {
      const start = entryKeyStartAt(bytes, at);
      const value = start + entryKeyBytesAt(bytes, at);
      if (bytes.toString('latin1', start, value) !== key) continue;
      const hex = bytes.toString('hex', value, value + entryValueBytesAt(bytes, at));
      records.push(`${entryValueIndexAt(bytes, at)} ${entryKindAt(bytes, at)}: ${hex}`);
    }
  }
  return records;
}

describe('values in pages', () => {
  it('are in the log as the worked example of FORMAT.md says', async () => {
    const disk = new SimFiles();
    const paging = {
      baseBytesMin: 1, pageBytes: 4, runBytesMin: 100, runDeltasMin: 2, settleBytesPerCommit: 100,
    };
    const store = await open({ files: disk, clock: new SimClock(), options: { paging } });
    const hash = new PagedHash(HASH);
    for (const delta of [setDelta([['a', '1']]), setDelta([['b', '2']])]) {
      hash.applyDelta(delta, 0, delta.length);
    }
    store.putLive(1, range('h'), hash, 0);
    for (const value of ['3', '4']) {
      store.change(1, range('h'), range(setDelta([['c', value]])));
      store.commit();
    }
    await store.flushAndSync();
    expect(recordsIn(Buffer.from(await disk.readAll(`${DIR}/000000000000001.log`)), 'h').slice(0, 7)).toEqual([
      '1 6: ', '2 7: 010201610131', '3 7: 0101620132', '4 8: 02',
      '5 2: 050101630133', '6 2: 050101630134', '7 9: 050101630133050101630134',
    ]);
  });

  it.each([0, 1, 2, 3])('are what a model says after changes, crashes and compaction, seed + %i',
    async (seed) => {
      const trial = new Trial(new Random(testSeed(), seed));
      try {
        await trial.open();
        for (let round = 0; round < 12; round += 1) {
          for (let step = 0; step < 250; step += 1) await trial.change();
          if (round % 3 !== 0) await trial.check();
          await trial.compare();
          await trial.reopen(round % 2 === 0);
        }
      } catch (cause) {
        throw new Error(`failed with DKVS_TEST_SEED=${testSeed()}: ${String(cause)}`, { cause });
      }
      expect(trial.pagesSeen).toBeGreaterThan(100);
      expect(trial.runsSeen).toBeGreaterThan(20);
    }, 60_000);

  it('are written over several commits, and what is set between them is in the value', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    let store = await open({ files: disk, clock, options: { ...OPTIONS, segmentBytes: MIB } });
    store.putLive(1, range('h'), hashOf(2), 0);
    const wanted = hashOf(2);
    const change = (delta: Buffer): void => {
      wanted.applyDelta(delta, 0, delta.length);
      store.change(1, range('h'), range(delta));
    };
    change(fieldsDelta(0, 500));
    change(fieldsDelta(0, 500, 'w'));
    store.commit();
    let commits = 0;
    for (let before = -1; before !== store.appended; commits += 1) {
      before = store.appended;
      if (commits < 5) change(setDelta([[`between${commits}`, '1'], ['f3', `${commits}`]]));
      store.commit();
      expect(store.appended - before).toBeLessThan(1200);
    }
    expect(commits).toBeGreaterThan(10);
    await store.flushAndSync();
    store = await open({ files: disk.crash(new Random(1, 1), 'forgetful'), clock, options: OPTIONS });
    expect((await hashAt(store, 'h')).encodeBase().equals(wanted.encodeBase())).toBe(true);
  });

  it('keep what they are when they change hands while their base is written', async () => {
    const disk = new SimFiles();
    const clock = new SimClock();
    let store = await open({ files: disk, clock, options: OPTIONS });
    store.putLive(1, range('old'), hashOf(2), 0);
    store.change(1, range('old'), range(fieldsDelta(0, 500)));
    store.change(1, range('old'), range(fieldsDelta(0, 500, 'w')));
    for (let i = 0; i < 3; i += 1) store.commit();
    store.putLive(1, range('new'), await hashAt(store, 'old'), 7e12);
    store.remove(1, range('old'));
    store.change(1, range('new'), range(setDelta([['f1', 'changed']])));
    await settle(store);
    store = await open({ files: disk.crash(new Random(1, 1), 'forgetful'), clock, options: OPTIONS });
    const hash = await hashAt(store, 'new');
    expect([hash.size, textAt(hash, 'f1'), textAt(hash, 'f499')]).toEqual([500, 'changed', 'w499']);
    expect((await fetch(store, 'new'))?.expireAt).toBe(7e12);
    expect(await fetch(store, 'old')).toBeUndefined();
  });

  it('may be begun in segments that are compacted before they are complete', async () => {
    const trial = new Trial(new Random(testSeed(), 99));
    await trial.open();
    trial.store.putLive(1, range('h'), hashOf(2), 0);
    trial.store.change(1, range('h'), range(fieldsDelta(0, 3000)));
    trial.store.change(1, range('h'), range(fieldsDelta(0, 3000, 'w')));
    let rounds = 0;
    for (let commit = 0; commit < 120; commit += 1) {
      for (let i = 0; i < 10; i += 1) await set(trial.store, `filler:${i}`, 'x'.repeat(200));
      trial.store.commit();
      rounds += await trial.compact();
    }
    expect(rounds).toBeGreaterThan(5);
    await settle(trial.store);
    await trial.crash();
    const hash = await hashAt(trial.store, 'h');
    expect(hash.size).toBe(3000);
    for (let i = 0; i < 3000; i += 1) expect(textAt(hash, `f${i}`)).toBe(`w${i}`);
  });

  it('go cold without being written again', async () => {
    const store = await open({
      files: new SimFiles(), clock: new SimClock(),
      options: { memoryBytes: 2 * MIB, readCacheBytes: 0, hotTailBytes: MIB },
    });
    for (const key of ['a', 'b', 'c']) store.putLive(1, range(key), hashOf(90_000), 0);
    await settle(store);
    expect(store.find(1, range('a'), NEED_VALUE)).toBe(COLD);
    for (let round = 0; round < 3; round += 1) {
      for (const key of ['a', 'b', 'c']) {
        const hash = await hashAt(store, key);
        expect(textAt(hash, 'f89999')).toBe('v89999');
        expect(hash.size).toBe(90_000 + round);
        const before = store.appended;
        store.change(1, range(key), range(setDelta([[`more${round}`, '1']])));
        await settle(store);
        expect(store.appended - before).toBeLessThan(1000);
      }
    }
  });
});

/** Time goes on with every look at it, and timers fire; counts those without delay. */
class HastyClock implements Pick<Clock, 'monotonicMs' | 'setTimer'> {
  pauses = 0;
  readonly #real = new SimClock();
  #now = 0;

  get clock(): Clock {
    return {
      nowMs: () => this.#real.nowMs(),
      monotonicMs: () => this.monotonicMs(),
      setTimer: (delayMs, fn) => this.setTimer(delayMs, fn),
      clearTimer: (timer) => this.#real.clearTimer(timer),
      soon: setImmediate,
    };
  }

  monotonicMs(): number {
    this.#now += 1;
    return this.#now;
  }

  setTimer(delayMs: number, fn: () => void): ReturnType<Clock['setTimer']> {
    if (delayMs > 0) return this.#real.setTimer(delayMs, fn);
    this.pauses += 1;
    setImmediate(fn);
    return this.#real.setTimer(1e9, () => {});
  }
}

describe('the load of a huge value', () => {
  /** A store whose only value is cold and in many pages. */
  async function coldStore(): Promise<{ store: Store; hasty: HastyClock; told: Told }> {
    const disk = new SimFiles();
    const before = await open({ files: disk, clock: new SimClock() });
    before.putLive(1, range('h'), hashOf(60_000), 0);
    before.commit();
    await before.flushAndSync();
    const hasty = new HastyClock();
    const told = new Told();
    const store = await open({
      files: disk.crash(new Random(1, 1), 'forgetful'), clock: hasty.clock, told,
      options: { readCacheBytes: 0 },
    });
    return { store, hasty, told };
  }

  const load = (store: Store): Promise<() => void> =>
    store.load([{ space: 1, key: Buffer.from('h'), need: NEED_VALUE }]);

  it('lets others have their turn between the pages', async () => {
    const { store, hasty } = await coldStore();
    hasty.pauses = 0;
    expect((await hashAt(store, 'h')).size).toBe(60_000);
    expect(hasty.pauses).toBeGreaterThan(5);
  });

  it('reads it once for all who wait', async () => {
    const { store } = await coldStore();
    const reads = store.statistics().cacheMisses;
    const releases = await Promise.all(Array.from({ length: 20 }, () => load(store)));
    const found = store.find(1, range('h'), NEED_VALUE);
    expect(found === COLD ? 'cold' : found?.live?.size).toBe(60_000);
    releases.forEach((release) => release());
    expect(store.statistics().cacheMisses - reads).toBeLessThan(40);
  });

  it('goes on when the expiry changes meanwhile, and takes it', async () => {
    const { store } = await coldStore();
    await fetch(store, 'h', NEED_KEY);
    const reads = store.statistics().cacheMisses;
    const loading = load(store);
    store.expire(1, range('h'), 5e12);
    store.commit();
    (await loading)();
    const found = await fetch(store, 'h');
    expect([found?.expireAt, found?.live?.size]).toEqual([5e12, 60_000]);
    expect(store.statistics().cacheMisses - reads).toBeLessThan(40);
  });

  it('comes to nothing when the key is removed or overwritten meanwhile', async () => {
    const { store, hasty } = await coldStore();
    await fetch(store, 'h', NEED_KEY);
    hasty.pauses = 0;
    const loading = load(store);
    while (hasty.pauses < 2) await new Promise((resolve) => setImmediate(resolve));
    store.begin();
    store.remove(1, range('h'));
    store.commit();
    (await loading)();
    expect(await fetch(store, 'h')).toBeUndefined();
    put(store, 'h', 'new');
    expect((await fetch(store, 'h'))?.value.text()).toBe('new');
  });
});
