/** Opens the disk side of a server: the store in its directory, and the compactor beside it. */

import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { MemoryBudget } from '../config/memory-budget.ts';
import { storeFsync } from '../config/peer-settings.ts';
import type { Clock } from '../io/clock.ts';
import { NodeFiles, type SyncCounts } from '../io/node-files.ts';
import { NodeRandomSource } from '../io/node-random-source.ts';
import { LIVE_CODECS } from '../keyspace/codecs.ts';
import { seedFieldIndexes } from '../keyspace/field-index.ts';
import { NEED_VALUE } from '../keyspace/storage.ts';
import { SPACES_KEY, SYSTEM_SPACE } from '../keyspace/keyspace.ts';
import { Compactor } from '../store/compaction/compactor.ts';
import { ThreadCopier } from '../store/compaction/thread-copier.ts';
import { HintThread } from '../store/hint-thread.ts';
import { readSnapshotMeta } from '../store/snapshot/install-snapshot.ts';
import { openStore, type OpenStoreOptions } from '../store/open-store.ts';
import { DiskSide, type OpenedStore } from './disk-side.ts';
import { memoryBudget } from './machine-memory.ts';
import type { StorageSide } from './storage-side.ts';

export interface OpenedStorage {
  readonly side: StorageSide;
  readonly recoveryMs: number;
  readonly memoryBytes: number;
}

/** Rejects with DirectoryLockedError, StoreError or DiskError. */
export async function openStorageSide(config: Config, log: Logger, clock: Clock):
Promise<OpenedStorage> {
  const budget = memoryBudget(config.values);
  const [a, b] = new NodeRandomSource().seed64();
  seedFieldIndexes({ a, b });
  const syncs: SyncCounts = { begun: 0, ended: 0 };
  const files = new NodeFiles(syncs);
  const open = (): Promise<OpenedStore> => openWithCompactor(config, log, clock, budget, files);
  const side = new DiskSide(config, clock, log, open, await open(), files, syncs);
  return { side, recoveryMs: side.recoveryMs, memoryBytes: budget.totalBytes };
}

async function openWithCompactor(
  config: Config, log: Logger, clock: Clock, budget: MemoryBudget, files: NodeFiles,
): Promise<OpenedStore> {
  const startedAt = clock.monotonicMs();
  const store = await openStore(storeOptions(config, log, clock, budget, files));
  // The keyspace reads its table of spaces as soon as it is made.
  const release = await store.load([{ space: SYSTEM_SPACE, key: SPACES_KEY, need: NEED_VALUE }]);
  release();
  const recoveryMs = clock.monotonicMs() - startedAt;
  const { values } = config;
  const compactor = new Compactor({
    host: store.compaction,
    clock,
    copier: new ThreadCopier(),
    // Read anew for each decision: CONFIG SET changes them.
    get diskRatioMax() {
      return values['compaction-disk-ratio'];
    },
    get minBytes() {
      return values['compaction-min-bytes'];
    },
    get reserveBytes() {
      return values['disk-reserve-bytes'];
    },
    yieldToLoop: () => new Promise((resolve) => void setImmediate(resolve)),
    onRound: (report) => log.debug({ report }, 'compaction round'),
    onTrouble: (error) => {
      log.warn({ error }, `compaction fails and is tried again: ${error.message}`);
    },
    onRecovered: () => log.info('compaction goes on'),
  });
  const snapshotMeta = await readSnapshotMeta(files, values.dir);
  return { store, compactor, recoveryMs, snapshotMeta };
}

function storeOptions(
  config: Config, log: Logger, clock: Clock, budget: MemoryBudget, files: NodeFiles,
): OpenStoreOptions {
  const { values } = config;
  return {
    files,
    clock,
    randomSource: new NodeRandomSource(),
    dir: values.dir,
    hints: new HintThread(),
    options: {
      segmentBytes: values['segment-bytes'],
      hotTailBytes: budget.hotTailBytes,
      memoryBytes: budget.totalBytes,
      readCacheBytes: budget.readCacheBytes,
      appendfsync: storeFsync(values),
      diskReserveBytes: values['disk-reserve-bytes'],
      damagedRecords: 'refuse',
      hasBallast: true,
      directIo: true,
      codecs: new Map(LIVE_CODECS.map((codec) => [codec.type, codec])),
    },
    log: {
      onDamage: (error) => log.error({ error }, error.message),
      onFailure: (error) => log.error({ error }, `writes have stopped: ${error.message}`),
      onProblem: (what, error) => log.warn({ error }, what),
      onInfo: (message) => log.info(message),
    },
  };
}
