/**
 * A large list: blocks by sequence (block-directory.ts), whose elements are found by rank alone.
 * Its base says nothing beside the directory: it is a quicklist under any limit.
 */

import type { ByteRange } from '../../../lib/byte-range.ts';
import type { DeltaWriter } from '../../pieces.ts';
import { LIST } from '../../value-type.ts';
import { BlockDirectory } from '../block-directory.ts';
import { readDirectory, type DirectoryBase } from '../directory-options.ts';
import type { BlockPort } from '../block-port.ts';
import { LargeCollection, readLargeBase, type BlockPlace } from '../large-collection.ts';
import { ListBlock } from './list-block.ts';
import { noIndex } from './list-delta.ts';
import type { ListView } from './list-view.ts';
import { NO_SEPARATORS } from '../separators.ts';

export class LargeList extends LargeCollection implements ListView {
  readonly type = LIST;
  readonly directory: BlockDirectory<ListBlock, undefined>;
  readonly directories: readonly BlockDirectory[];
  /** The entry that was read last, and the index of its first element, and behind its last. */
  #readEntry = 0;
  #readFirst = 0;
  #readEnd = 0;

  constructor(place: BlockPlace, id: number, base: DirectoryBase<undefined>) {
    super(place);
    this.directory = new BlockDirectory({
      separators: NO_SEPARATORS, port: place.port, space: place.space, id, tag: 0, ...base,
      decode: (buf, start, end) => ListBlock.ofBase(buf, start, end),
    });
    this.directories = [this.directory as BlockDirectory];
  }

  /** Reads what encodeBase wrote. The bytes are borrowed. */
  static ofBase(port: BlockPort, buf: Buffer, start: number, end: number): LargeList {
    const { place, reader } = readLargeBase(port, buf, start, end);
    const id = reader.number();
    return new LargeList(place, id, readDirectory(reader, NO_SEPARATORS));
  }

  copyTo(place: BlockPlace, newId: () => number): LargeList {
    const copy = new LargeList(place, newId(), this.directory.baseOfCopy());
    copy.directory.copyBlocksOf(this.directory);
    return copy;
  }

  protected writeHead(_writer: DeltaWriter): void {}

  get peakBytes(): number {
    return Infinity;
  }

  get peakCount(): number {
    return Infinity;
  }

  at(index: number): ByteRange {
    if (index < this.#readFirst || index >= this.#readEnd) this.#turnTo(index);
    return this.directory.block(this.#readEntry).at(index - this.#readFirst);
  }

  #turnTo(index: number): void {
    const { directory } = this;
    if (index < 0 || index >= this.size) throw noIndex(this.size, index);
    if (index === this.#readEnd && index > 0) {
      this.#readFirst = index;
      this.#readEntry++;
    } else {
      this.#readEntry = directory.entryAt(index);
      this.#readFirst = directory.countBefore(this.#readEntry);
    }
    this.#readEnd = this.#readFirst + directory.countOf(this.#readEntry);
  }

  override applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void {
    this.#readEnd = 0;
    super.applyDelta(buf, start, end, words);
  }
}
