import { describe, expect, it } from 'vitest';
import {
  CHAIN_ID_MAX, EXPIRY_SECONDS_MAX, expirySecondsOfMs,
} from '../../../src/store/index/index-slot.ts';
import { SortedLoader } from '../../../src/store/index/sorted-loader.ts';
import { KeyIndex } from '../../../src/store/index/key-index.ts';

/** A record as the model knows it; its id is its place, which is unique. */
interface Entry {
  readonly id: number;
  readonly hi: number;
  readonly lo: number;
  type: number;
  segment: number;
  offset: number;
  sizeClass: number;
  expiry: number;
}

type Hash = (random: () => number) => { hi: number; lo: number };

const uniformHash: Hash = (random) => ({
  hi: Math.floor(random() * 65536), lo: Math.floor(random() * 2 ** 32),
});
/** Few pages, few tags, some at either end of the range: collisions and floods. */
const collidingHash: Hash = (random) => ({
  hi: Math.floor(random() * 4) << 14,
  lo: [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1, 12345][Math.floor(random() * 7)]!,
});
const lastTagHash: Hash = () => ({ hi: 65535, lo: 2 ** 32 - 1 });

/** mulberry32; its seed is in every message. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let nextId = 0;

function makeEntry(random: () => number, hash: Hash): Entry {
  const id = nextId;
  nextId += 1;
  return {
    id, ...hash(random),
    type: id % 8,
    segment: 1 + (id % 1_000_000),
    offset: Math.floor(id / 1_000_000) * 8,
    sizeClass: id % 1024,
    expiry: random() < 0.3 ? 1 + Math.floor(random() * EXPIRY_SECONDS_MAX) : 0,
  };
}

function insertEntry(index: KeyIndex, e: Entry): number {
  return index.insert(e.hi, e.lo, e.type, e.segment, e.offset, e.sizeClass, e.expiry);
}

/** The slot of an entry, found as the store does it: by hash, then by what proves the key. */
function slotOf(index: KeyIndex, e: Entry): number {
  let slot = index.find(e.hi, e.lo);
  const isOther = () => index.segmentOf(slot) !== e.segment || index.offsetOf(slot) !== e.offset;
  while (slot !== -1 && isOther()) slot = index.findNext(slot);
  return slot;
}

function fieldsAt(index: KeyIndex, slot: number) {
  return {
    page: index.pageOf(slot), lo: index.loOf(slot), type: index.typeOf(slot),
    segment: index.segmentOf(slot), offset: index.offsetOf(slot),
    sizeClass: index.sizeClassOf(slot), expiry: index.expirySecondsOf(slot),
  };
}

function fieldsOf(index: KeyIndex, e: Entry) {
  return {
    page: index.pageOfHash(e.hi), lo: e.lo, type: e.type, segment: e.segment, offset: e.offset,
    sizeClass: e.sizeClass, expiry: e.expiry,
  };
}

function scanAll(index: KeyIndex, count: number): string[] {
  const places: string[] = [];
  let cursor = 0;
  do {
    cursor = index.scan(cursor, count, (slot) => {
      places.push(`${index.segmentOf(slot)}:${index.offsetOf(slot)}`);
    });
  } while (cursor !== 0);
  return places;
}

function expectEqual(index: KeyIndex, model: Iterable<Entry>, note: string): void {
  const entries = [...model];
  expect(index.size, note).toBe(entries.length);
  expect(index.expiringCount, note).toBe(entries.filter((e) => e.expiry !== 0).length);
  for (const e of entries) {
    const slot = slotOf(index, e);
    if (slot === -1) expect.fail(`${note}: entry ${e.id} is lost`);
    expect(fieldsAt(index, slot), note).toEqual(fieldsOf(index, e));
  }
  const wanted = entries.map((e) => `${e.segment}:${e.offset}`).sort();
  expect(scanAll(index, 10).sort(), note).toEqual(wanted);
}

/** One random change of the index and of the model. */
function changeRandomly(index: KeyIndex, model: Entry[], random: () => number, hash: Hash,
  removeRate: number): void {
  const at = Math.floor(random() * model.length);
  const chosen = model[at];
  const draw = random();
  if (chosen === undefined || draw >= removeRate + 0.15) {
    const entry = makeEntry(random, hash);
    insertEntry(index, entry);
    model.push(entry);
  } else if (draw < removeRate) {
    index.remove(slotOf(index, chosen));
    model[at] = model.at(-1)!;
    model.pop();
  } else {
    const { type, segment, offset, sizeClass, expiry } = makeEntry(random, hash);
    const before = new Int32Array(3);
    const slot = slotOf(index, chosen);
    index.exchange(slot, type, segment, offset, sizeClass, expiry, before, 0);
    if (random() < 0.3) {
      // And back: what it gave is what was there.
      index.restoreSlot(slot, before, 0);
      return;
    }
    Object.assign(chosen, { type, segment, offset, sizeClass, expiry });
  }
}

describe('the key index', () => {
  const cases = [
    { name: 'uniform hashes, one page', bits: 0, hash: uniformHash, steps: 12_000 },
    { name: 'uniform hashes, four pages', bits: 2, hash: uniformHash, steps: 12_000 },
    { name: 'uniform hashes, the default pages', bits: 12, hash: uniformHash, steps: 8000 },
    { name: 'colliding tags', bits: 2, hash: collidingHash, steps: 2500 },
    { name: 'one tag only, the last', bits: 4, hash: lastTagHash, steps: 600 },
  ];
  for (const { name, bits, hash, steps } of cases) {
    it(`agrees with a plain list under random changes: ${name}`, () => {
      for (const seed of [1, 2]) {
        const random = seeded(seed);
        const index = new KeyIndex(bits);
        const model: Entry[] = [];
        for (const removeRate of [0.2, 0.75, 0.1, 0.84]) {
          for (let step = 0; step < steps / 4; step += 1) {
            changeRandomly(index, model, random, hash, removeRate);
          }
          expectEqual(index, model, `seed ${seed}`);
        }
        while (model.length > 0) index.remove(slotOf(index, model.pop()!));
        expectEqual(index, [], `seed ${seed}`);
      }
    });
  }

  it('finds nothing that it does not hold', () => {
    const index = new KeyIndex(2);
    expect(index.find(0, 0)).toBe(-1);
    const slot = index.insert(0, 5, 0, 1, 0, 0, 0);
    expect(index.find(0, 4)).toBe(-1);
    expect(index.find(0, 6)).toBe(-1);
    expect(index.find(1 << 15, 5)).toBe(-1);
    expect(index.findNext(slot)).toBe(-1);
  });

  it('takes tags signed or unsigned, and of hi the low 16 bits', () => {
    const index = new KeyIndex(8);
    const slot = index.insert(0x7fff_1234, -1, 3, 7, 64, 9, 0);
    expect(index.find(0x1234, 2 ** 32 - 1)).toBe(slot);
    expect(index.loOf(slot)).toBe(2 ** 32 - 1);
    expect(index.find(index.hiOf(slot), index.loOf(slot))).toBe(slot);
  });

  it('holds a chain id of 46 bits instead of a place', () => {
    const index = new KeyIndex(2);
    for (const chain of [0, 1, 2 ** 26 - 1, 2 ** 26, CHAIN_ID_MAX]) {
      const slot = index.insertChained(9, 9, 4, chain, 77, 1000);
      expect(index.isChained(slot)).toBe(true);
      expect([index.chainOf(slot), index.typeOf(slot), index.sizeClassOf(slot)])
        .toEqual([chain, 4, 77]);
      index.setPlace(slot, 5, 800, 3);
      expect([index.isChained(slot), index.typeOf(slot), index.segmentOf(slot),
        index.offsetOf(slot), index.expirySecondsOf(slot)]).toEqual([false, 4, 5, 800, 1000]);
      index.setChain(slot, chain, 1);
      expect([index.isChained(slot), index.chainOf(slot)]).toEqual([true, chain]);
      index.remove(index.find(9, 9));
    }
    expect([index.size, index.expiringCount]).toEqual([0, 0]);
  });

  it('refuses fields that do not fit, and stays as it was', () => {
    const index = new KeyIndex(2);
    const slot = index.insert(0, 0, 1, 2, 8, 3, 4);
    const wrong: [number, number, number, number, number][] = [
      [8, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 2 ** 20, 0, 0, 0], [0, 1, 4, 0, 0], [0, 1, 8.5, 0, 0],
      [0, 1, 2 ** 29, 0, 0], [0, 1, -8, 0, 0], [0, 1, 0, 1024, 0], [0, 1, 0, 0, 2 ** 32],
      [0, 1, 0, 0, -1], [0, 1, 0, 0, 1.5], [0, 1, Number.NaN, 0, 0],
    ];
    for (const fields of wrong) {
      expect(() => index.insert(0, 1, ...fields)).toThrow(RangeError);
      expect(() => index.exchange(slot, ...fields, new Int32Array(3), 0)).toThrow(RangeError);
    }
    expect(() => index.setChain(slot, CHAIN_ID_MAX + 1, 0)).toThrow(RangeError);
    expect(index.size).toBe(1);
    expect(fieldsAt(index, slot)).toEqual(
      { page: 0, lo: 0, type: 1, segment: 2, offset: 8, sizeClass: 3, expiry: 4 });
  });

  it('rounds an expiry up to seconds and saturates where 32 bits end', () => {
    expect([0, 1, 1000, 1001, 2 ** 50].map(expirySecondsOfMs))
      .toEqual([0, 1, 1, 2, EXPIRY_SECONDS_MAX]);
  });
});

describe('a scan of the key index', () => {
  it('visits what stays exactly once while everything else changes', () => {
    for (const [hash, bits] of [[uniformHash, 3], [collidingHash, 2]] as const) {
      for (const seed of [11, 12, 13]) {
        const random = seeded(seed);
        const index = new KeyIndex(bits);
        const staying = Array.from({ length: 400 }, () => makeEntry(random, hash));
        for (const e of staying) insertEntry(index, e);
        const visits = new Map<string, number>();
        const others: Entry[] = [];
        let cursor = 0;
        do {
          cursor = index.scan(cursor, 5, (slot) => {
            const place = `${index.segmentOf(slot)}:${index.offsetOf(slot)}`;
            visits.set(place, (visits.get(place) ?? 0) + 1);
          });
          expect(cursor).toBeLessThan(2 ** 48);
          const removeRate = random() < 0.5 ? 0.7 : 0.1;
          for (let i = 0; i < 40; i += 1) changeRandomly(index, others, random, hash, removeRate);
        } while (cursor !== 0);
        const counts = staying.map((e) => visits.get(`${e.segment}:${e.offset}`));
        expect(new Set(counts), `seed ${seed}`).toEqual(new Set([1]));
      }
    }
  });

  it('returns no more than it was asked for, equal hashes apart', () => {
    const random = seeded(5);
    const index = new KeyIndex(4);
    for (let i = 0; i < 1000; i += 1) insertEntry(index, makeEntry(random, uniformHash));
    let visited = 0;
    const cursor = index.scan(0, 7, () => { visited += 1; });
    expect(visited).toBe(7);
    expect(cursor).toBeGreaterThan(0);
  });

  it('ends at once for a cursor that no scan returned', () => {
    const index = new KeyIndex(4);
    index.insert(0, 0, 0, 1, 0, 0, 0);
    for (const cursor of [2 ** 48, 2 ** 53, -1, Number.NaN]) {
      expect(index.scan(cursor, 10, () => expect.fail('nothing is there'))).toBe(0);
    }
  });
});

describe('dump and load of the key index', () => {
  it('give the same index, whatever was in the page before', () => {
    const random = seeded(21);
    const source = new KeyIndex(3);
    const model: Entry[] = [];
    for (let i = 0; i < 5000; i += 1) changeRandomly(source, model, random, uniformHash, 0.2);
    const copy = new KeyIndex(3);
    for (let i = 0; i < 700; i += 1) insertEntry(copy, makeEntry(random, uniformHash));
    for (let page = 0; page < source.pageCount; page += 1) {
      const words = source.dumpPage(page);
      expect(words.length).toBe(source.pageSize(page) * 4);
      copy.loadPage(page, words);
    }
    expectEqual(copy, model, 'seed 21');
    for (let i = 0; i < 3000; i += 1) changeRandomly(copy, model, random, uniformHash, 0.6);
    expectEqual(copy, model, 'seed 21, after changes');
    for (let page = 0; page < copy.pageCount; page += 1) copy.loadPage(page, new Uint32Array(0));
    expectEqual(copy, [], 'emptied');
  });

  it('refuse slots that are out of order, not in use or cut', () => {
    const index = new KeyIndex(0);
    index.insert(0, 2, 0, 1, 0, 0, 0);
    index.insert(0, 1, 0, 1, 8, 0, 0);
    const words = index.dumpPage(0).slice();
    const swapped = new Uint32Array([...words.subarray(4), ...words.subarray(0, 4)]);
    expect(() => index.loadPage(0, swapped)).toThrow('out of order');
    expect(() => index.loadPage(0, new Uint32Array(4))).toThrow('not in use');
    expect(() => index.loadPage(0, words.subarray(0, 7))).toThrow('whole number');
    expect(() => index.loadPage(1, words)).toThrow('no page');
    expect([...index.dumpPage(0)]).toEqual([...words]);
  });

  it('write the words that the worked example of the format shows', () => {
    const index = new KeyIndex(0);
    index.insert(0, 0xdeadbeef, 0, 3, 4096, 97, 0);
    expect([...index.dumpPage(0)]).toEqual([0xdeadbeef, 0x00000200, 0x86100003, 0]);
  });

  it('have a sorted path for recovery, into an empty index and into one in use', () => {
    const random = seeded(31);
    const index = new KeyIndex(2);
    const loader = new SortedLoader(index);
    const all: Entry[] = [];
    for (const hash of [uniformHash, uniformHash, collidingHash]) {
      const entries = Array.from({ length: 2000 }, () => makeEntry(random, hash));
      entries.sort((a, b) => index.pageOfHash(a.hi) - index.pageOfHash(b.hi) || a.lo - b.lo);
      for (const e of entries) {
        loader.add(e.hi, e.lo, e.type, e.segment, e.offset, e.sizeClass, e.expiry);
      }
      loader.finish();
      all.push(...entries);
      expectEqual(index, all, 'seed 31');
    }
    loader.add(1, 5, 0, 1, 0, 0, 0);
    expect(() => loader.add(1, 4, 0, 1, 0, 0, 0)).toThrow(RangeError);
  });
});

describe('sampling the key index', () => {
  it('draws slots uniformly', () => {
    const random = seeded(41);
    const index = new KeyIndex(4);
    const entries = Array.from({ length: 200 }, () => makeEntry(random, uniformHash));
    for (const e of entries) insertEntry(index, e);
    const draws = new Map<number, number>();
    for (let i = 0; i < 40_000; i += 1) {
      const slot = index.randomSlot(random);
      draws.set(slot, (draws.get(slot) ?? 0) + 1);
    }
    // 200 draws expected of each, standard deviation 14.
    expect(draws.size).toBe(200);
    expect(Math.min(...draws.values())).toBeGreaterThan(130);
    expect(Math.max(...draws.values())).toBeLessThan(270);
  });

  it('draws a slot even when the generator is stuck, and none when there is none', () => {
    const index = new KeyIndex(0);
    expect(index.randomSlot(() => 0)).toBe(-1);
    const slot = index.insert(0, 2 ** 32 - 1, 0, 1, 0, 0, 0);
    expect(index.randomSlot(() => 0)).toBe(slot);
    index.remove(slot);
    expect(index.randomSlot(() => 0)).toBe(-1);
  });

  it('visits every slot whose expiry has come, and no other, in one round', () => {
    const random = seeded(51);
    const index = new KeyIndex(3);
    const model: Entry[] = [];
    for (let i = 0; i < 4000; i += 1) changeRandomly(index, model, random, uniformHash, 0.5);
    const now = 2 ** 31;
    const expired = model.filter((e) => e.expiry !== 0 && e.expiry <= now);
    const seen: number[] = [];
    let position = 0;
    do {
      position = index.sampleExpiring(position, 50, now, (slot) => {
        expect(index.expirySecondsOf(slot)).toBeLessThanOrEqual(now);
        seen.push(index.segmentOf(slot));
      });
    } while (seen.length < expired.length);
    expect(seen.sort((a, b) => a - b)).toEqual(expired.map((e) => e.segment).sort((a, b) => a - b));
  });

  it('misses no expiry that was set since a walk found nothing due', () => {
    const random = seeded(52);
    const index = new KeyIndex(2);
    const model: Entry[] = [];
    const rounds = 400;
    for (let round = 0; round < rounds; round += 1) {
      for (let i = 0; i < 5; i += 1) changeRandomly(index, model, random, uniformHash, 0.4);
      if (random() < 0.2 && model.length > 0) {
        const chosen = model[Math.floor(random() * model.length)]!;
        chosen.expiry = random() < 0.3 ? 0 : Math.floor(random() * 2 ** 32);
        index.setExpiry(slotOf(index, chosen), chosen.expiry);
      }
      if (random() < 0.05) {
        const page = Math.floor(random() * index.pageCount);
        index.loadPage(page, index.dumpPage(page).slice());
      }
      // Also with a clock that goes back.
      const now = Math.floor(random() * 2 ** 32 * (round / rounds));
      const seen: number[] = [];
      index.sampleExpiring(0, 2 ** 20, now, (slot) => void seen.push(index.segmentOf(slot)));
      const due = model.filter((e) => e.expiry !== 0 && e.expiry <= now);
      expect(seen.sort((a, b) => a - b)).toEqual(due.map((e) => e.segment).sort((a, b) => a - b));
    }
  });

  it('has nothing to visit where nothing expires', () => {
    const index = new KeyIndex(3);
    index.insert(0, 0, 0, 1, 0, 0, 0);
    expect(index.sampleExpiring(7, 100, 2 ** 32, () => expect.fail('nothing expires'))).toBe(0);
  });
});

describe('the memory of the key index', () => {
  const fill = (index: KeyIndex, keys: number, seed: number): Entry[] => {
    const random = seeded(seed);
    return Array.from({ length: keys }, () => {
      const e = makeEntry(random, uniformHash);
      insertEntry(index, e);
      return e;
    });
  };

  it('is nothing for an empty database and small for a small one', () => {
    const index = new KeyIndex();
    expect(index.bytes).toBe(0);
    fill(index, 10, 61);
    expect(index.bytes).toBeLessThan(100_000);
    index.clear();
    expect([index.bytes, index.size, index.find(0, 0)]).toEqual([0, 0, -1]);
  });

  it('is 20 bytes a key on average over sizes and never above 21', () => {
    const index = new KeyIndex(4);
    const random = seeded(62);
    const samples: number[] = [];
    for (let n = 1; n <= 160_000; n += 1) {
      insertEntry(index, makeEntry(random, uniformHash));
      // The last slab is half empty on average, which counts only in so small an index.
      if (n > 40_000 && n % 500 === 0) samples.push((index.bytes - 2 ** 19) / n);
    }
    expect(samples.reduce((a, b) => a + b) / samples.length).toBeLessThan(20);
    expect(Math.max(...samples)).toBeLessThan(21 + 2 ** 19 / 40_000);
  });

  it('comes back when keys go, and none is lost on the way', () => {
    const index = new KeyIndex(6);
    const entries = fill(index, 200_000, 63);
    const full = index.bytes;
    const kept = entries.filter((_, i) => i % 20 === 0);
    entries.forEach((e, i) => { if (i % 20 !== 0) index.remove(slotOf(index, e)); });
    expect(index.bytes).toBeLessThan(full / 20 + 3 * 2 ** 20);
    expect(index.size).toBe(kept.length);
    for (const e of kept) expect(slotOf(index, e)).not.toBe(-1);
  });

  it('does not grow while keys come and go', () => {
    const index = new KeyIndex(4);
    const entries = fill(index, 50_000, 64);
    const before = index.bytes;
    const random = seeded(65);
    for (let i = 0; i < 200_000; i += 1) {
      const at = Math.floor(random() * entries.length);
      index.remove(slotOf(index, entries[at]!));
      entries[at] = makeEntry(random, uniformHash);
      insertEntry(index, entries[at]);
    }
    expect(index.bytes).toBeLessThanOrEqual(before * 1.3);
  });
});
