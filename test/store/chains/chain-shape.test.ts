import { describe, expect, it } from 'vitest';
import type { Random } from '../../../src/lib/random.ts';
import { ChainFold } from '../../../src/store/chains/chain-shape.ts';
import {
  KIND_BASE, KIND_BEGIN, KIND_DELETED, KIND_DELTA, KIND_EXPIRE, KIND_PAGE, KIND_PUT, KIND_RUN,
} from '../../../src/store/format/data-entry.ts';
import { withSeed } from '../../lib/seeded.ts';

interface Row {
  readonly valueIndex: number;
  readonly kind: number;
}

const NAMES = new Map([
  ['put', KIND_PUT], ['deleted', KIND_DELETED], ['delta', KIND_DELTA], ['expire', KIND_EXPIRE],
  ['begin', KIND_BEGIN], ['page', KIND_PAGE], ['base', KIND_BASE], ['run', KIND_RUN],
]);

function foldOf(rows: readonly Row[]): ChainFold<Row> {
  const fold = new ChainFold<Row>();
  for (const row of rows) fold.add(row, row.kind);
  return fold;
}

const numbers = (rows: readonly Row[]): number[] => rows.map(({ valueIndex }) => valueIndex);

/** The records that count, of kinds that are numbered from 1: "base: pages | tail". */
function counting(kinds: string): string {
  const { base, pages, tail } = foldOf(kinds.split(' ')
    .map((name, i) => ({ valueIndex: i + 1, kind: NAMES.get(name)! })));
  return `${base?.valueIndex ?? '-'}: ${numbers(pages).join(' ')} | ${numbers(tail).join(' ')}`;
}

describe('the records of a key', () => {
  it.each([
    ['put delta delta', '1:  | 2 3'],
    ['put delta expire delta expire', '1:  | 2 4 5'],
    ['put delta deleted delta', '-:  | '],
    ['put delta run delta run', '1:  | 3 5'],
    ['put delta expire run expire delta', '1:  | 4 6'],
  ])('%s: %s', (kinds, expected) => expect(counting(kinds)).toBe(expected));

  it.each([
    ['put delta begin page page base', '6: 3 4 5 | '],
    ['begin page base delta', '3: 1 2 | 4'],
    ['put delta begin page delta page base delta', '7: 3 4 6 | 5 8'],
    ['put delta begin page delta delta run page base', '9: 3 4 8 | 7'],
    ['begin page base begin page page base', '7: 4 5 6 | '],
    ['begin page base delta put', '5:  | '],
  ])('%s (a base in pages): %s', (kinds, expected) => expect(counting(kinds)).toBe(expected));

  it.each([
    ['put delta begin page delta', '1:  | 2 3 5'],
    ['put delta begin page delta run', '1:  | 2 3 6'],
    ['put delta expire begin page', '1:  | 2 4'],
    ['put begin page delta begin page delta base', '8: 5 6 | 7'],
    ['put delta page base delta', '1:  | 2 5'],
  ])('%s (one that was never completed): %s', (kinds, expected) =>
    expect(counting(kinds)).toBe(expected));
});

/** A key's history as a store writes it, with crashes and a compactor that takes dead records. */
class History {
  readonly all: Row[] = [];
  left: Row[] = [];
  readonly #random: Random;
  #isPending = false;

  constructor(random: Random) {
    this.#random = random;
  }

  step(): void {
    const choice = this.#random.below(20);
    const fold = foldOf(this.left);
    if (fold.base === undefined || choice === 0) this.#restart();
    else if (choice === 1) this.#end();
    else if (choice < 4) this.#isPending = false;
    else if (choice < 6) this.#begin();
    else if (choice < 9 && this.#isPending) this.#add(KIND_PAGE);
    else if (choice === 9 && this.#isPending) this.#complete();
    else if (choice < 12) this.#add(KIND_EXPIRE);
    else if (choice === 12) this.#add(KIND_RUN);
    else if (choice < 15) this.#compact();
    else this.#add(KIND_DELTA);
  }

  #add(kind: number): void {
    const row = { valueIndex: this.all.length + 1, kind };
    this.all.push(row);
    this.left.push(row);
  }

  #restart(): void {
    this.#isPending = false;
    if (this.#random.below(2) === 0) return this.#add(KIND_PUT);
    for (const kind of [KIND_BEGIN, KIND_PAGE, KIND_PAGE, KIND_BASE]) this.#add(kind);
  }

  #end(): void {
    this.#isPending = false;
    this.#add(KIND_DELETED);
  }

  #begin(): void {
    this.#isPending = true;
    this.#add(KIND_BEGIN);
  }

  #complete(): void {
    this.#isPending = false;
    this.#add(KIND_BASE);
  }

  /** Takes some of the dead away; a tombstone only when nothing older is left. */
  #compact(): void {
    const { base, pages, tail, begunAt } = foldOf(this.left);
    const live = new Set([base, ...pages, ...tail]);
    const pendingFrom = this.#isPending ? tail[begunAt]!.valueIndex : Infinity;
    this.left = this.left.filter((row, i, rows) => {
      if (live.has(row) || (row.kind === KIND_PAGE && row.valueIndex > pendingFrom)) return true;
      if (row.kind === KIND_DELETED) return i > 0 && rows[0] !== row;
      return this.#random.below(2) === 0;
    });
  }
}

describe('recovery', () => {
  it('comes to the same whichever of the dead records the compactor has left', () => {
    withSeed((random) => {
      const seen = new Set<string>();
      for (let run = 0; run < 300; run += 1) {
        const history = new History(random);
        for (let step = 0; step < 60; step += 1) {
          history.step();
          const [wanted, found] = [foldOf(history.all), foldOf(history.left)];
          expect(found.base).toBe(wanted.base);
          expect(numbers(found.pages)).toEqual(numbers(wanted.pages));
          expect(numbers(found.tail)).toEqual(numbers(wanted.tail));
          expect([found.length, found.singlesFrom]).toEqual([wanted.length, wanted.singlesFrom]);
          seen.add(`${wanted.pages.length > 0} ${wanted.singlesFrom > 0}`);
        }
      }
      expect(seen.size).toBe(4);
    });
  });
});
