/**
 * A hash while it is warm: fields and values as latin1 strings (see pieces.ts) by position, and an
 * index from field to position once there are more than a few fields.
 *
 *   #pairs    0: "name" "Ada", 1: "age" "36"       #index   "name" → 0, "age" → 1
 *
 * Both grow in small steps, however large the hash (pair-pages.ts, field-index.ts).
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
 * A subset of the fields in that format is a base too; `encodeFields` makes one. The pages of a
 * snapshot are the base of the first pairs, and a SET for the pairs of each further page: they
 * come back at the positions that they had.
 */

import { varintBytes } from '../lib/varint.ts';
import { HASH_INDEXED_FIELDS_MIN, HASH_ORDERED_FIELDS_MAX } from '../limits.ts';
import { FieldIndex } from './field-index.ts';
import { HashSnapshot, encodePairs } from './hash-snapshot.ts';
import type { LiveCodec, LiveValue, Snapshot } from './live-value.ts';
import { PairPages } from './pair-pages.ts';
import { PieceReader, pieceBytes } from './pieces.ts';
import { HASH } from './value-type.ts';

/** First bytes of deltas. */
export const HASH_SET = 1;
export const HASH_REMOVE = 2;

/**
 * RAM by measurement (V8 of Node 20): of a hash with room for 16 pairs, of a pair's two strings
 * beside their bytes, and of a pair's share of the index and of the room for more.
 */
const EMPTY_BYTES = 590;
const PAIR_BYTES = 42;
const INDEX_ENTRY_BYTES = 60;

export class HashValue implements LiveValue {
  readonly type = HASH;
  readonly #pairs = new PairPages();
  /** Undefined while the hash is so small that walking the fields is as fast, and much smaller. */
  #index: FieldIndex | undefined;
  /** Bytes of all pairs as a base holds them. */
  #pairBytes = 0;
  #longest = 0;
  #peak = 0;

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(buf: Buffer, start: number, end: number): HashValue {
    const hash = new HashValue();
    const reader = new PieceReader(buf, start, end);
    const longest = reader.number();
    const peak = reader.number();
    while (reader.hasMore) hash.#set(reader.latin1(), reader.latin1());
    hash.#longest = Math.max(hash.#longest, longest);
    hash.#peak = Math.max(hash.#peak, peak);
    return hash;
  }

  get size(): number {
    return this.#pairs.size;
  }

  get memoryBytes(): number {
    const perPair = PAIR_BYTES + (this.#index === undefined ? 0 : INDEX_ENTRY_BYTES);
    return EMPTY_BYTES + this.size * perPair + this.#pairBytes;
  }

  get baseBytes(): number {
    return varintBytes(this.#longest) + varintBytes(this.#peak) + this.#pairBytes;
  }

  /** Length in bytes of the longest field or value that was ever in it. */
  get longest(): number {
    return this.#longest;
  }

  /** The most fields that were ever in it at one time. */
  get peak(): number {
    return this.#peak;
  }

  get(field: string): string | undefined {
    const at = this.#find(field);
    return at < 0 ? undefined : this.#pairs.valueAt(at);
  }

  has(field: string): boolean {
    return this.#find(field) >= 0;
  }

  /** The field at a position from 0 to size - 1. */
  fieldAt(position: number): string {
    return this.#pairs.fieldAt(position);
  }

  valueAt(position: number): string {
    return this.#pairs.valueAt(position);
  }

  /**
   * A scan visits positions downwards; its cursor is the number of positions still to visit, so 0
   * is the end. The cursor of the first page is the size, and one that is too large counts as that.
   */
  scanStart(cursor: number): number {
    return cursor === 0 ? this.size : Math.min(cursor, this.size);
  }

  applyDelta(buf: Buffer, start: number, end: number): void {
    const op = buf[start];
    const reader = new PieceReader(buf, start + 1, end);
    if (op === HASH_SET) {
      while (reader.hasMore) this.#set(reader.latin1(), reader.latin1());
    } else if (op === HASH_REMOVE) {
      this.#remove(reader);
    } else {
      throw new Error(`assertion failed: a delta of a hash begins with ${op}`);
    }
  }

  encodeBase(): Buffer {
    return encodePairs(this.#longest, this.#peak, this.#pairBytes, this.#pairs, () => true);
  }

  /** The base of a hash that has only the fields that `keep` accepts: called once for each. */
  encodeFields(keep: (field: string) => boolean): Buffer {
    const isKept = Array.from({ length: this.size }, (_, at) => keep(this.fieldAt(at)));
    let bytes = 0;
    isKept.forEach((is, at) => {
      if (is) bytes += this.#pairBytesAt(at);
    });
    return encodePairs(this.#longest, this.#peak, bytes, this.#pairs, (at) => isKept[at] === true);
  }

  snapshot(pageBytes: number): Snapshot {
    return new HashSnapshot(this.#pairs, this.#longest, this.#peak, pageBytes, HASH_SET);
  }

  #find(field: string): number {
    if (this.#index !== undefined) return this.#index.get(field) ?? -1;
    return this.#pairs.indexOf(field);
  }

  #set(field: string, value: string): void {
    if (field.length > this.#longest) this.#longest = field.length;
    if (value.length > this.#longest) this.#longest = value.length;
    const at = this.#find(field);
    if (at < 0) return this.#append(field, value);
    this.#pairBytes += pieceBytes(value.length) - pieceBytes(this.#pairs.valueAt(at).length);
    this.#pairs.setValue(at, value);
  }

  #append(field: string, value: string): void {
    const at = this.#pairs.push(field, value);
    this.#pairBytes += this.#pairBytesAt(at);
    if (at >= this.#peak) this.#peak = at + 1;
    if (this.#index !== undefined) this.#index.set(field, at);
    else if (at >= HASH_INDEXED_FIELDS_MIN) this.#buildIndex();
  }

  #remove(reader: PieceReader): void {
    if (this.size > HASH_ORDERED_FIELDS_MAX) {
      while (reader.hasMore) this.#removeBySwap(reader.latin1());
      return;
    }
    const gaps: number[] = [];
    while (reader.hasMore) gaps.push(this.#mustFind(reader.latin1()));
    gaps.sort((a, b) => a - b);
    if (gaps.some((at, i) => at === gaps[i + 1])) {
      throw new Error('assertion failed: a delta removes a field twice');
    }
    this.#closeGaps(gaps);
  }

  /** Takes a field out of a large hash: the last one moves to its place. */
  #removeBySwap(field: string): void {
    const at = this.#mustFind(field);
    this.#forget(at);
    const last = this.size - 1;
    if (at !== last) {
      const lastField = this.fieldAt(last);
      this.#pairs.set(at, lastField, this.valueAt(last));
      this.#index?.set(lastField, at);
    }
    this.#pairs.truncate(last);
  }

  /** Takes ascending positions out of a small hash; the fields behind them close up. */
  #closeGaps(gaps: readonly number[]): void {
    for (const at of gaps) this.#forget(at);
    let to = gaps[0] ?? 0;
    let gap = 0;
    for (let from = to; from < this.size; from++) {
      if (from === gaps[gap]) {
        gap++;
        continue;
      }
      const field = this.fieldAt(from);
      this.#pairs.set(to, field, this.valueAt(from));
      this.#index?.set(field, to);
      to++;
    }
    this.#pairs.truncate(to);
  }

  /** Drops a pair from the index and the sums, not from the arrays. */
  #forget(at: number): void {
    this.#pairBytes -= this.#pairBytesAt(at);
    this.#index?.delete(this.fieldAt(at));
  }

  #mustFind(field: string): number {
    const at = this.#find(field);
    if (at < 0) throw new Error('assertion failed: a delta removes a field that is not there');
    return at;
  }

  #pairBytesAt(at: number): number {
    return pieceBytes(this.fieldAt(at).length) + pieceBytes(this.valueAt(at).length);
  }

  #buildIndex(): void {
    const index = new FieldIndex();
    for (let at = 0; at < this.size; at++) index.set(this.fieldAt(at), at);
    this.#index = index;
  }
}

export const hashCodec: LiveCodec = Object.freeze({
  type: HASH,
  decodeBase: (buf: Buffer, start: number, end: number) => HashValue.ofBase(buf, start, end),
});
