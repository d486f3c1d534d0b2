/**
 * A large hash or set: blocks by the salted hash of the field (hashed-blocks.ts, which also says
 * what the head of its base is). Behind the directory stands what is known of the blocks that have
 * fields that expire (field-times.ts), varints:
 *
 *     entry, less the one before | count, plus 1 | soonest | latest, 0 = not known
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import type { HashPage, WholeHash } from './hash-view.ts';
import type { DeltaWriter, PieceReader } from '../../pieces.ts';
import type { BlockDirectory } from '../block-directory.ts';
import type { BlockPort } from '../block-port.ts';
import { readDirectory, type DirectoryBase } from '../directory-options.ts';
import type { HashBlock } from './hash-block.ts';
import type { HashType } from './hash-delta.ts';
import type { HashShape } from './hash-shape.ts';
import { HashedBlocks, readHashedHead, writeHashedHead, type HashedHead } from './hashed-blocks.ts';
import { LargeCollection, readLargeBase, type BlockPlace } from '../large-collection.ts';
import { NUMBERS } from '../separators.ts';

export class LargeHash extends LargeCollection implements WholeHash {
  readonly type: HashType;
  readonly head: HashedHead;
  readonly fields: HashedBlocks;
  readonly directories: readonly BlockDirectory[];

  constructor(
    type: HashType, place: BlockPlace, head: HashedHead, id: number, base: DirectoryBase<number>,
  ) {
    super(place);
    this.type = type;
    this.head = head;
    this.fields = new HashedBlocks(type, place, head, id, base, 0);
    this.directories = [this.fields.directory as BlockDirectory];
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(
    type: HashType, port: BlockPort, buf: Buffer, start: number, end: number,
  ): LargeHash {
    const { place, reader } = readLargeBase(port, buf, start, end);
    const head = readHashedHead(reader);
    const id = reader.number();
    const hash = new LargeHash(type, place, head, id, readDirectory(reader, NUMBERS));
    hash.#readTail(reader);
    return hash;
  }

  copyTo(place: BlockPlace, newId: () => number): LargeHash {
    const { head, directory, type } = this;
    const copy = new LargeHash(type, place, head, newId(), directory.baseOfCopy());
    copy.directory.copyBlocksOf(directory);
    for (let entry = 0; entry < directory.length; entry++) {
      const times = directory.timesOf(entry);
      if (times !== undefined) copy.directory.noteTimes(entry, times);
    }
    return copy;
  }

  protected writeHead(writer: DeltaWriter): void {
    writeHashedHead(writer, this.head);
  }

  protected override writeTail(writer: DeltaWriter): void {
    const { directory } = this;
    let before = 0;
    for (let entry = 0; entry < directory.length; entry++) {
      const times = directory.timesOf(entry);
      if (times === undefined) continue;
      writer.number(entry - before);
      writer.number(times.count + 1);
      writer.number(times.soonestMs);
      writer.number(times.latestMs === Infinity ? 0 : times.latestMs);
      before = entry;
    }
  }

  #readTail(reader: PieceReader): void {
    let entry = 0;
    while (reader.hasMore) {
      entry += reader.number();
      const [count, soonestMs, latestMs] = [reader.number() - 1, reader.number(), reader.number()];
      this.directory.noteTimes(entry, { count, soonestMs, latestMs: latestMs || Infinity });
    }
  }

  get directory(): BlockDirectory<HashBlock, number> {
    return this.fields.directory;
  }

  get shape(): HashShape {
    return this.fields.shape;
  }

  /** The entry whose block has the fields of this hash. */
  entryOf(hash: number): number {
    return this.fields.entryOf(hash);
  }

  hashOf(buf: Buffer, start: number, end: number): number {
    return this.fields.hashOf(buf, start, end);
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
    return this.fields.find(field);
  }

  get(field: ByteRange): ByteRange | undefined {
    return this.fields.get(field);
  }

  has(field: ByteRange): boolean {
    return this.fields.has(field);
  }

  orderOf({ buf, end, start }: ByteRange): number {
    return this.hashOf(buf, start, end);
  }

  lookAhead(buf: Buffer, starts: Int32Array, ends: Int32Array, count: number): void {
    this.fields.lookAhead(buf, starts, ends, count);
  }

  fieldAt(position: number): ByteRange {
    return this.fields.fieldAt(position);
  }

  valueAt(position: number): ByteRange {
    return this.fields.valueAt(position);
  }

  expiryAt(position: number): number {
    return this.fields.expiryAt(position);
  }

  nth(rank: number): number {
    return rank;
  }

  scan(cursor: number, count: number): HashPage {
    return this.fields.scan(cursor, count);
  }

  // ---- Fields that expire -----------------------------------------------------------------------

  get wholeSize(): number {
    return this.size;
  }

  get soonestMs(): number {
    return this.directory.soonestMs;
  }

  get partCount(): number {
    return this.directory.length;
  }

  partFirst(part: number): number {
    return this.directory.countBefore(part);
  }

  partSize(part: number): number {
    return this.directory.countOf(part);
  }

  partSoonestMs(part: number): number {
    return this.directory.timesOf(part)?.soonestMs ?? Infinity;
  }

  expiredIn(part: number, nowMs: number): number {
    return this.fields.expiredIn(part, nowMs);
  }

  refreshTimes(fields: readonly ByteRange[]): void {
    const entries = fields.map(({ buf, start, end }) => this.entryOf(this.hashOf(buf, start, end)));
    for (const entry of new Set(entries)) this.directory.block(entry).refreshTimes(fields);
    this.directory.refreshSoonest();
  }

  // ---- Changing ---------------------------------------------------------------------------------

  override applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void {
    this.fields.forgetPositions();
    super.applyDelta(buf, start, end, words);
  }
}
