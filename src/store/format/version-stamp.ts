/**
 * When a key last changed, as its newest record carries it: a *stamp*, one number of 49 bits.
 *
 *     bits 0-47   with peers the log index of the entry, alone the value_index of the record
 *     bit 48      0 = it is a log index, 1 = it is a value_index
 *
 * The two count different things, so each has a meaning only where it was made: a store that takes
 * part in an order does not compare a value_index, which differs from peer to peer, and a store
 * that is alone does not compare a log index, which a later value_index could equal. What has no
 * meaning is VERSION_UNKNOWN: the key is there, and has not changed since the store took part in
 * the order, or left it.
 */

/** For the appender: the record carries no stamp of its own, its value_index says when. */
export const NO_STAMP = 0;

export const VERSION_ABSENT = 0;
export const VERSION_UNKNOWN = 1;

const VALUE_INDEX = 2 ** 48;

export function stampOfValueIndex(valueIndex: number): number {
  return VALUE_INDEX + valueIndex;
}

/** The version that a stamp stands for: with peers (`isOrdered`), or alone. */
export function versionOf(stamp: number, isOrdered: boolean): number {
  const isValueIndex = stamp >= VALUE_INDEX;
  if (isValueIndex === isOrdered) return VERSION_UNKNOWN;
  return isValueIndex ? stamp - VALUE_INDEX : stamp;
}
