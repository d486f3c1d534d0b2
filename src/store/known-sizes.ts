/** What the index and the chains know of sizes, without a record. */

import type { ByteRange } from '../lib/byte-range.ts';
import { STRING } from '../keyspace/value-type.ts';
import type { Chain } from './chains/chains.ts';
import { ENTRY_HEADER_BYTES, STAMP_BYTES } from './format/data-entry.ts';
import type { KeyIndex } from './index/key-index.ts';
import { sizeClassBytes } from './index/size-class.ts';
import type { StoreParts } from './store-parts.ts';

/** What the key index takes for one key. */
const INDEX_BYTES_PER_KEY = 19;

/** Of a record, beside key and value: header, stamp, padding, and the offset of a page. */
const RECORD_BYTES_BESIDE = ENTRY_HEADER_BYTES + STAMP_BYTES + 16;

/** See Storage.memoryUsage. */
export function memoryUsageOf(
  parts: StoreParts, space: number, key: ByteRange,
): number | undefined {
  const { probe } = parts;
  probe.run(space, key);
  if (probe.slot === -1) return undefined;
  const { chain } = probe;
  if (chain === undefined) {
    return INDEX_BYTES_PER_KEY + sizeClassBytes(probe.space!.index.sizeClassOf(probe.slot));
  }
  const own = sizeClassBytes(chain.baseClass) + chain.logBytes + chain.chargedBytes;
  const blocks = chain.live?.blocksBytes?.((blockSpace, block) =>
    blockBytes(parts, blockSpace, block)) ?? 0;
  return INDEX_BYTES_PER_KEY + own + blocks;
}

/** Of a block's record, which may be only on disk; 0 if there is none. */
function blockBytes({ hasher, spaces }: StoreParts, space: number, key: ByteRange): number {
  const index = spaces.get(space)?.index;
  hasher.hash(key.buf, key.start, key.end);
  const slot = index?.find(hasher.hi, hasher.lo) ?? -1;
  return slot === -1 ? 0 : INDEX_BYTES_PER_KEY + sizeClassBytes(index!.sizeClassOf(slot));
}

/** See Storage.stringBytesMin. The key is one of those with its hash: so the smallest counts. */
export function stringBytesMin(
  parts: StoreParts, space: number, key: ByteRange, nowMs: number,
): number {
  const index = parts.spaces.get(space)?.index;
  if (index === undefined) return 0;
  const { hasher } = parts;
  hasher.hash(key.buf, key.start, key.end);
  let slot = index.find(hasher.hi, hasher.lo);
  let least = slot === -1 ? 0 : Infinity;
  for (; slot !== -1; slot = index.findNext(slot)) {
    least = Math.min(least, bytesOfSlot(parts, index, slot, key.length, nowMs));
  }
  return least;
}

function bytesOfSlot(
  { chains }: StoreParts, index: KeyIndex, slot: number, keyBytes: number, nowMs: number,
): number {
  if (index.typeOf(slot) !== STRING || mayHaveExpired(index.expirySecondsOf(slot), nowMs)) return 0;
  if (index.isChained(slot)) return bytesOfChain(chains.mustGet(index.chainOf(slot)), keyBytes);
  return valueBytesMin(index.sizeClassOf(slot), keyBytes);
}

/** The slot's seconds are rounded up. */
function mayHaveExpired(expirySeconds: number, nowMs: number): boolean {
  return expirySeconds !== 0 && (expirySeconds - 1) * 1000 < nowMs;
}

/** Deltas overwrite parts of a string or make it longer, so it has what its base has. */
function bytesOfChain({ live, baseClass, pages }: Chain, keyBytes: number): number {
  if (live !== undefined) return live.size;
  let bytes = valueBytesMin(baseClass, keyBytes);
  for (const sizeClass of pages?.classes ?? []) bytes += valueBytesMin(sizeClass, keyBytes);
  return bytes;
}

/** A record of this class is larger than the class before allows. */
function valueBytesMin(sizeClass: number, keyBytes: number): number {
  if (sizeClass === 0) return 0;
  return Math.max(0, sizeClassBytes(sizeClass - 1) - RECORD_BYTES_BESIDE - keyBytes);
}
