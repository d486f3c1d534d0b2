import { expect, it } from 'vitest';
import { LIVE_CODECS } from '../../../src/keyspace/codecs.ts';
import { CollectionChange } from '../../../src/keyspace/collection/collection-change.ts';
import { HASH_SET } from '../../../src/keyspace/collection/hash/hash-delta.ts';
import { HASHES } from '../../../src/keyspace/collection/hash/hash-type.ts';
import { LargeHash } from '../../../src/keyspace/collection/hash/large-hash.ts';
import { BLOCK_BYTES_MAX } from '../../../src/keyspace/collection/limits.ts';
import { DeltaWriter } from '../../../src/keyspace/pieces.ts';
import { NEED_VALUE, type Found } from '../../../src/keyspace/storage.ts';
import { ByteRange } from '../../../src/lib/byte-range.ts';
import { Random } from '../../../src/lib/random.ts';
import { MemoryStorage } from '../memory-storage.ts';

const KEY = ByteRange.ofText('h');
const FIELDS = 20_000;

it('a large hash keeps no more blocks in RAM than a command may use, read or changed', () => {
  const storage = new MemoryStorage(LIVE_CODECS);
  const random = new Random(1, 2);
  const change = new CollectionChange(storage);
  const set = (field: number): void => {
    const delta = new DeltaWriter();
    delta.begin(HASH_SET);
    delta.latin1(`field:${field}`);
    delta.latin1('v'.repeat(50 + random.below(50)));
    change.apply(1, KEY, HASHES, delta.finish(), random);
  };
  for (let field = 0; field < FIELDS; field++) set(field);
  const { live } = storage.find(1, KEY, NEED_VALUE) as Found;
  if (!(live instanceof LargeHash)) throw new Error('the hash is not large');
  const { directory } = live;
  const loaded = (): number => {
    let count = 0;
    for (let entry = 0; entry < directory.length; entry++) {
      if (directory.peek(entry) !== undefined) count++;
    }
    return count;
  };
  expect(directory.length).toBeGreaterThan(100);
  live.release(Infinity, () => true);
  live.beginUse(10 * BLOCK_BYTES_MAX, undefined);
  for (const isRead of [true, false]) {
    let most = 0;
    // So many changes that blocks do not keep them beside their records.
    for (let i = 0; i < 12_000; i++) {
      const field = random.below(FIELDS);
      if (isRead) expect(live.has(ByteRange.ofText(`field:${field}`))).toBe(true);
      else set(field);
      most = Math.max(most, loaded());
    }
    expect(most).toBeGreaterThan(5);
    expect(most).toBeLessThan(30);
  }
  expect(live.size).toBe(FIELDS);
});
