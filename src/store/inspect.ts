/**
 * Looks at a store without changing it: what is in each segment, how much of it is live, what is
 * damaged. Live bytes are computed from the records; hints and checkpoints are not trusted for
 * that. Beside it the index is made as the next start would make it, of just those, and checked
 * against the log.
 *
 * It takes no lock and writes nothing. Beside a running server the newest segment may look torn.
 * It fails with StoreError INVALID if the manifest cannot be read, and with DiskError; everything
 * else that is wrong is in the report. RAM: about 50 bytes for each record.
 */

import type { Files, ReadFile } from '../io/files.ts';
import type { SyncedPlace } from '../io/watermark-file.ts';
import { KeyHash } from '../lib/key-hash.ts';
import type { IndexReport } from '../keyspace/index-report.ts';
import { ChainTable } from './chains/chains.ts';
import { IndexCheck } from './check/check-index.ts';
import {
  KIND_BASE, KIND_BEGIN, KIND_DELETED, KIND_DELTA, KIND_EXPIRE, KIND_PAGE, KIND_PUT, KIND_RUN,
} from './format/data-entry.ts';
import { HintRows, rowKind } from './format/hint-rows.ts';
import { MANIFEST_NAME, decodeManifest, type Manifest } from './format/manifest.ts';
import {
  SEGMENT_HEADER_BYTES, SEGMENT_LOG, parseSegmentFileName, segmentFileName, type SegmentKind,
} from './format/segment-header.ts';
import { HintMerge } from './recovery/merge-hints.ts';
import { readOnlyTables } from './recovery/read-only-tables.ts';
import type { ReadOnlyTables, ScannedSegment } from './recovery/read-only-tables.ts';
import { scanLog, type BadPlace, type LogScan } from './recovery/log-scan.ts';
import { RecoveredState } from './recovery/recovered-state.ts';
import { SortedRows } from './recovery/sorted-rows.ts';
import { checkProof, findSyncedPlace } from './recovery/synced-place.ts';
import { parseTornTailName } from './recovery/torn-tails.ts';
import { Residents } from './memory/residents.ts';
import { SegmentTable } from './segments/segment-table.ts';
import { SpaceTable } from './index/space-table.ts';
import { StoreError } from './store-error.ts';

export interface SegmentReport {
  readonly id: number;
  readonly file: string;
  readonly isSealed: boolean;
  /** Bytes that count. */
  readonly bytes: number;
  /** Of records that a key's value is made of, each rounded up to its size class. */
  readonly liveBytes: number;
  readonly puts: number;
  readonly deltas: number;
  /** Of values in pages: BEGIN, PAGE and BASE records. */
  readonly pages: number;
  /** Deltas that were written again together. */
  readonly runs: number;
  readonly tombstones: number;
  readonly expiries: number;
  /** Places that are not as they were written. In an open segment the first may be a torn tail. */
  readonly bad: readonly BadPlace[];
}

export interface StoreReport {
  readonly manifest: Manifest;
  readonly segments: readonly SegmentReport[];
  /** Keys by space; space 0 is the store's own. */
  readonly keys: ReadonlyMap<number, number>;
  /** Files that belong to no part of the store: the next start removes them. */
  readonly orphans: readonly string[];
  /** Of the index that the next start would have. */
  readonly index: IndexReport;
  readonly indexSource: ReadOnlyTables['source'];
  /** What recoveries cut from the log and kept aside, oldest first. */
  readonly tornTails: readonly { readonly name: string; readonly bytes: number }[];
  /** How far the open end of the log is known to be on disk; undefined: nothing is noted. */
  readonly synced: SyncedPlace | undefined;
}

interface Scanned extends ScannedSegment {
  readonly bad: readonly BadPlace[];
}

export async function inspectStore(files: Files, dir: string): Promise<StoreReport> {
  const path = `${dir}/${MANIFEST_NAME}`;
  const manifest = decodeManifest(await files.readAll(path));
  if (typeof manifest === 'string') {
    throw new StoreError('INVALID', `cannot use ${path}: ${manifest}`, { file: path });
  }
  // Before the log is read, which a running server makes longer.
  const synced = await findSyncedPlace({ files, dir }, manifest);
  const names = await files.list(dir);
  const scanned: Scanned[] = [];
  for (const segment of segmentsOf(manifest, names)) {
    scanned.push(await scan(files, dir, manifest, segment, synced));
  }
  const { segments, spaces } = await merge(files, manifest, scanned);
  const { index, indexSource } = await checkIndex(files, dir, manifest, scanned);
  const keys = new Map([...spaces.all()].map(({ id, index }) => [id, index.size]));
  return {
    manifest,
    segments: scanned.map((each) => reportOf(each, segments.byId(each.id)!.liveBytes)),
    keys,
    synced,
    tornTails: await tornTailsOf(files, dir, names),
    orphans: names.filter((name) => isOrphan(name, scanned)),
    index, indexSource,
  };
}

interface Listed {
  readonly id: number;
  readonly kind: SegmentKind;
  /** Undefined: open, the whole file. */
  readonly bytes: number | undefined;
}

function segmentsOf(manifest: Manifest, names: readonly string[]): Listed[] {
  const sealed = manifest.sealed.map(({ id, kind, bytes }): Listed => ({ id, kind, bytes }));
  const known = new Set(manifest.sealed.map(({ id }) => id));
  const newest = Math.max(0, ...manifest.open);
  // One that the manifest lists is looked at, and missed, also when there is no such file.
  const newer = names.map(parseSegmentFileName).filter((name) => name !== undefined)
    .filter(({ id, suffix }) => suffix === 'log' && !known.has(id) && id > newest);
  const open = [...manifest.open, ...newer.map(({ id }) => id)]
    .map((id): Listed => ({ id, kind: SEGMENT_LOG, bytes: undefined }));
  return [...sealed, ...open].sort((a, b) => a.id - b.id);
}

async function tornTailsOf(files: Files, dir: string,
  names: readonly string[]): Promise<StoreReport['tornTails']> {
  const tails: { readonly name: string; readonly bytes: number }[] = [];
  for (const name of names.filter((each) => parseTornTailName(each) !== undefined)) {
    tails.push({ name, bytes: (await files.readAll(`${dir}/${name}`)).length });
  }
  return tails;
}

async function scan(files: Files, dir: string, manifest: Manifest, listed: Listed,
  synced: SyncedPlace | undefined): Promise<Scanned> {
  const { id, kind } = listed;
  const path = `${dir}/${segmentFileName(id, kind)}`;
  const isSealed = listed.bytes !== undefined;
  if (!await files.exists(path)) {
    const bad = [{ offset: 0, frameOffset: 0, reason: 'the file is missing', key: undefined }];
    return { id, kind, path, isSealed, bytes: 0, rows: new HintRows(), bad };
  }
  const file = await files.openRead(path);
  try {
    const bad: BadPlace[] = [];
    const bytes = listed.bytes ?? await file.size();
    const found = scanLog({
      file, id, bytes, hasher: new KeyHash(manifest.seed), isGapless: false,
      onSalvage: (place) => bad.push(place),
    });
    if (synced?.fileId === id) bad.push(...lossesBefore(synced, found, file));
    return { id, kind, path, isSealed, bytes, rows: found.rows, bad };
  } finally {
    await file.close();
  }
}

/** What is missing of the part that was synced, or is not what was synced. */
function lossesBefore(synced: SyncedPlace, found: LogScan, file: ReadFile): BadPlace[] {
  const { bad } = checkProof({ ...found, bad: undefined }, file, synced);
  if (bad !== undefined) return [bad];
  const end = found.frames.end.at(-1) ?? SEGMENT_HEADER_BYTES;
  if (end >= synced.bytes) return [];
  const reason = `the log ends here, although it was synced up to byte ${synced.bytes}`;
  return [{ offset: end, frameOffset: end, reason, key: undefined }];
}

/** Recovery's own merge, on rows that were scanned instead of hints. */
async function merge(files: Files, manifest: Manifest, scanned: readonly Scanned[]):
  Promise<{ segments: SegmentTable; spaces: SpaceTable }> {
  const segments = new SegmentTable(files, manifest.nextSegmentId, manifest.seed);
  const spaces = new SpaceTable();
  const state = new RecoveredState({
    segments, spaces, residents: new Residents(segments, 0), chains: new ChainTable(segments),
    collisions: new Set(), isTolerant: true, onDamage: () => undefined,
  });
  const runs = scanned.map(({ id, kind, path, bytes, rows }) =>
    new SortedRows(segments.add(id, kind, path, 'sealed', bytes).slot, rows));
  try {
    await new HintMerge(state, runs).run();
  } finally {
    await segments.close();
  }
  return { segments, spaces };
}

async function checkIndex(files: Files, dir: string, manifest: Manifest,
  scanned: readonly Scanned[]): Promise<Pick<StoreReport, 'index' | 'indexSource'>> {
  const tables = await readOnlyTables(files, dir, manifest, scanned);
  const check = new IndexCheck({
    parts: tables, pause: () => Promise.resolve(), isStopped: () => false,
  });
  try {
    return { index: await check.run(), indexSource: tables.source };
  } finally {
    await tables.close();
  }
}

function reportOf(scanned: Scanned, liveBytes: number): SegmentReport {
  const { id, path, isSealed, bytes, rows, bad } = scanned;
  const counts = new Map<number, number>();
  for (let row = 0; row < rows.count; row += 1) {
    const kind = rowKind(rows.words, row);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const count = (kind: number): number => counts.get(kind) ?? 0;
  return {
    id, file: path, isSealed, bytes, liveBytes, bad,
    puts: count(KIND_PUT), deltas: count(KIND_DELTA), tombstones: count(KIND_DELETED),
    expiries: count(KIND_EXPIRE), runs: count(KIND_RUN),
    pages: count(KIND_BEGIN) + count(KIND_PAGE) + count(KIND_BASE),
  };
}

function isOrphan(name: string, scanned: readonly Scanned[]): boolean {
  const parsed = parseSegmentFileName(name);
  return parsed !== undefined && !scanned.some(({ id }) => id === parsed.id);
}
