/** The types of collections as the test of large values plays them: each with a model of its own. */

import type { CollectionType } from '../../src/keyspace/collection/collection-type.ts';
import { HASH_REMOVE, HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import { HASHES } from '../../src/keyspace/collection/hash/hash-type.ts';
import { hashOf } from '../../src/keyspace/collection/hash/hashes.ts';
import { LISTS, listOf } from '../../src/keyspace/collection/list/list-type.ts';
import type { CollectionLimits } from '../../src/keyspace/collection/limits.ts';
import { DeltaWriter } from '../../src/keyspace/pieces.ts';
import type { Found, Storage } from '../../src/keyspace/storage.ts';
import type { ByteRange } from '../../src/lib/byte-range.ts';
import type { Random } from '../../src/lib/random.ts';
import { checkLargeList } from '../keyspace/collection/check-large-list.ts';
import { checkLarge } from '../keyspace/collection/check-large.ts';
import { pairsOf } from '../keyspace/collection/hash-text.ts';
import { randomListChange, textsOfList } from '../keyspace/collection/list-changes.ts';

/** A random change, as a delta and as what it makes of the model: undefined if of nothing. */
export interface Change<M> {
  readonly delta: ByteRange;
  readonly after: M | undefined;
}

/** `M`: what a value must be, never changed. */
export interface PlayedType<M> {
  readonly type: CollectionType;
  /** Undefined when there is nothing to change. */
  change(random: Random, before: M | undefined): Change<M> | undefined;
  /** What was found, as a model. */
  read(found: Found): M;
  /** See checkLarge. */
  check(storage: Storage, found: Found, limits: CollectionLimits, others: number): void;
}

type Fields = ReadonlyMap<string, string>;

export const PLAYED_HASHES: PlayedType<Fields> = {
  type: HASHES,
  change: (random, before = new Map<string, string>()) => {
    const isRemoval = random.below(10) < (random.below(2) === 0 ? 3 : 6);
    return isRemoval ? removeFields(random, before) : setFields(random, before);
  },
  read: (found) => new Map(pairsOf(hashOf(found))),
  check: checkLarge,
};

function setFields(random: Random, before: Fields): Change<Fields> {
  const after = new Map(before);
  const delta = new DeltaWriter();
  delta.begin(HASH_SET);
  for (let left = random.below(15) === 0 ? 40 : 2; left > 0; left--) {
    const field = `field${random.below(300)}`;
    const value = valueOf(random);
    delta.latin1(field);
    delta.latin1(value);
    after.set(field, value);
  }
  return { delta: delta.finish(), after };
}

function removeFields(random: Random, before: Fields): Change<Fields> | undefined {
  const fields = [...before.keys()];
  const chosen = new Set(Array.from({ length: 1 + random.below(6) }, () =>
    fields[random.below(fields.length || 1)]).filter((field) => field !== undefined));
  if (chosen.size === 0) return undefined;
  const delta = new DeltaWriter();
  delta.begin(HASH_REMOVE);
  for (const field of chosen) delta.latin1(field);
  const after = new Map([...before].filter(([field]) => !chosen.has(field)));
  return { delta: delta.finish(), after: after.size === 0 ? undefined : after };
}

function valueOf(random: Random): string {
  return 'v'.repeat(random.below(random.below(40) === 0 ? 1500 : 60));
}

export const PLAYED_LISTS: PlayedType<readonly string[]> = {
  type: LISTS,
  change: (random, before = []) => {
    const text = (): string => `${random.below(1000)}${valueOf(random)}`;
    const { delta, after } = randomListChange(random, before, { taking: 40, text });
    return { delta, after: after.length === 0 ? undefined : after };
  },
  read: (found) => textsOfList(listOf(found)),
  check: checkLargeList,
};
