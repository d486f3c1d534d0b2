/**
 * Deltas of one tick: those of one value go to the log together, as one record at the commit.
 *
 *     HSET h a 1, HSET h b 2, HSET g c 3, HSET h d 4     ->     DELTA h (3 deltas), DELTA g (1)
 *
 * A frame counts as a whole or not at all, so nobody can tell in which order its records came, as
 * long as those of one key are in order. A record takes 40 bytes, two checksums and a place in its
 * chain: for an HSET of a small field that is more than the delta.
 *
 * Invariant: whatever replaces a value comes behind the deltas that it holds (a new base, which is
 * written at commits behind the flush) or in their place (another value, a deletion: the chain goes
 * and its group with it). What only says more of the key (EXPIRE) may come before or behind.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { Chain } from '../chains/chains.ts';
import { DeltaRun } from '../chains/delta-run.ts';
import { KiB } from '../../lib/size-units.ts';

/** Deltas of one value that are gathered in one tick; more go to the log before its end. */
export const DELTA_GROUP_BYTES_MAX = 64 * KiB;

/**
 * Memory of groups that is kept for the next tick, 1 KiB each: as many as a tick of 50 pipelining
 * clients may need.
 */
const DELTA_GROUPS_KEPT = 1024;

export class DeltaGroups {
  readonly #write: (chain: Chain, deltas: DeltaRun) => void;
  /** Called before a group is written and emptied that may have to be filled again. */
  onFlush: (chain: Chain) => void = () => undefined;
  /** Chains that were given a group since the last flush. */
  readonly #chains: Chain[] = [];
  readonly #spare: DeltaRun[] = [];

  constructor(write: (chain: Chain, deltas: DeltaRun) => void) {
    this.#write = write;
  }

  /** Adds a delta that the chain's value has had applied. */
  add(chain: Chain, delta: ByteRange): void {
    const group = chain.group ?? this.#begin(chain);
    group.add(delta);
    if (group.bytes >= DELTA_GROUP_BYTES_MAX) this.#empty(chain, group);
  }

  /** Writes all groups. */
  flush(): void {
    if (this.#chains.length === 0) return;
    for (const chain of this.#chains) this.#end(chain);
    this.#chains.length = 0;
  }

  /** Writes what the chain's group has now. */
  flushOne(chain: Chain): void {
    const { group } = chain;
    if (group !== undefined && group.count > 0) this.#empty(chain, group);
  }

  /** Forgets all groups: nothing of them was written, and nothing will be. */
  discard(): void {
    for (const chain of this.#chains) chain.group = undefined;
    this.#chains.length = 0;
    // Images of chains may have changed them.
    this.#spare.length = 0;
  }

  #empty(chain: Chain, group: DeltaRun): void {
    this.onFlush(chain);
    chain.image?.beforeFlush(group);
    this.#write(chain, group);
    group.clear();
  }

  /** The chain has no group any more if its key is gone. */
  #end(chain: Chain): void {
    const { group } = chain;
    if (group === undefined) return;
    if (group.count > 0) this.#write(chain, group);
    group.clear();
    chain.group = undefined;
    if (this.#spare.length < DELTA_GROUPS_KEPT) this.#spare.push(group);
  }

  #begin(chain: Chain): DeltaRun {
    const group = this.#spare.pop() ?? new DeltaRun();
    chain.group = group;
    this.#chains.push(chain);
    return group;
  }
}
