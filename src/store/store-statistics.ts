/** What the store tells INFO about itself. */

import type { WatermarkFile } from '../io/watermark-file.ts';
import { SYSTEM_SPACE } from './format/hint-rows.ts';
import type { TornTail } from './recovery/torn-tails.ts';
import type { StoreParts } from './store-parts.ts';

export interface StoreStatistics {
  /** Over all spaces but the system's, expired ones included. */
  readonly keys: number;
  readonly segments: number;
  /** Records asked for that were in RAM, and that were not. */
  readonly cacheHits: number;
  readonly cacheMisses: number;
  /** Committed, and not yet with the kernel. */
  readonly backlogBytes: number;
  /** What the start cut from the end of the log, oldest segment first. */
  readonly tornTails: readonly TornTail[];
  /** It is not noted outside the log any more how far that is synced. */
  readonly hasNotesFailed: boolean;
}

export function statisticsOf(
  { spaces, segments, residents, writer }: StoreParts, tornTails: readonly TornTail[],
  notes: WatermarkFile,
): StoreStatistics {
  let keys = 0;
  for (const space of spaces.all()) if (space.id !== SYSTEM_SPACE) keys += space.index.size;
  const { hits, misses } = residents;
  return {
    keys, segments: segments.all().length, cacheHits: hits, cacheMisses: misses,
    backlogBytes: writer.backlogBytes, tornTails, hasNotesFailed: notes.hasFailed,
  };
}
