/**
 * The patterns of BY and GET: what they find for an element of the collection that is sorted.
 *
 *     weight_*          the string at the key with the element in the place of the first asterisk
 *     user_*->name      that field of the hash at the key
 *     #                 the element itself
 *
 * Redis takes patterns for C strings: behind a NUL it sees no asterisk and no arrow.
 */

import { fieldsOf } from '../../keyspace/collection/hash/hashes.ts';
import type { Database } from '../../keyspace/database.ts';
import { HASH, STRING } from '../../keyspace/value-type.ts';
import { ByteRange } from '../../lib/byte-range.ts';

const KEY_BYTES_MIN = 256;

export class SortPattern {
  /** Without an asterisk: the same for all elements. */
  readonly isConstant: boolean;
  readonly #isElement: boolean;
  readonly #prefix: Buffer;
  readonly #postfix: Buffer;
  readonly #field: ByteRange | undefined;
  /** The key of the element that was asked for last. */
  readonly #key = new ByteRange(Buffer.alloc(0));

  /** Shares the memory. */
  constructor(pattern: Buffer) {
    const nul = pattern.indexOf(0);
    const seen = nul < 0 ? pattern : pattern.subarray(0, nul);
    const star = seen.indexOf('*');
    const arrow = star < 0 ? -1 : seen.indexOf('->', star + 1);
    const hasField = arrow >= 0 && arrow + 2 < seen.length;
    this.#isElement = seen.length === 1 && seen[0] === 0x23;
    this.isConstant = star < 0;
    this.#prefix = pattern.subarray(0, Math.max(0, star));
    this.#postfix = pattern.subarray(star + 1, hasField ? arrow : pattern.length);
    this.#field = hasField ? new ByteRange(pattern.subarray(arrow + 2)) : undefined;
  }

  /**
   * What it finds for the element; undefined where nothing is, or another type. The element must
   * own its bytes. The result is borrowed until the next call; what the database had found before
   * this one is not good any more.
   */
  find(db: Database, element: ByteRange): ByteRange | undefined {
    if (this.#isElement) return element;
    if (this.isConstant) return undefined;
    // Many values together may be many times what may be in RAM. And the storage knows the key that
    // it looked for last by its memory, which this key has now.
    db.endReads();
    const found = db.read(this.#keyOf(element));
    if (found === undefined) return undefined;
    if (this.#field !== undefined) {
      return found.type === HASH ? fieldsOf(found, db.nowMs).get(this.#field) : undefined;
    }
    return found.type === STRING ? found.value : undefined;
  }

  #keyOf(element: ByteRange): ByteRange {
    const key = this.#key;
    const elementEnd = this.#prefix.length + element.length;
    key.end = elementEnd + this.#postfix.length;
    if (key.end > key.buf.length) {
      key.buf = Buffer.allocUnsafeSlow(Math.max(KEY_BYTES_MIN, 2 * key.end));
      this.#prefix.copy(key.buf);
    }
    element.buf.copy(key.buf, this.#prefix.length, element.start, element.end);
    this.#postfix.copy(key.buf, elementEnd);
    return key;
  }
}
