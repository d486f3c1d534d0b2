/**
 * From the store's figures to what the choice needs (choose.ts). Pure.
 *
 * The present, as far as tombstones are concerned, is one more than the highest value_index of a
 * sealed segment: a lower bound of the next value_index, which is the safe side.
 */

import { TOMBSTONE_BYTES_TYPICAL } from '../limits.ts';
import type { SealedSegmentStats } from './compaction-host.ts';
import { FRAME_HEADER_BYTES } from '../format/frame.ts';
import { SEGMENT_HEADER_BYTES } from '../format/segment-header.ts';
import type { SegmentFacts } from './choose.ts';

/**
 * What a record's row is taken to need in a hint (store/format/hint-columns.ts): 8.1 bytes in a
 * full LOG segment, up to 9 in a small one or in a PACK, more only if sizes and types are mixed.
 */
const HINT_RECORD_BYTES_TYPICAL = 8.5;

/** And each hint for headers and the heads of its columns. */
const HINT_FILE_BYTES_TYPICAL = 300;

/** Everything that is still written to, as one segment. */
export interface OpenFacts {
  readonly bytes: number;
  readonly liveBytes: number;
  readonly minValueIndex: number;
}

/** The id of the open segments' facts, which nothing may choose. */
export const OPEN_ID = -1;

/** `isEligible`: whether a segment may be chosen; the others only count. */
export function factsOf(
  sealed: readonly SealedSegmentStats[],
  open: OpenFacts,
  isEligible: (segment: SealedSegmentStats) => boolean,
): SegmentFacts[] {
  const now = presentOf(sealed);
  const facts = sealed.map((segment) => sealedFacts(segment, isEligible(segment), now));
  facts.push({
    id: OPEN_ID,
    sealed: false,
    bytes: open.bytes,
    liveBytes: open.liveBytes,
    tombstoneBytes: 0,
    newestTombstone: 0,
    cleanSince: open.minValueIndex,
  });
  return facts;
}

function sealedFacts(
  segment: SealedSegmentStats, isEligible: boolean, now: number,
): SegmentFacts {
  // Headers that every segment has are nothing to gain: a tiny one would seem dead for ever.
  const bytes = Math.max(0, segment.bytes - SEGMENT_HEADER_BYTES - FRAME_HEADER_BYTES);
  // A size class is up to 1/32 more than the record; no segment has more live bytes than bytes.
  const liveBytes = Math.min(segment.liveBytes, bytes);
  const tombstoneBytes = segment.tombstoneBytes ?? segment.tombstones * TOMBSTONE_BYTES_TYPICAL;
  return {
    id: segment.id,
    sealed: isEligible,
    bytes,
    liveBytes,
    tombstoneBytes: Math.min(tombstoneBytes, bytes - liveBytes),
    newestTombstone: segment.tombstones > 0 ? segment.maxValueIndex : 0,
    cleanSince: isClean(segment) ? now : segment.cleanSince ?? segment.minValueIndex,
  };
}

/** At most the next value_index to be given out, and above every sealed one. */
export function presentOf(sealed: readonly SealedSegmentStats[]): number {
  return sealed.reduce((most, segment) => Math.max(most, segment.maxValueIndex), 0) + 1;
}

/**
 * What the hints of these segments take, about: their sizes are not kept, and a hint that is
 * missing will be made.
 */
export function hintBytesOf(sealed: readonly SealedSegmentStats[]): number {
  return sealed.reduce((sum, { records }) => (
    sum + HINT_FILE_BYTES_TYPICAL + records * HINT_RECORD_BYTES_TYPICAL
  ), 0);
}

/** All that is in it is live or a tombstone: it has nothing that a tombstone could hide. */
function isClean(segment: SealedSegmentStats): boolean {
  return segment.liveRecords + segment.tombstones === segment.records;
}
