/**
 * A hash while it is warm: fields and values by position, and an index from field to position once
 * there are more than a few fields.
 *
 *   #pairs    0: "name" "Ada", 1: "age" "36"       #index   "name" → 0, "age" → 1
 *
 * Both are bytes in large pieces of memory and grow in small steps, however large the hash
 * (pair-page.ts, pair-pages.ts, field-index.ts).
 *
 * Positions carry what the protocol promises, so they are part of the value and survive base and
 * delta: the same history gives the same positions on every node and after every reload.
 *  - New fields go to the end, so small hashes list their fields in the order of insertion, as a
 *    listpack of Redis does.
 *  - A removal moves fields to lower positions only: in a small hash those behind the gap close up;
 *    in a large one the last field jumps into the gap, since closing up would cost O(n). So a scan
 *    from the end to the start meets every field that is there throughout, whatever is added,
 *    removed or reloaded meanwhile, and needs no order by hash (see `scanStart`).
 *  - A random field is a random position: uniform, in O(1).
 *
 * Rejected: Map<string, string> alone has no position to scan or pick from; a table ordered by hash
 * needs a seed that all nodes share, which strangers could then collide.
 *
 * A delta is an operation byte and pieces (pieces.ts) to its end:
 *
 *   SET     01 | field | value | field | value ...     HSET k a 1 = 01 01 61 01 31
 *   REMOVE  02 | field | field ...                     HDEL k a   = 02 01 61
 *
 * A REMOVE names only fields that are there, each once: it asserts otherwise.
 *
 * A base is two varints, the longest field or value and the most fields there ever were (what
 * OBJECT ENCODING goes by), then all pairs in order of position:
 *
 *   longest | peak | field | value | field | value ...
 *
 * The pages of a snapshot are the base of the first pairs, and a SET for the pairs of each further
 * page: they come back at the positions that they had.
 */

import { ByteRange } from '../lib/byte-range.ts';
import { WORDS_BYTES_MAX, viewOf, type Bytes } from '../lib/views.ts';
import { scanDown, type HashPage, type HashView } from './hash-view.ts';
import { HASH_PAGE_PAIRS_BITS } from './limits.ts';
import { FieldIndex } from './field-index.ts';
import { HashSnapshot, headBytes, writeHead } from './hash-snapshot.ts';
import type { LiveValue, Snapshot } from './live-value.ts';
import { PairAt } from './pair-page.ts';
import { PairPages } from './pair-pages.ts';
import { PieceReader } from './pieces.ts';
import { HASH } from './value-type.ts';

/**
 * A hash with more fields than this has an index. Measured: walking 16 fields of 10 bytes takes as
 * long as one look-up in an index (0.1 µs), and the index would cost more than three such fields.
 */
export const HASH_INDEXED_FIELDS_MIN = 16;

/**
 * Up to so many fields a removal keeps the order of the others, which takes time proportional to
 * them (15 µs at most). The default of `hash-max-listpack-entries`, up to which Redis keeps it too.
 */
export const HASH_ORDERED_FIELDS_MAX = 512;

/** First bytes of deltas. */
export const HASH_SET = 1;
export const HASH_REMOVE = 2;

/** RAM of a hash beside its pages and its index, by measurement. */
const EMPTY_BYTES = 330;

/** For one pair at a time. */
const pair = new PairAt();

/** The pairs of a small hash (packed-hash.ts). */
interface PackedPairs {
  readonly buf: Buffer;
  readonly start: number;
  readonly end: number;
  readonly longest: number;
  readonly peak: number;
}

export class HashValue implements LiveValue, HashView {
  readonly type = HASH;
  readonly #pairs: PairPages;
  /** Undefined while the hash is so small that walking the fields is as fast, and much smaller. */
  #index: FieldIndex | undefined;
  /** Of the field that was looked for last, if there is an index. */
  #hash = 0;
  #longest = 0;
  #peak = 0;

  constructor(pairs = PairPages.withRoom(0)) {
    this.#pairs = pairs;
  }

  /** Without fields; has room for so many bytes of pairs that will come soon. */
  static withRoom(bytes: number): HashValue {
    return new HashValue(PairPages.withRoom(bytes));
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(buf: Buffer, start: number, end: number): HashValue {
    const reader = new PieceReader(buf, start, end);
    const longest = reader.number();
    const peak = reader.number();
    const hash = HashValue.withRoom(firstPageBytes(new PieceReader(buf, reader.at, end)));
    hash.#setAll(reader, undefined);
    hash.#longest = Math.max(hash.#longest, longest);
    hash.#peak = Math.max(hash.#peak, peak);
    return hash;
  }

  /** The same hash as a small one. */
  static ofPacked({ buf, start, end, longest, peak }: PackedPairs): HashValue {
    const hash = HashValue.withRoom(2 * (end - start));
    hash.#setAll(new PieceReader(buf, start, end), undefined);
    hash.#longest = Math.max(hash.#longest, longest);
    hash.#peak = Math.max(hash.#peak, peak);
    return hash;
  }

  get size(): number {
    return this.#pairs.size;
  }

  get memoryBytes(): number {
    return EMPTY_BYTES + this.#pairs.memoryBytes + (this.#index?.memoryBytes ?? 0);
  }

  get baseBytes(): number {
    return headBytes(this) + this.#pairs.pairBytes;
  }

  /** Length in bytes of the longest field or value that was ever in it. */
  get longest(): number {
    return this.#longest;
  }

  /** The most fields that were ever in it at one time. */
  get peak(): number {
    return this.#peak;
  }

  /** The position of a field, or -1. */
  find({ buf, start, end }: ByteRange): number {
    return this.#find(buf, start, end);
  }

  /** The value of a field; borrowed until the next change. */
  get(field: ByteRange): ByteRange | undefined {
    const at = this.find(field);
    return at < 0 ? undefined : this.valueAt(at);
  }

  has(field: ByteRange): boolean {
    return this.find(field) >= 0;
  }

  /** The field at a position from 0 to size - 1; borrowed until the next change. */
  fieldAt(position: number): ByteRange {
    this.#pairs.locate(position, pair);
    return new ByteRange(pair.buf, pair.fieldStart, pair.fieldEnd, pair.words);
  }

  /** Likewise. */
  valueAt(position: number): ByteRange {
    this.#pairs.locate(position, pair);
    return new ByteRange(pair.buf, pair.valueStart, pair.end, pair.words);
  }

  scan(cursor: number, count: number): HashPage {
    return scanDown(this.size, cursor, count);
  }

  /** It once was a hash with so long a piece, and so many fields. */
  noteHistory(longest: number, peak: number): void {
    this.#longest = Math.max(this.#longest, longest);
    this.#peak = Math.max(this.#peak, peak);
  }

  applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void {
    const op = buf[start];
    const reader = new PieceReader(buf, start + 1, end);
    if (op === HASH_SET) this.#setAll(reader, words);
    else if (op === HASH_REMOVE) this.#remove(reader);
    else throw new Error(`assertion failed: a delta of a hash begins with ${op}`);
  }

  lookAhead(buf: Buffer, starts: Int32Array, ends: Int32Array, count: number): void {
    this.#index?.lookAhead(buf, starts, ends, count);
  }

  touch(): number {
    return this.#index === undefined && this.size > 0 ? this.#pairs.touchPair(0) : 0;
  }

  copy(): HashValue {
    const copy = new HashValue(this.#pairs.copyAll());
    copy.#index = this.#index?.copy(copy.#pairs);
    copy.#longest = this.#longest;
    copy.#peak = this.#peak;
    return copy;
  }

  encodeBase(): Buffer {
    const base = Buffer.allocUnsafe(this.baseBytes);
    this.#pairs.write(base, writeHead(base, this));
    return base;
  }

  snapshot(pageBytes: number): Snapshot {
    const { longest, peak } = this;
    return new HashSnapshot(this.#pairs, { longest, peak }, pageBytes, HASH_SET);
  }

  #find(buf: Buffer, start: number, end: number): number {
    const index = this.#index;
    if (index === undefined) return this.#pairs.indexOf(buf, start, end);
    this.#hash = index.hashOf(buf, start, end);
    return index.find(this.#hash, buf, start, end);
  }

  /** Sets the pairs that are left in the reader. */
  #setAll(reader: PieceReader, words: DataView | undefined): void {
    const { buf } = reader;
    const isWorthAView = reader.limit - reader.at > WORDS_BYTES_MAX;
    const from: Bytes = { buf, words: words ?? (isWorthAView ? viewOf(buf) : undefined) };
    while (reader.hasMore) this.#set(reader, from);
  }

  #set(reader: PieceReader, from: Bytes): void {
    const pairStart = reader.at;
    reader.next();
    const { start, end } = reader;
    reader.next();
    this.#longest = Math.max(this.#longest, end - start, reader.end - reader.start);
    const at = this.#find(from.buf, start, end);
    if (at >= 0) return this.#pairs.set(at, from, pairStart, reader.end);
    const { size } = this;
    this.#pairs.set(size, from, pairStart, reader.end);
    if (size >= this.#peak) this.#peak = size + 1;
    if (this.#index !== undefined) this.#index.add(this.#hash, size);
    else if (size >= HASH_INDEXED_FIELDS_MIN) this.#buildIndex();
  }

  #remove(reader: PieceReader): void {
    if (this.size > HASH_ORDERED_FIELDS_MAX) {
      while (reader.hasMore) this.#removeBySwap(this.#forget(reader));
      return;
    }
    const gaps: number[] = [];
    while (reader.hasMore) gaps.push(this.#forget(reader));
    gaps.sort((a, b) => a - b);
    if (gaps.some((at, i) => at === gaps[i + 1])) {
      throw new Error('assertion failed: a delta removes a field twice');
    }
    this.#pairs.closeUp(gaps);
    this.#index?.closeUp(gaps);
  }

  /** Takes a pair out of a large hash: the last one moves to its place. */
  #removeBySwap(at: number): void {
    const last = this.size - 1;
    if (at !== last) {
      this.#pairs.locate(last, pair);
      const { buf, fieldStart, fieldEnd } = pair;
      this.#index?.move(this.#index.hashOf(buf, fieldStart, fieldEnd), last, at);
      this.#pairs.copy(last, at);
    }
    this.#pairs.pop();
  }

  /** Takes the next field of the reader out of the index; returns its position. */
  #forget(reader: PieceReader): number {
    reader.next();
    const at = this.#find(reader.buf, reader.start, reader.end);
    if (at < 0) throw new Error('assertion failed: a delta removes a field that is not there');
    this.#index?.remove(this.#hash, at);
    return at;
  }

  #buildIndex(): void {
    const index = new FieldIndex(this.#pairs);
    for (let at = 0; at < this.size; at++) {
      this.#pairs.locate(at, pair);
      index.add(index.hashOf(pair.buf, pair.fieldStart, pair.fieldEnd), at);
    }
    this.#index = index;
  }
}

/** Bytes of the pairs that go to the first page: what is left of the reader, or less. */
function firstPageBytes(pairs: PieceReader): number {
  const from = pairs.at;
  for (let i = 2 << HASH_PAGE_PAIRS_BITS; i > 0 && pairs.hasMore; i--) pairs.next();
  return pairs.at - from;
}
