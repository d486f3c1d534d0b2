/**
 * A large hash: blocks by the salted hash of the field (block-directory.ts). All fields of equal
 * hash are in one block; the first entry starts at 0. A position counts through the blocks in the
 * order of their hashes; a scan goes by the hashes, since positions move when blocks grow.
 *
 *     base:  version 1 | longest | peak | space | id | salt a | salt b | directory; all varints
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import { KeyHash, type KeyHashSeed } from '../../lib/key-hash.ts';
import type { HashPage, HashView } from './hash-view.ts';
import { LOOKAHEAD_KEYS_MAX } from '../limits.ts';
import type { LiveValue, Snapshot } from '../live-value.ts';
import { DeltaWriter, PieceReader } from '../pieces.ts';
import { HASH } from '../value-type.ts';
import { BlockDirectory, readDirectory, type DirectoryOptions } from './block-directory.ts';
import type { BlockPort } from './block-port.ts';
import { HashBlock } from './hash-block.ts';
import { onePage } from './one-page.ts';

const VERSION = 1;
const HASHES = 2 ** 32;

/** Bytes of a base before the directory, at most. */
const HEAD_BYTES = 50;

export interface LargeHead {
  /** Where its blocks are, and under which id. */
  readonly space: number;
  readonly id: number;
  /** Seed of the hash of its fields. */
  readonly salt: KeyHashSeed;
  /** Of the hash before it became large: what OBJECT ENCODING goes by. */
  readonly longest: number;
  readonly peak: number;
}

/** Of one look ahead. */
const aheadHashes = new Float64Array(LOOKAHEAD_KEYS_MAX);
const aheadBlocks: (HashBlock | undefined)[] = Array.from({ length: LOOKAHEAD_KEYS_MAX });

type Entries = Pick<DirectoryOptions<HashBlock>, 'nextBlock' | 'sequence' | 'entries'>;

export class LargeHash implements LiveValue, HashView {
  readonly type = HASH;
  readonly isLarge = true;
  readonly head: LargeHead;
  readonly directory: BlockDirectory<HashBlock>;
  /** Of its fields; its blocks have it too. */
  readonly hasher: KeyHash;
  /** Means nothing: keeps the compiler from dropping reads whose result nobody needs. */
  sink = 0;
  /** The entry that was read last by position, and the position of its first field; -1: none. */
  #readEntry = -1;
  #readFirst = 0;

  constructor(port: BlockPort, head: LargeHead, entries: Entries) {
    this.head = head;
    this.hasher = new KeyHash(head.salt);
    this.directory = new BlockDirectory({
      port, space: head.space, id: head.id, ...entries,
      decode: (buf, start, end) => HashBlock.ofBase(buf, start, end, this.hasher),
    });
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(port: BlockPort, buf: Buffer, start: number, end: number): LargeHash {
    const reader = new PieceReader(buf, start, end);
    const version = reader.number();
    if (version !== VERSION) {
      throw new Error(`assertion failed: a directory of version ${version}, allowed is ${VERSION}`);
    }
    const [longest, peak, space] = [reader.number(), reader.number(), reader.number()];
    const id = reader.number();
    const salt = { a: reader.number(), b: reader.number() };
    return new LargeHash(port, { space, id, salt, longest, peak }, readDirectory(reader));
  }

  get size(): number {
    return this.directory.size;
  }

  get memoryBytes(): number {
    return this.directory.memoryBytes;
  }

  get baseBytes(): number {
    return HEAD_BYTES + this.directory.baseBytes;
  }

  get dirtyBytes(): number {
    return this.directory.dirtyBytes;
  }

  beginUse(bytes: number): void {
    this.directory.beginUse(bytes);
  }

  release(bytes: number, mayWrite: () => boolean): number {
    return this.directory.release(bytes, mayWrite);
  }

  hashOf(buf: Buffer, start: number, end: number): number {
    this.hasher.hash(buf, start, end);
    return this.hasher.lo;
  }

  // ---- Reading ----------------------------------------------------------------------------------

  get longest(): number {
    return this.head.longest;
  }

  /** So that it is never one that a scan gives in one page. */
  get peak(): number {
    return Infinity;
  }

  find(field: ByteRange): number {
    const hash = this.#hashOf(field);
    const entry = this.directory.entryOf(hash);
    const at = this.directory.block(entry).findHashed(field, hash);
    return at < 0 ? -1 : this.directory.countBefore(entry) + at;
  }

  get(field: ByteRange): ByteRange | undefined {
    const hash = this.#hashOf(field);
    const block = this.directory.block(this.directory.entryOf(hash));
    const at = block.findHashed(field, hash);
    return at < 0 ? undefined : block.valueAt(at);
  }

  has(field: ByteRange): boolean {
    const hash = this.#hashOf(field);
    return this.directory.block(this.directory.entryOf(hash)).findHashed(field, hash) >= 0;
  }

  /** See LiveValue.lookAhead. Blocks that are not in RAM are left to the look-ups. */
  lookAhead(buf: Buffer, starts: Int32Array, ends: Int32Array, all: number): void {
    const { directory } = this;
    const count = Math.min(all, LOOKAHEAD_KEYS_MAX);
    let sink = 0;
    for (let i = 0; i < count; i++) {
      const hash = this.hashOf(buf, starts[i]!, ends[i]!);
      const block = directory.peek(directory.entryOf(hash));
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

  /**
   * The cursor is 2^32 and the lowest hash that was not visited: so it is not one of a hash in one
   * piece, from which a scan begins again. Equal hashes are in one page.
   */
  scan(cursor: number, count: number): HashPage {
    const from = cursor < HASHES ? 0 : cursor - HASHES;
    if (from >= HASHES) return { positions: [], cursor: 0 };
    const { directory } = this;
    const entry = directory.entryOf(from);
    const block = directory.block(entry);
    const first = directory.countBefore(entry);
    const found = Array.from({ length: block.size }, (_, at) => {
      const { buf, start, end } = block.fieldAt(at);
      return { hash: this.hashOf(buf, start, end), position: first + at };
    }).filter((one) => one.hash >= from);
    found.sort((a, b) => a.hash - b.hash || a.position - b.position);
    let end = Math.min(count, found.length);
    while (end < found.length && found[end]!.hash === found[end - 1]!.hash) end++;
    const behind = entry + 1 < directory.length ? directory.startOf(entry + 1) : HASHES;
    const next = found[end]?.hash ?? behind;
    const positions = found.slice(0, end).map(({ position }) => position);
    return { positions, cursor: next >= HASHES ? 0 : HASHES + next };
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

  // ---- Changing ---------------------------------------------------------------------------------

  applyDelta(buf: Buffer, start: number, end: number): void {
    this.#readEntry = -1;
    this.directory.applyDelta(buf, start, end);
  }

  /** Its blocks are copied one by one (left-over-blocks.ts). */
  copy(): LargeHash {
    throw new Error('assertion failed: a large hash is copied block by block');
  }

  encodeBase(): Buffer {
    const snapshot = this.snapshot();
    let base = snapshot.next();
    while (base === 'step') base = snapshot.next();
    return base!;
  }

  /** What it is now, in one page; the steps before write the blocks that were changed until now. */
  snapshot(): Snapshot {
    return onePage(this.#encode(), this.directory.snapshotSteps());
  }

  #encode(): Buffer {
    const { longest, peak, space, id, salt } = this.head;
    const writer = new DeltaWriter();
    writer.restart();
    for (const number of [VERSION, longest, peak, space, id, salt.a, salt.b]) writer.number(number);
    this.directory.encode(writer);
    return writer.finish().copy();
  }
}
