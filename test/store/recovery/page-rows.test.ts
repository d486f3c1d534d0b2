import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/lib/random.ts';
import {
  HintRows, SYSTEM_SPACE, compareRows, rowHi, rowLo, rowSpace, rowValueIndex,
} from '../../../src/store/format/hint-rows.ts';
import { PageRows } from '../../../src/store/recovery/page-rows.ts';
import { SortedRows } from '../../../src/store/recovery/sorted-rows.ts';

const SLOT_FIRST = 5;

interface Given {
  readonly runs: number;
  readonly rows: number;
  /** Hashes are taken from so few. */
  readonly hashes: number;
  readonly pages: number;
}

/** Rows by chance, every value_index once, and each run's share of them. */
function makeRuns(random: Random, { runs, rows, hashes, pages }: Given): HintRows[] {
  const parts = Array.from({ length: runs }, () => new HintRows());
  for (let valueIndex = 1; valueIndex <= rows; valueIndex += 1) {
    const hash = random.below(hashes);
    const hi = (Math.imul(hash, 0x9e3779b1) >>> 8 & 15) | ((hash % pages) << 4);
    const lo = Math.imul(hash + 1, 0x85ebca6b) >>> 0;
    const space = random.below(20) === 0 ? SYSTEM_SPACE : 1 + random.below(2);
    parts[random.below(runs)]!.add(hi, lo, 1, 0, space, valueIndex * 8, 48, 0, valueIndex);
  }
  return parts;
}

const sameKey = (words: Uint32Array, a: number, b: number): boolean =>
  rowHi(words, a) === rowHi(words, b) && rowLo(words, a) === rowLo(words, b) &&
  rowSpace(words, a) === rowSpace(words, b);

/** The slow twin: all rows in one array, sorted by the comparator. */
function expected(parts: readonly HintRows[]): string[] {
  const all = new HintRows();
  const slots: number[] = [];
  for (const [run, { words, count }] of parts.entries()) {
    for (let row = 0; row < count; row += 1) {
      all.add(rowHi(words, row), rowLo(words, row), 1, 0, rowSpace(words, row), 0, 48, 0,
        rowValueIndex(words, row));
      slots.push(SLOT_FIRST + run);
    }
  }
  const order = Array.from({ length: all.count }, (_, row) => row)
    .sort((a, b) => compareRows(all.words, a, b));
  return order.map((row, i) => {
    const next = order[i + 1];
    const isAlone = next === undefined || !sameKey(all.words, row, next);
    return `${rowValueIndex(all.words, row)} of ${slots[row]} ${isAlone}`;
  });
}

function found(parts: readonly HintRows[]): string[] {
  const rows = new PageRows(parts.map((part, run) => new SortedRows(SLOT_FIRST + run, part)));
  const result: string[] = [];
  for (; !rows.isDone; rows.advance()) {
    result.push(`${rowValueIndex(rows.words, rows.row)} of ${rows.slot} ${rows.isAlone}`);
  }
  return result;
}

describe('the rows of several runs', () => {
  const shapes: readonly (readonly [string, Given])[] = [
    ['of many hashes', { runs: 7, rows: 5000, hashes: 1_000_000, pages: 4096 }],
    ['of few pages', { runs: 7, rows: 5000, hashes: 1_000_000, pages: 3 }],
    ['of few hashes', { runs: 5, rows: 3000, hashes: 10, pages: 4096 }],
    ['of one hash', { runs: 3, rows: 1000, hashes: 1, pages: 4096 }],
    ['of few hashes in few pages', { runs: 4, rows: 5000, hashes: 30, pages: 2 }],
    ['of one run', { runs: 1, rows: 500, hashes: 200, pages: 4096 }],
    ['of more runs than rows', { runs: 50, rows: 20, hashes: 10, pages: 4096 }],
  ];
  for (const [name, given] of shapes) {
    it(`${name} come in hint order with the slots of their runs`, () => {
      for (let seed = 1; seed <= 5; seed += 1) {
        const parts = makeRuns(new Random(seed, 1), given);
        expect([`seed ${seed}`, ...found(parts)]).toEqual([`seed ${seed}`, ...expected(parts)]);
      }
    });
  }

  it('are done at once when there are none', () => {
    expect(found([])).toEqual([]);
    expect(found([new HintRows(), new HintRows()])).toEqual([]);
  });
});
