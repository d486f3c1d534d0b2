import { describe, expect, it } from 'vitest';
import {
  DENSE, DENSE_BYTES, ElementPlace, REGISTERS, SPARSE, cachedCardinality, encodingOf, getRegister,
  groupOf, groupWith, isStale, markStale, mergeDense, setRegister,
} from '../../../src/lib/hyperloglog/format.ts';
import { estimateOf, estimateOfRegisters } from '../../../src/lib/hyperloglog/estimate.ts';
import {
  DAMAGED, SparseEdit, TOO_LARGE, describeRuns, emptySparse, mergeSparse, toDense,
} from '../../../src/lib/hyperloglog/sparse.ts';
import { ValueEdit } from '../../../src/lib/hyperloglog/value-edit.ts';
import { Random } from '../../../src/lib/random.ts';
import { testSeed } from '../seeded.ts';
import { slowRegisters } from './slow-hyperloglog.ts';

const SEEDED = `DKVS_TEST_SEED=${testSeed()}`;
const emptyDense = (): Buffer => toDense(emptySparse())!;
const withRuns = (...bytes: number[]): Buffer =>
  Buffer.concat([emptySparse().subarray(0, 16), Buffer.from(bytes)]);

describe('the header', () => {
  it('tells the encoding, and that a string is none', () => {
    expect(emptySparse().toString('latin1')).toBe(`HYLL\x01${'\0'.repeat(11)}\x7f\xff`);
    expect([encodingOf(emptySparse()), encodingOf(emptyDense())]).toEqual([SPARSE, DENSE]);
    expect(emptyDense().length).toBe(DENSE_BYTES);
    for (const bytes of [
      Buffer.alloc(0), emptySparse().subarray(0, 15), emptyDense().subarray(1),
      Buffer.concat([emptyDense(), Buffer.alloc(1)]), Buffer.from('HYLK\x01'.padEnd(20, '\0')),
      Buffer.from('HYLL\x02'.padEnd(20, '\0')),
    ]) expect(encodingOf(bytes)).toBeUndefined();
  });

  it('has a cardinality that counts until it is marked', () => {
    const bytes = emptySparse();
    bytes.set([1, 2, 0, 0, 0, 0, 0, 0x40], 8);
    expect(cachedCardinality(bytes)).toBe(0x4000_0000_0000_0201n);
    markStale(bytes);
    expect([isStale(bytes), cachedCardinality(bytes)]).toEqual([true, undefined]);
    expect(bytes[15]).toBe(0xc0);
  });
});

describe('ElementPlace', () => {
  it('has a register below 16384 and a rank from 1 to 51, as often as chance would', () => {
    const place = new ElementPlace();
    const ranks = new Map<number, number>();
    for (let i = 0; i < 20_000; i++) {
      const element = Buffer.from(`element ${i}`);
      place.find(element, 0, element.length);
      expect(place.index).toBeLessThan(REGISTERS);
      ranks.set(place.rank, (ranks.get(place.rank) ?? 0) + 1);
    }
    for (let rank = 1; rank < 6; rank++) {
      const expected = 20_000 / 2 ** rank;
      expect(Math.abs(ranks.get(rank)! - expected)).toBeLessThan(expected / 5);
    }
  });
});

describe('dense registers', () => {
  it('keep what they are set to and leave the others, as bits written out show', () => {
    const random = new Random(12, testSeed());
    const dense = emptyDense();
    const values = Array.from({ length: REGISTERS }, () => 0);
    for (let i = 0; i < 30_000; i++) {
      const register = i < 10 ? REGISTERS - 1 - i : random.below(REGISTERS);
      const value = random.below(64);
      values[register] = value;
      if (random.below(2) === 0) setRegister(dense, register, value);
      else dense.set(groupWith(dense, register, value), groupOf(register));
    }
    expect(slowRegisters(dense), SEEDED).toEqual(values);
    expect(values.findIndex((value, i) => getRegister(dense, i) !== value)).toBe(-1);
    const merged = new Uint8Array(REGISTERS);
    mergeDense(dense, merged);
    expect([...merged]).toEqual(values);
  });
});

describe('sparse runs', () => {
  const cases: readonly (readonly [string, number[], [number, number][], string])[] = [
    ['split in the middle', [0x7f, 0xff], [[3, 2]], 'z:3 v:2,1 Z:16380'],
    ['split at the ends', [0x7f, 0xff], [[0, 1], [16383, 32]], 'v:1,1 Z:16382 v:32,1'],
    ['join what has one value', [0x7f, 0xff], [[0, 1], [2, 1], [1, 1]], 'v:1,3 Z:16381'],
    ['join up to four', [0x7f, 0xff], [[0, 1], [1, 1], [2, 1], [3, 1], [4, 1], [5, 1]],
      'v:1,4 v:1,2 Z:16378'],
    ['take the place of a single one', [0x7f, 0xff], [[0, 1], [0, 5]], 'v:5,1 Z:16383'],
    ['divide one of equal values', [0x83, 0x7f, 0xfb], [[1, 2]], 'v:1,1 v:2,1 v:1,2 Z:16380'],
    ['join three more behind a split', [0x82, 0x80, 0x80, 0x80, 0x7f, 0xf9], [[1, 2]],
      'v:1,1 v:2,1 v:1,4 Z:16378'],
    ['become short zeros from 64 on', [0x7f, 0xff], [[64, 1]], 'z:64 v:1,1 Z:16319'],
    ['stay long zeros from 65 on', [0x7f, 0xff], [[65, 1]], 'Z:65 v:1,1 Z:16318'],
  ];

  for (const [title, runs, raised, expected] of cases) {
    it(title, () => {
      const edit = new SparseEdit(withRuns(...runs), 3000);
      for (const [register, value] of raised) expect(edit.raise(register, value)).toBe(true);
      expect(describeRuns(edit.bytes())).toBe(expected);
      expect(isStale(edit.bytes())).toBe(true);
      for (const [register] of raised) expect(edit.raise(register, 1)).toBe(false);
    });
  }

  it('ask for a dense value when one is above 32, or they grow too long', () => {
    const edit = new SparseEdit(emptySparse(), 21);
    expect([edit.raise(5, 33), edit.raise(5, 51)]).toEqual([TOO_LARGE, TOO_LARGE]);
    expect(edit.raise(70, 1)).toBe(true);
    expect(edit.bytes().length).toBe(21);
    expect(edit.raise(1000, 1)).toBe(TOO_LARGE);
    expect(edit.raise(70, 7)).toBe(true);
    expect(describeRuns(edit.bytes())).toBe('Z:70 v:7,1 Z:16313');
  });

  it('may be longer than allowed as long as they do not grow', () => {
    const edit = new SparseEdit(withRuns(0x40, 0x40, 0x7f, 0xbe), 18);
    expect([edit.raise(0, 1), edit.raise(100, 1)]).toEqual([true, TOO_LARGE]);
    expect(describeRuns(edit.bytes())).toBe('v:1,1 z:64 Z:16319');
  });

  it('are damaged when they are fewer or more than all registers', () => {
    for (const runs of [[], [0x7f, 0xfe], [0x7f, 0xff, 0x80], [0x7f, 0xff, 0], [0x80, 0x7f, 0xff],
      [0x7f], [0x7f, 0xfe, 0x81]]) {
      const value = withRuns(...runs);
      expect([runs, toDense(value)]).toEqual([runs, undefined]);
      expect(mergeSparse(value, new Uint8Array(REGISTERS))).toBe(false);
      expect(estimateOf(value, SPARSE)).toBeUndefined();
    }
    expect(new SparseEdit(withRuns(0x7f, 0xfe), 3000).raise(16383, 1)).toBe(DAMAGED);
    expect(new ValueEdit(withRuns(0x7f, 0xfe), SPARSE, 3000).raise(0, 40)).toBe(DAMAGED);
  });

  it('read 0 for a byte that is missing, whatever lies behind', () => {
    const behind = Buffer.concat([withRuns(0x3f, 0x7f), Buffer.alloc(4, 0xff)]);
    const edit = new SparseEdit(behind.subarray(0, 18), 3000);
    expect(describeRuns(behind.subarray(0, 18))).toBe('z:64 Z:16129');
    expect([edit.raise(64 + 16129, 1), edit.raise(64, 1)]).toEqual([DAMAGED, true]);
    expect(describeRuns(edit.bytes())).toBe('z:64 v:1,1 Z:16128');
  });

  it('never read or write outside of any bytes at all', () => {
    const random = new Random(13, testSeed());
    for (let round = 0; round < 200; round++) {
      const runs = Array.from({ length: random.below(30) }, () => random.below(256));
      const value = withRuns(...runs);
      const edit = new SparseEdit(value, 40);
      for (let i = 0; i < 10; i++) {
        const register = random.below(random.below(2) === 0 ? 200 : REGISTERS);
        const before = slowRegisters(edit.bytes());
        const raised = edit.raise(register, 1 + random.below(40));
        const after = slowRegisters(edit.bytes());
        if (raised !== true) expect(after).toEqual(before);
        else if (before !== undefined) {
          expect(after!.filter((each, at) => each !== before[at]).length, SEEDED).toBe(1);
        }
      }
      expect(toDense(edit.bytes()) === undefined).toBe(slowRegisters(edit.bytes()) === undefined);
    }
  });
});

describe('a value of either encoding', () => {
  for (const sparseBytesMax of [0, 100, 3000, 100_000]) {
    it(`has the same registers as its twin, sparse up to ${sparseBytesMax} bytes`, () => {
      const random = new Random(14, testSeed());
      const edit = new ValueEdit(emptySparse(), SPARSE, sparseBytesMax);
      const twin = Array.from({ length: REGISTERS }, () => 0);
      for (let i = 0; i < 8000; i++) {
        const register = random.below(REGISTERS);
        let value = 1;
        while (value < (i < 4000 ? 32 : 51) && random.below(2) === 0) value++;
        expect(edit.raise(register, value)).toBe(value > twin[register]!);
        twin[register] = Math.max(value, twin[register]!);
        if (i % 500 !== 499) continue;
        expect(slowRegisters(edit.bytes()), SEEDED).toEqual(twin);
        const encoding = encodingOf(edit.bytes())!;
        if (encoding === SPARSE) expect(edit.bytes().length).toBeLessThanOrEqual(sparseBytesMax);
        expect(estimateOf(edit.bytes(), encoding)).toBe(estimateOfRegisters(Uint8Array.from(twin)));
      }
      expect(edit.becomeDense()).toBe(true);
      expect(slowRegisters(edit.bytes())).toEqual(twin);
    });
  }
});

describe('the estimate', () => {
  it('is within three standard errors of what was added, sparse and dense', () => {
    const place = new ElementPlace();
    const edit = new ValueEdit(emptySparse(), SPARSE, 3000);
    const looks = new Set([1, 2, 10, 100, 1000, 2000, 10_000, 50_000, 200_000]);
    for (let i = 1; i <= 200_000; i++) {
      const element = Buffer.from(`visitor ${i}`);
      place.find(element, 0, element.length);
      edit.raise(place.index, place.rank);
      if (!looks.has(i)) continue;
      const count = Number(estimateOf(edit.bytes(), encodingOf(edit.bytes())!));
      expect(Math.abs(count - i)).toBeLessThanOrEqual(Math.ceil(i * 3 * 0.0081));
    }
  });

  it('is 0 of nothing, and the smallest integer where there is none', () => {
    expect(estimateOf(emptySparse(), SPARSE)).toBe(0);
    expect(estimateOf(emptyDense(), DENSE)).toBe(0);
    expect(estimateOfRegisters(new Uint8Array(REGISTERS).fill(51))).toBe(-(2n ** 63n));
    expect(estimateOfRegisters(new Uint8Array(REGISTERS).fill(63))).toBe(-(2n ** 63n));
    const largest = estimateOfRegisters(new Uint8Array(REGISTERS).fill(49));
    expect(Number(largest)).toBeGreaterThan(2 ** 62);
  });
});
