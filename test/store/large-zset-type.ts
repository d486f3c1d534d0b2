/** Sorted sets as the test of large values plays them. */

import { LargeZset } from '../../src/keyspace/collection/zset/large-zset.ts';
import { ZSETS, zsetOf } from '../../src/keyspace/collection/zset/zset-type.ts';
import type { Random } from '../../src/lib/random.ts';
import { checkLargeZset } from '../keyspace/collection/check-large-zset.ts';
import {
  inOrder, membersOf, randomScore, removeDelta, setDelta, type Scored,
} from '../keyspace/collection/zset-model.ts';
import type { Change, PlayedType } from './large-values-types.ts';

/** In order. */
type Members = readonly Scored[];

export const PLAYED_ZSETS: PlayedType<Members> = {
  type: ZSETS,
  change: (random, before = []) => {
    if (random.below(10) >= (random.below(2) === 0 ? 3 : 6)) return setMembers(random, before);
    return before.length === 0 ? undefined : removeMembers(random, before);
  },
  read: (found) => membersOf(zsetOf(found)),
  check: (storage, { live }, limits, others) => {
    if (live instanceof LargeZset) checkLargeZset(storage, live, limits, others);
  },
};

function setMembers(random: Random, before: Members): Change<Members> {
  const changed = new Map<string, number>();
  for (let left = random.below(15) === 0 ? 60 : 3; left > 0; left--) {
    const long = random.below(40) === 0 ? random.below(1200) : random.below(30);
    changed.set(`member${random.below(300)}${'m'.repeat(random.below(4) === 0 ? long : 0)}`,
      randomScore(random));
  }
  return { delta: setDelta([...changed]), after: inOrder(new Map([...before, ...changed])) };
}

/** Some here and there, or neighbours, which may be whole blocks. */
function removeMembers(random: Random, before: Members): Change<Members> {
  const first = random.below(before.length);
  const count = 1 + random.below(1 + Math.floor(before.length / 4));
  const gone = new Set(random.below(4) === 0
    ? before.slice(first, first + count)
    : Array.from({ length: 1 + random.below(8) }, () => before[random.below(before.length)]!));
  const after = before.filter((each) => !gone.has(each));
  return {
    delta: removeDelta([...gone].map(([member]) => member)),
    after: after.length === 0 ? undefined : after,
  };
}
