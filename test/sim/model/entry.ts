/**
 * What the model knows about one key. Entries never change, so that models share them: a change
 * makes a new entry. Strings are latin1 texts.
 *
 * An expiry is an interval: `SET k v PX 100` that ran at some time from 5 to 9 ends from 105 to
 * 109. Each command that shows more makes it smaller.
 */

import { hashText } from './reply.ts';

export type Hash = ReadonlyMap<string, string>;
export type Value = string | Hash;

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

  get type(): 'string' | 'hash' {
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
  if (one.size !== other.size) return false;
  for (const [field, value] of one) {
    if (other.get(field) !== value) return false;
  }
  return true;
}

function hashOf({ value, expiry }: Entry): number {
  const end = Math.imul((expiry?.earliestMs ?? 0) | 0, 31) + ((expiry?.latestMs ?? 0) | 0);
  if (typeof value === 'string') return (hashText(value) + end) >>> 0;
  let sum = end + 1;
  for (const [field, text] of value) {
    sum += Math.imul(hashText(field), 0x9e37_79b1) ^ hashText(text);
  }
  return sum >>> 0;
}
