/** How the blocks of a large hash or set are cut and joined: by the salted hashes of its fields. */

import type { ByteRange } from '../../../lib/byte-range.ts';
import { KeyHash, type KeyHashSeed } from '../../../lib/key-hash.ts';
import { DeltaWriter, pieceBytes } from '../../pieces.ts';
import { HashBlock } from './hash-block.ts';
import { HASH_SET, HASH_SET_EXPIRING } from './hash-delta.ts';
import type { HashView } from './hash-view.ts';
import type { BlockPart, BlockShape } from '../large-edit.ts';
import { HASH_HEAD_BYTES_MAX } from './packed-hash.ts';
import { NUMBERS } from '../separators.ts';

export class HashShape implements BlockShape<HashBlock, number> {
  readonly separators = NUMBERS;
  readonly #salt: KeyHashSeed;
  /** Of the fields, under the salt. */
  readonly hasher: KeyHash;

  constructor(salt: KeyHashSeed) {
    this.#salt = salt;
    this.hasher = new KeyHash(salt);
  }

  cut(block: HashBlock, bytesMax: number): BlockPart<HashBlock, number>[] {
    const hashes = hashesOf(block, this.#salt);
    return cutByHash(block, hashes, bytesMax).map((positions) => ({
      start: hashes[positions[0]!]!, block: partOf(block, positions, this.hasher),
    }));
  }

  join(first: HashBlock, behind: HashBlock): HashBlock {
    const joined = first.copy();
    const { buf, start, end } = deltaOfAll(behind);
    joined.applyDelta(buf, start, end);
    return joined;
  }
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
function cutByHash(hash: HashBlock, hashes: Float64Array, bytesMax: number): number[][] {
  const order = Array.from({ length: hash.size }, (_, position) => position);
  order.sort((a, b) => hashes[a]! - hashes[b]! || a - b);
  const parts: number[][] = [];
  let filled = Infinity;
  let before = -1;
  for (const position of order) {
    const bytes = pieceBytes(hash.fieldAt(position).length) +
      pieceBytes(hash.storedValueAt(position).length);
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
function partOf(hash: HashBlock, positions: readonly number[], hasher: KeyHash): HashBlock {
  const isTimed = positions.some((position) => hash.expiryAt(position) > 0);
  delta.restart();
  for (const position of positions) {
    delta.range(hash.fieldAt(position));
    delta.range(isTimed ? hash.storedValueAt(position) : hash.valueAt(position));
  }
  const packed = { ...delta.finish(), longest: 0, peak: 0, isTimed };
  return HashBlock.ofPacked(hash.type, packed, hasher);
}

/** All pairs as one delta that sets them; borrowed. */
function deltaOfAll(hash: HashBlock): ByteRange {
  const isTimed = hash.times !== undefined;
  delta.begin(isTimed ? HASH_SET_EXPIRING : HASH_SET);
  for (let position = 0; position < hash.size; position++) {
    delta.range(hash.fieldAt(position));
    delta.range(hash.valueAt(position));
    if (isTimed) delta.number(hash.expiryAt(position));
  }
  return delta.finish();
}

const delta = new DeltaWriter();
