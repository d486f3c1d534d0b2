import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeClock } from '../../src/io/node-clock.ts';
import { NodeFiles } from '../../src/io/node-files.ts';
import { ByteRange } from '../../src/lib/byte-range.ts';
import type { StorageUnderTest } from '../keyspace/storage-contract.ts';
import { describeStorage } from '../keyspace/storage-contract.ts';
import { SimClock } from '../sim/sim-clock.ts';
import { SimFiles } from '../sim/sim-files.ts';
import type { Store } from '../../src/store/store.ts';
import { MIB, open } from './helpers.ts';

/** No cache and the smallest tail: what is not held must come from disk. */
const COLDEST = { memoryBytes: 2 * MIB, hotTailBytes: 1 * MIB, readCacheBytes: 0 };

/** Commits, lets warm values go cold, and pushes everything before out of the in-memory tail. */
async function settle(store: Store): Promise<void> {
  const filler = new ByteRange(Buffer.alloc(400_000, 'f'));
  for (let i = 0; i < 6; i++) {
    const key = Buffer.from(`filler${i}`);
    const release = await store.load([{ space: 99, key, need: 0 }]);
    store.put(99, new ByteRange(key), filler, 0, false);
    store.commit();
    release();
  }
}

describeStorage('a store on a simulated disk', async () => {
  const store = await open({ files: new SimFiles(), clock: new SimClock(), options: COLDEST });
  return { storage: store, settle: () => settle(store), close: async () => undefined };
});

describeStorage('a store on a real disk', async (): Promise<StorageUnderTest> => {
  const dir = await mkdtemp(join(tmpdir(), 'dkvs-storage-'));
  const store = await open({
    files: new NodeFiles(), clock: new NodeClock(), dir,
    options: { ...COLDEST, segmentBytes: 1 * MIB, appendfsync: 'no' },
  });
  return {
    storage: store,
    settle: () => settle(store),
    close: async () => {
      await store.close();
      await rm(dir, { recursive: true });
    },
  };
});
