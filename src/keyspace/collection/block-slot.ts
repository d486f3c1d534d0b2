/** One block of a large collection, as its directory knows it. */

import type { FieldTimes } from './hash/field-times.ts';
import type { PendingChanges } from './pending-changes.ts';

/** What a block is while it is in RAM. */
export interface Block {
  /** Elements. */
  readonly size: number;
  readonly memoryBytes: number;
  readonly baseBytes: number;
  /** Of those of its elements that expire; undefined where none does. */
  readonly times?: FieldTimes | undefined;
  applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void;
  encodeBase(): Buffer;
}

/** An entry of a directory, in a base. */
export interface DirectoryEntry<S> {
  readonly start: S;
  readonly block: number;
  readonly count: number;
}

/** The same in RAM. */
export interface BlockSlot<B extends Block> {
  readonly number: number;
  /** Undefined while it is not in RAM. */
  block: B | undefined;
  blockBytes: number;
  /** Of the block while it is not in RAM. */
  times: FieldTimes | undefined;
  /** The number of the last change, and up to which the block's record surely has them. */
  changedAt: number;
  writtenAt: number;
  /** Bytes that are to be written; 0 when it has no change behind `writtenAt`. */
  dirtyBytes: number;
  /** The changes behind `writtenAt`; undefined if there are none, or they are not kept. */
  pending: PendingChanges | undefined;
  isUsed: boolean;
  /** It is in no directory any more. */
  isGone: boolean;
}

/** `writtenAt`: its record has all changes up to this one. */
export function blockSlot<B extends Block>(number: number, writtenAt: number): BlockSlot<B> {
  return {
    number, block: undefined, blockBytes: 0, times: undefined, changedAt: writtenAt, writtenAt,
    dirtyBytes: 0, pending: undefined, isUsed: true, isGone: false,
  };
}
