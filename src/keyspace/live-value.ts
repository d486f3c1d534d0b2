/**
 * A value as a live structure: what a collection is while it is warm, and what a large string
 * becomes when it is changed in place.
 *
 * On disk such a value is a base (the whole value) and deltas (one change each, in order). There is
 * one way to change it, `applyDelta`, used by commands and by recovery alike, so that replaying the
 * log gives the state that the commands saw. A delta is deterministic: it holds results (the new
 * number, the chosen member), never requests (increment, pop any).
 */

import type { ByteRange } from '../lib/byte-range.ts';
import type { BlockPort } from './collection/block-port.ts';
import type { ValueType } from './value-type.ts';

export interface LiveValue {
  readonly type: ValueType;
  /** The directory of a large collection (collection/directory.ts), not its elements. */
  readonly isLarge?: true;
  /** Elements of a collection, bytes of a string. A collection of size 0 does not exist. */
  readonly size: number;
  /** Of a large collection: bytes that a new base has to write. */
  readonly dirtyBytes?: number;
  /** Estimated RAM held, in bytes; kept up to date by applyDelta. */
  readonly memoryBytes: number;
  /** Estimated bytes that `encodeBase` would return, kept up to date by applyDelta. */
  readonly baseBytes: number;
  /**
   * Applies one change. The bytes are borrowed, and it may fill in what only it knows
   * (large-delta.ts) before they are logged; `words` is over all of `buf`, if it was made. A
   * delta that cannot be read is a bug: it asserts.
   */
  applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void;
  /**
   * Fetches what looking for elements will read, side by side: those at buf[starts[i], ends[i])
   * for i < count. For speed alone; a value that has nothing to gain leaves it out.
   */
  lookAhead?(buf: Buffer, starts: Int32Array, ends: Int32Array, count: number): void;
  /** Of a large collection: see LargeHash. */
  beginUse?(bytes: number, key: Buffer | undefined): void;
  release?(bytes: number, mayWrite: () => boolean): number;
  /** Of a large collection: bytes of its blocks' records, about, by what each of some has. */
  blocksBytes?(bytesOf: (space: number, key: ByteRange) => number): number;
  /** The same value in memory of its own: what changes one does not change the other. */
  copy(): LiveValue;
  /** Reads what a small value is made of; the result means nothing. Likewise. */
  touch?(): number;
  /** The whole value as bytes that the codec of its type reads back. */
  encodeBase(): Buffer;
  /**
   * The value as it is now, to be written page by page while it goes on changing. A page ends as
   * soon as it has `pageBytes` bytes. One snapshot at a time: a second one asserts.
   */
  snapshot(pageBytes: number): Snapshot;
}

/**
 * The pages of a huge value, drawn out one by one. The first is a base of a part of the value, each
 * of the others a delta that adds more of it: so whatever reads bases and deltas reads pages too,
 * and no type needs another format for them.
 *
 *     decodeBase(page 0), applyDelta(page 1), applyDelta(page 2) ...
 */
export type SnapshotStep = Buffer | 'step' | undefined;

export interface Snapshot {
  /**
   * The next page; undefined behind the last, which also ends the snapshot. 'step': what comes
   * before a page is done in steps, and this was one of them.
   */
  next(): SnapshotStep;
  /** Gives up what is left; the value stops keeping what the snapshot needs. */
  end(): void;
}

export interface LiveCodec {
  readonly type: ValueType;
  /**
   * Reads what encodeBase wrote; `flag` is that of its record (storage.ts, Found.raw). The bytes
   * are borrowed. A large collection reads its blocks from `blocks`.
   */
  decodeBase(
    buf: Buffer, start: number, end: number, flag: boolean, blocks: BlockPort,
  ): LiveValue;
}
