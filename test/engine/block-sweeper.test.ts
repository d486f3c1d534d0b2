import { expect, it } from 'vitest';
import { BlockSweeper, SWEEP_BATCH_BLOCKS } from '../../src/engine/block-sweeper.ts';
import { LIVE_CODECS } from '../../src/keyspace/codecs.ts';
import { blocksSpaceOf } from '../../src/keyspace/collection/block-keys.ts';
import { HASH_SET } from '../../src/keyspace/collection/hash/hash-delta.ts';
import { HASHES } from '../../src/keyspace/collection/hash/hash-type.ts';
import { Keyspace } from '../../src/keyspace/keyspace.ts';
import { DeltaWriter } from '../../src/keyspace/pieces.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import { Random } from '../../src/lib/random.ts';
import { MemoryStorage } from '../keyspace/memory-storage.ts';

const LIMITS = { mediumBytesMax: 1500, blockBytesMax: 900, blockBytesMin: 120 };
const KEY = ByteRange.ofText('h');

it('removes the blocks of a value that is gone, and what waits is served between batches', async () => {
  const storage = new MemoryStorage(LIVE_CODECS);
  const keyspace = new Keyspace(storage, { notify: () => {} }, LIMITS);
  const db = keyspace.db(0);
  const delta = new DeltaWriter();
  delta.begin(HASH_SET);
  for (let i = 0; i < 6000; i++) {
    delta.latin1(`field ${i}`);
    delta.latin1('value');
  }
  db.changeCollection(KEY, HASHES, delta.finish(), new Random(1, 1));
  const blocks = blocksSpaceOf(db.space);
  expect(storage.count(blocks)).toBeGreaterThan(2 * SWEEP_BATCH_BLOCKS);
  db.remove(KEY);
  let batches = 0;
  let yields = 0;
  const sweeper = new BlockSweeper({
    keyspace,
    runInternal: (work) => {
      expect(yields).toBe(batches);
      batches++;
      work();
    },
    yieldToLoop: async () => void yields++,
  });
  expect(await sweeper.cycle()).toBeGreaterThan(2 * SWEEP_BATCH_BLOCKS);
  expect(batches).toBeGreaterThan(2);
  expect(storage.count(blocks)).toBe(0);
  expect(await sweeper.cycle()).toBe(0);
});
