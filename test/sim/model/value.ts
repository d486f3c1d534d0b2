/**
 * The values that the model knows. They never change: a change makes a new one. Strings are latin1
 * texts.
 */

import { HyperLogLog } from './hyperloglog-value.ts';
import { hashText } from './reply.ts';
import { SortedSet } from './sorted-set-value.ts';

export type Hash = ReadonlyMap<string, Field>;
export type List = readonly string[];
export type Members = ReadonlySet<string>;
export type Value = string | HyperLogLog | Hash | List | Members | SortedSet;

/** A field of a hash. One that may have expired stays until a write meets it. */
export interface Field {
  readonly text: string;
  readonly expiry?: Expiry | undefined;
}

/** Times in ms since the epoch. It may be gone at its expiry, and is gone one ms later. */
export interface Expiry {
  readonly earliestMs: number;
  readonly latestMs: number;
}

export function sameExpiry(one: Expiry | undefined, other: Expiry | undefined): boolean {
  return one?.earliestMs === other?.earliestMs && one?.latestMs === other?.latestMs;
}

/** Equal expiries have the same. */
export function hashOfExpiry(expiry: Expiry | undefined): number {
  return Math.imul((expiry?.earliestMs ?? 0) | 0, 31) + ((expiry?.latestMs ?? 0) | 0);
}

/** When the last field of a hash expires; undefined if one does not, or it is no hash. */
export function emptiedAt(value: Value): Expiry | undefined {
  if (!isHash(value)) return undefined;
  let earliestMs = -Infinity;
  let latestMs = -Infinity;
  for (const { expiry } of value.values()) {
    if (expiry === undefined) return undefined;
    earliestMs = Math.max(earliestMs, expiry.earliestMs);
    latestMs = Math.max(latestMs, expiry.latestMs);
  }
  return { earliestMs, latestMs };
}

export function isHash(value: Value): value is Hash {
  return value instanceof Map;
}

export function isList(value: Value): value is List {
  return Array.isArray(value);
}

export function isSet(value: Value): value is Members {
  return value instanceof Set;
}

export function isSortedSet(value: Value): value is SortedSet {
  return value instanceof SortedSet;
}

/** What TYPE replies. */
export function typeOf(value: Value): 'string' | 'hash' | 'list' | 'set' | 'zset' {
  if (isSortedSet(value)) return 'zset';
  if (isHash(value)) return 'hash';
  if (isList(value)) return 'list';
  return isSet(value) ? 'set' : 'string';
}

/** A collection without elements, which does not exist. */
export function isEmptyCollection(value: Value): boolean {
  if (isList(value)) return value.length === 0;
  return (isHash(value) || isSet(value) || isSortedSet(value)) && value.size === 0;
}

export function sameValue(one: Value, other: Value): boolean {
  if (one === other) return true;
  if (one instanceof HyperLogLog) return other instanceof HyperLogLog && one.equals(other);
  if (isSortedSet(one)) return isSortedSet(other) && one.equals(other);
  if (isHash(one)) {
    return isHash(other) && one.size === other.size &&
      [...one].every(([name, field]) => {
        const its = other.get(name);
        return its?.text === field.text && sameExpiry(its.expiry, field.expiry);
      });
  }
  if (isList(one)) {
    return isList(other) && one.length === other.length &&
      one.every((element, i) => element === other[i]);
  }
  if (!isSet(one) || !isSet(other)) return false;
  return one.size === other.size && [...one].every((member) => other.has(member));
}

/** Equal values have the same: a uint32. */
export function hashOfValue(value: Value): number {
  if (typeof value === 'string') return hashText(value);
  if (value instanceof HyperLogLog) return value.hash >>> 0;
  if (isList(value)) return hashOfList(value);
  if (isSortedSet(value)) return value.hash;
  let sum = 1;
  if (isSet(value)) {
    for (const member of value) sum += Math.imul(hashText(member), 0x85eb_ca6b);
    return sum >>> 0;
  }
  for (const [name, { text, expiry }] of value) {
    sum += Math.imul(hashText(name), 0x9e37_79b1) ^ hashText(text) ^ hashOfExpiry(expiry);
  }
  return sum >>> 0;
}

/** Of a list, at each end: what its hash is made of. */
const HASHED_ELEMENTS = 20;

/** The first and the last ones stand for all: lists may be long. */
function hashOfList(list: List): number {
  let sum = 2 + list.length;
  for (const text of [...list.slice(0, HASHED_ELEMENTS), ...list.slice(-HASHED_ELEMENTS)]) {
    sum = Math.imul(sum, 31) + hashText(text);
  }
  return sum >>> 0;
}
