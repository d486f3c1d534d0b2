/**
 * Cold records read at once, on the thread that serves, while that is quick.
 *
 * Most data sets larger than dkvs's own memory budget still fit the kernel's page cache, and there
 * a read is a copy of a few microseconds. Through libuv's pool it costs ten times that: two changes
 * of threads, a wait for the next turn of the event loop, and promises. So a read is tried here
 * first. When reads turn out to come from a disk, they go through the pool, where they wait side by
 * side and stop nobody else, and only now and then one is tried here again (blocking-budget.ts).
 *
 * Price: reads from a disk stop the server for BLOCKING_DEBT_MS, or for one read if that takes
 * longer, before the pool takes over; and for half of that after each rest.
 *
 * What is read is in scratch memory (residents.ts): there until the next command begins; a value
 * then goes into the read cache. Anything unusual is left to the loader, which says what is wrong:
 * a record that is large or damaged, a chain, a file that is not open.
 */

import type { Clock } from '../../io/clock.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import { NEED_VALUE, type Need } from '../../keyspace/storage.ts';
import { BlockingBudget } from '../../io/blocking-budget.ts';
import type { KeyProbe } from './key-probe.ts';
import type { Residents } from '../memory/residents.ts';
import { sizeClassBytes } from '../index/size-class.ts';
import type { KeyIndex } from '../index/key-index.ts';

/** What a read on the serving thread may take for nothing: several times one of the page cache. */
const DIRECT_READ_FREE_MS = 0.02;

/** A key is found in one round; a second one sees what the first has read. */
const ROUNDS_MAX = 3;

export class DirectReads {
  readonly #budget: BlockingBudget;
  readonly #probe: KeyProbe;
  readonly #residents: Residents;

  constructor(clock: Clock, probe: KeyProbe, residents: Residents) {
    this.#budget = new BlockingBudget(clock, DIRECT_READ_FREE_MS);
    this.#probe = probe;
    this.#residents = residents;
  }

  /** True when the key is in RAM as it is needed, or surely absent. */
  bring(space: number, key: ByteRange, need: Need): boolean {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const probe = this.#probe;
      probe.run(space, key);
      if (probe.slot === -1) {
        if (!probe.isCold) return true;
        if (probe.damage !== undefined) return false;
        if (!this.#readCandidates(probe.space!.index, probe.hi, probe.lo, need)) return false;
        continue;
      }
      if (probe.chain !== undefined) return need !== NEED_VALUE || probe.chain.live !== undefined;
      if (need !== NEED_VALUE || probe.isWhole) return true;
      if (!this.#read(probe.space!.index, probe.slot, NEED_VALUE)) return false;
    }
    return false;
  }

  /** The records with this hash that are only on disk. */
  #readCandidates(index: KeyIndex, hi: number, lo: number, need: Need): boolean {
    for (let slot = index.find(hi, lo); slot !== -1; slot = index.findNext(slot)) {
      if (index.isChained(slot)) return false;
      if (this.#residents.find(index.segmentOf(slot), index.offsetOf(slot))) continue;
      if (!this.#read(index, slot, need)) return false;
    }
    return true;
  }

  #read(index: KeyIndex, slot: number, need: Need): boolean {
    const beganMs = this.#budget.begin();
    if (beganMs < 0) return false;
    const bytes = sizeClassBytes(index.sizeClassOf(slot));
    const isRead = this.#residents.readToScratch(index.segmentOf(slot), index.offsetOf(slot), bytes,
      need === NEED_VALUE);
    this.#budget.end(beganMs);
    return isRead;
  }
}
