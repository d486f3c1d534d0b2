/**
 * Where unpredictable numbers come from: seeds for hash tags (so that strangers cannot choose
 * colliding keys) and for the random seed stamped on an entry. Nothing else draws from it; whatever
 * needs many numbers expands a seed with its own generator, which replays.
 */

/** 64 random bits as two whole numbers from 0 to 2^32 - 1. */
export type Seed64 = readonly [hi: number, lo: number];

export interface RandomSource {
  seed64(): Seed64;
}
