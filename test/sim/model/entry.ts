/**
 * What the model knows about one key. Entries never change, so that models share them: a change
 * makes a new entry. Strings are latin1 texts.
 *
 * An expiry is an interval: `SET k v PX 100` that ran at some time from 5 to 9 ends from 105 to
 * 109. Each command that shows more makes it smaller.
 */

import { hashText } from './reply.ts';

export type Hash = ReadonlyMap<string, string>;
export type List = readonly string[];
export type Members = ReadonlySet<string>;
export type Value = string | Hash | List | Members;

export function isList(value: Value): value is List {
  return Array.isArray(value);
}

export function isSet(value: Value): value is Members {
  return value instanceof Set;
}

/** Elements of a collection. */
export function sizeOf(value: Hash | List | Members): number {
  return isList(value) ? value.length : value.size;
}

/** Of a list, at each end: what its hash is made of. */
const HASHED_ELEMENTS = 20;

/** Times in ms since the epoch. A key may be gone at its expiry, and is gone one ms later. */
export interface Expiry {
  readonly earliestMs: number;
  readonly latestMs: number;
}

export class Entry {
  readonly value: Value;
  readonly expiry: Expiry | undefined;
  #hash: number | undefined;

  constructor(value: Value, expiry?: Expiry) {
    this.value = value;
    this.expiry = expiry;
  }

  withExpiry(expiry: Expiry | undefined): Entry {
    return new Entry(this.value, expiry);
  }

  get type(): 'string' | 'hash' | 'list' | 'set' {
    if (isList(this.value)) return 'list';
    if (isSet(this.value)) return 'set';
    return typeof this.value === 'string' ? 'string' : 'hash';
  }

  /** Equal entries have the same. */
  get hash(): number {
    this.#hash ??= hashOf(this);
    return this.#hash;
  }

  equals(other: Entry): boolean {
    return this === other ||
      (this.hash === other.hash && sameExpiry(this.expiry, other.expiry) &&
        sameValue(this.value, other.value));
  }
}

function sameExpiry(one: Expiry | undefined, other: Expiry | undefined): boolean {
  return one?.earliestMs === other?.earliestMs && one?.latestMs === other?.latestMs;
}

function sameValue(one: Value, other: Value): boolean {
  if (one === other) return true;
  if (typeof one === 'string' || typeof other === 'string') return false;
  if (isList(one) || isList(other)) return isList(one) && isList(other) && sameList(one, other);
  if (isSet(one) || isSet(other)) return isSet(one) && isSet(other) && sameMembers(one, other);
  if (one.size !== other.size) return false;
  for (const [field, value] of one) {
    if (other.get(field) !== value) return false;
  }
  return true;
}

function sameList(one: List, other: List): boolean {
  return one.length === other.length && one.every((element, i) => element === other[i]);
}

function sameMembers(one: Members, other: Members): boolean {
  return one.size === other.size && [...one].every((member) => other.has(member));
}

function hashOf({ value, expiry }: Entry): number {
  const end = Math.imul((expiry?.earliestMs ?? 0) | 0, 31) + ((expiry?.latestMs ?? 0) | 0);
  if (typeof value === 'string') return (hashText(value) + end) >>> 0;
  if (isList(value)) return hashOfList(value, end);
  let sum = end + 1;
  if (isSet(value)) {
    for (const member of value) sum += Math.imul(hashText(member), 0x85eb_ca6b);
    return sum >>> 0;
  }
  for (const [field, text] of value) {
    sum += Math.imul(hashText(field), 0x9e37_79b1) ^ hashText(text);
  }
  return sum >>> 0;
}

/** The first and the last ones stand for all: lists may be long. */
function hashOfList(list: List, end: number): number {
  let sum = end + 2 + list.length;
  for (const text of [...list.slice(0, HASHED_ELEMENTS), ...list.slice(-HASHED_ELEMENTS)]) {
    sum = Math.imul(sum, 31) + hashText(text);
  }
  return sum >>> 0;
}
