/**
 * Opens a directory as a store: takes its lock, recovers the log, fills the index, starts the
 * writer.
 *
 * It rejects with StoreError (INVALID, MISSING, DAMAGED), DirectoryLockedError or DiskError, and
 * leaves the directory as it was or as an earlier step of recovery made it: opening again is always
 * right.
 */

import type { Clock } from '../io/clock.ts';
import type { Files, Lock } from '../io/files.ts';
import type { RandomSource } from '../io/random-source.ts';
import { KeyHash } from '../lib/key-hash.ts';
import type { LiveCodec } from '../keyspace/live-value.ts';
import { liveStringCodec } from '../keyspace/live-string.ts';
import { STRING } from '../keyspace/value-type.ts';
import type { ValueType } from '../keyspace/value-type.ts';
import { SEGMENT_START_BYTES_MAX } from '../limits.ts';
import { ChainTable } from './chains.ts';
import type { Manifest } from './format/manifest.ts';
import { segmentFileName } from './format/segment-header.ts';
import { Graveyard } from './graveyard.ts';
import { HotTail } from './hot-tail.ts';
import { KeyProbe } from './key-probe.ts';
import { LogFiles } from './log-files.ts';
import { LogWriter } from './log-writer.ts';
import type { Appendfsync } from './log-writer.ts';
import { ManifestKeeper } from './manifest-keeper.ts';
import { MemoryBudget } from './memory-budget.ts';
import { fillIndex } from './recovery/fill-index.ts';
import { loadCheckpoint, writeCheckpoint } from './recovery/checkpoint-file.ts';
import { RecoveredState } from './recovery/recovered-state.ts';
import { recoverLog } from './recovery/recover-log.ts';
import type { DamagedRecords, RecoveredLog } from './recovery/recover-log.ts';
import { Residents } from './residents.ts';
import { Sealer } from './sealer.ts';
import { SegmentTable } from './segment-table.ts';
import { SpaceTable } from './space-table.ts';
import { StoreChanges } from './store-changes.ts';
import type { StoreError } from './store-error.ts';
import { StoreHost } from './store-host.ts';
import { StoreLoader } from './store-loader.ts';
import type { StoreParts } from './store-parts.ts';
import { StoreWalker } from './store-walker.ts';
import { Store } from './store.ts';

export interface StoreOptions {
  /** About how large a segment becomes before the next one begins. */
  readonly segmentBytes: number;
  /** No record starts at or behind this offset; default and maximum SEGMENT_START_BYTES_MAX. */
  readonly segmentStartBytesMax?: number;
  readonly hotTailBytes: number;
  /** Index, hot tail, read cache and warm values together. */
  readonly memoryBytes: number;
  /** At most; less if the rest of the budget is needed elsewhere. */
  readonly readCacheBytes: number;
  readonly appendfsync: Appendfsync;
  /** Below this much free space writes are refused. */
  readonly diskReserveBytes: number;
  readonly damagedRecords: DamagedRecords;
  /** For every type of value but strings, which need none. */
  readonly codecs: ReadonlyMap<ValueType, LiveCodec>;
}

export interface StoreLog {
  /** A record or frame on disk is not as it was written. */
  onDamage(error: StoreError): void;
  /** The store has become read-only. */
  onFailure(error: StoreError): void;
  /** Something went wrong that costs nothing but time, now or at the next start. */
  onProblem(what: string, error: unknown): void;
  onInfo(message: string): void;
}

export interface OpenStoreOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly randomSource: RandomSource;
  readonly dir: string;
  readonly options: StoreOptions;
  readonly log: StoreLog;
}

export async function openStore(env: OpenStoreOptions): Promise<Store> {
  await env.files.mkdir(env.dir);
  const lock = await env.files.lock(env.dir);
  try {
    return await openLocked(env, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function openLocked(env: OpenStoreOptions, lock: Lock): Promise<Store> {
  const { files, dir, options, log } = env;
  const recovered = await recoverLog({
    files, dir, damagedRecords: options.damagedRecords, onDamage: log.onDamage, onInfo: log.onInfo,
    newSeed: () => {
      const [a, b] = env.randomSource.seed64();
      return { a, b };
    },
  });
  const tables = makeTables(env, recovered.manifest);
  const { segments } = tables;
  const state = new RecoveredState({
    ...tables, isTolerant: options.damagedRecords === 'report', onDamage: log.onDamage,
  });
  const isCheckpointUsed = await fillTables(env, recovered, tables, state);

  const { manifest } = recovered;
  let store: Store | undefined;
  // The keeper and the writer need each other; neither calls before both are there.
  let writer: LogWriter | undefined;
  const keeper = new ManifestKeeper({
    files, dir, seed: manifest.seed, segments, position: manifest.position,
    nextValueIndex: () => writer?.appender.nextValueIndex ?? manifest.nextValueIndex,
  });
  keeper.checkpoint = isCheckpointUsed ? manifest.checkpoint : null;
  const sealer = new Sealer({
    files, clock: env.clock, dir, seed: manifest.seed, keeper,
    onDamage: log.onDamage, onProblem: log.onProblem,
  });
  const logFiles = new LogFiles({
    files, dir, seed: manifest.seed, segments, register: () => keeper.write(),
  });
  const first = await logFiles.first();
  await keeper.write();
  if (!isCheckpointUsed) await dropCheckpoint(env, manifest);
  writer = new LogWriter({
    clock: env.clock, files: logFiles, tail: tables.tail, segmentBytes: options.segmentBytes,
    segmentStartBytesMax: Math.min(options.segmentStartBytesMax ?? Infinity, SEGMENT_START_BYTES_MAX),
    appendfsync: options.appendfsync, first, nextValueIndex: manifest.nextValueIndex,
    watermark: { segmentId: first.segment.id, offset: first.synced },
    events: {
      onFull: (full) => sealer.add(full, writer!),
      onFailure: log.onFailure,
      onAcknowledged: () => undefined,
    },
  });
  const parts: StoreParts = {
    ...tables, files, dir, seed: manifest.seed, clock: env.clock,
    codecs: new Map([[STRING, liveStringCodec], ...options.codecs]), writer,
  };
  const changes = new StoreChanges(parts);
  for (const [key, held] of state.system) changes.holdSystem(key, held);
  const loader = new StoreLoader(parts, changes);
  store = new Store({
    parts, changes, loader, keeper, sealer, lock,
    walker: new StoreWalker(parts, loader, log.onDamage),
    budget: new MemoryBudget(parts, options.memoryBytes, options.readCacheBytes),
    graveyard: new Graveyard(segments, env.clock),
    host: new StoreHost({
      parts, keeper, sealer, segmentBytes: options.segmentBytes, onDamage: log.onDamage,
      freeBytes: () => store?.freeBytes ?? Infinity,
      setWriteDelay: (delayMs) => {
        if (store !== undefined) store.writeDelayMs = delayMs;
      },
    }),
    diskReserveBytes: options.diskReserveBytes,
    writeCheckpoint: () => writeCheckpoint({ ...tables, files, dir, keeper }),
    closeFiles: async () => {
      await logFiles.close();
      await parts.writer.appender.current.file.close();
      await segments.close();
    },
  });
  void logFiles.prepare(first).catch((error: unknown) => {
    log.onProblem('cannot make the next segment ready', error);
  });
  await store.checkDisk();
  return store;
}

/** The parts that recovery fills. */
type Tables = Pick<StoreParts,
  'segments' | 'tail' | 'residents' | 'chains' | 'spaces' | 'probe' | 'collisions' | 'hasher'>;

function makeTables({ files, dir, options, log }: OpenStoreOptions, manifest: Manifest): Tables {
  const segments = new SegmentTable(files, manifest.nextSegmentId);
  segments.onUnlinkFailed = (path, error) => log.onProblem(`cannot remove ${path}`, error);
  const residents = new Residents(segments, options.readCacheBytes);
  const chains = new ChainTable(segments);
  const spaces = new SpaceTable();
  const hasher = new KeyHash(manifest.seed);
  for (const entry of manifest.sealed) {
    const path = `${dir}/${segmentFileName(entry.id, entry.kind)}`;
    segments.add(entry.id, entry.kind, path, 'sealed', entry.bytes).restore(entry);
  }
  return {
    segments, residents, chains, spaces, hasher, collisions: new Set(),
    tail: new HotTail(options.hotTailBytes),
    probe: new KeyProbe(hasher, spaces, chains, residents),
  };
}

/** From the checkpoint if it is of this very state, then true, else from the hints. */
async function fillTables(env: OpenStoreOptions, recovered: RecoveredLog, tables: Tables,
  state: RecoveredState): Promise<boolean> {
  const { files, dir, log, options } = env;
  const { manifest } = recovered;
  if (manifest.checkpoint !== null && !recovered.hadOpenFrames) {
    const problem = await loadCheckpoint({ ...tables, files, dir }, manifest);
    if (problem === undefined) {
      await state.readSystemRecords();
      return true;
    }
    log.onInfo(`${manifest.checkpoint} is not used: ${problem}`);
  }
  await fillIndex({
    files, dir, segments: tables.segments, hasher: tables.hasher, state,
    isTolerant: options.damagedRecords === 'report', onDamage: log.onDamage, onInfo: log.onInfo,
  });
  return false;
}

/** The manifest does not name it any more. */
async function dropCheckpoint({ files, dir, log }: OpenStoreOptions, manifest: Manifest): Promise<void> {
  if (manifest.checkpoint === null) return;
  try {
    await files.unlink(`${dir}/${manifest.checkpoint}`);
  } catch (error) {
    log.onProblem(`cannot remove ${manifest.checkpoint}`, error);
  }
}
