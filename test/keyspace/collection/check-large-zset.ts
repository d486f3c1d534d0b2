/** What must hold of a large sorted set, whatever was done to it; throws what does not. */

import type { CollectionLimits } from '../../../src/keyspace/collection/limits.ts';
import { hashesOf } from '../../../src/keyspace/collection/hash/hash-shape.ts';
import type { LargeZset } from '../../../src/keyspace/collection/zset/large-zset.ts';
import { entryOfPair } from '../../../src/keyspace/collection/zset/score-starts.ts';
import { doubleAt } from '../../../src/keyspace/collection/zset/zset-block.ts';
import type { Storage } from '../../../src/keyspace/storage.ts';

/** `others`: other large values have blocks in the space too. */
export function checkLargeZset(
  storage: Storage, zset: LargeZset, limits: CollectionLimits, others = 0,
): void {
  const { members, order } = zset;
  const scores = checkMembers(zset, limits);
  let size = 0;
  for (let entry = 0; entry < order.length; entry++) {
    const block = order.block(entry);
    size += block.size;
    must(block.size > 0, `entry ${entry} of the order is empty`);
    must(block.size === order.countOf(entry), `entry ${entry} of the order has ${block.size}`);
    must(block.size === 1 || block.baseBytes <= limits.blockBytesMax,
      `entry ${entry} of the order has ${block.baseBytes} bytes`);
    for (let index = 0; index < block.size; index++) {
      const { buf, start, end } = block.memberAt(index);
      const [name, score] = [buf.toString('latin1', start, end), block.scoreAt(index)];
      must(Object.is(scores.get(name), score), `${name} has two scores`);
      must(entryOfPair(order.starts, score, buf, start, end) === entry, `${name} is elsewhere`);
    }
  }
  must(size === scores.size, `the order has ${size} of ${scores.size} members`);
  must(zset.directories.every((directory) => directory.size === size), 'counts differ');
  const blocks = storage.count(zset.place.space);
  const expected = members.directory.length + order.length;
  must(others > 0 ? blocks >= expected : blocks === expected, `${blocks} blocks of ${expected}`);
}

function checkMembers({ head, members }: LargeZset, limits: CollectionLimits): Map<string, number> {
  const { directory } = members;
  const scores = new Map<string, number>();
  for (let entry = 0; entry < directory.length; entry++) {
    const block = directory.block(entry);
    must(block.size > 0, `entry ${entry} is empty`);
    must(block.size === directory.countOf(entry), `entry ${entry} has ${block.size}`);
    const hashes = hashesOf(block, head.salt);
    must(hashes.every((hash) => members.entryOf(hash) === entry), `entry ${entry}: is elsewhere`);
    must(new Set(hashes).size === 1 || block.baseBytes <= limits.blockBytesMax,
      `entry ${entry} has ${block.baseBytes} bytes`);
    for (let at = 0; at < block.size; at++) {
      scores.set(block.fieldAt(at).latin1(), doubleAt(block.valueAt(at)));
    }
  }
  return scores;
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`large sorted set: ${what}`);
}
