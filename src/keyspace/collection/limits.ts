/** Sizes of collections: the same on every peer, since they decide what the next change makes. */

import { KiB } from '../../lib/size-units.ts';

/**
 * Bytes up to which a collection is one structure in RAM and one record with deltas. Above them it
 * is cut into blocks. It is not an option: peers with different ones would list their elements in
 * different orders.
 */
export const MEDIUM_BYTES_MAX = 64 * KiB;

/**
 * Bytes up to which a block grows before it is split. Smaller ones make the directory longer; a
 * cold element costs the reading of a block.
 */
export const BLOCK_BYTES_MAX = 16 * KiB;

/** A block below this is joined with its neighbour, if both fit half a block. */
export const BLOCK_BYTES_MIN = BLOCK_BYTES_MAX / 8;

export interface CollectionLimits {
  readonly mediumBytesMax: number;
  readonly blockBytesMax: number;
  readonly blockBytesMin: number;
}

export const COLLECTION_LIMITS: CollectionLimits = Object.freeze({
  mediumBytesMax: MEDIUM_BYTES_MAX, blockBytesMax: BLOCK_BYTES_MAX, blockBytesMin: BLOCK_BYTES_MIN,
});
