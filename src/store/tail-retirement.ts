/**
 * What becomes of a hot tail block that must go: records in it that are still the newest of their
 * key move to the read cache, so that a data set that fits the memory budget is served from RAM
 * however long ago its keys were written.
 *
 * Runs at a commit, when no borrowed range is left. A block of 1 MiB with small records takes two
 * to three milliseconds, spread thin: one block is dropped for each one filled.
 */

import { frameIsAt, FRAME_HEADER_BYTES } from './format/frame.ts';
import {
  ENTRY_HEADER_BYTES, KIND_PUT, entryBytesAt, entryKeyBytesAt, entryKindAt, entrySpaceAt, skipGap,
} from './format/data-entry.ts';
import { SEGMENT_HEADER_BYTES } from './format/segment-header.ts';
import type { TailBlock } from './segment.ts';
import type { StoreParts } from './store-parts.ts';

type RetirementParts = Pick<StoreParts, 'hasher' | 'spaces' | 'residents'>;

export function retireBlock(block: TailBlock, parts: RetirementParts): void {
  const { buf, start, committed } = block;
  const { segment } = block.log;
  let offset = skipGap(Math.max(start, SEGMENT_HEADER_BYTES));
  while (offset < committed) {
    const at = offset - start;
    if (frameIsAt(buf, at, segment.id, offset)) {
      offset = skipGap(offset + FRAME_HEADER_BYTES);
      continue;
    }
    const bytes = entryBytesAt(buf, at);
    if (entryKindAt(buf, at) === KIND_PUT && isNewest(parts, buf, at, segment.slot, offset)) {
      parts.residents.cache.insert(segment.slot, offset, buf, at, bytes);
    }
    offset = skipGap(offset + bytes);
  }
}

/** Whether the index points to this very record. */
function isNewest({ hasher, spaces }: RetirementParts, buf: Buffer, at: number, slot: number,
  offset: number): boolean {
  const index = spaces.get(entrySpaceAt(buf, at))?.index;
  if (index === undefined) return false;
  const key = at + ENTRY_HEADER_BYTES;
  hasher.hash(buf, key, key + entryKeyBytesAt(buf, at));
  for (let found = index.find(hasher.hi, hasher.lo); found >= 0; found = index.findNext(found)) {
    if (index.isChained(found)) continue;
    if (index.segmentOf(found) === slot && index.offsetOf(found) === offset) return true;
  }
  return false;
}
