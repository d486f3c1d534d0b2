/** Opens the disk side of a server: the store in its directory, and the compactor beside it. */

import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { MemoryBudget } from '../config/memory-budget.ts';
import { damagedRecordsPolicy, storeFsync } from '../config/peer-settings.ts';
import type { Files, SyncCounts } from '../io/files.ts';
import { LIVE_CODECS } from '../keyspace/codecs.ts';
import { seedFieldHasher } from '../keyspace/collection/hash/field-hasher.ts';
import { NEED_VALUE } from '../keyspace/storage.ts';
import { SPACES_KEY } from '../keyspace/keyspace.ts';
import { SYSTEM_SPACE } from '../keyspace/storage.ts';
import { Compactor } from '../store/compaction/compactor.ts';
import type { TornTail } from '../store/recovery/torn-tails.ts';
import { readSnapshotMeta } from '../store/snapshot/install-snapshot.ts';
import type { Store } from '../store/store.ts';
import { openStore, type OpenStoreOptions } from '../store/open-store.ts';
import { DamageLog } from './damage-log.ts';
import { DiskSide, type OpenedStore } from './disk-side.ts';
import { memoryBudget } from './machine-memory.ts';
import type { StorageSide } from './storage-side.ts';
import type { World } from './world.ts';

export interface OpenedStorage {
  readonly side: StorageSide;
  readonly recoveryMs: number;
  readonly memoryBytes: number;
}

/** Rejects with DirectoryLockedError, StoreError or DiskError. */
export async function openStorageSide(config: Config, log: Logger, world: World):
Promise<OpenedStorage> {
  const budget = memoryBudget(config.values);
  const { clock } = world;
  const [a, b] = world.random.seed64();
  seedFieldHasher({ a, b });
  const syncs: SyncCounts = { begun: 0, ended: 0 };
  const files = world.openFiles(syncs);
  const damage = new DamageLog(log, clock);
  const open = (): Promise<OpenedStore> =>
    openWithCompactor(config, log, world, budget, files, damage);
  const side = new DiskSide(config, clock, log, open, await open(), files, syncs, damage);
  return { side, recoveryMs: side.recoveryMs, memoryBytes: budget.totalBytes };
}

async function openWithCompactor(
  config: Config, log: Logger, world: World, budget: MemoryBudget, files: Files,
  damage: DamageLog,
): Promise<OpenedStore> {
  const { clock } = world;
  const startedAt = clock.monotonicMs();
  const store = await openStore(storeOptions(config, log, world, budget, files, damage));
  const snapshotMeta = await readFirst(store, files, config.values.dir);
  const recoveryMs = clock.monotonicMs() - startedAt;
  const { values } = config;
  const compactor = new Compactor({
    host: store.compaction,
    clock,
    copier: world.createCopier(),
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
    yieldToLoop: () => new Promise((resolve) => clock.soon(resolve)),
    onRound: (report) => log.debug({ report }, 'compaction round'),
    onTrouble: (error) => {
      log.warn({ error }, `compaction fails and is tried again: ${error.message}`);
    },
    onRecovered: () => log.info('compaction goes on'),
  });
  return { store, compactor, recoveryMs, snapshotMeta };
}

/** What is needed as soon as the store is open; if that fails, it is closed again. */
async function readFirst(store: Store, files: Files, dir: string): Promise<Uint8Array | undefined> {
  try {
    // The keyspace reads its table of spaces as soon as it is made.
    const release = await store.load([{ space: SYSTEM_SPACE, key: SPACES_KEY, need: NEED_VALUE }]);
    release();
    return await readSnapshotMeta(files, dir);
  } catch (error) {
    // What the close says as well is only a consequence.
    await store.close().catch(() => undefined);
    throw error;
  }
}

function describeTornTail({ file, offset, bytes, reason, keptAs }: TornTail): string {
  const kept = keptAs === undefined ? 'no copy was kept' : `a copy of them is ${keptAs}`;
  return `${file} was torn: ${bytes} bytes from byte ${offset} on were never known to be on disk ` +
    `and were cut (${reason}); ${kept}`;
}

function storeOptions(
  config: Config, log: Logger, world: World, budget: MemoryBudget, files: Files,
  damage: DamageLog,
): OpenStoreOptions {
  const { values } = config;
  return {
    files,
    clock: world.clock,
    randomSource: world.random,
    dir: values.dir,
    hints: world.createHintMaker(),
    options: {
      segmentBytes: values['segment-bytes'],
      hotTailBytes: budget.hotTailBytes,
      memoryBytes: budget.totalBytes,
      readCacheBytes: budget.readCacheBytes,
      appendfsync: storeFsync(values),
      diskReserveBytes: values['disk-reserve-bytes'],
      damagedRecords: damagedRecordsPolicy(values),
      hasBallast: true,
      directIo: true,
      codecs: new Map(LIVE_CODECS.map((codec) => [codec.type, codec])),
    },
    log: {
      onDamage: (error) => damage.report(error),
      onFailure: (error) => log.error({ error }, `writes have stopped: ${error.message}`),
      onProblem: (what, error) => log.warn({ error }, what),
      onTornTail: (tail) => log.warn({ tail }, describeTornTail(tail)),
      onInfo: (message) => log.info(message),
    },
  };
}
