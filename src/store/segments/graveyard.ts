/**
 * Indexes of dropped spaces: their records are dead at once, but taking them off the segments' live
 * bytes means a walk over every slot, so that is done in slices in the background.
 *
 * Meanwhile the compactor may drop a segment that such records are in, and its slot may be given to
 * another. So a grave keeps the segments themselves as its index names them.
 *
 * Until then the compactor sees the segments fuller than they are, which only makes it wait.
 */

import type { Clock } from '../../io/clock.ts';
import type { Segment } from './segment.ts';
import type { SegmentTable } from './segment-table.ts';
import type { KeyIndex } from '../index/key-index.ts';

/** Slots of a dropped database that are accounted for in one slice: about 1 ms. */
export const GRAVEYARD_SLOTS_PER_SLICE = 20_000;

/** A dropped index, and the segments that it names. */
export interface Grave {
  readonly index: KeyIndex;
  /** By slot, as they were when the space was dropped. */
  readonly segments: readonly (Segment | undefined)[];
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

  /** The grave of an index that is dropped now. */
  prepare(index: KeyIndex): Grave {
    return { index, segments: this.#segments.bySlot.slice(), cursor: 0 };
  }

  /** Takes an index that surely stays dropped, and whose chains are released already. */
  bury(grave: Grave): void {
    this.#graves.push(grave);
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

  /** Visits the records that are not yet taken off their segments' live bytes. */
  eachLeft(visit: (segment: Segment | undefined, sizeClass: number) => void): void {
    for (const { index, segments, cursor } of this.#graves) {
      index.scan(cursor, Infinity, (slot) => {
        if (!index.isChained(slot)) visit(segments[index.segmentOf(slot)], index.sizeClassOf(slot));
      });
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
    const { index, segments } = grave;
    grave.cursor = index.scan(grave.cursor, GRAVEYARD_SLOTS_PER_SLICE, (slot) => {
      if (index.isChained(slot)) return;
      segments[index.segmentOf(slot)]?.subtractLive(index.sizeClassOf(slot));
    });
    if (grave.cursor !== 0) return;
    index.clear();
    this.#graves.shift();
  }
}
