/**
 * Which of the answered operations of a partition, numbered in the order of their calls, have been
 * given their place so far: all before `base`, and some after it.
 *
 *     base = 37              base >> 5 = 1, so `bits` is about operations 32 to 63
 *     bits = ...0000 0110 0001 1111    32 to 36 are in (all before base), and 41 and 42
 *     rest = [1]             64 is in too; rest[k] is about the 32 operations from 64 + 32 k
 *
 * Whatever is called after operation `base` returned must wait for it, so the words reach no
 * further than the operations that overlap one operation, however long the history is. That makes
 * the set a short memo key.
 *
 * Invariants: operation `base` is not in; `rest` has no zero word at its end. So equal sets have
 * equal fields. Sets are immutable.
 */

export interface LinearizedSet {
  readonly base: number;
  readonly bits: number;
  readonly rest: readonly number[];
}

const ALL_BITS = -1;
const NO_WORDS: readonly number[] = [];

export const EMPTY_SET: LinearizedSet = { base: 0, bits: 0, rest: NO_WORDS };

export function includes(set: LinearizedSet, at: number): boolean {
  const block = (at >> 5) - (set.base >> 5);
  if (block < 0) return true;
  const word = block === 0 ? set.bits : set.rest[block - 1] ?? 0;
  return (word & (1 << (at & 31))) !== 0;
}

/** `at` is not in `set`. */
export function including(set: LinearizedSet, at: number): LinearizedSet {
  const block = (at >> 5) - (set.base >> 5);
  const { base, bits, rest } = set;
  if (block > 0) return { base, bits, rest: withBit(rest, block - 1, at & 31) };
  const more = bits | (1 << (at & 31));
  return at === base ? rebase(base, more, rest) : { base, bits: more, rest };
}

/** All before `end`, and nothing after. */
export function allBefore(end: number): LinearizedSet {
  return { base: end, bits: bitsBelow(end), rest: NO_WORDS };
}

/** True if nothing after `base` is in. */
export function isPrefix({ base, bits, rest }: LinearizedSet): boolean {
  return bits === bitsBelow(base) && rest.length === 0;
}

export function keyOf({ base, bits, rest }: LinearizedSet): string {
  return rest.length === 0 ? `${base} ${bits}` : `${base} ${bits} ${rest.join(' ')}`;
}

function bitsBelow(at: number): number {
  return ((1 << (at & 31)) - 1) | 0;
}

function withBit(words: readonly number[], word: number, bit: number): readonly number[] {
  const copy = words.slice();
  while (copy.length <= word) copy.push(0);
  copy[word] = copy[word]! | (1 << bit);
  return copy;
}

/** Moves the base up to the first operation that is not in. */
function rebase(base: number, bits: number, rest: readonly number[]): LinearizedSet {
  let block = base >> 5;
  let word = bits;
  let words = 0;
  while (word === ALL_BITS) {
    block += 1;
    word = rest[words] ?? 0;
    words += 1;
  }
  const lowestZero = ~word & -~word;
  return {
    base: block * 32 + 31 - Math.clz32(lowestZero),
    bits: word,
    rest: words === 0 ? rest : rest.slice(words),
  };
}
