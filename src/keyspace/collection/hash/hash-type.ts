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
import {
  HASH_EXPIRE, HASH_REMOVE, HASH_SET, HASH_SET_EXPIRING, type HashType,
} from './hash-delta.ts';
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
  const ordered = inOrderOfBlocks(delta, (reader) => passRest(op, reader), (buf, start, end) =>
    large.hashOf(buf, start, end));
  const pieces = new PieceReader(ordered.buf, ordered.start + 1, ordered.end);
  while (pieces.hasMore) {
    const from = pieces.at;
    pieces.next();
    const { buf, start, end } = pieces;
    passRest(op, pieces);
    const entry = large.entryOf(large.hashOf(buf, start, end));
    edit.change(directory, entry, op, buf, from, pieces.at);
    if (op === HASH_REMOVE) edit.maybeJoin(directory, entry, large.shape);
    else edit.maybeSplit(directory, entry, large.shape);
  }
}

/** What a delta says of a field behind its name. */
function passRest(op: number, reader: PieceReader): void {
  if (op === HASH_SET || op === HASH_SET_EXPIRING) reader.next();
  if (op === HASH_SET_EXPIRING || op === HASH_EXPIRE) reader.number();
}

function toMediumAgain(large: LargeHash): HashBlock {
  const hash = large.directory.block(0).copy();
  hash.noteHistory(large.head.longest, large.head.peak);
  return hash;
}
