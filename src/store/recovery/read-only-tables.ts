/**
 * The tables of a store as its next start would make them, without changing a byte: from the
 * checkpoint if it fits, else from hints, and of segments without one from their scanned rows.
 *
 * Damage is no reason to stop: what is sound is taken, and a check of the index tells the rest.
 */

import type { Files } from '../../io/files.ts';
import { KeyHash } from '../../lib/key-hash.ts';
import { ChainTable } from '../chains/chains.ts';
import type { CheckedParts } from '../check/record-reader.ts';
import type { HintRows } from '../format/hint-rows.ts';
import type { Manifest, SealedSegment } from '../format/manifest.ts';
import { KeyProbe } from '../lookup/key-probe.ts';
import { KeyLookahead } from '../lookup/lookahead.ts';
import { Residents } from '../memory/residents.ts';
import type { Segment } from '../segments/segment.ts';
import { SegmentTable } from '../segments/segment-table.ts';
import { SpaceTable } from '../index/space-table.ts';
import { loadCheckpoint } from './checkpoint-file.ts';
import { mergeRuns, type OpenRun } from './fill-index.ts';
import { HintRun } from './hint-run.ts';
import { RecoveredState } from './recovered-state.ts';
import { SortedRows } from './sorted-rows.ts';

export interface ScannedSegment {
  readonly id: number;
  readonly kind: SealedSegment['kind'];
  readonly path: string;
  readonly isSealed: boolean;
  /** Bytes that count. */
  readonly bytes: number;
  readonly rows: HintRows;
}

export interface ReadOnlyTables extends CheckedParts {
  /** What they were made of. */
  readonly source: 'checkpoint' | 'hints';
  close(): Promise<void>;
}

export async function readOnlyTables(files: Files, dir: string, manifest: Manifest,
  scanned: readonly ScannedSegment[]): Promise<ReadOnlyTables> {
  const segments = new SegmentTable(files, manifest.nextSegmentId, manifest.seed);
  const residents = new Residents(segments, 0);
  const chains = new ChainTable(segments);
  const spaces = new SpaceTable();
  const hasher = new KeyHash(manifest.seed);
  const lookahead = new KeyLookahead(hasher, spaces, residents, chains);
  const probe = new KeyProbe(hasher, spaces, chains, residents, lookahead);
  const parts = { segments, residents, chains, spaces, hasher, probe };
  const entries = new Map(manifest.sealed.map((entry) => [entry.id, entry]));
  // A start leaves out what was made ready and never written to.
  const counted = scanned.filter(({ isSealed, rows }) => isSealed || rows.count > 0);
  for (const { id, kind, path, bytes } of counted) {
    const segment = segments.add(id, kind, path, 'sealed', bytes);
    const entry = entries.get(id);
    if (entry !== undefined) segment.restore(entry);
  }
  const state = new RecoveredState({
    segments, spaces, residents, chains, collisions: new Set(), isTolerant: true,
    onDamage: () => undefined,
  });
  const hasOpen = counted.some(({ isSealed }) => !isSealed);
  const isLoaded = manifest.checkpoint !== null && !hasOpen &&
    await loadCheckpoint({ files, dir, segments, spaces, chains }, manifest) === undefined;
  if (isLoaded) await state.readSystemRecords();
  else {
    await mergeRuns(state, counted, (each) => openRun(files, dir, segments.byId(each.id)!, each));
  }
  return { ...parts, source: isLoaded ? 'checkpoint' : 'hints', close: () => segments.close() };
}

async function openRun(files: Files, dir: string, segment: Segment,
  { isSealed, rows }: ScannedSegment): Promise<OpenRun> {
  const hint = isSealed
    ? await HintRun.open(files, dir, segment.sealedEntry(), segment.slot) : undefined;
  return hint ?? new SortedRows(segment.slot, rows);
}
