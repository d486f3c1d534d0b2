/** Where a chain is in the index. */

import type { Chain } from '../chains/chains.ts';
import type { KeyIndex } from '../index/key-index.ts';

export function slotOfChain(index: KeyIndex, chain: Chain): number {
  for (let slot = index.find(chain.hi, chain.lo); slot !== -1; slot = index.findNext(slot)) {
    if (index.isChained(slot) && index.chainOf(slot) === chain.id) return slot;
  }
  throw new Error(`store: no index slot holds chain ${chain.id}`);
}
