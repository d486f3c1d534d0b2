/**
 * Which batches of each member have been applied, so that none is applied twice and those of one
 * member are applied in the order of their numbers, however often and in whatever order they got
 * into the log. Part of the state: every peer holds the same at the same position, on disk with it.
 */

import type { MemberId } from './entry.ts';
import type { BatchId } from './proposal.ts';

/** The last batch of one member that was applied. */
export interface OriginMark {
  readonly epoch: number;
  readonly number: number;
}

export class DuplicateDetection {
  readonly #marks = new Map<MemberId, OriginMark>();

  /**
   * True when the batch is to be applied, which is noted. False for one that was applied before, is
   * of an earlier start of its member, or comes before another that is still missing: its origin
   * will send both again.
   */
  accept({ origin, epoch, number }: BatchId): boolean {
    const mark = this.#marks.get(origin);
    const isNewEpoch = mark === undefined || epoch > mark.epoch;
    const expected = isNewEpoch ? 1 : mark.number + 1;
    if (number !== expected || (mark !== undefined && epoch < mark.epoch)) return false;
    this.#marks.set(origin, { epoch, number });
    return true;
  }

  /** Number of the last batch applied in this epoch; 0 = none. */
  numberOf(origin: MemberId, epoch: number): number {
    const mark = this.#marks.get(origin);
    return mark?.epoch === epoch ? mark.number : 0;
  }

  restore(marks: Iterable<readonly [MemberId, OriginMark]>): void {
    this.#marks.clear();
    for (const [origin, mark] of marks) this.#marks.set(origin, mark);
  }

  marks(): ReadonlyMap<MemberId, OriginMark> {
    return this.#marks;
  }
}
