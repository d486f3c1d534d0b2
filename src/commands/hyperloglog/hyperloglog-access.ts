/**
 * HyperLogLogs in the keyspace: strings whose bytes are those of lib/hyperloglog/format.ts.
 *
 * A change writes what it changes: a PFADD on a dense value logs three bytes and the bit that says
 * that the cached cardinality is not valid, not 12 KiB; a sparse one of more than a KiB is written
 * from the first run that differs on. What is shorter is written again in whole.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import {
  DENSE, DENSE_BYTES, HEADER_BYTES, STALE_AT, STALE_BIT, encodingOf, getRegister, groupOf,
  groupWith, isStale, type Encoding,
} from '../../lib/hyperloglog/format.ts';
import { WRONG_TYPE, type Database } from '../../keyspace/database.ts';
import type { Found } from '../../keyspace/storage.ts';
import { WRONG_TYPE_TEXT } from '../reply-errors.ts';
import { STRING_REWRITE_BYTES_MAX, beginEdit, type StringEdit } from '../string/strings-edit.ts';

export const NOT_A_HYPERLOGLOG = 'WRONGTYPE Key is not a valid HyperLogLog string value.';
export const DAMAGED_HYPERLOGLOG = 'INVALIDOBJ Corrupted HLL object detected';

/** A key's HyperLogLog as it was found. */
export interface HyperLogLog {
  readonly found: Found;
  readonly encoding: Encoding;
  /** Borrowed: until the key is changed. */
  readonly bytes: Buffer;
}

/** Undefined for an absent key; the text of an error for one that holds something else. */
export function asHyperLogLog(
  found: Found | undefined | typeof WRONG_TYPE,
): HyperLogLog | undefined | string {
  if (found === undefined) return undefined;
  if (found === WRONG_TYPE) return WRONG_TYPE_TEXT;
  const bytes = found.value.view();
  const encoding = encodingOf(bytes);
  return encoding === undefined ? NOT_A_HYPERLOGLOG : { found, encoding, bytes };
}

/** Puts a value in the place of that which was found; the key keeps its expiry. */
export function storeWhole(
  db: Database, key: ByteRange, before: HyperLogLog | undefined, bytes: Buffer,
): void {
  const whole = (): void =>
    db.put(key, new ByteRange(bytes), before?.found.expireAt ?? 0, true);
  if (before === undefined || !canWriteInto(before, bytes)) return whole();
  const { found } = before;
  const { first, end } = differenceOf(before.bytes, bytes);
  // A delta of most of the value would only make a chain of records of it.
  if ((end - first) * 2 > bytes.length) return whole();
  const edit = beginEdit(db, key, found, bytes.length, STALE_AT);
  // Also if nothing differs: who watches the key has to notice.
  edit.write(STALE_AT, bytes.subarray(STALE_AT, STALE_AT + 1));
  if (first < end) edit.write(first, bytes.subarray(first, end));
  edit.commit();
}

/** Whether a part can be written: a string does not become shorter so, and a short one is whole. */
function canWriteInto({ bytes, encoding }: HyperLogLog, after: Buffer): boolean {
  return after.length > STRING_REWRITE_BYTES_MAX && after.length >= bytes.length &&
    encodingOf(after) === encoding;
}

/** From the first register byte that differs to behind the last. */
function differenceOf(before: Buffer, after: Buffer): { first: number; end: number } {
  let first = HEADER_BYTES;
  while (first < before.length && before[first] === after[first]) first++;
  let end = after.length;
  if (before.length === after.length) {
    while (end > first && before[end - 1] === after[end - 1]) end--;
  }
  return { first, end };
}

/** Changes single registers of a dense value, each by a delta of its own. Valid for one command. */
export class DenseEdit {
  readonly #db: Database;
  readonly #key: ByteRange;
  readonly #log: HyperLogLog;
  /** Made with the first change. */
  #edit: StringEdit | undefined;

  constructor(db: Database, key: ByteRange, log: HyperLogLog) {
    if (log.encoding !== DENSE) throw new Error('assertion failed: not a dense HyperLogLog');
    this.#db = db;
    this.#key = key;
    this.#log = log;
  }

  /** Sets a register to a value unless it has that much already; whether it did. */
  raise(register: number, value: number): boolean {
    const bytes = this.#bytes();
    if (getRegister(bytes, register) >= value) return false;
    const group = groupWith(bytes, register, value);
    this.#begin().write(groupOf(register), group);
    return true;
  }

  /** Says that the cached cardinality is not valid, which is a change also if it said so before. */
  markStale(): void {
    this.#begin().write(STALE_AT, Uint8Array.of(this.#bytes()[STALE_AT]! | STALE_BIT));
  }

  /** Ends the edit; whether there was a change. */
  commit(): boolean {
    if (this.#edit === undefined) return false;
    if (!isStale(this.#bytes())) this.markStale();
    this.#edit.commit();
    return true;
  }

  #bytes(): Buffer {
    return this.#edit?.bytes() ?? this.#log.bytes;
  }

  #begin(): StringEdit {
    this.#edit ??= beginEdit(this.#db, this.#key, this.#log.found, DENSE_BYTES, STALE_AT);
    return this.#edit;
  }
}
