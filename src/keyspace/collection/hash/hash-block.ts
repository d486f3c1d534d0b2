/**
 * A hash or set in one piece: pairs in RAM (hash-pairs.ts), which a base packs and deltas change;
 * and, if some of its fields expire, what is known of when they do.
 *
 * Any size works (a directory of an earlier version may have a hash of millions of fields); from
 * MEDIUM_BYTES_MAX on the next change cuts it into blocks (collection-change.ts).
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import type { KeyHash } from '../../../lib/key-hash.ts';
import { readVarint } from '../../../lib/varint.ts';
import { scanDown, type HashPage, type WholeHash } from './hash-view.ts';
import type { LiveValue, Snapshot } from '../../live-value.ts';
import { PieceReader } from '../../pieces.ts';
import { UNKNOWN_TIMES, expiredByTimes, timesOf, type FieldTimes } from './field-times.ts';
import {
  HASH_REMOVE, HASH_SET, hashHeadBytes, readHashHead, writeHashHead, type HashType,
  type PackedPairs,
} from './hash-delta.ts';
import { HashPairs, roomBytesFor } from './hash-pairs.ts';
import { changeTimed, valueBehindExpiry } from './timed-pairs.ts';
import { onePage } from '../one-page.ts';

export class HashBlock extends HashPairs implements LiveValue, WholeHash {
  readonly partCount = 1;
  /** Of the fields that expire; its values have their expiry in front then (timed-pairs.ts). */
  times: FieldTimes | undefined = undefined;

  /** Without fields; has room for so many bytes of pairs that will come soon. */
  constructor(type: HashType, roomBytes = 0, hasher?: KeyHash) {
    super(type, roomBytes, hasher);
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(
    type: HashType, buf: Buffer, start: number, end: number, hasher?: KeyHash,
  ): HashBlock {
    const reader = new PieceReader(buf, start, end);
    const head = readHashHead(reader);
    return HashBlock.ofPacked(type, { buf, start: reader.at, end, ...head }, hasher);
  }

  /** The same hash as a small one. */
  static ofPacked(
    type: HashType, { buf, start, end, longest, peak, isTimed }: PackedPairs, hasher?: KeyHash,
  ): HashBlock {
    const hash = new HashBlock(type, end - start + roomBytesFor(end - start), hasher);
    hash.adopt(buf, start, end);
    hash.noteHistory(longest, peak);
    if (isTimed) hash.#narrowTimes();
    return hash;
  }

  get baseBytes(): number {
    return hashHeadBytes(this.longest, this.peak, this.times !== undefined) + this.pairBytes;
  }

  get(field: ByteRange): ByteRange | undefined {
    return this.find(field) < 0 ? undefined : this.#value();
  }

  valueAt(position: number): ByteRange {
    const value = this.storedValueAt(position);
    if (this.times !== undefined) value.start = valueBehindExpiry(value.buf, value.start);
    return value;
  }

  nth(rank: number): number {
    return rank;
  }

  scan(cursor: number, count: number): HashPage {
    return scanDown(this.size, cursor, count);
  }

  applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void {
    const op = buf[start];
    if (this.times !== undefined) return changeTimed(this, buf, start, end);
    if (op === HASH_SET) this.setAll(new PieceReader(buf, start + 1, end), { buf, words });
    else if (op === HASH_REMOVE) this.removeFields(new PieceReader(buf, start + 1, end));
    else changeTimed(this, buf, start, end);
  }

  copy(): HashBlock {
    const base = this.encodeBase();
    return HashBlock.ofBase(this.type, base, 0, base.length, this.hasher);
  }

  encodeBase(): Buffer {
    const base = Buffer.allocUnsafe(this.baseBytes);
    const { longest, peak, times } = this;
    this.writePairs(base, writeHashHead(base, 0, { longest, peak, isTimed: times !== undefined }));
    return base;
  }

  /** In one page: only one of an earlier version, or with a huge field, is larger than a block. */
  snapshot(): Snapshot {
    return onePage(this.encodeBase());
  }

  #value(): ByteRange {
    const value = this.foundValue();
    if (this.times !== undefined) value.start = valueBehindExpiry(value.buf, value.start);
    return value;
  }

  // ---- Fields that expire -----------------------------------------------------------------------

  get wholeSize(): number {
    return this.size;
  }

  get soonestMs(): number {
    return this.times === undefined ? Infinity : this.times.soonestMs;
  }

  expiryAt(position: number): number {
    if (this.times === undefined) return 0;
    const { buf, start, end } = this.storedValueAt(position);
    return readVarint(buf, start, end);
  }

  partFirst(): number {
    return 0;
  }

  partSize(): number {
    return this.size;
  }

  partSoonestMs(): number {
    return this.soonestMs;
  }

  expiredIn(_part: number, nowMs: number): number {
    const known = expiredByTimes(this.times, nowMs);
    if (known !== undefined) return known;
    // Who asks again need not look at the fields if none of them has.
    this.#narrowTimes();
    let count = 0;
    for (const expiryMs of this.#expiries()) if (expiryMs > 0 && expiryMs <= nowMs) count++;
    return count;
  }

  refreshTimes(fields: readonly ByteRange[]): void {
    if (fields.length > 0 && this.times !== undefined) this.#narrowTimes();
  }

  /** Makes the times as narrow as the fields are; the values have their expiry in front. */
  #narrowTimes(): void {
    this.times = UNKNOWN_TIMES;
    this.times = timesOf(this.#expiries());
  }

  * #expiries(): Generator<number> {
    for (let position = 0; position < this.size; position++) yield this.expiryAt(position);
  }

  // ---- For timed-pairs.ts -----------------------------------------------------------------------

  setStored({ buf, start, end, words }: ByteRange, noted: number): void {
    const longest = Math.max(this.longest, noted);
    this.setAll(new PieceReader(buf, start, end), { buf, words });
    this.longest = longest;
  }

  rewrite({ buf, start, end }: ByteRange): void {
    const { peak } = this;
    this.adopt(buf, start, end);
    this.peak = peak;
  }
}
