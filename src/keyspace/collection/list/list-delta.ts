/**
 * Lists as bytes. A delta is an operation byte, numbers (varints) and pieces (pieces.ts):
 *
 *   PUSH_LEFT  01 | piece | piece ...             each in front of the one before
 *   PUSH_RIGHT 02 | piece | piece ...             RPUSH k a b = 02 01 61 01 62
 *   TRIM       03 | left | right                  so many off each end       LPOP k = 03 01 00
 *   SET        04 | index | piece                 LSET k 1 a = 04 01 01 61
 *   INSERT     05 | index | piece                 it has that index then, at most the size
 *   REMOVE     06 | index | distance | distance   elements 2, 5 and 6 = 06 02 03 01
 *
 * An index counts from the left, from 0, before the delta. One that is not there is a bug: it
 * asserts. A base is what OBJECT ENCODING goes by (listpack-size.ts), then the elements:
 *
 *   count | bytes | peak of bytes | peak of count | piece | piece ...
 */

export const PUSH_LEFT = 1;
export const PUSH_RIGHT = 2;
export const LIST_TRIM = 3;
export const LIST_SET = 4;
export const LIST_INSERT = 5;
export const LIST_REMOVE = 6;

export function badListDelta(op: number): Error {
  return new Error(`assertion failed: a delta of a list begins with ${op}`);
}

export function noIndex(size: number, index: number): Error {
  return new Error(`assertion failed: a list of ${size} elements has no index ${index}`);
}
