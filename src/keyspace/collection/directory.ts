/**
 * The directory of a large collection whose elements are spread by a hash: which block has which
 * hashes, and how many elements. It is all that the key's own record holds; the elements are in
 * the blocks (block-keys.ts).
 *
 *     entry   start        block   count         hash 0x8000_1234 is in block 3
 *     0       0            0       410
 *     1       0x4000_0000  3       388
 *     2       0xc000_0000  1       402
 *
 * Invariants: entry 0 starts at 0, starts go up, each block has one entry and no count is 0.
 *
 * A base: version 1 | longest | peak | space | id | salt a | salt b | next block | entries, then
 * for each entry: start less that of the one before | block | count; all varints. Of deltas the
 * first byte says which; then varints:
 *
 *     TOUCH  01                                      an element changed: the key has, its counts not
 *     COUNT  02 | entry | 2 * change, or 2 * -change - 1
 *     SPLIT  03 | entry | start | block | count      that many elements went to a new entry behind
 *     DROP   04 | entry                              the block is gone, its hashes are the neighbour's
 */

import { ByteRange } from '../../lib/byte-range.ts';
import type { KeyHashSeed } from '../../lib/key-hash.ts';
import type { LiveValue, Snapshot } from '../live-value.ts';
import { DeltaWriter, PieceReader } from '../pieces.ts';
import type { ValueType } from '../value-type.ts';

const VERSION = 1;
const TOUCH = 1;
const COUNT = 2;
const SPLIT = 3;
const DROP = 4;

/** RAM of a directory, and of an entry: three numbers in arrays that may be half empty. */
const EMPTY_BYTES = 600;
const ENTRY_RAM_BYTES = 36;

/** Bytes of a base without entries, at most, and of an entry, about. */
const HEAD_BYTES = 50;
const ENTRY_BYTES = 9;

export interface DirectoryHead {
  readonly type: ValueType;
  /** Where its blocks are, and under which id. */
  readonly space: number;
  readonly id: number;
  /** Seed of the hash of its elements. */
  readonly salt: KeyHashSeed;
  /** Of the collection before it became large: what OBJECT ENCODING goes by. */
  readonly longest: number;
  readonly peak: number;
}

/** What a block has when a directory is made. */
export interface DirectoryEntry {
  readonly start: number;
  readonly block: number;
  readonly count: number;
}

export class Directory implements LiveValue {
  readonly head: DirectoryHead;
  readonly #starts: number[] = [];
  readonly #blocks: number[] = [];
  readonly #counts: number[] = [];
  #size = 0;
  #nextBlock: number;

  constructor(head: DirectoryHead, entries: readonly DirectoryEntry[], nextBlock: number) {
    this.head = head;
    this.#nextBlock = nextBlock;
    for (const { start, block, count } of entries) {
      this.#starts.push(start);
      this.#blocks.push(block);
      this.#counts.push(count);
      this.#size += count;
    }
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(type: ValueType, buf: Buffer, start: number, end: number): Directory {
    const reader = new PieceReader(buf, start, end);
    const version = reader.number();
    if (version !== VERSION) {
      throw new Error(`assertion failed: a directory of version ${version}, allowed is ${VERSION}`);
    }
    const [longest, peak, space] = [reader.number(), reader.number(), reader.number()];
    const id = reader.number();
    const salt = { a: reader.number(), b: reader.number() };
    const [nextBlock, length] = [reader.number(), reader.number()];
    const entries: DirectoryEntry[] = [];
    for (let at = 0; entries.length < length;) {
      at += reader.number();
      entries.push({ start: at, block: reader.number(), count: reader.number() });
    }
    return new Directory({ type, space, id, salt, longest, peak }, entries, nextBlock);
  }

  get type(): ValueType {
    return this.head.type;
  }

  /** Its record has a mark that tells it from a collection in one piece. */
  get isLarge(): true {
    return true;
  }

  /** Elements in all blocks. */
  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return EMPTY_BYTES + this.#starts.length * ENTRY_RAM_BYTES;
  }

  get baseBytes(): number {
    return HEAD_BYTES + this.#starts.length * ENTRY_BYTES;
  }

  /** How many blocks it has. */
  get length(): number {
    return this.#starts.length;
  }

  /** The number that the next block gets. */
  get nextBlock(): number {
    return this.#nextBlock;
  }

  blockOf(entry: number): number {
    return this.#blocks[entry]!;
  }

  countOf(entry: number): number {
    return this.#counts[entry]!;
  }

  startOf(entry: number): number {
    return this.#starts[entry]!;
  }

  /** Where the hashes of the entry end: the start of the next one, or 2^32. */
  endOf(entry: number): number {
    return this.#starts[entry + 1] ?? 2 ** 32;
  }

  /** The entry whose block has the elements of this hash. */
  entryOf(hash: number): number {
    const starts = this.#starts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle]! <= hash) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  applyDelta(buf: Buffer, start: number, end: number): void {
    const reader = new PieceReader(buf, start + 1, end);
    switch (buf[start]) {
      case TOUCH: return;
      case COUNT: return this.#count(reader.number(), reader.number());
      case SPLIT: return this.#split(reader);
      case DROP: return this.#drop(reader.number());
      default: throw new Error(`assertion failed: a delta of a directory begins with ${buf[start]}`);
    }
  }

  copy(): Directory {
    const entries = this.#starts.map((start, i) =>
      ({ start, block: this.#blocks[i]!, count: this.#counts[i]! }));
    return new Directory(this.head, entries, this.#nextBlock);
  }

  encodeBase(): Buffer {
    const { longest, peak, space, id, salt } = this.head;
    const writer = new DeltaWriter();
    writer.restart();
    const { length } = this.#starts;
    const head = [VERSION, longest, peak, space, id, salt.a, salt.b, this.#nextBlock, length];
    for (const number of head) writer.number(number);
    let before = 0;
    for (let i = 0; i < length; i++) {
      const start = this.#starts[i]!;
      writer.number(start - before);
      writer.number(this.#blocks[i]!);
      writer.number(this.#counts[i]!);
      before = start;
    }
    return writer.finish().copy();
  }

  /** In one page: it has a few bytes for each block. */
  snapshot(): Snapshot {
    let base: Buffer | undefined = this.encodeBase();
    const end = (): void => {
      base = undefined;
    };
    const next = (): Buffer | undefined => {
      const page = base;
      end();
      return page;
    };
    return { next, end };
  }

  #count(entry: number, coded: number): void {
    const change = coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2;
    this.#mustHave(entry);
    this.#counts[entry]! += change;
    this.#size += change;
  }

  #split(reader: PieceReader): void {
    const [entry, start, block, count] =
      [reader.number(), reader.number(), reader.number(), reader.number()];
    this.#mustHave(entry);
    this.#counts[entry]! -= count;
    this.#starts.splice(entry + 1, 0, start);
    this.#blocks.splice(entry + 1, 0, block);
    this.#counts.splice(entry + 1, 0, count);
    this.#nextBlock = Math.max(this.#nextBlock, block + 1);
  }

  /** The entry before takes its hashes over, or the one behind if there is none. */
  #drop(entry: number): void {
    this.#mustHave(entry);
    this.#size -= this.#counts[entry]!;
    this.#starts.splice(entry, 1);
    this.#blocks.splice(entry, 1);
    this.#counts.splice(entry, 1);
    if (entry === 0 && this.#starts.length > 0) this.#starts[0] = 0;
  }

  #mustHave(entry: number): void {
    if (entry >= this.#starts.length) {
      throw new Error(`assertion failed: entry ${entry} of a directory of ${this.#starts.length}`);
    }
  }
}

/** Builds deltas of directories, one at a time; each is borrowed until the next. */
export class DirectoryDelta {
  readonly #writer = new DeltaWriter();

  touch(): ByteRange {
    return this.#of(TOUCH, []);
  }

  count(entry: number, change: number): ByteRange {
    return this.#of(COUNT, [entry, change >= 0 ? 2 * change : -2 * change - 1]);
  }

  split(entry: number, behind: DirectoryEntry): ByteRange {
    return this.#of(SPLIT, [entry, behind.start, behind.block, behind.count]);
  }

  drop(entry: number): ByteRange {
    return this.#of(DROP, [entry]);
  }

  #of(op: number, numbers: readonly number[]): ByteRange {
    this.#writer.begin(op);
    for (const number of numbers) this.#writer.number(number);
    return this.#writer.finish();
  }
}
