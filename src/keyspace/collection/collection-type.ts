/**
 * What a type says of its collections: how each size is made and changed. All the rest is the same
 * for all types (collection-change.ts).
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { Random } from '../../lib/random.ts';
import type { LiveValue } from '../live-value.ts';
import type { ValueType } from '../value-type.ts';
import type { BlockPlace, LargeCollection } from './large-collection.ts';
import type { LargeEdit } from './large-edit.ts';
import type { CollectionLimits } from './limits.ts';

/** Changes small collections: the bytes of one, and a delta, give the bytes of the changed one. */
export interface PackedWriter {
  /** How many elements more the collection has after the last change; fewer after a removal. */
  readonly growth: number;
  /** The last change left no element. */
  readonly isEmpty: boolean;
  /**
   * The bytes with a delta applied (null: those of an empty collection), borrowed until the next
   * call; undefined when they might be more than PACKED_BYTES_MAX.
   */
  change(packed: ByteRange | null, delta: ByteRange): ByteRange | undefined;
}

export interface LargeMaker {
  readonly place: BlockPlace;
  readonly limits: CollectionLimits;
  readonly random: Random;
  /** An id that no blocks have. */
  newId(): number;
}

export interface CollectionType {
  readonly type: ValueType;
  readonly packedWriter: PackedWriter;
  /** A small collection (null: an empty one) as a medium one with room for so many bytes more. */
  toMedium(packed: ByteRange | null, roomBytes: number): LiveValue;
  /** A medium collection of at least two elements as a large one; writes its blocks. */
  toLarge(medium: LiveValue, maker: LargeMaker): LargeCollection;
  /** Applies a delta of a collection in one piece to a large one. */
  changeLarge(edit: LargeEdit, large: LargeCollection, delta: ByteRange): void;
  /** A large collection of one block as a medium one. */
  toMediumAgain(large: LargeCollection): LiveValue;
}
