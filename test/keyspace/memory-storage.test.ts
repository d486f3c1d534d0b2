import { LIVE_CODECS } from '../../src/keyspace/codecs.ts';
import { MemoryStorage } from './memory-storage.ts';
import { describeStorage } from './storage-contract.ts';

describeStorage('the storage in RAM', async () => ({
  storage: new MemoryStorage(LIVE_CODECS),
  settle: async () => undefined,
  close: async () => undefined,
}));
