/**
 * The one way in which a collection changes: a delta, whatever the collection's size. What the
 * change makes of it (small to medium to large, and back) follows from the bytes that it then has,
 * so it is the same on every peer.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { KeyHash } from '../../lib/key-hash.ts';
import type { Random } from '../../lib/random.ts';
import { HASH_REMOVE, HashValue } from '../hash-value.ts';
import { PACKED_BYTES_MAX } from '../limits.ts';
import { PackedHash, packedHashWriter } from '../packed-hash.ts';
import { DeltaWriter, PieceReader } from '../pieces.ts';
import { COLD, NEED_VALUE, type Found, type Storage } from '../storage.ts';
import { HASH } from '../value-type.ts';
import { blockKey, blocksSpaceOf } from './block-keys.ts';
import { Blocks } from './blocks.ts';
import {
  Directory, DirectoryDelta, type DirectoryEntry, type DirectoryHead,
} from './directory.ts';
import { cutByHash, deltaOfAll, hashesOf, oneHashOf, partOf, type OneHash } from './hashes.ts';
import { BLOCK_BYTES_MAX, BLOCK_BYTES_MIN, MEDIUM_BYTES_MAX } from './limits.ts';

const directoryDelta = new DirectoryDelta();
/** One pair or field of a delta with many. */
const oneDelta = new DeltaWriter();

export interface CollectionLimits {
  readonly mediumBytesMax: number;
  readonly blockBytesMax: number;
  readonly blockBytesMin: number;
}

const LIMITS: CollectionLimits = {
  mediumBytesMax: MEDIUM_BYTES_MAX, blockBytesMax: BLOCK_BYTES_MAX, blockBytesMin: BLOCK_BYTES_MIN,
};

export class CollectionChange {
  readonly #storage: Storage;
  readonly #limits: CollectionLimits;

  /** `limits`: smaller ones for tests. */
  constructor(storage: Storage, limits = LIMITS) {
    this.#storage = storage;
    this.#limits = limits;
  }

  /**
   * Applies a delta to the hash at a key, or makes one; the key must not hold another type, and
   * must not be expired. Returns by how many fields the hash has grown. The key goes with its last
   * field. `random` gives a large hash its salt.
   */
  apply(space: number, key: ByteRange, delta: ByteRange, random: Random): number {
    const found = this.#find(space, key);
    if (found?.live instanceof Directory) return this.#applyLarge(space, key, found, delta);
    const { hash, change } = this.#applyOne(space, key, found, delta);
    if (hash === undefined || hash.size < 2) return change;
    if (hash.baseBytes > this.#limits.mediumBytesMax) {
      this.#enlarge(space, key, hash, found?.expireAt ?? 0, random);
    }
    return change;
  }

  // ---- In one piece -----------------------------------------------------------------------------

  #find(space: number, key: ByteRange): Found | undefined {
    const found = this.#storage.find(space, key, NEED_VALUE);
    return found === COLD ? this.#storage.findNow(space, key, NEED_VALUE) : found;
  }

  /** `hash`: as it is then, unless it is small or gone. */
  #applyOne(space: number, key: ByteRange, found: Found | undefined, delta: ByteRange): {
    readonly hash: HashValue | undefined; readonly change: number;
  } {
    const hash = found === undefined ? null : oneHashOf(found);
    if (hash instanceof HashValue) return this.#changeLive(space, key, hash, delta);
    const packed = packedHashWriter.change(hash, delta);
    if (packed === undefined) return this.#grow(space, key, hash, delta);
    if (packedHashWriter.isEmpty) this.#storage.remove(space, key);
    else this.#storage.putPacked(space, key, HASH, packed, hash?.expireAt ?? 0);
    return { hash: undefined, change: packedHashWriter.growth };
  }

  #changeLive(space: number, key: ByteRange, hash: HashValue, delta: ByteRange): {
    readonly hash: HashValue | undefined; readonly change: number;
  } {
    const before = hash.size;
    this.#storage.change(space, key, delta);
    const change = hash.size - before;
    if (hash.size > 0) return { hash, change };
    this.#storage.remove(space, key);
    return { hash: undefined, change };
  }

  /** A small hash, or none, with a delta that makes it a medium one. */
  #grow(space: number, key: ByteRange, hash: PackedHash | null, delta: ByteRange): {
    readonly hash: HashValue; readonly change: number;
  } {
    const grown = hash === null ? HashValue.withRoom(delta.length) : HashValue.ofPacked(hash);
    const before = grown.size;
    grown.applyDelta(delta.buf, delta.start, delta.end, delta.words);
    this.#storage.putLive(space, key, grown, hash?.expireAt ?? 0);
    return { hash: grown, change: grown.size - before };
  }

  // ---- In blocks --------------------------------------------------------------------------------

  #applyLarge(space: number, key: ByteRange, found: Found, delta: ByteRange): number {
    const directory = found.live as Directory;
    const before = directory.size;
    const hasher = new KeyHash(directory.head.salt);
    const blocks = new Blocks(this.#storage, directory);
    const isRemoval = delta.buf[delta.start] === HASH_REMOVE;
    const pieces = new PieceReader(delta.buf, delta.start + 1, delta.end);
    while (pieces.hasMore) {
      const from = pieces.at;
      pieces.next();
      hasher.hash(pieces.buf, pieces.start, pieces.end);
      if (!isRemoval) pieces.next();
      oneDelta.begin(delta.buf[delta.start]!);
      oneDelta.raw(pieces.buf, from, pieces.at);
      this.#applyToBlock(space, key, blocks, directory.entryOf(hasher.lo), oneDelta.finish());
    }
    const change = directory.size - before;
    if (directory.size === 0) this.#storage.remove(space, key);
    else if (directory.length === 1) this.#maybeShrink(space, key, blocks, found.expireAt);
    return change;
  }

  #applyToBlock(
    space: number, key: ByteRange, blocks: Blocks, entry: number, delta: ByteRange,
  ): void {
    const block = blocks.get(entry);
    const { change } = this.#applyOne(blocks.space, blocks.keyOf(entry), block, delta);
    this.#storage.change(space, key,
      change === 0 ? directoryDelta.touch() : directoryDelta.count(entry, change));
    if (blocks.directory.countOf(entry) === 0) {
      this.#storage.change(space, key, directoryDelta.drop(entry));
      return;
    }
    const after = oneHashOf(blocks.get(entry));
    if (change >= 0) this.#maybeSplit(space, key, blocks, entry, after);
    else this.#maybeJoin(space, key, blocks, entry, after);
  }

  /** Cuts a block that has become too large; the first part keeps its number. */
  #maybeSplit(
    space: number, key: ByteRange, blocks: Blocks, entry: number, block: OneHash,
  ): void {
    const { blockBytesMax } = this.#limits;
    if (block.baseBytes <= blockBytesMax || block.size < 2) return;
    const { directory } = blocks;
    const hashes = hashesOf(block, directory.head.salt);
    const [first, ...others] = cutByHash(block, hashes, blockBytesMax);
    if (others.length === 0) return;
    const parts = others.map((positions) =>
      ({ start: hashes[positions[0]!]!, hash: partOf(block, positions) }));
    this.#putBlock(blocks, directory.blockOf(entry), partOf(block, first!));
    for (const { start, hash } of parts.toReversed()) {
      const number = directory.nextBlock;
      const count = hash.size;
      this.#putBlock(blocks, number, hash);
      this.#storage.change(space, key, directoryDelta.split(entry, { start, block: number, count }));
    }
  }

  /** Moves the fields of the next block, or of the one before, to one that has become small. */
  #maybeJoin(space: number, key: ByteRange, blocks: Blocks, entry: number, block: OneHash): void {
    const { directory } = blocks;
    const { blockBytesMax, blockBytesMin } = this.#limits;
    if (block.baseBytes >= blockBytesMin || directory.length < 2) return;
    const first = entry + 1 < directory.length ? entry : entry - 1;
    const [into, from] = [oneHashOf(blocks.get(first)), oneHashOf(blocks.get(first + 1))];
    if (into.baseBytes + from.baseBytes > blockBytesMax / 2) return;
    const moved = from.size;
    const all = deltaOfAll(from);
    this.#applyOne(blocks.space, blocks.keyOf(first), blocks.get(first), all);
    this.#storage.remove(blocks.space, blocks.keyOf(first + 1));
    this.#storage.change(space, key, directoryDelta.drop(first + 1));
    this.#storage.change(space, key, directoryDelta.count(first, moved));
  }

  #putBlock({ directory, space }: Blocks, block: number, hash: HashValue): void {
    const base = hash.encodeBase();
    const key = blockKey(directory.head.id, block);
    this.#find(space, key);
    if (base.length > PACKED_BYTES_MAX) this.#storage.putLive(space, key, hash, 0);
    else this.#storage.putPacked(space, key, HASH, new ByteRange(base), 0);
  }

  // ---- From one piece to blocks, and back -------------------------------------------------------

  #enlarge(
    space: number, key: ByteRange, hash: HashValue, expireAt: number, random: Random,
  ): void {
    const salt = { a: random.next(), b: random.next() };
    const { longest, peak } = hash;
    const head: DirectoryHead = {
      type: HASH, space: blocksSpaceOf(space), id: this.#storage.uniqueNumber(), salt, longest, peak,
    };
    const hashes = hashesOf(hash, salt);
    const parts = cutByHash(hash, hashes, this.#limits.blockBytesMax);
    const entries = parts.map((positions, block): DirectoryEntry => ({
      start: block === 0 ? 0 : hashes[positions[0]!]!, block, count: positions.length,
    }));
    const directory = new Directory(head, entries, parts.length);
    const blocks = new Blocks(this.#storage, directory);
    parts.forEach((positions, block) => this.#putBlock(blocks, block, partOf(hash, positions)));
    this.#find(space, key);
    this.#storage.putLive(space, key, directory, expireAt);
  }

  /** A large hash with one block becomes a medium one, or a small one when it is next read. */
  #maybeShrink(space: number, key: ByteRange, blocks: Blocks, expireAt: number): void {
    const block = oneHashOf(blocks.get(0));
    if (block.baseBytes > this.#limits.mediumBytesMax / 2) return;
    const { longest, peak } = blocks.directory.head;
    const hash = partOf(block, Array.from({ length: block.size }, (_, position) => position));
    hash.noteHistory(longest, peak);
    this.#storage.remove(blocks.space, blocks.keyOf(0));
    this.#find(space, key);
    this.#storage.putLive(space, key, hash, expireAt);
  }
}
