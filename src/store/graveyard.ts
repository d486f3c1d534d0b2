/**
 * Indexes of dropped spaces: their records are dead at once, but taking them off the segments' live
 * bytes means a walk over every slot, so that is done in slices in the background.
 *
 * Until then the compactor sees the segments fuller than they are, which only makes it wait.
 */

import type { Clock } from '../io/clock.ts';
import { GRAVEYARD_SLOTS_PER_SLICE } from '../limits.ts';
import type { SegmentTable } from './segment-table.ts';
import type { ValueIndex } from './value-index.ts';

interface Grave {
  readonly index: ValueIndex;
  cursor: number;
}

export class Graveyard {
  readonly #segments: SegmentTable;
  readonly #clock: Clock;
  readonly #graves: Grave[] = [];
  #isScheduled = false;

  constructor(segments: SegmentTable, clock: Clock) {
    this.#segments = segments;
    this.#clock = clock;
  }

  /** Takes an index whose chains are released already. */
  bury(index: ValueIndex): void {
    this.#graves.push({ index, cursor: 0 });
    this.#dig();
    this.#schedule();
  }

  /** Does what is left, for a stop. */
  async finish(): Promise<void> {
    while (this.#graves.length > 0) {
      this.#dig();
      await Promise.resolve();
    }
  }

  #schedule(): void {
    if (this.#isScheduled || this.#graves.length === 0) return;
    this.#isScheduled = true;
    this.#clock.setTimer(0, () => {
      this.#isScheduled = false;
      this.#dig();
      this.#schedule();
    });
  }

  #dig(): void {
    const grave = this.#graves[0];
    if (grave === undefined) return;
    const { index } = grave;
    grave.cursor = index.scan(grave.cursor, GRAVEYARD_SLOTS_PER_SLICE, (slot) => {
      if (index.isChained(slot)) return;
      this.#segments.bySlot[index.segmentOf(slot)]?.subtractLive(index.sizeClassOf(slot));
    });
    if (grave.cursor !== 0) return;
    index.clear();
    this.#graves.shift();
  }
}
