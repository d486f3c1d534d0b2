/**
 * The directory of a large collection, and its blocks, which come to RAM and leave it. Each block
 * has the elements of a range, and a record under a hidden key (block-keys.ts).
 *
 *     entry   start        block   count         a hash of 0x8000_1234 is in block 3
 *     0       0            0       410
 *     1       0x4000_0000  3       388
 *     2       0xc000_0000  1       402
 *
 * A change goes to the log as a delta of the whole collection (large-delta.ts), with those of the
 * same turn, however many blocks they change; the blocks' own records are written later. So changes
 * are numbered, and a block's record says up to which number it has them: when it is read, it gets
 * those that it has not (pending-changes.ts). The base of the collection is the directory, and
 * stands for all changes before it: so it is written when all blocks that these have changed are
 * written (`snapshotSteps`).
 *
 * Invariants: starts go up, no count is 0 but between two deltas, and a number is of one block for
 * ever. What a start is, and how an entry is found by it, is the business of the type
 * (separators.ts): lists find elements by rank alone.
 *
 *     record of a block:      number of its last change | base of the block
 *     part of a base:         next block | number of the last change | entries, then of each entry:
 *                             start | block | count; numbers as varints
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import { DeltaWriter, PieceReader } from '../pieces.ts';
import { blockKey } from './block-keys.ts';
import { blockSlot, type Block, type BlockSlot } from './block-slot.ts';
import type { DirectoryBase, DirectoryOptions } from './directory-options.ts';
import { EntryCounts } from './entry-counts.ts';
import { UNKNOWN_TIMES, type FieldTimes } from './hash/field-times.ts';
import { CHANGE, DROP, GROWTH_NONE, JOIN, OP_MASK, SPLIT } from './large-delta.ts';
import { BLOCK_BYTES_MAX } from './limits.ts';
import { PendingChanges } from './pending-changes.ts';

/** RAM of a directory, of an entry, and of a block beside what it says itself. */
const EMPTY_BYTES = 1000;
const ENTRY_RAM_BYTES = 220;
const BLOCK_RAM_BYTES = 60;

/** Bytes of a base without entries, at most, and of an entry, about. */
const HEAD_BYTES = 20;
const ENTRY_BYTES = 10;

/** What leaves RAM at once for a block that is read. */
const RELEASE_BYTES = 8 * BLOCK_BYTES_MAX;

/** With more bytes of pending changes a block is written before it leaves RAM. */
const PENDING_BYTES_MAX = BLOCK_BYTES_MAX / 4;

/** Blocks whose size is asked for when that of all is estimated: some microseconds. */
const BLOCKS_ASKED_MAX = 64;

/** Builds records of blocks, one at a time; each is borrowed until the next. */
const records = new DeltaWriter();

export class BlockDirectory<B extends Block = Block, S = unknown> {
  readonly #options: DirectoryOptions<B, S>;
  readonly #slots: BlockSlot<B>[];
  /** Of each slot: what is searched lies side by side. */
  readonly #starts: S[];
  readonly #counts: EntryCounts;
  #nextBlock: number;
  /** The number of the last change. */
  #sequence: number;
  #loadedBytes = 0;
  #pendingBytes = 0;
  #dirtyBytes = 0;
  /** Where `release` goes on. */
  #hand = 0;
  /** Blocks had to leave RAM: pending changes are kept, so that they need not be written first. */
  #isTight = false;
  /** With more a block that is read makes others leave RAM. */
  #loadedBytesMax = Infinity;
  #ofKey: Buffer | undefined;
  #soonestMs = Infinity;

  constructor(options: DirectoryOptions<B, S>) {
    this.#options = options;
    this.#nextBlock = options.nextBlock;
    this.#sequence = options.sequence;
    this.#slots = options.entries.map(({ block }) => blockSlot(block, 0));
    this.#starts = options.entries.map(({ start }) => start);
    this.#counts = new EntryCounts(options.entries.map(({ count }) => count));
  }

  /** Elements in all blocks. */
  get size(): number {
    return this.#counts.total;
  }

  /** Under which its blocks are. */
  get id(): number {
    return this.#options.id;
  }

  get tag(): number {
    return this.#options.tag;
  }

  get memoryBytes(): number {
    return EMPTY_BYTES + this.#slots.length * ENTRY_RAM_BYTES + this.#loadedBytes +
      this.#pendingBytes;
  }

  /** Bytes that `encode` writes, about. */
  get baseBytes(): number {
    return HEAD_BYTES + this.#slots.length * ENTRY_BYTES;
  }

  /** Bytes of the blocks that were changed since they were written. */
  get dirtyBytes(): number {
    return this.#dirtyBytes;
  }

  /** How many blocks there are. */
  get length(): number {
    return this.#slots.length;
  }

  /** The number that the next block gets. */
  get nextBlock(): number {
    return this.#nextBlock;
  }

  countOf(entry: number): number {
    return this.#counts.of(entry);
  }

  /** Where each entry starts. */
  get starts(): readonly S[] {
    return this.#starts;
  }

  /** How many elements are in the entries before. */
  countBefore(entry: number): number {
    return this.#counts.before(entry);
  }

  /** The entry that has the element of this rank. */
  entryAt(rank: number): number {
    return this.#counts.at(rank);
  }

  // ---- Elements that expire ---------------------------------------------------------------------

  /** No element expires before. */
  get soonestMs(): number {
    return this.#soonestMs;
  }

  /** Of the elements of an entry that expire. */
  timesOf(entry: number): FieldTimes | undefined {
    const slot = this.#mustSlot(entry);
    return slot.block === undefined ? slot.times : slot.block.times;
  }

  /** Of an entry whose block is not in RAM. */
  noteTimes(entry: number, times: FieldTimes): void {
    this.#mustSlot(entry).times = times;
    this.#soonestMs = Math.min(this.#soonestMs, times.soonestMs);
  }

  /** Finds out of all entries when the first element expires. */
  refreshSoonest(): void {
    this.#soonestMs = Infinity;
    for (const { block, times } of this.#slots) {
      const soonestMs = (block === undefined ? times : block.times)?.soonestMs ?? Infinity;
      this.#soonestMs = Math.min(this.#soonestMs, soonestMs);
    }
  }

  // ---- Blocks -----------------------------------------------------------------------------------

  /**
   * A command begins to use it: with more bytes of blocks in RAM, others go for one it reads. The
   * key of the collection is for errors.
   */
  beginUse(bytes: number, ofKey: Buffer | undefined): void {
    this.#loadedBytesMax = bytes;
    this.#ofKey = ofKey;
  }

  /** The block of an entry if it is in RAM. */
  peek(entry: number): B | undefined {
    return this.#slots[entry]?.block;
  }

  /** The block of an entry, read at once if it is not in RAM. Throws StoreError. */
  block(entry: number): B {
    return this.#load(this.#mustSlot(entry), false);
  }

  /** The same for a command that may write: blocks that have to go for it may be written first. */
  blockToChange(entry: number): B {
    return this.#load(this.#mustSlot(entry), true);
  }

  #load(slot: BlockSlot<B>, mayWrite: boolean): B {
    slot.isUsed = true;
    if (slot.block !== undefined) return slot.block;
    const { decode, id, port, space } = this.#options;
    const bytes = port.read(space, blockKey(id, slot.number), this.#ofKey);
    if (bytes === undefined) {
      throw new Error(`assertion failed: collection ${id} has no block ${slot.number}`);
    }
    const reader = new PieceReader(bytes.buf, bytes.start, bytes.end);
    slot.writtenAt = reader.number();
    const block = decode(bytes.buf, reader.at, bytes.end);
    slot.pending?.applyAfter(
      slot.writtenAt, (buf, start, end) => block.applyDelta(buf, start, end));
    if (slot.changedAt <= slot.writtenAt) this.#noteWritten(slot, slot.writtenAt);
    if (this.#loadedBytes > this.#loadedBytesMax) this.release(RELEASE_BYTES, () => mayWrite);
    this.#setBlock(slot, block);
    return block;
  }

  // ---- Changing ---------------------------------------------------------------------------------

  /** See LiveValue.applyDelta. */
  applyDelta(buf: Buffer, start: number, end: number, words?: DataView): void {
    const reader = new PieceReader(buf, start + 1, end);
    switch (buf[start]! & OP_MASK) {
      case CHANGE: return this.#change(reader, words);
      case SPLIT: return this.#split(reader);
      case JOIN: return this.#join(reader.number());
      case DROP: return this.#drop(reader.number());
      default: throw new Error(`assertion failed: a delta begins with ${buf[start]}`);
    }
  }

  #change(reader: PieceReader, words: DataView | undefined): void {
    const growthAt = reader.at++;
    const entry = reader.number();
    const slot = this.#mustSlot(entry);
    const { at, buf, limit } = reader;
    const { block } = slot;
    this.#sequence++;
    const isFirst = slot.changedAt <= slot.writtenAt;
    slot.changedAt = this.#sequence;
    if (block === undefined || (this.#isTight && isFirst) || slot.pending !== undefined) {
      this.#addPending(slot, buf, at, limit);
    }
    const hasTimes = slot.times !== undefined || this.#options.mayExpire?.(buf[at]!) === true;
    if (block === undefined && hasTimes) this.noteTimes(entry, UNKNOWN_TIMES);
    if (block !== undefined) {
      const before = block.size;
      block.applyDelta(buf, at, limit, words);
      buf[growthAt] = GROWTH_NONE + block.size - before;
      this.#setBlock(slot, block);
    }
    if (buf[growthAt] === 0) throw new Error('assertion failed: a change of a block not in RAM');
    this.#counts.add(entry, buf[growthAt]! - GROWTH_NONE);
    if (isFirst) this.#noteDirty(slot);
  }

  #addPending(slot: BlockSlot<B>, buf: Buffer, start: number, end: number): void {
    // What is not in RAM has nothing else.
    if (slot.block !== undefined && (slot.pending?.bytes ?? 0) > PENDING_BYTES_MAX) {
      this.#forgetPending(slot);
      return;
    }
    const before = slot.pending?.memoryBytes ?? 0;
    slot.pending ??= new PendingChanges();
    slot.pending.add(this.#sequence, buf, start, end);
    this.#pendingBytes += slot.pending.memoryBytes - before;
  }

  #split(reader: PieceReader): void {
    const entry = reader.number();
    const slot = this.#mustSlot(entry);
    const start = this.#options.separators.read(reader, undefined);
    const [block, count] = [reader.number(), reader.number()];
    // Both were written.
    this.#noteWritten(slot);
    this.#counts.add(entry, -count);
    this.#counts.insert(entry + 1, count);
    this.#slots.splice(entry + 1, 0, blockSlot(block, this.#sequence));
    this.#starts.splice(entry + 1, 0, start);
    this.#nextBlock = Math.max(this.#nextBlock, block + 1);
    this.#copyTimes(entry, entry + 1);
  }

  /** Elements of one entry, whose block may not be in RAM, are in the other one now. */
  #copyTimes(from: number, to: number): void {
    if (this.timesOf(from) === undefined) return;
    for (const entry of [from, to]) this.#mustSlot(entry).times = UNKNOWN_TIMES;
  }

  #join(entry: number): void {
    const slot = this.#mustSlot(entry);
    const behind = this.#mustSlot(entry + 1);
    this.#noteWritten(slot);
    this.#copyTimes(entry + 1, entry);
    this.#forget(behind);
    this.#counts.add(entry, this.#counts.of(entry + 1));
    this.#counts.remove(entry + 1);
    this.#slots.splice(entry + 1, 1);
    this.#starts.splice(entry + 1, 1);
  }

  /** The entry before takes its range over, or the one behind if there is none. */
  #drop(entry: number): void {
    const slot = this.#mustSlot(entry);
    this.#forget(slot);
    this.#counts.remove(entry);
    this.#slots.splice(entry, 1);
    this.#starts.splice(entry === 0 ? 1 : entry, 1);
  }

  #mustSlot(entry: number): BlockSlot<B> {
    const slot = this.#slots[entry];
    if (slot === undefined) {
      throw new Error(`assertion failed: entry ${entry} of a directory of ${this.#slots.length}`);
    }
    return slot;
  }

  // ---- Records ----------------------------------------------------------------------------------

  /** Writes a block that has other elements now, for a SPLIT or JOIN that follows. */
  rewriteBlock(entry: number, block: B): void {
    const slot = this.#mustSlot(entry);
    this.#setBlock(slot, block);
    this.#write(slot, block);
  }

  /** Writes the block that a SPLIT will bring. */
  writeNewBlock(number: number, block: B): void {
    const { id, port, space } = this.#options;
    port.write(space, blockKey(id, number), this.#recordOf(block));
  }

  /** Keeps the block of an entry in RAM that was written just now. */
  keepBlock(entry: number, block: B): void {
    this.#setBlock(this.#mustSlot(entry), block);
  }

  /** Removes the record of an entry that a JOIN or DROP takes away. */
  removeBlock(entry: number): void {
    const { id, port, space } = this.#options;
    port.remove(space, blockKey(id, this.#mustSlot(entry).number));
  }

  /**
   * Lets blocks leave RAM that were not used lately, until it has `bytes` fewer or a round is over;
   * those that have changed much are written. Returns how many bytes fewer it has.
   */
  release(bytes: number, mayWrite: () => boolean): number {
    const before = this.memoryBytes;
    this.#isTight = true;
    for (let left = 2 * this.#slots.length; left > 0; left--) {
      if (before - this.memoryBytes >= bytes) break;
      this.#hand = (this.#hand + 1) % this.#slots.length;
      const slot = this.#slots[this.#hand]!;
      const { block } = slot;
      if (slot.isUsed) slot.isUsed = false;
      else if (block !== undefined) {
        if (slot.changedAt > slot.writtenAt && slot.pending === undefined) {
          if (!mayWrite()) continue;
          this.#write(slot, block);
        }
        this.#setBlock(slot, undefined);
      }
    }
    return before - this.memoryBytes;
  }

  /**
   * Each call writes one block that was changed before the first; false when that is done, and a
   * base as it was then may be written.
   */
  snapshotSteps(): () => boolean {
    const until = this.#sequence;
    const changed = this.#slots.filter((slot) => slot.changedAt > slot.writtenAt);
    return () => {
      for (let slot = changed.pop(); slot !== undefined; slot = changed.pop()) {
        if (slot.isGone || slot.writtenAt >= until) continue;
        const wasThere = slot.block !== undefined;
        const block = this.#load(slot, true);
        if (slot.changedAt > slot.writtenAt) this.#write(slot, block);
        // Else a value that is larger than RAM would come to RAM as a whole.
        if (!wasThere) this.#setBlock(slot, undefined);
        return true;
      }
      return false;
    };
  }

  /** For a directory with the same elements in blocks of its own, which `copyBlocksOf` writes. */
  baseOfCopy(): DirectoryBase<S> {
    const { length } = this.#slots;
    const entries = this.#starts.map((start, entry) =>
      ({ start, block: entry, count: this.#counts.of(entry) }));
    return { entries, nextBlock: length, sequence: 0 };
  }

  copyBlocksOf(from: BlockDirectory<B, S>): void {
    for (let entry = 0; entry < from.length; entry++) {
      this.writeNewBlock(entry, from.block(entry));
    }
  }

  /** Writes what `readDirectory` reads. */
  encode(writer: DeltaWriter): void {
    const { separators } = this.#options;
    writer.number(this.#nextBlock);
    writer.number(this.#sequence);
    writer.number(this.#slots.length);
    for (const [entry, { number }] of this.#slots.entries()) {
      separators.write(writer, this.#starts[entry]!, this.#starts[entry - 1]);
      writer.number(number);
      writer.number(this.#counts.of(entry));
    }
  }

  #write(slot: BlockSlot<B>, block: B): void {
    this.writeNewBlock(slot.number, block);
    this.#noteWritten(slot);
  }

  #recordOf(block: B): ByteRange {
    const base = block.encodeBase();
    records.restart();
    records.number(this.#sequence);
    records.raw(base, 0, base.length);
    return records.finish();
  }

  /** Bytes of all blocks' records, by the mean of some. */
  blocksBytes(bytesOf: (key: ByteRange) => number): number {
    const { length } = this.#slots;
    const asked = Math.min(length, BLOCKS_ASKED_MAX);
    let bytes = 0;
    for (let i = 0; i < asked; i++) {
      const { number } = this.#slots[Math.floor(i * length / asked)]!;
      bytes += bytesOf(blockKey(this.#options.id, number));
    }
    return asked === 0 ? 0 : Math.round(bytes / asked * length);
  }

  // ---- Accounts ---------------------------------------------------------------------------------

  #noteDirty(slot: BlockSlot<B>): void {
    slot.dirtyBytes = slot.block?.baseBytes ?? BLOCK_BYTES_MAX / 2;
    this.#dirtyBytes += slot.dirtyBytes;
  }

  #noteWritten(slot: BlockSlot<B>, at = this.#sequence): void {
    this.#dirtyBytes -= slot.dirtyBytes;
    slot.dirtyBytes = 0;
    slot.writtenAt = at;
    this.#forgetPending(slot);
  }

  #forgetPending(slot: BlockSlot<B>): void {
    this.#pendingBytes -= slot.pending?.memoryBytes ?? 0;
    slot.pending = undefined;
  }

  #setBlock(slot: BlockSlot<B>, block: B | undefined): void {
    const bytes = block === undefined ? 0 : BLOCK_RAM_BYTES + block.memoryBytes;
    this.#loadedBytes += bytes - slot.blockBytes;
    if (block === undefined) slot.times = slot.block?.times;
    else if (block.times !== undefined) {
      this.#soonestMs = Math.min(this.#soonestMs, block.times.soonestMs);
    }
    slot.block = block;
    slot.blockBytes = bytes;
  }

  #forget(slot: BlockSlot<B>): void {
    slot.isGone = true;
    this.#noteWritten(slot);
    this.#setBlock(slot, undefined);
  }
}
