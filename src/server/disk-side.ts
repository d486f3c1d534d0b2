/** The store and its compactor as one: what a running server does with its disk. */

import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { storeFsync } from '../config/peer-settings.ts';
import type { Clock, Timer } from '../io/clock.ts';
import type { Files, SyncCounts } from '../io/files.ts';
import type { IndexReport } from '../keyspace/index-report.ts';
import type { Storage } from '../keyspace/storage.ts';
import { COMPACTION_TICK_MS } from '../store/limits.ts';
import type { StoreFacts } from '../observe/info-source.ts';
import type { OrderedSnapshot } from '../raft/core/total-order-broadcast.ts';
import type { WriteGate } from '../engine/write-gate.ts';
import type { Compactor } from '../store/compaction/compactor.ts';
import { installSnapshot } from '../store/snapshot/install-snapshot.ts';
import { receiveSnapshot } from '../store/snapshot/receive-snapshot.ts';
import { streamSnapshot } from '../store/snapshot/snapshot-stream.ts';
import type { Store } from '../store/store.ts';
import type { DamageLog } from './damage-log.ts';
import type { StorageSide } from './storage-side.ts';
import { memoryBudget } from './machine-memory.ts';
import { StoreGate } from './store-gate.ts';

/** How often and at what distance a store is opened again before the server gives up. */
const REOPEN_TRIES_MAX = 5;
const REOPEN_WAIT_MS = 500;

/** A store with its compactor and what its opening took. */
export interface OpenedStore {
  readonly store: Store;
  readonly compactor: Compactor;
  readonly recoveryMs: number;
  /** Of the snapshot that it was installed from, if it was. */
  readonly snapshotMeta: Uint8Array | undefined;
}

export class DiskSide implements StorageSide {
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #open: () => Promise<OpenedStore>;
  readonly damage: DamageLog;
  readonly #files: Files;
  readonly #syncs: SyncCounts;
  readonly #gate: StoreGate;
  readonly #stopFollowing: () => void;
  #opened: OpenedStore;
  #timer: Timer | undefined;
  #recoveredKeys: number;
  #isMemoryShort = false;
  isLost = false;

  constructor(
    config: Config, clock: Clock, log: Logger, open: () => Promise<OpenedStore>,
    opened: OpenedStore, files: Files, syncs: SyncCounts, damage: DamageLog,
  ) {
    this.damage = damage;
    this.#files = files;
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    this.#open = open;
    this.#opened = opened;
    this.#syncs = syncs;
    this.#gate = new StoreGate(opened.store);
    this.#recoveredKeys = opened.store.statistics().keys;
    this.#stopFollowing = config.onChange(
      ['appendfsync', 'maxmemory', 'disk-reserve-bytes'], () => this.#configure(),
    );
    this.#checkMemory();
    this.#startTimer();
  }

  get storage(): Storage {
    return this.#opened.store;
  }

  get gate(): WriteGate {
    return this.#gate;
  }

  get failure(): string | undefined {
    return this.#opened.store.failure?.message;
  }

  get position(): number {
    return this.#opened.store.position;
  }

  commitAt(position: number): void {
    this.#opened.store.commit(position);
  }

  get recoveryMs(): number {
    return this.#opened.recoveryMs;
  }

  facts(): StoreFacts {
    const { store, compactor, recoveryMs } = this.#opened;
    const { running, rounds, lastError, lastDurationMs } = compactor.status();
    const memory = store.memory();
    const statistics = store.statistics();
    const { compaction } = store;
    return {
      ...this.damage.facts,
      failure: store.trouble?.message,
      policy: store.appendfsync,
      syncs: this.#syncs.ended,
      pendingSyncs: this.#syncs.begun - this.#syncs.ended,
      backlogBytes: statistics.backlogBytes,
      tornTails: statistics.tornTails,
      hasNotesFailed: statistics.hasNotesFailed,
      isCompacting: running,
      compactions: rounds,
      compactionFailures: lastError === null ? 0 : 1,
      lastCompactionSeconds: rounds === 0 ? -1 : Math.round(lastDurationMs / 1000),
      segments: statistics.segments,
      logBytes: compaction.logBytes(),
      liveBytes: compaction.liveBytes(),
      cacheHits: statistics.cacheHits,
      cacheMisses: statistics.cacheMisses,
      recoveryMs,
      recoveredKeys: this.#recoveredKeys,
      indexBytes: memory.index,
      hotTailBytes: memory.hotTail,
      readCacheBytes: memory.readCache,
      liveValueBytes: memory.live,
      neededBytes: memory.needed,
    };
  }

  sync(): Promise<void> {
    return this.#opened.store.flushAndSync();
  }

  compact(): void {
    this.#opened.compactor.compactAll().catch((error: unknown) => this.#report(error));
  }

  async checkIndex(): Promise<IndexReport> {
    const report = await this.#opened.store.checkIndex();
    for (const { fault, text } of report.findings) {
      const what = fault === 'unreadable'
        ? 'the index points to a record that cannot be read'
        : 'the index does not agree with the log';
      this.#log.error({ fault }, `${what}: ${text}`);
    }
    return report;
  }

  async reload(): Promise<void> {
    await this.#closeAnyhow();
    await this.#reopen();
  }

  /** What could not be written out at the end, such as a checkpoint, is not needed to open it. */
  async #closeAnyhow(): Promise<void> {
    await this.#closeStore().catch((error: unknown) => {
      this.#log.warn({ error }, 'the store was not closed cleanly before it is opened again');
    });
  }

  /** There is no store meanwhile, and all requests wait: one bad read must not be the end of it. */
  async #reopen(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        this.#opened = await this.#open();
        break;
      } catch (error) {
        if (tries === REOPEN_TRIES_MAX) {
          this.isLost = true;
          this.#gate.abandon();
          throw error;
        }
        this.#log.warn({ error }, 'the store could not be opened again: that is tried once more');
        await new Promise<void>((resolve) => void this.#clock.setTimer(REOPEN_WAIT_MS, resolve));
      }
    }
    this.#configure();
    this.#gate.replace(this.#opened.store);
    this.#startTimer();
  }

  get snapshotMeta(): Uint8Array | undefined {
    return this.#opened.snapshotMeta;
  }

  async exportSnapshot(): Promise<OrderedSnapshot> {
    const snapshot = await this.#opened.store.exportSnapshot();
    const { position } = snapshot;
    return {
      position, chunks: () => streamSnapshot(snapshot), release: () => snapshot.release(),
    };
  }

  async receiveSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<number> {
    const { dir, 'disk-reserve-bytes': reserveBytes } = this.#config.values;
    const { position } = await receiveSnapshot({ files: this.#files, dir, reserveBytes }, chunks);
    return position;
  }

  /**
   * The directory is opened again whatever comes of it: that finishes an install that was decided,
   * and else the store before is there again.
   */
  async installSnapshot(meta: Uint8Array): Promise<void> {
    await this.#closeAnyhow();
    const failure = await this.#tryInstall(meta)
      .then(() => undefined, (error: unknown) => ({ error }));
    await this.#reopen();
    if (failure === undefined) return;
    const { snapshotMeta } = this.#opened;
    if (snapshotMeta === undefined || Buffer.compare(snapshotMeta, meta) !== 0) throw failure.error;
    this.#log.warn(failure, 'a snapshot was installed in a second try');
  }

  async #tryInstall(meta: Uint8Array): Promise<void> {
    const { dir } = this.#config.values;
    const lock = await this.#files.lock(dir);
    try {
      await installSnapshot(this.#files, dir, meta);
    } finally {
      await lock.release();
    }
  }

  async close(): Promise<void> {
    this.#stopFollowing();
    await this.#closeStore();
  }

  /** Options that may change while the store is open. */
  #configure(): void {
    const { store } = this.#opened;
    const { values } = this.#config;
    store.appendfsync = storeFsync(values);
    store.diskReserveBytes = values['disk-reserve-bytes'];
    store.memoryBytes = memoryBudget(values).totalBytes;
    this.#checkMemory();
  }

  /** Says once that the budget is too small for keys to be added, and once that it is not. */
  #checkMemory(): void {
    const { budget, needed, index, isShort } = this.#opened.store.memory();
    if (isShort === this.#isMemoryShort) return;
    this.#isMemoryShort = isShort;
    if (!isShort) this.#log.info({ budget, needed }, 'the memory budget is large enough again');
    else {
      this.#log.warn(
        { budget, needed, index },
        `the memory budget of ${budget} bytes is too small: index, hot-tail-bytes and values in ` +
        `use need ${needed}, and without them keys cannot be added (OOM); give maxmemory ` +
        `${needed} or more, or lower hot-tail-bytes`,
      );
    }
  }

  async #closeStore(): Promise<void> {
    if (this.#timer !== undefined) this.#clock.clearTimer(this.#timer);
    this.#timer = undefined;
    const { store, compactor } = this.#opened;
    // A round of the compactor may wait for the end of the open frame.
    store.commit();
    await compactor.stop();
    await store.close();
  }

  #startTimer(): void {
    this.#timer = this.#clock.setTimer(COMPACTION_TICK_MS, () => {
      this.#opened.compactor.tick().catch((error: unknown) => this.#report(error));
      this.#checkMemory();
      this.#startTimer();
    });
  }

  #report(error: unknown): void {
    this.#log.error({ error }, 'compaction failed');
  }
}
