/**
 * Chains as 32-bit words, for a checkpoint:
 *
 *     id low, id high | space | hi | lo | type | base: slot, offset/8, size class | isLastExpire
 *     | singlesFrom | number of pages | number of deltas | for each of both: slot, offset/8, size
 *     class
 *
 * A base that was being written is given up before (its BEGIN is among the deltas).
 * Keys and values are not in it: the chains are cold after the next start, as after any recovery.
 */

import type { ValueType } from '../../keyspace/value-type.ts';
import type { Chain, ChainTable, RecordPlace } from '../chains/chains.ts';
import { placeOf, placeOffset, placeSlot } from '../memory/residents.ts';
import type { Space } from '../index/space-table.ts';

const HEAD_WORDS = 13;
const PLACE_WORDS = 3;
const TWO_32 = 2 ** 32;

export function encodeChains(chains: Iterable<Chain>): Uint32Array {
  const words: number[] = [];
  for (const chain of chains) {
    const { id, space, hi, lo, type } = chain;
    words.push(id >>> 0, Math.floor(id / TWO_32), space.id, hi, lo, type);
    pushPlace(words, chain.base, chain.baseClass);
    const lists = [chain.pages, chain.deltas];
    words.push(Number(chain.isLastExpire), chain.singlesFrom);
    for (const list of lists) words.push(list?.length ?? 0);
    for (const list of lists) {
      list?.places.forEach((place, i) => pushPlace(words, place, list.classes[i]!));
    }
  }
  return Uint32Array.from(words);
}

/** Makes the chains again; their live bytes are accounted for already. */
export function decodeChains(words: Uint32Array, chains: ChainTable,
  spaceOf: (id: number) => Space): void {
  for (let at = 0; at < words.length;) {
    const id = words[at]! + words[at + 1]! * TWO_32;
    const base = placeAt(words, at + 6);
    const type = words[at + 5] as ValueType;
    const [hi, lo] = [words[at + 3]!, words[at + 4]!];
    const chain = chains.create(spaceOf(words[at + 2]!), hi, lo, type, base, id);
    const [isLastExpire, singlesFrom] = [words[at + 9] === 1, words[at + 10]!];
    const [pageCount, deltaCount] = [words[at + 11]!, words[at + 12]!];
    at += HEAD_WORDS;
    const records = Array.from({ length: pageCount + deltaCount },
      (_, i) => placeAt(words, at + i * PLACE_WORDS));
    at += records.length * PLACE_WORDS;
    chains.restore(chain, {
      pages: records.slice(0, pageCount), tail: records.slice(pageCount), singlesFrom, isLastExpire,
    });
  }
}

function pushPlace(words: number[], place: number, sizeClass: number): void {
  words.push(placeSlot(place), placeOffset(place) / 8, sizeClass);
}

function placeAt(words: Uint32Array, at: number): RecordPlace {
  const place = placeOf(words[at]!, words[at + 1]! * 8);
  return { slot: placeSlot(place), offset: placeOffset(place), sizeClass: words[at + 2]! };
}
