/**
 * The one way in which a collection changes: a delta, whatever the collection's size. What the
 * change makes of it (small to medium to large, and back) follows from the bytes that it then has,
 * so it is the same on every peer.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { Random } from '../../lib/random.ts';
import { HashBlock } from './hash-block.ts';
import { HASH_SET } from './hash-delta.ts';
import { packedHashWriter, type PackedHash } from './packed-hash.ts';
import { PieceReader } from '../pieces.ts';
import { COLD, NEED_VALUE, type Found, type Storage } from '../storage.ts';
import { HASH } from '../value-type.ts';
import { blocksSpaceOf } from './block-keys.ts';
import { cutByHash, deltaOfAll, hashOf, hashesOf, partOf } from './hashes.ts';
import { LargeDelta } from './large-delta.ts';
import { LargeHash } from './large-hash.ts';
import { COLLECTION_LIMITS, type CollectionLimits } from './limits.ts';

const largeDelta = new LargeDelta();

export class CollectionChange {
  readonly #storage: Storage;
  readonly #limits: CollectionLimits;

  /** `limits`: smaller ones for tests. */
  constructor(storage: Storage, limits: CollectionLimits = COLLECTION_LIMITS) {
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
    if (found?.live instanceof LargeHash) {
      return this.#applyLarge(space, key, found.live, delta, found.expireAt);
    }
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
    readonly hash: HashBlock | undefined; readonly change: number;
  } {
    const hash = found === undefined ? null : hashOf(found) as PackedHash | HashBlock;
    if (hash instanceof HashBlock) return this.#changeLive(space, key, hash, delta);
    const packed = packedHashWriter.change(hash, delta);
    if (packed === undefined) return this.#grow(space, key, hash, delta);
    if (packedHashWriter.isEmpty) this.#storage.remove(space, key);
    else this.#storage.putPacked(space, key, HASH, packed, hash?.expireAt ?? 0);
    return { hash: undefined, change: packedHashWriter.growth };
  }

  #changeLive(space: number, key: ByteRange, hash: HashBlock, delta: ByteRange): {
    readonly hash: HashBlock | undefined; readonly change: number;
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
    readonly hash: HashBlock; readonly change: number;
  } {
    const grown = hash === null ? new HashBlock(delta.length) : HashBlock.ofPacked(hash);
    const before = grown.size;
    grown.applyDelta(delta.buf, delta.start, delta.end, delta.words);
    this.#storage.putLive(space, key, grown, hash?.expireAt ?? 0);
    return { hash: grown, change: grown.size - before };
  }

  // ---- In blocks --------------------------------------------------------------------------------

  #applyLarge(
    space: number, key: ByteRange, large: LargeHash, delta: ByteRange, expireAt: number,
  ): number {
    const { directory } = large;
    const before = large.size;
    const op = delta.buf[delta.start]!;
    const pieces = new PieceReader(delta.buf, delta.start + 1, delta.end);
    while (pieces.hasMore) {
      const from = pieces.at;
      pieces.next();
      const { buf, start, end } = pieces;
      if (op === HASH_SET) pieces.next();
      const entry = directory.entryOf(large.hashOf(buf, start, end));
      // In RAM before it is changed.
      directory.block(entry);
      this.#storage.change(space, key, largeDelta.change(entry, op, buf, from, pieces.at));
      if (op === HASH_SET) this.#maybeSplit(space, key, large, entry);
      else this.#maybeJoin(space, key, large, entry);
    }
    const growth = large.size - before;
    if (large.size === 0) this.#storage.remove(space, key);
    else if (directory.length === 1) this.#maybeShrink(space, key, large, expireAt);
    return growth;
  }

  /** Cuts a block that has become too large; the first part keeps its number. */
  #maybeSplit(space: number, key: ByteRange, large: LargeHash, entry: number): void {
    const { directory } = large;
    const { blockBytesMax } = this.#limits;
    const block = directory.block(entry);
    if (block.baseBytes <= blockBytesMax || block.size < 2) return;
    const hashes = hashesOf(block, large.head.salt);
    const [first, ...others] = cutByHash(block, hashes, blockBytesMax);
    if (others.length === 0) return;
    const parts = others.map((positions) =>
      ({ start: hashes[positions[0]!]!, hash: partOf(block, positions, large.hasher) }));
    directory.rewriteBlock(entry, partOf(block, first!, large.hasher));
    for (const { start, hash } of parts.toReversed()) {
      const number = directory.nextBlock;
      directory.writeNewBlock(number, hash);
      this.#storage.change(space, key, largeDelta.split(entry, start, number, hash.size));
      directory.keepBlock(entry + 1, hash);
    }
  }

  /** Takes away a block that has become empty, or joins one that has become small with another. */
  #maybeJoin(space: number, key: ByteRange, large: LargeHash, entry: number): void {
    const { directory } = large;
    if (directory.countOf(entry) === 0) {
      directory.removeBlock(entry);
      this.#storage.change(space, key, largeDelta.drop(entry));
      return;
    }
    const { blockBytesMax, blockBytesMin } = this.#limits;
    if (directory.block(entry).baseBytes >= blockBytesMin || directory.length < 2) return;
    const first = entry + 1 < directory.length ? entry : entry - 1;
    const [into, from] = [directory.block(first), directory.block(first + 1)];
    if (into.baseBytes + from.baseBytes > blockBytesMax / 2) return;
    const joined = into.copy();
    const { buf, start, end } = deltaOfAll(from);
    joined.applyDelta(buf, start, end);
    directory.removeBlock(first + 1);
    directory.rewriteBlock(first, joined);
    this.#storage.change(space, key, largeDelta.join(first));
  }

  // ---- From one piece to blocks, and back -------------------------------------------------------

  #enlarge(
    space: number, key: ByteRange, hash: HashBlock, expireAt: number, random: Random,
  ): void {
    const salt = { a: random.next(), b: random.next() };
    const { longest, peak } = hash;
    const id = this.#storage.uniqueNumber();
    const head = { space: blocksSpaceOf(space), id, salt, longest, peak };
    const hashes = hashesOf(hash, salt);
    const parts = cutByHash(hash, hashes, this.#limits.blockBytesMax);
    const entries = parts.map((positions, block) =>
      ({ start: block === 0 ? 0 : hashes[positions[0]!]!, block, count: positions.length }));
    const large = new LargeHash(
      this.#storage.blocks, head, { entries, nextBlock: parts.length, sequence: 0 });
    parts.forEach((positions, entry) =>
      large.directory.rewriteBlock(entry, partOf(hash, positions, large.hasher)));
    this.#find(space, key);
    this.#storage.putLive(space, key, large, expireAt);
  }

  /** A large hash with one block becomes a medium one, or a small one when it is next read. */
  #maybeShrink(space: number, key: ByteRange, large: LargeHash, expireAt: number): void {
    const block = large.directory.block(0);
    if (block.baseBytes > this.#limits.mediumBytesMax / 2) return;
    const hash = block.copy();
    hash.noteHistory(large.head.longest, large.head.peak);
    large.directory.removeBlock(0);
    this.#find(space, key);
    this.#storage.putLive(space, key, hash, expireAt);
  }
}
