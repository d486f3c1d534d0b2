/**
 * The deltas of large collections. Numbers are varints.
 *
 *     CHANGE 01 | growth byte | entry | delta of the block that names one element
 *     SPLIT  02 | entry | start | block | count       to a new entry behind
 *     JOIN   03 | entry                               it has what the next one had
 *     DROP   04 | entry                               it has become empty
 *
 * The growth of a CHANGE is 1 for an element less, 2 for as many, 3 for one more. Who makes the
 * delta leaves a 0; the first to apply it has the block in RAM, and fills the byte in.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import { DeltaWriter } from '../pieces.ts';

export const CHANGE = 1;
export const SPLIT = 2;
export const JOIN = 3;
export const DROP = 4;

/** The growth byte of a CHANGE that makes it neither larger nor smaller. */
export const GROWTH_NONE = 2;

/** Builds deltas of large collections, one at a time; each is borrowed until the next. */
export class LargeDelta {
  readonly #writer = new DeltaWriter();

  /** `op` and the pieces [start, end) of `from`: a delta of the block that names one element. */
  change(entry: number, op: number, from: Buffer, start: number, end: number): ByteRange {
    this.#writer.begin(CHANGE);
    this.#writer.number(0);
    this.#writer.number(entry);
    this.#writer.number(op);
    this.#writer.raw(from, start, end);
    return this.#writer.finish();
  }

  split(entry: number, start: number, block: number, count: number): ByteRange {
    return this.#of(SPLIT, [entry, start, block, count]);
  }

  join(entry: number): ByteRange {
    return this.#of(JOIN, [entry]);
  }

  drop(entry: number): ByteRange {
    return this.#of(DROP, [entry]);
  }

  #of(op: number, numbers: readonly number[]): ByteRange {
    this.#writer.begin(op);
    for (const number of numbers) this.#writer.number(number);
    return this.#writer.finish();
  }
}
