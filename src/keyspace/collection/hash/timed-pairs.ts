/**
 * Hashes some of whose fields expire: each of their values has its expiry in front, a varint of ms
 * since the epoch, 0 = never. All other hashes have none, and cost what they cost without: so a
 * hash comes to this form with the first field that expires, and leaves it with the last one.
 *
 *     a = 1, expiring at 1000      01 61 | 03 e8 07 31          a = 1      01 61 | 01 31
 *     b = 2, never                 01 62 | 02 00 32
 */

import { ByteRange } from '../../../lib/byte-range.ts';
import { varintBytes, writeVarint } from '../../../lib/varint.ts';
import { DeltaWriter, PieceReader } from '../../pieces.ts';
import { UNKNOWN_TIMES, withExpiry, type FieldTimes } from './field-times.ts';
import {
  HASH_EXPIRE, HASH_REMOVE, HASH_SET, HASH_SET_EXPIRING, notedLength, type HashType,
} from './hash-delta.ts';

/** What a block lets this file do. */
export interface TimedBlock {
  readonly type: HashType;
  readonly size: number;
  /** Undefined: its values have no expiry in front. */
  times: FieldTimes | undefined;
  find(field: ByteRange): number;
  fieldAt(position: number): ByteRange;
  valueAt(position: number): ByteRange;
  expiryAt(position: number): number;
  /** Sets one field to a value in the form in which its values are. */
  setStored(pair: ByteRange, notedLength: number): void;
  removeFields(pieces: PieceReader): void;
  /** Gives it the same fields at the same positions, with values in the other form. */
  rewrite(pairs: ByteRange): void;
}

/** Where the value begins that has its expiry in front. */
export function valueBehindExpiry(buf: Buffer, start: number): number {
  let at = start;
  while (buf[at]! >= 0x80) at++;
  return at + 1;
}

/** An expiry is below 2^48. */
const expiryBytes = Buffer.alloc(7);

/** One is built at a time. */
const pairs = new DeltaWriter();
const field = new ByteRange(Buffer.alloc(0));

/** Applies a delta to a hash that has fields that expire, or will have one. */
export function changeTimed(block: TimedBlock, buf: Buffer, start: number, end: number): void {
  const op = buf[start]!;
  const pieces = new PieceReader(buf, start + 1, end);
  let { times } = block;
  if (op === HASH_REMOVE) {
    times = timesWithout(block, pieces);
    block.removeFields(new PieceReader(buf, start + 1, end));
  } else if (op === HASH_SET || op === HASH_SET_EXPIRING || op === HASH_EXPIRE) {
    while (pieces.hasMore) times = setNext(block, op, pieces, times);
  } else throw new Error(`assertion failed: a delta of a hash begins with ${op}`);
  if (times === undefined && block.times !== undefined) rewrite(block, false);
  block.times = times;
}

/**
 * Sets one field. Returns the times of the block: those that it has until the end of the delta say
 * only in which form its values are.
 */
function setNext(
  block: TimedBlock, op: number, pieces: PieceReader, times: FieldTimes | undefined,
): FieldTimes | undefined {
  pieces.next();
  toField(pieces);
  let value = field;
  if (op !== HASH_EXPIRE) {
    pieces.next();
    value = new ByteRange(pieces.buf, pieces.start, pieces.end);
  }
  const expiryMs = op === HASH_SET ? 0 : pieces.number();
  if (expiryMs > 0 && block.times === undefined) {
    rewrite(block, true);
    block.times = UNKNOWN_TIMES;
  }
  const position = block.find(field);
  const beforeMs = position < 0 ? 0 : block.expiryAt(position);
  if (op === HASH_EXPIRE) {
    if (position < 0) throw new Error('assertion failed: an expiry of a field that is not there');
    value = block.valueAt(position);
  }
  const noted = notedLength(block.type, field.buf, field.start, field.end, value.length);
  pairs.restart();
  pairs.range(field);
  addValue(value, expiryMs, block.times !== undefined);
  block.setStored(pairs.finish(), noted);
  return withExpiry(times, beforeMs, expiryMs);
}

function toField({ buf, start, end }: PieceReader): void {
  field.buf = buf;
  field.start = start;
  field.end = end;
}

/** The times of the block without the fields of a removal, as far as they are there. */
function timesWithout(block: TimedBlock, pieces: PieceReader): FieldTimes | undefined {
  let { times } = block;
  while (pieces.hasMore) {
    pieces.next();
    toField(pieces);
    const position = block.find(field);
    if (position >= 0) times = withExpiry(times, block.expiryAt(position), 0);
  }
  return times;
}

/** Gives all values the other form. */
function rewrite(block: TimedBlock, isTimed: boolean): void {
  pairs.restart();
  for (let position = 0; position < block.size; position++) {
    pairs.range(block.fieldAt(position));
    addValue(block.valueAt(position), 0, isTimed);
  }
  block.rewrite(pairs.finish());
}

function addValue(value: ByteRange, expiryMs: number, isTimed: boolean): void {
  if (!isTimed) return pairs.range(value);
  const bytes = varintBytes(expiryMs);
  writeVarint(expiryBytes, 0, expiryMs);
  pairs.number(bytes + value.length);
  pairs.raw(expiryBytes, 0, bytes);
  pairs.raw(value.buf, value.start, value.end);
}
