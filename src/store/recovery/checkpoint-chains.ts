/**
 * Chains as 32-bit words, for a checkpoint:
 *
 *     id low, id high | space | hi | lo | type | base: slot, offset/8, size class | isLastExpire
 *     | number of deltas | for each: slot, offset/8, size class
 *
 * Keys and values are not in it: the chains are cold after the next start, as after any recovery.
 */

import type { ValueType } from '../../keyspace/value-type.ts';
import type { Chain, ChainTable, RecordPlace } from '../chains.ts';
import { placeOf, placeOffset, placeSlot } from '../residents.ts';
import type { Space } from '../space-table.ts';

const HEAD_WORDS = 11;
const PLACE_WORDS = 3;
const TWO_32 = 2 ** 32;

/** Words of all chains that have deltas. */
export function encodeChains(chains: Iterable<Chain>): Uint32Array {
  const words: number[] = [];
  for (const chain of chains) {
    const { id, space, hi, lo, type } = chain;
    words.push(id >>> 0, Math.floor(id / TWO_32), space.id, hi, lo, type);
    pushPlace(words, chain.base, chain.baseClass);
    words.push(Number(chain.isLastExpire), chain.deltas.length);
    chain.deltas.forEach((place, i) => pushPlace(words, place, chain.deltaClasses[i]!));
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
    const isLastExpire = words[at + 9] === 1;
    const count = words[at + 10]!;
    at += HEAD_WORDS;
    for (let i = 0; i < count; i += 1, at += PLACE_WORDS) {
      chains.restoreDelta(chain, placeAt(words, at), isLastExpire && i === count - 1);
    }
  }
}

function pushPlace(words: number[], place: number, sizeClass: number): void {
  words.push(placeSlot(place), placeOffset(place) / 8, sizeClass);
}

function placeAt(words: Uint32Array, at: number): RecordPlace {
  const place = placeOf(words[at]!, words[at + 1]! * 8);
  return { slot: placeSlot(place), offset: placeOffset(place), sizeClass: words[at + 2]! };
}
