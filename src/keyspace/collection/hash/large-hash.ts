/**
 * A large hash or set: blocks by the salted hash of the field (hashed-blocks.ts, which also says
 * what the head of its base is).
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import type { HashPage, HashView } from './hash-view.ts';
import type { DeltaWriter } from '../../pieces.ts';
import { readDirectory, type BlockDirectory, type DirectoryBase } from '../block-directory.ts';
import type { BlockPort } from '../block-port.ts';
import type { HashBlock } from './hash-block.ts';
import type { HashType } from './hash-delta.ts';
import type { HashShape } from './hash-shape.ts';
import { HashedBlocks, readHashedHead, writeHashedHead, type HashedHead } from './hashed-blocks.ts';
import { LargeCollection, readLargeBase, type BlockPlace } from '../large-collection.ts';
import { NUMBERS } from '../separators.ts';

export class LargeHash extends LargeCollection implements HashView {
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
    return new LargeHash(type, place, head, id, readDirectory(reader, NUMBERS));
  }

  copyTo(place: BlockPlace, newId: () => number): LargeHash {
    const { head, directory, type } = this;
    const copy = new LargeHash(type, place, head, newId(), directory.baseOfCopy());
    copy.directory.copyBlocksOf(directory);
    return copy;
  }

  protected writeHead(writer: DeltaWriter): void {
    writeHashedHead(writer, this.head);
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

  scan(cursor: number, count: number): HashPage {
    return this.fields.scan(cursor, count);
  }

  // ---- Changing ---------------------------------------------------------------------------------

  override applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void {
    this.fields.forgetPositions();
    super.applyDelta(buf, start, end, words);
  }
}
