/**
 * What commands read of a large hash. A position counts through the blocks in the order of the
 * directory; a scan goes by the hashes of fields instead, since positions move when blocks grow.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import { KeyHash } from '../../lib/key-hash.ts';
import type { HashPage, HashView } from '../hash-view.ts';
import type { HashValue } from '../hash-value.ts';
import { PackedHash } from '../packed-hash.ts';
import type { Storage } from '../storage.ts';
import { Blocks } from './blocks.ts';
import type { Directory } from './directory.ts';

const HASHES = 2 ** 32;

export class LargeHash implements HashView {
  readonly #blocks: Blocks;
  readonly #directory: Directory;
  readonly #hasher: KeyHash;
  /** The block that was read last, and the position of its first field. */
  #entry = -1;
  #first = 0;
  #block: PackedHash | HashValue | undefined;

  constructor(storage: Storage, directory: Directory) {
    this.#blocks = new Blocks(storage, directory);
    this.#directory = directory;
    this.#hasher = new KeyHash(directory.head.salt);
  }

  get size(): number {
    return this.#directory.size;
  }

  get longest(): number {
    return this.#directory.head.longest;
  }

  /** So that it is never one that a scan gives in one page. */
  get peak(): number {
    return Infinity;
  }

  find(field: ByteRange): number {
    const at = this.#blockOf(field).find(field);
    return at < 0 ? -1 : this.#firstOf(this.#entry) + at;
  }

  get(field: ByteRange): ByteRange | undefined {
    return this.#blockOf(field).get(field);
  }

  has(field: ByteRange): boolean {
    return this.#blockOf(field).has(field);
  }

  fieldAt(position: number): ByteRange {
    return this.#blockAt(position).fieldAt(position - this.#first);
  }

  valueAt(position: number): ByteRange {
    return this.#blockAt(position).valueAt(position - this.#first);
  }

  /**
   * The cursor is 2^32 and the lowest hash that was not visited: so it is not one of a hash in one
   * piece, from which a scan begins again. Equal hashes are in one page.
   */
  scan(cursor: number, count: number): HashPage {
    const directory = this.#directory;
    const from = cursor < HASHES ? 0 : cursor - HASHES;
    if (from >= HASHES) return { positions: [], cursor: 0 };
    const entry = directory.entryOf(from);
    const block = this.#read(entry);
    const first = this.#firstOf(entry);
    const found: { hash: number; position: number }[] = [];
    for (let at = 0; at < block.size; at++) {
      const hash = this.#hashOf(block.fieldAt(at));
      if (hash >= from) found.push({ hash, position: first + at });
    }
    found.sort((a, b) => a.hash - b.hash || a.position - b.position);
    let end = Math.min(count, found.length);
    while (end < found.length && found[end]!.hash === found[end - 1]!.hash) end++;
    const next = end < found.length ? found[end]!.hash : directory.endOf(entry);
    return {
      positions: found.slice(0, end).map(({ position }) => position),
      cursor: next >= HASHES ? 0 : HASHES + next,
    };
  }

  #hashOf({ buf, start, end }: ByteRange): number {
    this.#hasher.hash(buf, start, end);
    return this.#hasher.lo;
  }

  #blockOf(field: ByteRange): PackedHash | HashValue {
    return this.#read(this.#directory.entryOf(this.#hashOf(field)));
  }

  #blockAt(position: number): PackedHash | HashValue {
    if (this.#block !== undefined && position >= this.#first &&
        position < this.#first + this.#directory.countOf(this.#entry)) return this.#block;
    const { length } = this.#directory;
    let entry = 0;
    let first = 0;
    for (; entry < length; entry++) {
      const count = this.#directory.countOf(entry);
      if (position < first + count) break;
      first += count;
    }
    const block = this.#read(entry);
    this.#first = first;
    return block;
  }

  #firstOf(entry: number): number {
    let first = 0;
    for (let i = 0; i < entry; i++) first += this.#directory.countOf(i);
    this.#first = first;
    return first;
  }

  #read(entry: number): PackedHash | HashValue {
    const { live, value } = this.#blocks.get(entry);
    this.#entry = entry;
    this.#first = NaN;
    this.#block = live === undefined ? new PackedHash(value, 0) : live as HashValue;
    return this.#block;
  }
}
