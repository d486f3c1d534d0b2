/** What SORT sorts: lists, sets and sorted sets, read in their own order. */

import type { HashView } from '../../keyspace/collection/hash/hash-view.ts';
import { hashOf } from '../../keyspace/collection/hash/hashes.ts';
import { listOf } from '../../keyspace/collection/list/list-type.ts';
import type { ListView } from '../../keyspace/collection/list/list-view.ts';
import { zsetOf } from '../../keyspace/collection/zset/zset-type.ts';
import type { ZsetView } from '../../keyspace/collection/zset/zset-view.ts';
import { LIST, SET, ZSET } from '../../keyspace/value-type.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import type { WriteContext } from '../command.ts';
import { WRONG_TYPE_TEXT } from '../reply-errors.ts';
import { sortByInteger } from '../set/set-access.ts';

/** The element is borrowed until it returns. */
export type VisitElement = (element: ByteRange) => void;

export interface SortSource {
  readonly size: number;
  readonly isSet: boolean;
  /** Visits `count` elements from an index on: there must be so many. Reversed: from the end. */
  each(first: number, count: number, isReversed: boolean, visit: VisitElement): void;
}

/**
 * A set of integers is an intset in Redis, and goes up, if it has at most so many: the default of
 * `set-max-intset-entries`. A command that may write does not know the configuration.
 */
const INTSET_ENTRIES_MAX = 512;

const NOTHING: SortSource = Object.freeze({ size: 0, isSet: false, each: () => undefined });

/** Of the key at argument 1; undefined when it has another type, and the error is replied. */
export function readSortSource({ args, db, reply }: WriteContext): SortSource | undefined {
  const found = db.read(args.at(1));
  if (found === undefined) return NOTHING;
  if (found.type === LIST) return ofList(listOf(found));
  if (found.type === SET) return ofSet(hashOf(found));
  if (found.type === ZSET) return ofZset(zsetOf(found));
  return void reply.error(WRONG_TYPE_TEXT);
}

function ofList(list: ListView): SortSource {
  const { size } = list;
  return {
    size,
    isSet: false,
    each: (first, count, isReversed, visit) => {
      for (let i = first; i < first + count; i++) {
        visit(list.at(isReversed ? size - 1 - i : i));
      }
    },
  };
}

/** A set has one order only. */
function ofSet(set: HashView): SortSource {
  const { size } = set;
  const isIntset = set.longest === 0 && set.peak <= INTSET_ENTRIES_MAX;
  const positions = isIntset
    ? sortByInteger(set, Array.from({ length: size }, (_, at) => at)) : undefined;
  return {
    size,
    isSet: true,
    each: (first, count, _, visit) => {
      for (let i = first; i < first + count; i++) {
        visit(set.fieldAt(positions?.[i] ?? i));
      }
    },
  };
}

function ofZset(zset: ZsetView): SortSource {
  const { size } = zset;
  return {
    size,
    isSet: false,
    each: (first, count, isReversed, visit) => {
      zset.walk(isReversed ? size - 1 - first : first, count, isReversed ? -1 : 1, visit);
    },
  };
}
