/**
 * Hashes, and sets, which are hashes whose values are empty, as a type of collections.
 *
 * | size | is | changed by |
 * |---|---|---|
 * | small | its record (packed-hash.ts) | writing it again |
 * | medium | a structure in RAM (hash-block.ts) | a delta |
 * | large | a directory in RAM, and blocks that come and go (large-hash.ts) | a delta |
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import type { LiveValue } from '../../live-value.ts';
import { PieceReader } from '../../pieces.ts';
import { HASH, SET } from '../../value-type.ts';
import type { CollectionType, LargeMaker } from '../collection-type.ts';
import { inOrderOfBlocks } from '../delta-order.ts';
import { HashBlock } from './hash-block.ts';
import { HASH_SET, type HashType } from './hash-delta.ts';
import { cutHashed } from './hashed-blocks.ts';
import { LargeHash } from './large-hash.ts';
import type { LargeCollection } from '../large-collection.ts';
import type { LargeEdit } from '../large-edit.ts';
import { PackedHashWriter } from './packed-hash.ts';

function hashType(type: HashType): CollectionType {
  return Object.freeze({
    type,
    packedWriter: new PackedHashWriter(type),
    toMedium: (packed: ByteRange | null, roomBytes: number) => packed === null
      ? new HashBlock(type, roomBytes)
      : HashBlock.ofBase(type, packed.buf, packed.start, packed.end),
    toLarge: (medium: LiveValue, maker: LargeMaker) => toLarge(medium as HashBlock, maker),
    changeLarge: (edit: LargeEdit, large: LargeCollection, delta: ByteRange) =>
      changeLarge(edit, large as LargeHash, delta),
    toMediumAgain: (large: LargeCollection) => toMediumAgain(large as LargeHash),
  });
}

export const HASHES = hashType(HASH);
export const SETS = hashType(SET);

function toLarge(hash: HashBlock, { limits, newId, place, random }: LargeMaker): LargeHash {
  const { base, head, parts } = cutHashed(hash, limits.blockBytesMax, random);
  const large = new LargeHash(hash.type, place, head, newId(), base);
  parts.forEach(({ block }, entry) => large.directory.rewriteBlock(entry, block));
  return large;
}

function changeLarge(edit: LargeEdit, large: LargeHash, delta: ByteRange): void {
  const { directory } = large;
  const op = delta.buf[delta.start]!;
  const ordered = inOrderOfBlocks(delta, op === HASH_SET ? 2 : 1, (buf, start, end) =>
    large.hashOf(buf, start, end));
  const pieces = new PieceReader(ordered.buf, ordered.start + 1, ordered.end);
  while (pieces.hasMore) {
    const from = pieces.at;
    pieces.next();
    const { buf, start, end } = pieces;
    if (op === HASH_SET) pieces.next();
    const entry = large.entryOf(large.hashOf(buf, start, end));
    edit.change(directory, entry, op, buf, from, pieces.at);
    if (op === HASH_SET) edit.maybeSplit(directory, entry, large.shape);
    else edit.maybeJoin(directory, entry, large.shape);
  }
}

function toMediumAgain(large: LargeHash): HashBlock {
  const hash = large.directory.block(0).copy();
  hash.noteHistory(large.head.longest, large.head.peak);
  return hash;
}
