/**
 * The types of values, as the numbers that stand in records and index slots (3 bits; see
 * store/format/FORMAT.md). A number is never given a second meaning.
 */

import { PACKED_BYTES_MAX } from './limits.ts';

export const STRING = 1;
export const LIST = 2;
export const SET = 3;
export const ZSET = 4;
export const HASH = 5;
export const STREAM = 6;
/** A block of a large collection, under a hidden key. */
export const BLOCK = 7;

export type ValueType =
  | typeof STRING
  | typeof LIST
  | typeof SET
  | typeof ZSET
  | typeof HASH
  | typeof STREAM
  | typeof BLOCK;

/**
 * Whether a value of so many bytes is read where its record is, without a structure in RAM.
 * `flag`: of its record; with a collection it says that the record is a directory.
 */
export function isReadInPlace(type: ValueType, flag: boolean, bytes: number): boolean {
  return type === STRING || type === BLOCK || (!flag && bytes <= PACKED_BYTES_MAX);
}

const NAMES = ['none', 'string', 'list', 'set', 'zset', 'hash', 'stream', 'block'] as const;

/** The name that TYPE replies. */
export function typeName(type: ValueType): string {
  return NAMES[type] ?? 'none';
}

/** The type for a name as SCAN's TYPE option gives it, whatever its case. */
export function typeOfName(name: string): ValueType | undefined {
  const i = (NAMES as readonly string[]).indexOf(name.toLowerCase());
  return i > 0 && i !== BLOCK ? (i as ValueType) : undefined;
}
