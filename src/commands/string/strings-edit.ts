/**
 * Writing into a string: what APPEND, SETRANGE, SETBIT and BITFIELD have in common.
 *
 * A short string is written again in whole: one record, one read, no history. A long one becomes
 * live, and each write logs its own bytes only, so that appending to a megabyte costs what is
 * appended. A new key that starts with a long gap is long from the start, but only its written
 * bytes reach the log.
 *
 * A key keeps its expiry. The result's encoding is raw, as in Redis.
 */

import { ByteRange } from '../../lib/byte-range.ts';
import { LiveString } from '../../keyspace/live-string.ts';
import type { Database } from '../../keyspace/database.ts';
import type { LiveValue } from '../../keyspace/live-value.ts';
import type { Found } from '../../keyspace/storage.ts';
import { KiB } from '../../lib/size-units.ts';

/**
 * A string of up to so many bytes is written again in whole when a part of it changes: beside the
 * header of a record and the chain that a reader of deltas would have to follow, a KiB costs
 * little.
 */
export const STRING_REWRITE_BYTES_MAX = 1 * KiB;

/** A string between the first write of a command and `commit`. Valid for one command. */
export interface StringEdit {
  /** What the string holds now; borrowed until the next write. */
  bytes(): Buffer;
  /** Replaces what is at the offset. Must end within the length that the edit began with. */
  write(offset: number, bytes: Uint8Array): void;
  /** Ends the edit. Nothing may be read or written through it afterwards. */
  commit(): void;
}

/**
 * Begins to change the string at `key`, which is `found`, or absent. It will be `length` bytes
 * long, at least as long as it was; `offset` is the first byte that will be written.
 */
export function beginEdit(
  db: Database, key: ByteRange, found: Found | undefined, length: number, offset: number,
): StringEdit {
  if (found === undefined) {
    if (offset <= STRING_REWRITE_BYTES_MAX) return new WholeEdit(db, key, undefined, length);
    db.put(key, EMPTY, 0, true);
    return new LiveEdit(db, key, db.makeLive(key), length);
  }
  if (found.live !== undefined) return new LiveEdit(db, key, found.live, length);
  if (length <= STRING_REWRITE_BYTES_MAX) return new WholeEdit(db, key, found, length);
  return new LiveEdit(db, key, db.makeLive(key), length);
}

const EMPTY = new ByteRange(Buffer.alloc(0));
const ZERO = Buffer.alloc(1);

class WholeEdit implements StringEdit {
  readonly #db: Database;
  readonly #key: ByteRange;
  readonly #expireAt: number;
  readonly #buf: Buffer;

  constructor(db: Database, key: ByteRange, found: Found | undefined, length: number) {
    this.#db = db;
    this.#key = key;
    this.#expireAt = found?.expireAt ?? 0;
    this.#buf = Buffer.alloc(length);
    if (found === undefined) return;
    const { buf, start, end } = found.value;
    buf.copy(this.#buf, 0, start, end);
  }

  bytes(): Buffer {
    return this.#buf;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#buf.set(bytes, offset);
  }

  commit(): void {
    this.#db.put(this.#key, new ByteRange(this.#buf), this.#expireAt, true);
  }
}

class LiveEdit implements StringEdit {
  readonly #db: Database;
  readonly #key: ByteRange;
  readonly #live: LiveString;
  readonly #length: number;

  constructor(db: Database, key: ByteRange, live: LiveValue, length: number) {
    if (!(live instanceof LiveString)) throw new Error('assertion failed: not a live string');
    this.#db = db;
    this.#key = key;
    this.#live = live;
    this.#length = length;
  }

  bytes(): Buffer {
    return this.#live.bytes();
  }

  write(offset: number, bytes: Uint8Array): void {
    const delta = LiveString.delta(offset, bytes);
    this.#db.change(this.#key, new ByteRange(delta));
  }

  /** A write that was given up may have left the string shorter than Redis would make it. */
  commit(): void {
    if (this.#live.size < this.#length) this.write(this.#length - 1, ZERO);
  }
}
