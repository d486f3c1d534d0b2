/**
 * The store: keys and values in a log on disk, an index in RAM. This file only joins the parts;
 * each says itself what it keeps and how it fails.
 *
 *   find      key-probe -> residents (in-memory tail, loaded records, read cache), chains
 *   put ...   store-changes -> log-appender, key index
 *   load      store-loader -> residents -> segment-table -> files
 *   commit    log-writer -> log-sync, log-files        sealer -> hint-writer, manifest-keeper
 *
 * The owner calls `begin` before each command, `commit` once per event-loop tick, and holds replies
 * back with `whenAcknowledged`. It asks `writeRefusal` and `oom` before it executes a write.
 */

import type { Timer } from '../io/clock.ts';
import type { Lock } from '../io/files.ts';
import type { WatermarkFile } from '../io/watermark-file.ts';
import type { ByteRange } from '../lib/byte-range.ts';
import type { BlockPort } from '../keyspace/collection/block-port.ts';
import type { IndexReport } from '../keyspace/index-report.ts';
import type { LiveValue } from '../keyspace/live-value.ts';
import { COLD, NEED_KEY, NEED_VALUE } from '../keyspace/storage.ts';
import type {
  Found, KeyToLoad, Lookahead, Need, ScanPage, ScannedKey, Storage,
} from '../keyspace/storage.ts';
import { STRING, type ValueType } from '../keyspace/value-type.ts';
import { STORE_TICK_MS } from './limits.ts';
import { IndexCheck } from './check/check-index.ts';
import type { CompactionHost } from './compaction/compaction-host.ts';
import { entryIsRawAt, entryStampAt, entryTypeAt } from './format/data-entry.ts';
import { NO_STAMP, VERSION_ABSENT, versionOf } from './format/version-stamp.ts';
import type { DirectReads } from './lookup/direct-reads.ts';
import type { DiskSpace } from './disk-space.ts';
import { BlockRecords } from './block-records.ts';
import { Finder } from './finder.ts';
import type { Graveyard } from './segments/graveyard.ts';
import { doubtful } from './log/log-blocks.ts';
import type { Acknowledged } from './log/log-waiters.ts';
import type { Appendfsync } from './log/log-writer.ts';
import { memoryUsageOf, stringBytesMin } from './known-sizes.ts';
import type { ManifestKeeper } from './segments/manifest-keeper.ts';
import type { MemoryBudget, MemoryUse } from './memory-budget.ts';
import type { ReadNow } from './loading/read-now.ts';
import type { TornTail } from './recovery/torn-tails.ts';
import type { Sealer } from './sealer.ts';
import type { SnapshotExports } from './snapshot/snapshot-exports.ts';
import type { StoreSnapshot } from './snapshot/store-snapshot.ts';
import type { StoreChanges } from './changes/store-changes.ts';
import type { StoreError } from './store-error.ts';
import type { StoreLoader } from './loading/store-loader.ts';
import type { StoreParts } from './store-parts.ts';
import { statisticsOf, type StoreStatistics } from './store-statistics.ts';
import { Slices } from '../io/slices.ts';
import { TailRetirement } from './tail-retirement.ts';
import type { StoreWalker } from './loading/store-walker.ts';

export interface StoreMembers {
  readonly parts: StoreParts;
  readonly changes: StoreChanges;
  readonly loader: StoreLoader;
  readonly readNow: ReadNow;
  readonly walker: StoreWalker;
  readonly budget: MemoryBudget;
  readonly graveyard: Graveyard;
  readonly keeper: ManifestKeeper;
  readonly sealer: Sealer;
  readonly host: CompactionHost;
  readonly snapshots: SnapshotExports;
  readonly lock: Lock;
  /** Undefined: every cold record comes through the pool. */
  readonly directReads: DirectReads | undefined;
  readonly disk: DiskSpace;
  /** What recovery cut. */
  readonly tornTails: readonly TornTail[];
  /** How far the log is synced, outside the log. */
  readonly notes: WatermarkFile;
  readonly writeCheckpoint: () => Promise<void>;
  readonly closeFiles: () => Promise<void>;
}

export class Store implements Storage {
  /** See `uniqueNumber`. */
  #lastNumber = 0;
  readonly blocks: BlockPort;
  /** What the compactor works with. */
  readonly compaction: CompactionHost;
  /** By how long the compactor wants every write delayed. */
  writeDelayMs = 0;
  /** The place in the total order that the last frame applied. */
  position: number;

  readonly #members: StoreMembers;
  readonly #parts: StoreParts;
  readonly #changes: StoreChanges;
  readonly #finder: Finder;
  #timer: Timer | undefined;
  #isClosed = false;
  #checking: Promise<IndexReport> | undefined;

  constructor(members: StoreMembers) {
    this.#members = members;
    this.#parts = members.parts;
    this.#changes = members.changes;
    this.#finder = new Finder(members.parts, members.changes);
    this.blocks = members.parts.blocks;
    members.parts.blocks.port = new BlockRecords(this.#finder, members.readNow, members.changes);
    this.compaction = members.host;
    this.position = members.keeper.position;
    this.#parts.probe.onCold = (space, key) => members.readNow.bring(space, key, NEED_KEY);
    this.#parts.residents.onChange = () => this.#parts.probe.forget();
    const retirement = new TailRetirement(members.parts);
    this.#parts.tail.onDrop = (block) => retirement.retire(block);
    this.#startTimer();
  }

  get lookahead(): Lookahead {
    return this.#parts.lookahead;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  /** Borrowed ranges may hold something else from now on. */
  begin(): void {
    this.#parts.residents.endScratchReads();
    this.#parts.probe.forget();
  }

  find(space: number, key: ByteRange, need: Need): Found | undefined | typeof COLD {
    return this.#finder.find(space, key, need);
  }

  /** Two of them may be asked for before a record is appended. */
  uniqueNumber(): number {
    const { nextValueIndex } = this.#parts.writer.appender;
    this.#lastNumber = Math.max(this.#lastNumber + 1, nextValueIndex);
    return this.#lastNumber;
  }

  isLarge(space: number, key: ByteRange): boolean {
    const { probe } = this.#parts;
    probe.run(space, key);
    if (probe.slot === -1) return false;
    const { chain } = probe;
    if (chain !== undefined) return chain.raw && chain.type !== STRING;
    return entryIsRawAt(probe.buf, probe.at) && entryTypeAt(probe.buf, probe.at) !== STRING;
  }

  findNow(space: number, key: ByteRange, need: Need): Found | undefined {
    this.#members.readNow.bring(space, key, need);
    const found = this.find(space, key, need);
    if (found === COLD) throw new Error('assertion failed: a key is cold after it was read');
    return found;
  }

  mustLoad(space: number, key: ByteRange, need: Need): boolean {
    if (!this.#isOnDisk(space, key, need)) return false;
    const { directReads } = this.#members;
    return directReads === undefined || !directReads.bring(space, key, need);
  }

  #isOnDisk(space: number, key: ByteRange, need: Need): boolean {
    const { probe } = this.#parts;
    probe.run(space, key);
    if (probe.slot === -1) return probe.isCold;
    if (need !== NEED_VALUE) return false;
    const { chain } = probe;
    if (chain === undefined) return !probe.isWhole;
    return chain.live === undefined && !this.#changes.hasValue(chain);
  }

  load(keys: readonly KeyToLoad[]): Promise<() => void> {
    return this.#members.loader.load(keys);
  }

  count(space: number): number {
    return this.#parts.spaces.get(space)?.index.size ?? 0;
  }

  countExpiring(space: number): number {
    return this.#parts.spaces.get(space)?.index.expiringCount ?? 0;
  }

  countAllExpiring(): number {
    let count = 0;
    for (const { index } of this.#parts.spaces.all()) count += index.expiringCount;
    return count;
  }

  scan(space: number, cursor: number, count: number): Promise<ScanPage> {
    return this.#members.walker.scan(space, cursor, count);
  }

  randomKey(space: number, random: () => number): Promise<ScannedKey | undefined> {
    return this.#members.walker.randomKey(space, random);
  }

  scanNow(space: number, cursor: number, count: number): ScanPage {
    return this.#members.walker.scanNow(space, cursor, count);
  }

  randomKeyNow(space: number, random: () => number): ScannedKey | undefined {
    return this.#members.walker.randomKeyNow(space, random);
  }

  findExpired(space: number, nowMs: number, max: number): Promise<readonly Buffer[]> {
    return this.#members.walker.findExpired(space, nowMs, max);
  }

  averageTtlMs(space: number, nowMs: number): number {
    return this.#members.walker.averageTtlMs(space, nowMs);
  }

  memoryUsage(space: number, key: ByteRange): number | undefined {
    return memoryUsageOf(this.#parts, space, key);
  }

  stringBytesMin(space: number, key: ByteRange, nowMs: number): number {
    return stringBytesMin(this.#parts, space, key, nowMs);
  }

  version(space: number, key: ByteRange): number | typeof COLD {
    const { probe, writer } = this.#parts;
    probe.run(space, key);
    if (probe.slot === -1) return probe.isCold ? COLD : VERSION_ABSENT;
    const isOrdered = this.logIndex !== NO_STAMP;
    const { chain } = probe;
    if (chain === undefined) return versionOf(entryStampAt(probe.buf, probe.at), isOrdered);
    // Two changes must not look like one: what comes from here on is another record.
    if (writer.failure === undefined) this.#changes.flushDeltasOf(chain);
    return versionOf(chain.stamp, isOrdered);
  }

  get logIndex(): number {
    return this.#parts.writer.appender.logIndex;
  }

  set logIndex(logIndex: number) {
    const { writer } = this.#parts;
    if (writer.appender.logIndex === logIndex) return;
    // Deltas that are gathered belong to the entry before.
    if (writer.failure === undefined) this.#changes.flushDeltas();
    writer.appender.logIndex = logIndex;
  }

  // ---- Changing ---------------------------------------------------------------------------------

  put(space: number, key: ByteRange, value: ByteRange, expireAt: number, raw: boolean): void {
    this.#changes.put(space, key, value, expireAt, raw);
  }

  putPacked(space: number, key: ByteRange, type: ValueType, packed: ByteRange,
    expireAt: number): void {
    this.#changes.putPacked(space, key, type, packed, expireAt);
  }

  putLive(space: number, key: ByteRange, live: LiveValue, expireAt: number): void {
    this.#changes.putLive(space, key, live, expireAt);
  }

  change(space: number, key: ByteRange, delta: ByteRange): void {
    this.#changes.change(space, key, delta);
  }

  makeLive(space: number, key: ByteRange): LiveValue {
    return this.#changes.makeLive(space, key);
  }

  expire(space: number, key: ByteRange, expireAt: number): void {
    this.#changes.expire(space, key, expireAt);
  }

  remove(space: number, key: ByteRange): boolean {
    return this.#changes.remove(space, key);
  }

  dropSpace(space: number): void {
    this.#changes.dropSpace(space, this.#members.graveyard);
  }

  // ---- Committing -------------------------------------------------------------------------------

  /** See Storage.mark and Storage.takeBack. */
  mark(): number {
    return this.#changes.takeBack.mark();
  }

  takeBack(mark: number): void {
    this.#changes.takeBack.toMark(mark);
  }

  set onTakenBack(listener: () => void) {
    this.#changes.onTakenBack = listener;
  }

  /**
   * Closes the batch of this tick. `position`: its place in the total order, 0 without peers.
   * Returns why it was refused: with FULL and FAILED nothing of it was made, with UNKNOWN it may be
   * on disk.
   */
  commit(position = 0): StoreError | undefined {
    const { paging, writer, probe } = this.#parts;
    this.position = Math.max(this.position, position);
    if (writer.failure === undefined) this.#changes.flushDeltas();
    if (writer.failure === undefined && this.writeRefusal === undefined) {
      this.#changes.settle(this.#members.budget.liveBytes, paging.settleBytesPerCommit);
    }
    const refused = writer.commit(position);
    probe.forget();
    return refused;
  }

  /** Calls back when everything so far is as durable as the policy says, or never will be. */
  whenAcknowledged(done: Acknowledged): void {
    this.#parts.writer.whenAcknowledged(done);
  }

  /** Length of the log, and how much of it replies may rely on: a reply waits for the former. */
  get appended(): number {
    return this.#parts.writer.appendedLsn;
  }

  get acknowledged(): number {
    return this.#parts.writer.acknowledgedLsn;
  }

  /** How far the log was when it failed last: replies that wait for no more may go out. */
  get kept(): number {
    return this.#parts.writer.keptLsn;
  }

  /** Why nothing can be told about data any more. */
  get doubt(): StoreError | undefined {
    const { failure, hasUnsynced } = this.#parts.writer;
    return failure !== undefined && hasUnsynced ? doubtful(failure) : undefined;
  }

  /** Why what was not written when the log failed for good is lost, or may be. */
  get lost(): StoreError | undefined {
    return this.#parts.writer.lost;
  }

  /** Why writes are not taken, or were not when the last one was tried. */
  get trouble(): StoreError | undefined {
    const { failure, lastNoRoom } = this.#parts.writer;
    return failure ?? lastNoRoom;
  }

  /** Makes everything committed durable, whatever the policy. */
  flushAndSync(): Promise<void> {
    return this.#parts.writer.flushAndSync();
  }

  /** The state as committed so far, as files that writes and compaction do not change. */
  exportSnapshot(): Promise<StoreSnapshot> {
    return this.#members.snapshots.export();
  }

  get appendfsync(): Appendfsync {
    return this.#parts.writer.appendfsync;
  }

  set appendfsync(policy: Appendfsync) {
    this.#parts.writer.appendfsync = policy;
  }

  // ---- State ------------------------------------------------------------------------------------

  /** Set for good after a failed write or fsync. */
  get failure(): StoreError | undefined {
    return this.#parts.writer.failure;
  }

  /**
   * Undefined while writes are accepted, else why they are not. Below the reserve writes that add
   * data are refused (`full`), below half of it all others. What makes room is refused by nothing
   * but a failure: the log's room for it is the reserve, down to the last page of the disk.
   */
  get writeRefusal(): StoreError | undefined {
    const { failure, noRoom } = this.#parts.writer;
    if (failure !== undefined || noRoom !== undefined) return failure ?? noRoom;
    return this.#members.disk.refusesWrites;
  }

  /** Undefined while the disk has room for more data above the reserve; without one, always. */
  get full(): StoreError | undefined {
    return this.failure === undefined ? this.#members.disk.refusesData : undefined;
  }

  /** The memory budget has no room for more keys. */
  get oom(): boolean {
    return this.#members.budget.isExceeded;
  }

  memory(): MemoryUse {
    return this.#members.budget.use();
  }

  /** For INFO. */
  statistics(): StoreStatistics {
    const { tornTails, notes } = this.#members;
    return statisticsOf(this.#parts, tornTails, notes);
  }

  set memoryBytes(bytes: number) {
    this.#members.budget.setTotal(bytes);
  }

  /** Bytes that may be written before writes are refused. */
  get freeBytes(): number {
    return this.#members.disk.roomBytes;
  }

  /** Free space below which writes that add data are refused; below half of it, all writes. */
  get diskReserveBytes(): number {
    return this.#members.disk.reserveBytes;
  }

  set diskReserveBytes(bytes: number) {
    this.#members.disk.reserveBytes = bytes;
  }

  /** Asks how much space is left. */
  checkDisk(): Promise<void> {
    return this.#members.disk.look();
  }

  /**
   * Checks index, chains, cache and accounts against the log (check/check-index.ts), in slices. A
   * second call while one runs has its report. Rejects with CLOSED when the store is closed first.
   */
  checkIndex(): Promise<IndexReport> {
    const { parts, graveyard } = this.#members;
    const slices = new Slices(parts.clock);
    this.#checking ??= new IndexCheck({
      parts, graves: graveyard, pause: () => slices.pause(), isStopped: () => this.#isClosed,
      commit: () => void this.commit(),
    }).run().finally(() => {
      this.#checking = undefined;
    });
    return this.#checking;
  }

  // ---- Closing ----------------------------------------------------------------------------------

  /**
   * Commits, syncs, seals, writes a checkpoint and lets go of the directory. Stop the compactor
   * first. After a failure it only lets go, and rejects with nothing: the failure is known.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { clock, writer } = this.#parts;
    if (this.#timer !== undefined) clock.clearTimer(this.#timer);
    this.#members.budget.stop();
    const snapshotsClosed = this.#members.snapshots.close();
    const checked = this.#checking?.catch(() => undefined);
    try {
      this.commit(0);
      if (writer.failure === undefined) await this.#sealAll();
    } finally {
      this.#members.sealer.hurry();
      await writer.stop();
      await snapshotsClosed;
      await checked;
      await this.#members.closeFiles();
      await this.#members.lock.release();
    }
  }

  async #sealAll(): Promise<void> {
    const { writer } = this.#parts;
    await writer.flushAndSync();
    this.#members.sealer.hurry();
    await writer.roll();
    await this.#members.sealer.idle();
    await this.#members.graveyard.finish();
    this.#changes.forgetWarm();
    await this.#members.writeCheckpoint();
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #startTimer(): void {
    this.#timer = this.#parts.clock.setTimer(STORE_TICK_MS, () => {
      if (this.#isClosed) return;
      this.#members.budget.rebalance();
      this.#members.keeper.tick();
      void this.checkDisk();
      this.#startTimer();
    });
  }
}
