/**
 * Leaders: which batches are in the log and were not committed when their term began, so that one
 * that is sent again, because its delivery takes long or there is another leader, does not make the
 * log longer and the delivery longer still. What a leader has in its log stays there for as long as
 * it leads; with the term all this is forgotten.
 */

import type { MemberId } from './entry.ts';
import type { BatchId } from './proposal.ts';

/** The latest of one member's batches that follow each other in the log. */
interface Run {
  readonly epoch: number;
  readonly first: number;
  last: number;
}

export class TakenBatches {
  readonly #runs = new Map<MemberId, Run>();

  /**
   * True when the batch is to be appended; say `add` if that was done. One that is behind a gap
   * counts for nothing where it is (see DuplicateDetection): when the gap is filled it is appended
   * once more.
   */
  isNew({ origin, epoch, number }: BatchId): boolean {
    const run = this.#runs.get(origin);
    return run?.epoch !== epoch || number < run.first || number > run.last;
  }

  add({ origin, epoch, number }: BatchId): void {
    const run = this.#runs.get(origin);
    if (run?.epoch === epoch && number === run.last + 1) run.last = number;
    else this.#runs.set(origin, { epoch, first: number, last: number });
  }

  clear(): void {
    this.#runs.clear();
  }
}
