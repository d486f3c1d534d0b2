/**
 * Fills the index from the sealed segments' hints; a segment whose hint is missing or damaged is
 * scanned, unless it has been by now.
 *
 * It rejects with DAMAGED or DiskError. With `isTolerant`, damage is told, and what is sound is
 * taken.
 */

import type { Files } from '../../io/files.ts';
import type { KeyHash } from '../../lib/key-hash.ts';
import { SEGMENT_LOG } from '../format/segment-header.ts';
import type { Segment } from '../segments/segment.ts';
import type { SegmentTable } from '../segments/segment-table.ts';
import { damaged, type StoreError } from '../store-error.ts';
import { HintRun } from './hint-run.ts';
import { scanLog, type LogScan } from './log-scan.ts';
import { HintMerge } from './merge-hints.ts';
import type { RowRun } from './page-rows.ts';
import type { RecoveredState } from './recovered-state.ts';
import type { ScannedRows } from './scanned-rows.ts';
import { SortedRows } from './sorted-rows.ts';

export interface FillEnv {
  readonly files: Files;
  readonly dir: string;
  readonly segments: SegmentTable;
  readonly hasher: KeyHash;
  readonly state: RecoveredState;
  /** Rows of segments that were read whole, to which more may come. */
  readonly scanned: ScannedRows;
  readonly isTolerant: boolean;
  readonly onDamage: (error: StoreError) => void;
  readonly onInfo: (message: string) => void;
}

export interface OpenRun extends RowRun {
  close(): Promise<void>;
}

export async function fillIndex(env: FillEnv): Promise<void> {
  await mergeRuns(env.state, env.segments.all(), (segment) => openRun(env, segment));
}

/** Merges the rows of segments. */
export async function mergeRuns<T>(state: RecoveredState, segments: readonly T[],
  open: (segment: T) => Promise<OpenRun>): Promise<void> {
  const runs: OpenRun[] = [];
  try {
    for (const segment of segments) runs.push(await open(segment));
    await new HintMerge(state, runs).run();
  } finally {
    for (const run of runs) await run.close();
  }
}

async function openRun(env: FillEnv, segment: Segment): Promise<OpenRun> {
  const run = await openKnown(env, segment);
  if (run !== undefined) return run;
  env.onInfo(`${segment.path} has no usable hint and is read whole`);
  const { rows } = await scanSealed(env, segment);
  const entry = { ...segment.sealedEntry(), records: rows.count };
  segment.restore(entry);
  await env.scanned.add(entry, rows);
  const again = await openKnown(env, segment);
  if (again === undefined) throw damaged(segment.path, 0, 'its new hint cannot be read back');
  return again;
}

/** The rows in RAM or the hint on disk; undefined if there is neither. */
async function openKnown(env: FillEnv, segment: Segment): Promise<OpenRun | undefined> {
  const rows = env.scanned.get(segment.id);
  if (rows !== undefined) return new SortedRows(segment.slot, rows);
  return await HintRun.open(env.files, env.dir, segment.sealedEntry(), segment.slot);
}

async function scanSealed(env: FillEnv, segment: Segment): Promise<LogScan> {
  const file = await env.files.openRead(segment.path);
  const { path } = segment;
  const options = {
    file, id: segment.id, bytes: segment.bytes, hasher: env.hasher,
    isGapless: segment.kind === SEGMENT_LOG,
  };
  try {
    const scan = scanLog(options);
    if (scan.bad === undefined) return scan;
    const error = damaged(path, scan.bad.offset, scan.bad.reason, scan.bad.key);
    if (!env.isTolerant) throw error;
    return scanLog({
      ...options,
      onSalvage: (bad) => env.onDamage(damaged(path, bad.offset, bad.reason, bad.key)),
    });
  } finally {
    await file.close();
  }
}
