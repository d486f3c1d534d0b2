/**
 * The elements that SORT works on, in memory of their own, and their order.
 *
 * What decides the order is prepared once for each element: a number, and bytes where numbers are
 * equal. So a comparison reads two arrays and makes nothing.
 *
 * - Numbers: the score, which is 0 where BY finds nothing; then the bytes of the elements.
 * - ALPHA: the first bytes of the string as a number, then all of them. Redis compares by the
 *   locale of its environment (strcoll), and up to a NUL; here bytes are compared, as in the
 *   locale C, so that all peers have one order. Redis does so too where STORE is given.
 * - ALPHA with BY: what finds nothing is first; equal strings leave elements in their own order.
 *
 * One SORT takes SORT_ELEMENTS_MAX and SORT_BYTES_MAX at most: it runs in one go and in RAM, and
 * collections may be larger than that. The bounds are constants: every peer refuses alike.
 */

import type { Database } from '../../keyspace/database.ts';
import { ByteRange } from '../../lib/byte-range.ts';
import { ByteStrings } from '../../lib/byte-strings.ts';
import { parseDoubleInRange } from '../../lib/parse-double.ts';
import { MiB } from '../../lib/size-units.ts';
import type { SortOptions } from './sort-options.ts';
import type { SortPattern } from './sort-pattern.ts';
import type { SortSource } from './sort-source.ts';

/** Elements that one SORT reads, and results that it gives: some fifteen seconds of work. */
export const SORT_ELEMENTS_MAX = 16_000_000;

/** Bytes of all elements that one SORT reads; of all strings that BY finds; of all it stores. */
export const SORT_BYTES_MAX = 256 * MiB;

export const TOO_MANY_TO_SORT =
  `ERR a SORT takes at most ${SORT_ELEMENTS_MAX} elements, and gives as many results`;
export const TOO_LARGE_TO_SORT =
  `ERR a SORT takes and stores at most ${SORT_BYTES_MAX} bytes of elements`;
const NOT_NUMBERS = 'ERR One or more scores can\'t be converted into double';

/** Below every number that `leading` gives. */
const NOT_FOUND = -1;

/** The elements of a result, in their order. */
export interface SortedElements {
  readonly count: number;
  /** The element owns its bytes. */
  each(visit: (element: ByteRange) => void): void;
}

/** Or the text of an error. */
export function sortElements(
  db: Database, source: SortSource, options: SortOptions, isForced: boolean,
): SortedElements | string {
  const { size } = source;
  const first = Math.min(Math.max(options.first, 0), size);
  const count = options.count < 0 ? size - first : Math.min(options.count, size - first);
  const isUnsorted = options.isUnsorted && !isForced;
  const wanted = isUnsorted
    ? { first, count, isReversed: options.isDescending }
    : { first: 0, count: size, isReversed: false };
  if (wanted.count > SORT_ELEMENTS_MAX) return TOO_MANY_TO_SORT;
  const elements = new ByteStrings(SORT_BYTES_MAX);
  let fits = true;
  source.each(wanted.first, wanted.count, wanted.isReversed, ({ buf, start, end }) => {
    fits &&= elements.add(buf, start, end);
  });
  if (!fits) return TOO_LARGE_TO_SORT;
  if (isUnsorted) return sequence(elements, undefined, 0, count);
  const keys = isForced
    ? alphaKeys(elements) : prepareKeys(db, elements, options);
  if (typeof keys === 'string') return keys;
  return sequence(elements, orderOf(keys, options.isDescending), first, count);
}

function sequence(
  elements: ByteStrings, order: Uint32Array | undefined, first: number, count: number,
): SortedElements {
  const element = new ByteRange(Buffer.alloc(0));
  return {
    count,
    each: (visit) => {
      for (let i = first; i < first + count; i++) visit(elements.range(order?.[i] ?? i, element));
    },
  };
}

// ---- Keys ---------------------------------------------------------------------------------------

/** What decides the order: numbers, and where they are equal, strings. */
interface SortKeys {
  readonly numbers: Float64Array;
  readonly strings: ByteStrings;
}

function prepareKeys(
  db: Database, elements: ByteStrings, { by, isAlpha }: SortOptions,
): SortKeys | string {
  if (by === undefined) return isAlpha ? alphaKeys(elements) : scores(elements);
  return isAlpha ? foundKeys(db, elements, by) : foundScores(db, elements, by);
}

function alphaKeys(strings: ByteStrings): SortKeys {
  const numbers = new Float64Array(strings.count);
  for (let i = 0; i < strings.count; i++) numbers[i] = strings.leading(i);
  return { numbers, strings };
}

function scores(elements: ByteStrings): SortKeys | string {
  return scoresOf(elements, (element) => element);
}

function foundScores(
  db: Database, elements: ByteStrings, by: SortPattern,
): SortKeys | string {
  return scoresOf(elements, (element) => by.find(db, element));
}

/** All are looked for, also when one is no number: so each is missed or hit, as in Redis. */
function scoresOf(
  elements: ByteStrings, find: (element: ByteRange) => ByteRange | undefined,
): SortKeys | string {
  const numbers = new Float64Array(elements.count);
  const element = new ByteRange(Buffer.alloc(0));
  let areNumbers = true;
  for (let i = 0; i < elements.count; i++) {
    const found = find(elements.range(i, element));
    if (found === undefined) continue;
    const score = parseDoubleInRange(found.buf, found.start, found.end);
    if (score === undefined) areNumbers = false;
    else numbers[i] = score;
  }
  return areNumbers ? { numbers, strings: elements } : NOT_NUMBERS;
}

function foundKeys(db: Database, elements: ByteStrings, by: SortPattern): SortKeys | string {
  const strings = new ByteStrings(SORT_BYTES_MAX);
  const numbers = new Float64Array(elements.count);
  const element = new ByteRange(Buffer.alloc(0));
  for (let i = 0; i < elements.count; i++) {
    const found = by.find(db, elements.range(i, element));
    const { buf, start, end } = found ?? NOTHING;
    if (!strings.add(buf, start, end)) return TOO_LARGE_TO_SORT;
    numbers[i] = found === undefined ? NOT_FOUND : strings.leading(i);
  }
  return { numbers, strings };
}

const NOTHING = Object.freeze(new ByteRange(Buffer.alloc(0)));

// ---- Order --------------------------------------------------------------------------------------

/** Positions of elements; equal ones stay in the order in which they were read. */
function orderOf({ numbers, strings }: SortKeys, isDescending: boolean): Uint32Array {
  const after = isDescending ? -1 : 1;
  return Uint32Array.from({ length: numbers.length }, (_, at) => at).sort((a, b) => {
    const one = numbers[a]!;
    const other = numbers[b]!;
    if (one !== other) return one > other ? after : -after;
    return after * strings.compare(a, b);
  });
}
