/**
 * Hashes and sets of all sizes: how they are read, and cut.
 *
 * | size | is | changed by |
 * |---|---|---|
 * | small | its record (packed-hash.ts) | writing it again |
 * | medium | a structure in RAM (hash-block.ts) | a delta |
 * | large | a directory in RAM, and blocks that come and go (large-hash.ts) | a delta |
 */

import { KeyHash, type KeyHashSeed } from '../../lib/key-hash.ts';
import type { ByteRange } from '../../lib/byte-range.ts';
import { HashBlock } from './hash-block.ts';
import { HASH_SET, type HashType } from './hash-delta.ts';
import type { HashView } from './hash-view.ts';
import { HASH_HEAD_BYTES_MAX, PackedHash } from './packed-hash.ts';
import { DeltaWriter, pieceBytes } from '../pieces.ts';
import type { Found } from '../storage.ts';
import type { LargeHash } from './large-hash.ts';

/** The hash or set that was found, of whatever size. */
export function hashOf({ live, value }: Found): HashView {
  return live === undefined ? new PackedHash(value) : live as HashBlock | LargeHash;
}

/** The hashes of all fields under a salt, by position. */
export function hashesOf(hash: HashView, salt: KeyHashSeed): Float64Array {
  const hasher = new KeyHash(salt);
  return Float64Array.from({ length: hash.size }, (_, position) => {
    const { buf, start, end } = hash.fieldAt(position);
    hasher.hash(buf, start, end);
    return hasher.lo;
  });
}

/**
 * Positions in the order of their hashes, cut into parts that are blocks of at most `bytesMax`
 * bytes, and about half full. One field may be larger, and equal hashes stay together.
 */
export function cutByHash(hash: HashView, hashes: Float64Array, bytesMax: number): number[][] {
  const order = Array.from({ length: hash.size }, (_, position) => position);
  order.sort((a, b) => hashes[a]! - hashes[b]! || a - b);
  const parts: number[][] = [];
  let filled = Infinity;
  let before = -1;
  for (const position of order) {
    const bytes = pieceBytes(hash.fieldAt(position).length) +
      pieceBytes(hash.valueAt(position).length);
    const isFull = filled >= bytesMax / 2 || filled + bytes > bytesMax - HASH_HEAD_BYTES_MAX;
    if (isFull && hashes[position] !== before) {
      parts.push([]);
      filled = 0;
    }
    parts.at(-1)!.push(position);
    filled += bytes;
    before = hashes[position]!;
  }
  return parts;
}

/** The fields at some positions, in that order, as a hash of its own. */
export function partOf(
  type: HashType, hash: HashView, positions: readonly number[], hasher?: KeyHash,
): HashBlock {
  delta.restart();
  for (const position of positions) addPair(hash, position);
  return HashBlock.ofPacked(type, { ...delta.finish(), longest: 0, peak: 0 }, hasher);
}

/** All pairs as one delta that sets them; borrowed. */
export function deltaOfAll(hash: HashView): ByteRange {
  delta.begin(HASH_SET);
  for (let position = 0; position < hash.size; position++) addPair(hash, position);
  return delta.finish();
}

const delta = new DeltaWriter();

function addPair(hash: HashView, position: number): void {
  delta.range(hash.fieldAt(position));
  delta.range(hash.valueAt(position));
}
