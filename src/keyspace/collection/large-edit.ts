/**
 * Changes the blocks of a large collection: each change of an element is a delta in the log, and so
 * is what follows from it for the blocks. A block that grew too large is cut; one that has become
 * small is joined with a neighbour; an empty one goes.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import type { BlockDirectory } from './block-directory.ts';
import type { Block } from './block-slot.ts';
import { LargeDelta } from './large-delta.ts';
import type { CollectionLimits } from './limits.ts';
import type { Separators } from './separators.ts';

export interface BlockPart<B extends Block, S> {
  readonly start: S;
  readonly block: B;
}

/** How the blocks of a directory are cut and joined. */
export interface BlockShape<B extends Block, S> {
  readonly separators: Separators<S>;
  /**
   * Cuts a block into parts of at most so many bytes, if it can be; the start of the first one does
   * not matter. `isFirst`, `isLast`: where it stands among the blocks.
   */
  cut(block: B, bytesMax: number, isFirst: boolean, isLast: boolean): readonly BlockPart<B, S>[];
  /** The elements of two blocks, one behind the other, in a new one. */
  join(first: B, behind: B): B;
}

const largeDelta = new LargeDelta();

export class LargeEdit {
  readonly limits: CollectionLimits;
  /** Logs a delta of the collection and applies it. */
  readonly #log: (delta: ByteRange) => void;

  constructor(limits: CollectionLimits, log: (delta: ByteRange) => void) {
    this.limits = limits;
    this.#log = log;
  }

  /**
   * Changes the entry's block: `op` and the pieces [start, end) of `from`, which take one element
   * at most (large-delta.ts).
   */
  change<B extends Block, S>(
    directory: BlockDirectory<B, S>, entry: number, op: number,
    from: Buffer, start: number, end: number,
  ): void {
    // In RAM before it is changed.
    directory.blockToChange(entry);
    this.#log(largeDelta.change(directory.tag, entry, op, from, start, end));
  }

  /** To be called when a block may have grown. Cuts it; the first part keeps its number. */
  maybeSplit<B extends Block, S>(
    directory: BlockDirectory<B, S>, entry: number, shape: BlockShape<B, S>,
  ): void {
    const { blockBytesMax } = this.limits;
    const block = directory.blockToChange(entry);
    if (block.baseBytes <= blockBytesMax || block.size < 2) return;
    const isLast = entry === directory.length - 1;
    this.split(directory, entry, shape.cut(block, blockBytesMax, entry === 0, isLast), shape);
  }

  /** Puts the parts of a block in its place; the first part keeps its number. */
  split<B extends Block, S>(
    directory: BlockDirectory<B, S>, entry: number, parts: readonly BlockPart<B, S>[],
    shape: BlockShape<B, S>,
  ): void {
    const [first, ...others] = parts;
    if (others.length === 0) return;
    directory.rewriteBlock(entry, first!.block);
    for (const { block: part, start } of others.toReversed()) {
      const number = directory.nextBlock;
      directory.writeNewBlock(number, part);
      const added = { start, block: number, count: part.size };
      this.#log(largeDelta.split(directory.tag, entry, added, shape.separators));
      directory.keepBlock(entry + 1, part);
    }
  }

  /** To be called when a block may have shrunk. The last block stays, even if it is empty. */
  maybeJoin<B extends Block, S>(
    directory: BlockDirectory<B, S>, entry: number, shape: BlockShape<B, S>,
  ): void {
    if (directory.length < 2) return;
    if (directory.countOf(entry) === 0) return this.drop(directory, entry);
    const { blockBytesMax, blockBytesMin } = this.limits;
    if (directory.blockToChange(entry).baseBytes >= blockBytesMin) return;
    const first = entry + 1 < directory.length ? entry : entry - 1;
    const [into, from] = [
      directory.blockToChange(first), directory.blockToChange(first + 1),
    ];
    if (into.baseBytes + from.baseBytes > blockBytesMax / 2) return;
    const joined = shape.join(into, from);
    directory.removeBlock(first + 1);
    directory.rewriteBlock(first, joined);
    this.#log(largeDelta.join(directory.tag, first));
  }

  /** Takes a block with all its elements away. */
  drop<B extends Block, S>(directory: BlockDirectory<B, S>, entry: number): void {
    directory.removeBlock(entry);
    this.#log(largeDelta.drop(directory.tag, entry));
  }
}
