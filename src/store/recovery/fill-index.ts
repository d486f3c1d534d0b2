/**
 * Fills the index from the sealed segments' hints; a hint that is missing or damaged is made again
 * by scanning its segment.
 *
 * It rejects with DAMAGED or DiskError. With `isTolerant`, damage is told, and what is sound is
 * taken.
 */

import type { Files } from '../../io/files.ts';
import type { KeyHash } from '../../lib/key-hash.ts';
import { SEGMENT_LOG } from '../format/segment-header.ts';
import { writeHint } from '../hint-writer.ts';
import type { Segment } from '../segment.ts';
import type { SegmentTable } from '../segment-table.ts';
import { damaged } from '../store-error.ts';
import type { StoreError } from '../store-error.ts';
import { HintRun } from './hint-run.ts';
import { scanLog } from './log-scan.ts';
import type { LogScan } from './log-scan.ts';
import { HintMerge } from './merge-hints.ts';
import type { RecoveredState } from './recovered-state.ts';

export interface FillEnv {
  readonly files: Files;
  readonly dir: string;
  readonly segments: SegmentTable;
  readonly hasher: KeyHash;
  readonly state: RecoveredState;
  readonly isTolerant: boolean;
  readonly onDamage: (error: StoreError) => void;
  readonly onInfo: (message: string) => void;
}

const noPause = (): Promise<void> => Promise.resolve();

export async function fillIndex(env: FillEnv): Promise<void> {
  const runs: HintRun[] = [];
  try {
    for (const segment of env.segments.all()) runs.push(await openRun(env, segment));
    await new HintMerge(env.state, runs).run();
  } finally {
    for (const run of runs) await run.close();
  }
}

async function openRun(env: FillEnv, segment: Segment): Promise<HintRun> {
  const { files, dir } = env;
  const run = await HintRun.open(files, dir, segment.sealedEntry(), segment.slot);
  if (run !== undefined) return run;
  const { rows } = await scanSealed(env, segment);
  const entry = { ...segment.sealedEntry(), records: rows.count };
  segment.restore(entry);
  await writeHint(files, dir, entry, rows, noPause);
  env.onInfo(`made the hint of ${segment.path} again`);
  const again = await HintRun.open(files, dir, entry, segment.slot);
  if (again === undefined) throw damaged(segment.path, 0, 'its new hint cannot be read back');
  return again;
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
