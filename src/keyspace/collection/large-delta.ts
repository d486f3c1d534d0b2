/**
 * The deltas of large collections. Numbers are varints.
 *
 *     CHANGE 01 | growth byte | entry | delta of the block
 *     SPLIT  02 | entry | start | block | count       to a new entry behind
 *     JOIN   03 | entry                               it has what the next one had
 *     DROP   04 | entry                               it has become empty
 *
 * The high four bits of the first byte say which directory of the collection is changed: a sorted
 * set has two. How a start is written is up to the type (separators.ts).
 *
 * The growth of a CHANGE is 1 for an element less, 2 for as many, 3 for one more, and so on up to
 * 253 more; so it takes one element at most. Who makes the delta leaves a 0; the first to apply it
 * has the block in RAM, and fills the byte in.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import { DeltaWriter } from '../pieces.ts';
import type { Separators } from './separators.ts';

export const CHANGE = 1;
export const SPLIT = 2;
export const JOIN = 3;
export const DROP = 4;

/** The bits of the first byte that are the operation; those above them are the directory. */
export const OP_MASK = 0x0f;
const TAG_SCALE = 0x10;

/** The growth byte of a CHANGE that makes it neither larger nor smaller. */
export const GROWTH_NONE = 2;

/** Which directory of its collection a delta changes. */
export function tagOfDelta(firstByte: number): number {
  return Math.floor(firstByte / TAG_SCALE);
}

/** A new entry of a directory. */
export interface NewEntry<S> {
  readonly start: S;
  readonly block: number;
  readonly count: number;
}

/** Builds deltas of large collections, one at a time; each is borrowed until the next. */
export class LargeDelta {
  readonly #writer = new DeltaWriter();

  /** `op` and the pieces [start, end) of `from`: a delta of the block. */
  change(
    tag: number, entry: number, op: number, from: Buffer, start: number, end: number,
  ): ByteRange {
    this.#begin(tag, CHANGE);
    this.#writer.number(0);
    this.#writer.number(entry);
    this.#writer.number(op);
    this.#writer.raw(from, start, end);
    return this.#writer.finish();
  }

  /** The new one comes behind `entry`. */
  split<S>(tag: number, entry: number, added: NewEntry<S>, separators: Separators<S>): ByteRange {
    this.#begin(tag, SPLIT);
    this.#writer.number(entry);
    separators.write(this.#writer, added.start, undefined);
    this.#writer.number(added.block);
    this.#writer.number(added.count);
    return this.#writer.finish();
  }

  join(tag: number, entry: number): ByteRange {
    return this.#ofEntry(tag, JOIN, entry);
  }

  drop(tag: number, entry: number): ByteRange {
    return this.#ofEntry(tag, DROP, entry);
  }

  #ofEntry(tag: number, op: number, entry: number): ByteRange {
    this.#begin(tag, op);
    this.#writer.number(entry);
    return this.#writer.finish();
  }

  #begin(tag: number, op: number): void {
    this.#writer.begin(tag * TAG_SCALE + op);
  }
}
