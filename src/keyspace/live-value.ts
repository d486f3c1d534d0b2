/**
 * A value as a live structure: what a collection is while it is warm, and what a large string
 * becomes when it is changed in place.
 *
 * On disk such a value is a base (the whole value) and deltas (one change each, in order). There is
 * one way to change it, `applyDelta`, used by commands and by recovery alike, so that replaying the
 * log gives the state that the commands saw. A delta is deterministic: it holds results (the new
 * number, the chosen member), never requests (increment, pop any).
 */

import type { ValueType } from './value-type.ts';

export interface LiveValue {
  readonly type: ValueType;
  /** Elements of a collection, bytes of a string. A collection of size 0 does not exist. */
  readonly size: number;
  /** Estimated RAM held, in bytes; kept up to date by applyDelta. */
  readonly memoryBytes: number;
  /** Estimated bytes that `encodeBase` would return, kept up to date by applyDelta. */
  readonly baseBytes: number;
  /**
   * Applies one change. The bytes are borrowed. A delta that cannot be read is a bug: it asserts.
   */
  applyDelta(buf: Buffer, start: number, end: number): void;
  /** The whole value as bytes that the codec of its type reads back. */
  encodeBase(): Buffer;
}

export interface LiveCodec {
  readonly type: ValueType;
  /** Reads what encodeBase wrote. The bytes are borrowed. */
  decodeBase(buf: Buffer, start: number, end: number): LiveValue;
}
