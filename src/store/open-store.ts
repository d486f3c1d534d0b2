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
import { WatermarkFile } from '../io/watermark-file.ts';
import type { RandomSource } from '../io/random-source.ts';
import { KeyHash } from '../lib/key-hash.ts';
import type { LiveCodec } from '../keyspace/live-value.ts';
import { liveStringCodec } from '../keyspace/live-string.ts';
import { STRING } from '../keyspace/value-type.ts';
import type { ValueType } from '../keyspace/value-type.ts';
import { SEGMENT_START_BYTES_MAX } from '../config/limits.ts';
import { Ballast } from './segments/ballast.ts';
import { ChainTable } from './chains/chains.ts';
import type { Manifest } from './format/manifest.ts';
import { hintFileName, segmentFileName } from './format/segment-header.ts';
import { Graveyard } from './segments/graveyard.ts';
import type { HintMaker } from './hints/hint-maker.ts';
import { MemoryTail } from './memory/memory-tail.ts';
import { KeyProbe } from './lookup/key-probe.ts';
import { KeyLookahead } from './lookup/lookahead.ts';
import { LogFiles } from './segments/log-files.ts';
import { LogWriter } from './log/log-writer.ts';
import type { Appendfsync } from './log/log-writer.ts';
import { ManifestKeeper } from './segments/manifest-keeper.ts';
import { MemoryBudget } from './memory-budget.ts';
import { DirectReads } from './lookup/direct-reads.ts';
import { fillIndex } from './recovery/fill-index.ts';
import { loadCheckpoint, writeCheckpoint } from './recovery/checkpoint-file.ts';
import { RecoveredState } from './recovery/recovered-state.ts';
import { recoverLog } from './recovery/recover-log.ts';
import type { DamagedRecords, RecoveredLog } from './recovery/recover-log.ts';
import { withRoom } from './segments/room.ts';
import { ScannedRows } from './recovery/scanned-rows.ts';
import type { TornTail } from './recovery/torn-tails.ts';
import { Residents } from './memory/residents.ts';
import { Sealer } from './sealer.ts';
import type { LogSegment, Segment } from './segments/segment.ts';
import { SegmentTable } from './segments/segment-table.ts';
import { SpaceTable } from './index/space-table.ts';
import { StoreChanges } from './changes/store-changes.ts';
import { finishInstall } from './snapshot/install-snapshot.ts';
import { SnapshotExports } from './snapshot/snapshot-exports.ts';
import type { StoreError } from './store-error.ts';
import { DiskSpace } from './disk-space.ts';
import { StoreHost } from './store-host.ts';
import { StoreLoader } from './loading/store-loader.ts';
import { BlockHost, type Paging, type StoreParts } from './store-parts.ts';
import { ReadNow } from './loading/read-now.ts';
import { UndoJournal } from './log/undo-journal.ts';
import { StoreWalker } from './loading/store-walker.ts';
import { Store } from './store.ts';
import { KiB } from '../lib/size-units.ts';

/**
 * From this size on a base is written in pages. Below it, encoding the whole takes about a
 * millisecond, and reading the few thousand deltas that it may have takes 20.
 */
const PAGED_BASE_BYTES_MIN = 256 * KiB;

/** A page ends when it has so many bytes: 0.4 ms to encode, 2 ms to decode. */
const PAGE_BYTES = 64 * KiB;

/**
 * So many bytes of deltas of a value in pages, or so many records of them, are written again as one
 * record: that is how many single ones a reader may have to fetch. As many bytes in one tick are
 * written as such a record at once.
 */
const RUN_BYTES_MIN = 8 * KiB;
const RUN_DELTAS_MIN = 1024;

/** Bases written at one commit, so that letting values go cold stalls nobody: 3 ms. */
const SETTLE_BYTES_PER_COMMIT = 512 * KiB;

export interface StoreOptions {
  /** About how large a segment becomes before the next one begins. */
  readonly segmentBytes: number;
  /** No record starts at or behind this offset; default and maximum SEGMENT_START_BYTES_MAX. */
  readonly segmentStartBytesMax?: number;
  readonly hotTailBytes: number;
  /** Index, in-memory tail, read cache and warm values together. */
  readonly memoryBytes: number;
  /** At most; less if the rest of the budget is needed elsewhere. */
  readonly readCacheBytes: number;
  readonly appendfsync: Appendfsync;
  /** Below this much free space writes are refused. */
  readonly diskReserveBytes: number;
  readonly damagedRecords: DamagedRecords;
  /** Keeps a file that a start on a full disk gives up (ballast.ts); default false. */
  readonly hasBallast?: boolean;
  /**
   * Cold records are read and, under `always`, groups synced on this thread while that is quick
   * (blocking-budget.ts); default false.
   */
  readonly directIo?: boolean;
  /** For every type of value but strings, which need none. */
  readonly codecs: ReadonlyMap<ValueType, LiveCodec>;
  /** Other bounds than the usual ones, for tests. */
  readonly paging?: Paging;
}

const PAGING_DEFAULT: Paging = Object.freeze({
  baseBytesMin: PAGED_BASE_BYTES_MIN,
  pageBytes: PAGE_BYTES,
  runBytesMin: RUN_BYTES_MIN,
  runDeltasMin: RUN_DELTAS_MIN,
  settleBytesPerCommit: SETTLE_BYTES_PER_COMMIT,
});

export interface StoreLog {
  /** A record or frame on disk is not as it was written. */
  onDamage(error: StoreError): void;
  /** The store has become read-only. */
  onFailure(error: StoreError): void;
  /** Something went wrong that costs nothing but time, now or at the next start. */
  onProblem(what: string, error: unknown): void;
  /** The end of the log was not whole, and was cut. */
  onTornTail(tail: TornTail): void;
  onInfo(message: string): void;
}

export interface OpenStoreOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly randomSource: RandomSource;
  readonly dir: string;
  readonly options: StoreOptions;
  readonly log: StoreLog;
  /** Who makes hints; by default this thread. */
  readonly hints?: HintMaker;
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
  if (await finishInstall(files, dir)) log.onInfo('a snapshot was put in the place of the store');
  const scanned = new ScannedRows(files, dir);
  const recovered = await recoverLog({
    files, dir, scanned, damagedRecords: options.damagedRecords, onDamage: log.onDamage,
    onInfo: log.onInfo,
    newSeed: () => {
      const [a, b] = env.randomSource.seed64();
      return { a, b };
    },
  });
  for (const tail of recovered.tornTails) log.onTornTail(tail);
  const tables = makeTables(env, recovered.manifest);
  const state = new RecoveredState({
    ...tables, isTolerant: options.damagedRecords === 'report', onDamage: log.onDamage,
  });
  const isCheckpointUsed = await fillTables(env, recovered, tables, state, scanned);

  const session = new Session(env, recovered, tables);
  session.keeper.checkpoint = isCheckpointUsed ? recovered.manifest.checkpoint : null;
  const stale = isCheckpointUsed ? null : recovered.manifest.checkpoint;
  const room = { files, dir, onInfo: log.onInfo };
  const first = await withRoom(room, stale, () => session.logFiles.first());
  await withRoom(room, stale, () => session.keeper.write());
  if (stale !== null) await dropCheckpoint(env, stale);
  const notes = await openNotes(env, recovered.manifest);
  const ballast = options.hasBallast === true ? new Ballast(files, dir) : undefined;
  const store = session.start(first, notes, state, lock, ballast);
  void session.logFiles.prepare(first).catch((error: unknown) => {
    log.onProblem('cannot make the next segment ready', error);
  });
  await ballast?.open();
  await store.checkDisk();
  if (store.writeRefusal === undefined) session.makeHints(await findHintless(env, tables, scanned));
  return store;
}

/**
 * Wires the parts together. Keeper, sealer, writer and store know one another in a circle; none
 * calls another before `start` has made the last of them.
 */
class Session {
  readonly keeper: ManifestKeeper;
  readonly logFiles: LogFiles;
  readonly #env: OpenStoreOptions;
  readonly #recovered: RecoveredLog;
  readonly #tables: Tables;
  readonly #sealer: Sealer;
  #writer: LogWriter | undefined;
  #changes: StoreChanges | undefined;
  #store: Store | undefined;

  constructor(env: OpenStoreOptions, recovered: RecoveredLog, tables: Tables) {
    const { manifest } = recovered;
    this.#env = env;
    this.#recovered = recovered;
    this.#tables = tables;
    const { files, dir, clock, log } = env;
    const { seed, position } = manifest;
    const { segments } = tables;
    this.keeper = new ManifestKeeper({
      files, dir, seed, segments, position,
      onTrouble: (error) => {
        log.onProblem('the manifest cannot be written; that is tried again', error);
      },
      onRecovered: () => log.onInfo('the manifest is written again'),
      nextValueIndex: () => this.#writer?.appender.nextValueIndex ?? manifest.nextValueIndex,
    });
    this.#sealer = new Sealer({
      files, clock, dir, seed, segments, keeper: this.keeper, hints: env.hints,
      onDamage: log.onDamage, onProblem: log.onProblem,
    });
    this.logFiles = new LogFiles({
      files, dir, seed, segments, register: () => this.keeper.write(),
    });
  }

  /** The store that writes to `first` from now on. */
  start(first: LogSegment, notes: WatermarkFile, state: RecoveredState, lock: Lock,
    ballast?: Ballast): Store {
    const { files, dir, clock, options, log } = this.#env;
    const { manifest: { seed }, tornTails } = this.#recovered;
    const writer = this.#makeWriter(first, notes);
    const parts: StoreParts = {
      ...this.#tables, files, dir, clock, writer, seed,
      codecs: new Map([[STRING, liveStringCodec], ...options.codecs]),
      blocks: new BlockHost(),
      paging: options.paging ?? PAGING_DEFAULT,
    };
    const changes = new StoreChanges(parts);
    this.#changes = changes;
    for (const [key, held] of state.system) changes.holdSystem(key, held);
    const loader = new StoreLoader(parts, changes);
    const readNow = new ReadNow(parts, changes);
    this.#store = new Store({
      parts, changes, loader, readNow, lock,
      directReads: options.directIo === true
        ? new DirectReads(clock, parts.probe, parts.residents)
        : undefined,
      keeper: this.keeper, sealer: this.#sealer,
      walker: new StoreWalker(
        parts, loader, readNow, log.onDamage, options.damagedRecords === 'report',
      ),
      budget: new MemoryBudget(parts, options.memoryBytes, options.readCacheBytes),
      graveyard: new Graveyard(parts.segments, clock),
      host: this.#makeHost(parts, changes),
      snapshots: new SnapshotExports({
        parts, sealer: this.#sealer, position: () => this.#store?.position ?? 0,
        onDamage: log.onDamage,
      }),
      disk: new DiskSpace(parts, options.diskReserveBytes, ballast),
      tornTails, notes,
      writeCheckpoint: () => writeCheckpoint({ ...this.#tables, files, dir, keeper: this.keeper }),
      closeFiles: async () => {
        await ballast?.idle();
        await this.logFiles.close();
        await writer.appender.current.file.close();
        await notes.close();
        await parts.segments.close();
      },
    });
    return this.#store;
  }

  /** In the background, for the next start. */
  makeHints(segments: readonly Segment[]): void {
    this.#sealer.makeLate(segments);
  }

  #makeWriter(first: LogSegment, notes: WatermarkFile): LogWriter {
    const { clock, options, log } = this.#env;
    const startBytesMax = options.segmentStartBytesMax ?? SEGMENT_START_BYTES_MAX;
    const writer = new LogWriter({
      clock, first, files: this.logFiles, tail: this.#tables.tail,
      segmentBytes: options.segmentBytes,
      segmentStartBytesMax: Math.min(startBytesMax, SEGMENT_START_BYTES_MAX),
      appendfsync: options.appendfsync,
      directSyncs: options.directIo === true,
      nextValueIndex: this.#recovered.manifest.nextValueIndex,
      watermark: { segmentId: first.segment.id, offset: first.synced },
      notes,
      journal: this.#tables.journal,
      events: {
        onFull: (full) => this.#sealer.add(full, writer),
        onFailure: log.onFailure,
        onNoRoom: (reason) => log.onProblem('writes are refused', reason),
        onRoom: () => log.onInfo('there is room on the disk again: writes are taken'),
        onTakeBack: (ends) => this.#changes?.takeBack.all(ends),
        onWritten: (journalEnd) => this.#changes?.takeBack.settleTo(journalEnd),
      },
    });
    this.#writer = writer;
    return writer;
  }

  #makeHost(parts: StoreParts, { takeBack }: StoreChanges): StoreHost {
    const { options, log } = this.#env;
    return new StoreHost({
      parts, takeBack, keeper: this.keeper, sealer: this.#sealer,
      segmentBytes: options.segmentBytes,
      onDamage: log.onDamage,
      freeBytes: () => this.#store?.freeBytes ?? Infinity,
      setWriteDelay: (delayMs) => {
        if (this.#store !== undefined) this.#store.writeDelayMs = delayMs;
      },
    });
  }
}

/** Where the new session notes how far its log is on disk. */
function openNotes({ files, dir, clock, log }: OpenStoreOptions,
  { seed }: Manifest): Promise<WatermarkFile> {
  return WatermarkFile.open({
    files, dir, clock, owner: [seed.a, seed.b],
    onFailure: (error) => log.onProblem('it is not noted any more how far the log is synced, ' +
      'until a restart: a log file that loses its end meanwhile may pass for a torn one', error),
  });
}

/** The parts that recovery fills. */
type Tables = Pick<StoreParts,
  'segments' | 'tail' | 'residents' | 'chains' | 'spaces' | 'lookahead' | 'probe' | 'collisions' |
  'hasher' | 'journal'>;

function makeTables({ files, dir, options, log }: OpenStoreOptions, manifest: Manifest): Tables {
  const segments = new SegmentTable(files, manifest.nextSegmentId, manifest.seed);
  segments.onUnlinkFailed = (path, error) => log.onProblem(`cannot remove ${path}`, error);
  const residents = new Residents(segments, options.readCacheBytes);
  const chains = new ChainTable(segments);
  const spaces = new SpaceTable();
  const hasher = new KeyHash(manifest.seed);
  for (const entry of manifest.sealed) {
    const path = `${dir}/${segmentFileName(entry.id, entry.kind)}`;
    segments.add(entry.id, entry.kind, path, 'sealed', entry.bytes).restore(entry);
  }
  const lookahead = new KeyLookahead(hasher, spaces, residents, chains);
  return {
    segments, residents, chains, spaces, hasher, lookahead, collisions: new Set(),
    journal: new UndoJournal(),
    tail: new MemoryTail(options.hotTailBytes),
    probe: new KeyProbe(hasher, spaces, chains, residents, lookahead),
  };
}

/** From the checkpoint if it is of this very state, then true, else from the hints. */
async function fillTables(env: OpenStoreOptions, recovered: RecoveredLog, tables: Tables,
  state: RecoveredState, scanned: ScannedRows): Promise<boolean> {
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
    files, dir, segments: tables.segments, hasher: tables.hasher, state, scanned,
    isTolerant: options.damagedRecords === 'report', onDamage: log.onDamage, onInfo: log.onInfo,
  });
  return false;
}

/** The manifest does not name it any more. */
async function dropCheckpoint({ files, dir, log }: OpenStoreOptions, name: string): Promise<void> {
  try {
    // On a full disk it is gone already.
    if (await files.exists(`${dir}/${name}`)) await files.unlink(`${dir}/${name}`);
  } catch (error) {
    log.onProblem(`cannot remove ${name}`, error);
  }
}

/** Segments whose hint is missing (a quick stop makes none) or could not be used. */
async function findHintless({ files, dir }: OpenStoreOptions, { segments }: Tables,
  scanned: ScannedRows): Promise<Segment[]> {
  const names = new Set(await files.list(dir));
  return segments.all().filter(({ id, state }) => state === 'sealed' &&
    (scanned.get(id) !== undefined || !names.has(hintFileName(id))));
}
