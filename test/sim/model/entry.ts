/**
 * What the model knows about one key. Entries never change, so that models share them: a change
 * makes a new entry. Strings are latin1 texts.
 *
 * An expiry is an interval: `SET k v PX 100` that ran at some time from 5 to 9 ends from 105 to
 * 109. Each command that shows more makes it smaller.
 */

import {
  hashOfExpiry, hashOfValue, sameExpiry, sameValue, typeOf, type Expiry, type Value,
} from './value.ts';

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

  get type(): ReturnType<typeof typeOf> {
    return typeOf(this.value);
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

function hashOf({ value, expiry }: Entry): number {
  return (hashOfValue(value) + hashOfExpiry(expiry)) >>> 0;
}
