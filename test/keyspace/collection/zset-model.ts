/** A sorted set as a plain Map, and the order in which its members have to be. */

import { DeltaWriter } from '../../../src/keyspace/pieces.ts';
import { ZSET_REMOVE, ZSET_SET } from '../../../src/keyspace/collection/zset/zset-delta.ts';
import type { ZsetView } from '../../../src/keyspace/collection/zset/zset-view.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import type { Random } from '../../../src/lib/random.ts';

export type Scored = readonly [member: string, score: number];

const SCORES = [0, -0, 1, 1, 1, 1.5, 2, -3, 1e300, -1e-300, Infinity, -Infinity];

/** Many are equal, and some are the ends of the line. */
export function randomScore(random: Random): number {
  return random.below(2) === 0 ? SCORES[random.below(SCORES.length)]! : random.below(1000) / 8;
}

export function inOrder(model: ReadonlyMap<string, number>): Scored[] {
  return [...model].toSorted(([a, x], [b, y]) => {
    if (x !== y) return x < y ? -1 : 1;
    return Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'));
  });
}

export function setDelta(pairs: readonly Scored[]): ByteRange {
  const delta = new DeltaWriter();
  delta.begin(ZSET_SET);
  for (const [member, score] of pairs) {
    delta.latin1(member);
    delta.double(score);
  }
  return delta.finish();
}

export function removeDelta(members: readonly string[]): ByteRange {
  const delta = new DeltaWriter();
  delta.begin(ZSET_REMOVE);
  for (const member of members) delta.latin1(member);
  return delta.finish();
}

export function bytesOf(member: string): ByteRange {
  return new ByteRange(Buffer.from(member, 'latin1'));
}

export function membersOf(
  view: ZsetView, rank = 0, count: number = view.size, step: 1 | -1 = 1,
): Scored[] {
  const members: Scored[] = [];
  view.walk(rank, count, step, (member, score) => void members.push([member.latin1(), score]));
  return members;
}
