// The policy under load: the figures in the head of choose.ts, and the promise that a deleted key
// never comes back, on a log without bytes (log-model.ts).
import { describe, expect, it } from 'vitest';
import type { Random } from '../../../src/lib/random.ts';
import { withSeed } from '../../lib/seeded.ts';
import { LogModel } from './log-model.ts';

const KEYS = 64_000;
const OVERWRITES = 5;

type NextKey = () => number;

function uniform(random: Random): NextKey {
  return () => random.below(KEYS);
}

/** 90 % of the writes on a tenth of the keys. */
function hot(random: Random): NextKey {
  return () => (random.below(10) > 0 ? random.below(KEYS / 10) : random.below(KEYS));
}

function zipf(random: Random): NextKey {
  const sums = new Float64Array(KEYS);
  let sum = 0;
  for (let rank = 0; rank < KEYS; rank++) sums[rank] = sum += 1 / (rank + 1) ** 0.99;
  return () => {
    const wanted = (random.below(2 ** 30) / 2 ** 30) * sum;
    let low = 0;
    let high = KEYS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return (low * 7919) % KEYS;
  };
}

function overwrite(nextKey: NextKey, segments: number): { amplification: number; peak: number } {
  const log = new LogModel({ segmentRecords: Math.floor(KEYS / segments), diskRatioMax: 1.5 });
  for (let key = 0; key < KEYS; key++) log.put(key);
  for (let i = 0; i < KEYS * OVERWRITES; i++) {
    log.put(nextKey());
    if (i % 64 === 0) log.step();
  }
  const written = KEYS * OVERWRITES;
  return { amplification: (written + log.copiedRecords) / written, peak: log.peakRatio };
}

describe('choosing under overwrites of five times the dataset', () => {
  it.each([
    { name: 'uniform', keys: uniform, segments: 64, max: 1.75 },
    { name: 'uniform', keys: uniform, segments: 16, max: 1.8 },
    { name: 'uniform', keys: uniform, segments: 256, max: 1.7 },
    { name: 'zipf', keys: zipf, segments: 64, max: 1.7 },
    { name: 'hot', keys: hot, segments: 64, max: 1.45 },
  ])('writes at most $max bytes a byte ($name keys, $segments segments)', ({ keys, segments, max }) => {
    withSeed((random) => {
      const { amplification, peak } = overwrite(keys(random), segments);
      expect(amplification).toBeLessThan(max);
      expect(peak).toBeLessThan(1.52);
    });
  });
});

describe('choosing under overwrites and deletes', () => {
  /** Returns how many keys were wrong after some compaction step. */
  function churn(random: Random, log: LogModel, keys: number, steps: number): number {
    let wrong = 0;
    for (let i = 0; i < steps; i++) {
      const key = random.below(keys);
      if (random.below(3) === 0) log.remove(key);
      else log.put(key);
      if (random.below(20) === 0 && log.step(random.below(4) === 0) !== null) wrong += deadKeysBack(log);
    }
    return wrong;
  }

  function deadKeysBack(log: LogModel): number {
    let count = 0;
    const recovered = log.recover();
    for (const [key, version] of recovered) if (log.index.get(key)?.version !== version) count++;
    return count + (log.index.size - (recovered.size - count));
  }

  it('never brings a deleted key back', () => {
    withSeed((random) => {
      for (let run = 0; run < 20; run++) {
        const log = new LogModel({ segmentRecords: 20 + random.below(100), diskRatioMax: 1.5 });
        expect(churn(random, log, 10 + random.below(500), 3000)).toBe(0);
      }
    });
  });

  it('would be seen to bring keys back if tombstones were dropped early', () => {
    withSeed((random) => {
      let back = 0;
      for (let run = 0; run < 5; run++) {
        const log = new LogModel({ segmentRecords: 20, diskRatioMax: 1.5, mayDrop: () => true });
        back += churn(random, log, 300, 5000);
      }
      expect(back).toBeGreaterThan(0);
    });
  });

  it('gets rid of tombstones beside a large set of keys that never change', () => {
    const log = new LogModel({ segmentRecords: 500, diskRatioMax: 1.5 });
    for (let key = 0; key < 20_000; key++) log.put(key);
    log.remove(7);
    log.remove(19_000);
    for (let session = 0; session < 200_000; session++) {
      log.put(1_000_000 + session);
      log.remove(1_000_000 + session);
      if (session % 16 === 0) log.step();
    }
    expect(deadKeysBack(log)).toBe(0);
    expect(log.records).toBeLessThan(20_000 * 1.55);
    expect((log.userRecords + log.copiedRecords) / log.userRecords).toBeLessThan(1.7);
  });

  it('ends with next to nothing when everything is deleted', () => {
    const log = new LogModel({ segmentRecords: 100, diskRatioMax: 1.5 });
    for (let key = 0; key < 5000; key++) log.put(key);
    for (let key = 0; key < 5000; key++) log.remove(key);
    while (log.step(true) !== null);
    expect(log.records).toBeLessThanOrEqual(200);
  });
});
