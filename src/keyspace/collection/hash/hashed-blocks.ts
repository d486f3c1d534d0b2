/**
 * Blocks by the salted hash of what is looked for in them (block-directory.ts): the fields of large
 * hashes, the members of large sets and sorted sets. All of equal hash are in one block; the first
 * entry starts at 0. A position counts through the blocks in the order of their hashes; a scan goes
 * by the hashes, since positions move when blocks grow.
 *
 *     head of a base:  longest | peak | salt a | salt b          all varints
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import type { KeyHash, KeyHashSeed } from '../../../lib/key-hash.ts';
import type { Random } from '../../../lib/random.ts';
import type { HashPage } from './hash-view.ts';
import { LOOKAHEAD_KEYS_MAX } from '../../limits.ts';
import type { DeltaWriter, PieceReader } from '../../pieces.ts';
import { BlockDirectory } from '../block-directory.ts';
import type { DirectoryBase } from '../directory-options.ts';
import { HashBlock } from './hash-block.ts';
import { HASH_EXPIRE, HASH_SET_EXPIRING, type HashType } from './hash-delta.ts';
import { expiredByTimes } from './field-times.ts';
import { HashShape } from './hash-shape.ts';
import type { BlockPlace } from '../large-collection.ts';
import type { BlockPart } from '../large-edit.ts';
import { NUMBERS, entryOfNumber } from '../separators.ts';

const HASHES = 2 ** 32;

export interface HashedHead {
  /** Seed of the hash of its fields. */
  readonly salt: KeyHashSeed;
  /** Of the collection before it became large: what OBJECT ENCODING goes by. */
  readonly longest: number;
  readonly peak: number;
}

export function writeHashedHead(writer: DeltaWriter, { longest, peak, salt }: HashedHead): void {
  for (const number of [longest, peak, salt.a, salt.b]) writer.number(number);
}

export function readHashedHead(reader: PieceReader): HashedHead {
  const [longest, peak] = [reader.number(), reader.number()];
  return { longest, peak, salt: { a: reader.number(), b: reader.number() } };
}

/** Blocks and a directory for all that one block has. */
export interface HashedParts {
  readonly head: HashedHead;
  readonly base: DirectoryBase<number>;
  readonly parts: readonly BlockPart<HashBlock, number>[];
}

export function cutHashed(block: HashBlock, bytesMax: number, random: Random): HashedParts {
  const salt = { a: random.next(), b: random.next() };
  const { longest, peak } = block;
  const parts = new HashShape(salt).cut(block, bytesMax);
  const entries = parts.map((part, at) =>
    ({ start: at === 0 ? 0 : part.start, block: at, count: part.block.size }));
  const base = { entries, nextBlock: parts.length, sequence: 0 };
  return { head: { salt, longest, peak }, base, parts };
}

/** Of one look ahead. */
const aheadHashes = new Float64Array(LOOKAHEAD_KEYS_MAX);
const aheadBlocks: (HashBlock | undefined)[] = Array.from({ length: LOOKAHEAD_KEYS_MAX });

export class HashedBlocks {
  readonly directory: BlockDirectory<HashBlock, number>;
  readonly shape: HashShape;
  /** Of its fields; its blocks have it too. */
  readonly hasher: KeyHash;
  /** Means nothing: keeps the compiler from dropping reads whose result nobody needs. */
  sink = 0;
  /** The entry that was read last by position, and the position of its first field; -1: none. */
  #readEntry = -1;
  #readFirst = 0;

  /** `tag`: of its directory. */
  constructor(
    type: HashType, place: BlockPlace, { salt }: HashedHead, id: number,
    base: DirectoryBase<number>, tag: number,
  ) {
    this.shape = new HashShape(salt);
    this.hasher = this.shape.hasher;
    this.directory = new BlockDirectory({
      separators: NUMBERS, port: place.port, space: place.space, id, tag, ...base,
      decode: (buf, start, end) => HashBlock.ofBase(type, buf, start, end, this.hasher),
      mayExpire: (op) => op === HASH_SET_EXPIRING || op === HASH_EXPIRE,
    });
  }

  /** The entry whose block has the fields of this hash. */
  entryOf(hash: number): number {
    return entryOfNumber(this.directory.starts, hash);
  }

  hashOf(buf: Buffer, start: number, end: number): number {
    this.hasher.hash(buf, start, end);
    return this.hasher.lo;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  find(field: ByteRange): number {
    const hash = this.#hashOf(field);
    const entry = this.entryOf(hash);
    const at = this.directory.block(entry).findHashed(field, hash);
    return at < 0 ? -1 : this.directory.countBefore(entry) + at;
  }

  get(field: ByteRange): ByteRange | undefined {
    const hash = this.#hashOf(field);
    const block = this.directory.block(this.entryOf(hash));
    const at = block.findHashed(field, hash);
    return at < 0 ? undefined : block.valueAt(at);
  }

  has(field: ByteRange): boolean {
    const hash = this.#hashOf(field);
    return this.directory.block(this.entryOf(hash)).findHashed(field, hash) >= 0;
  }

  /** See LiveValue.lookAhead. Blocks that are not in RAM are left to the look-ups. */
  lookAhead(buf: Buffer, starts: Int32Array, ends: Int32Array, all: number): void {
    const { directory } = this;
    const count = Math.min(all, LOOKAHEAD_KEYS_MAX);
    let sink = 0;
    for (let i = 0; i < count; i++) {
      const hash = this.hashOf(buf, starts[i]!, ends[i]!);
      const block = directory.peek(this.entryOf(hash));
      aheadHashes[i] = hash;
      aheadBlocks[i] = block;
      if (block !== undefined) sink ^= block.touchTable(hash);
    }
    for (let i = 0; i < count; i++) {
      const block = aheadBlocks[i];
      if (block !== undefined) sink ^= block.touchPair(aheadHashes[i]!);
      aheadBlocks[i] = undefined;
    }
    this.sink = sink;
  }

  fieldAt(position: number): ByteRange {
    return this.#blockAt(position).fieldAt(position - this.#readFirst);
  }

  valueAt(position: number): ByteRange {
    return this.#blockAt(position).valueAt(position - this.#readFirst);
  }

  expiryAt(position: number): number {
    return this.#blockAt(position).expiryAt(position - this.#readFirst);
  }

  /** How many fields of an entry have expired. */
  expiredIn(entry: number, nowMs: number): number {
    const { directory } = this;
    return expiredByTimes(directory.timesOf(entry), nowMs)
      ?? directory.block(entry).expiredIn(0, nowMs);
  }

  /**
   * The cursor is 2^32 and the lowest hash that was not visited: so it is not one of a collection
   * in one piece, from which a scan begins again. Equal hashes are in one page.
   */
  scan(cursor: number, count: number): HashPage {
    const from = cursor < HASHES ? 0 : cursor - HASHES;
    if (from >= HASHES) return { positions: [], cursor: 0 };
    const { directory } = this;
    const entry = this.entryOf(from);
    const block = directory.block(entry);
    const first = directory.countBefore(entry);
    const found = Array.from({ length: block.size }, (_, at) => {
      const { buf, start, end } = block.fieldAt(at);
      return { hash: this.hashOf(buf, start, end), position: first + at };
    }).filter((one) => one.hash >= from);
    found.sort((a, b) => a.hash - b.hash || a.position - b.position);
    let end = Math.min(count, found.length);
    while (end < found.length && found[end]!.hash === found[end - 1]!.hash) end++;
    const behind = entry + 1 < directory.length ? directory.starts[entry + 1]! : HASHES;
    const next = found[end]?.hash ?? behind;
    const positions = found.slice(0, end).map(({ position }) => position);
    return { positions, cursor: next < HASHES ? HASHES + next : 0 };
  }

  #hashOf({ buf, start, end }: ByteRange): number {
    return this.hashOf(buf, start, end);
  }

  #blockAt(position: number): HashBlock {
    const { directory } = this;
    const isHere = this.#readEntry >= 0 && position >= this.#readFirst &&
      position < this.#readFirst + directory.countOf(this.#readEntry);
    if (!isHere) {
      this.#readEntry = directory.entryAt(position);
      this.#readFirst = directory.countBefore(this.#readEntry);
    }
    return directory.block(this.#readEntry);
  }

  /** To be called when a delta comes: positions move. */
  forgetPositions(): void {
    this.#readEntry = -1;
  }
}
