/**
 * The newest part of the log, in RAM: the blocks that the writer fills and that reads come from
 * first.
 *
 *     segment   | header | ------ block ------ | --- block of one giant record --- | block ...
 *     granules  0        1         2  ...      one entry each 64 KiB -> the block that holds it
 *
 * A block covers whole granules, so a place finds its block by one array access. A record lies in
 * one block; the rest of a block that a record did not fit is padded up to the next granule.
 *
 * Invariants: a block that is not wholly on disk is never dropped, whatever the budget. Blocks are
 * dropped only by `trim`, which the owner calls when no borrowed range can be left: at a commit.
 */

import { LOG_GRANULE_BYTES } from '../format/limits.ts';
import { GRANULE_SHIFT, NO_BLOCKS, TailBlock, type LogSegment } from '../segments/segment.ts';
import { MiB } from '../../lib/size-units.ts';

/** A block of the in-memory tail; a record that is larger gets a block of its own. */
const TAIL_BLOCK_BYTES = 1 * MiB;

/** Free blocks kept for reuse: dead array buffers are collected too late. */
const TAIL_FREE_BLOCKS_MAX = 64;

export class MemoryTail {
  budgetBytes: number;
  /** Told of each block before it goes. */
  onDrop: (block: TailBlock) => void = () => undefined;
  readonly #blocks: TailBlock[] = [];
  readonly #free: Buffer[] = [];
  #bytes = 0;

  constructor(budgetBytes: number) {
    this.budgetBytes = budgetBytes;
  }

  /** RAM held, free blocks included. */
  get bytes(): number {
    return this.#bytes + this.#free.length * TAIL_BLOCK_BYTES;
  }

  /** RAM held at most once `trim` has done its work, with a free block for the next `open`. */
  get bytesMax(): number {
    return this.budgetBytes + TAIL_BLOCK_BYTES;
  }

  /** A new block for the segment from `start` on, of at least `bytesMin` bytes. */
  open(log: LogSegment, start: number, bytesMin: number): TailBlock {
    const block = new TailBlock(this.#buffer(bytesMin), log, start);
    const segment = log.segment;
    if (segment.granules === NO_BLOCKS) segment.granules = [];
    const granules = segment.granules as (TailBlock | undefined)[];
    const first = start >>> GRANULE_SHIFT;
    const count = block.buf.length >>> GRANULE_SHIFT;
    while (granules.length < first) granules.push(undefined);
    for (let i = 0; i < count; i += 1) granules[first + i] = block;
    this.#blocks.push(block);
    this.#bytes += block.buf.length;
    return block;
  }

  /** Cuts a block at `end`, a multiple of a granule: what follows belongs to the next block. */
  cut(block: TailBlock, end: number): void {
    const granules = block.log.segment.granules as (TailBlock | undefined)[];
    for (let i = end >>> GRANULE_SHIFT; i < block.end >>> GRANULE_SHIFT; i += 1) {
      granules[i] = undefined;
    }
    block.end = end;
  }

  /**
   * Drops the oldest blocks that are on disk until the budget is kept; never `current`. No frame
   * may be open: what is used and not committed would be lost.
   */
  trim(current: TailBlock | undefined): void {
    let dropped = 0;
    while (this.#bytes > this.budgetBytes && dropped < this.#blocks.length) {
      const block = this.#blocks[dropped]!;
      if (block === current || block.flushed < block.committed) break;
      this.onDrop(block);
      this.#drop(block);
      dropped += 1;
    }
    if (dropped > 0) this.#blocks.splice(0, dropped);
  }

  /**
   * Forgets frames: what the newest segment of the tail has from `end` on. Returns the block that
   * `end` lies in; undefined if it went to disk and is gone.
   */
  takeBack(log: LogSegment, end: number): TailBlock | undefined {
    const block = this.reopen(log, end);
    if (block === undefined) return undefined;
    block.committed = end;
    block.flushed = Math.min(block.flushed, end);
    return block;
  }

  /** The same for records of the open frame; the block is as long as when it was opened. */
  reopen(log: LogSegment, end: number): TailBlock | undefined {
    for (;;) {
      const block = this.#blocks.at(-1);
      if (block === undefined || block.log !== log) return undefined;
      if (block.start < end) {
        this.#uncut(block);
        block.used = end;
        return block;
      }
      this.#blocks.pop();
      this.#forget(block);
      (log.segment.granules as (TailBlock | undefined)[]).length = block.start >>> GRANULE_SHIFT;
    }
  }

  /** Undoes `cut`. */
  #uncut(block: TailBlock): void {
    const granules = block.log.segment.granules as (TailBlock | undefined)[];
    const end = block.start + block.buf.length;
    for (let i = block.end >>> GRANULE_SHIFT; i < end >>> GRANULE_SHIFT; i += 1) {
      granules[i] = block;
    }
    block.end = end;
  }

  #drop(block: TailBlock): void {
    const segment = block.log.segment;
    const granules = segment.granules as (TailBlock | undefined)[];
    const end = block.end >>> GRANULE_SHIFT;
    for (let i = block.start >>> GRANULE_SHIFT; i < end; i += 1) granules[i] = undefined;
    if (end >= granules.length && block.log.isFull) segment.granules = NO_BLOCKS;
    this.#forget(block);
  }

  #forget(block: TailBlock): void {
    this.#bytes -= block.buf.length;
    if (block.buf.length === TAIL_BLOCK_BYTES && this.#keepsFree) this.#free.push(block.buf);
  }

  /** Free blocks count like others: after a large frame the tail is no larger than it may be. */
  get #keepsFree(): boolean {
    return this.#free.length < TAIL_FREE_BLOCKS_MAX && this.bytes < this.bytesMax;
  }

  #buffer(bytesMin: number): Buffer {
    if (bytesMin <= TAIL_BLOCK_BYTES) {
      return this.#free.pop() ?? Buffer.allocUnsafeSlow(TAIL_BLOCK_BYTES);
    }
    const granules = Math.ceil(bytesMin / LOG_GRANULE_BYTES);
    return Buffer.allocUnsafeSlow(granules * LOG_GRANULE_BYTES);
  }
}
