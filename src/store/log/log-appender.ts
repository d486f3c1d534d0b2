/**
 * Puts records into the in-memory tail, straight from the caller's ranges: no buffer in between.
 *
 *     frame header | record | record | PAD to the granule || next block: record | ... | frame end
 *
 * A frame is opened by the first record and closed by `closeFrame`; its header's 40 bytes are
 * reserved first and filled in last. After each `append` the fields say where the record went.
 *
 * Invariants: nothing is written to disk here; frames are closed before anything else reads them; a
 * record starts below `startBytesMax`, for which a batch may have to go on in the next segment.
 */

import type { ByteRange } from '../../lib/byte-range.ts';
import { WORDS_BYTES_MAX, ViewMemo, copyWords } from '../../lib/views.ts';
import { SEGMENT_START_BYTES_MAX } from '../../config/limits.ts';
import { LOG_GRANULE_BYTES } from '../format/limits.ts';
import {
  ENTRY_HEADER_BYTES, HEADER_ROOM_BYTES, KIND_DELETED, STAMP_BYTES, entryBytes, skipGap,
  writeEntryHeader, writePad,
} from '../format/data-entry.ts';
import { FRAME_HEADER_BYTES, FRAME_MORE, frameProof, writeFrameHeader } from '../format/frame.ts';
import { SEGMENT_HEADER_BYTES } from '../format/segment-header.ts';
import { NO_STAMP, stampOfValueIndex } from '../format/version-stamp.ts';
import type { FrameEnd } from './frame-ends.ts';
import type { MemoryTail } from '../memory/memory-tail.ts';
import type { LogSegment, TailBlock } from '../segments/segment.ts';

/** In the place of a segment's slot: no frame was open. */
const NO_FRAME = 0;

/** So few bytes of a buffer that nobody has a view of are copied one by one: keys of chains. */
const LOOP_BYTES_MAX = 32;

export interface Watermark {
  readonly segmentId: number;
  readonly offset: number;
}

export interface AppenderOwner {
  /** How far the log is known to be durable. */
  watermark(): Watermark;
  /** The segment in which a batch goes on that the present one has no room for. */
  nextSegment(): LogSegment;
  /** Nothing will be appended to this segment any more. */
  onFull(log: LogSegment): void;
}

export class LogAppender {
  /** The record appended last: its segment slot, offset, whole bytes and value_index. */
  slot = 0;
  offset = 0;
  bytes = 0;
  valueIndex = 0;

  /**
   * What a record that changes its key is stamped with: the log index of the entry whose requests
   * run; NO_STAMP alone, where the value_index says it.
   */
  logIndex = NO_STAMP;

  /** Blocks with bytes that were not handed to the kernel, in log order. */
  readonly dirty: TailBlock[] = [];
  nextValueIndex: number;
  current: LogSegment;
  block: TailBlock;

  readonly #tail: MemoryTail;
  readonly #owner: AppenderOwner;
  readonly #startBytesMax: number;
  /** Ranges without a view of their own mostly come from one chunk. */
  readonly #views = new ViewMemo();
  #frameBlock: TailBlock | undefined;
  /** Those of the open frame. They get dirty when it closes: never half a frame is written. */
  readonly #frameBlocks: TailBlock[] = [];
  #frameOffset = 0;
  #frameRecords = 0;
  #frameValueIndex = 0;
  /** Tombstones of the segment in front of the frame. */
  #frameTombstones = 0;
  /** Where the open batch began a segment ago; its segments cannot be sealed before its end. */
  readonly #split: LogSegment[] = [];

  constructor(tail: MemoryTail, owner: AppenderOwner, first: LogSegment, nextValueIndex: number,
    startBytesMax = SEGMENT_START_BYTES_MAX) {
    this.#startBytesMax = startBytesMax;
    this.#tail = tail;
    this.#owner = owner;
    this.nextValueIndex = nextValueIndex;
    this.current = first;
    this.block = this.#begin(first);
  }

  get isFrameOpen(): boolean {
    return this.#frameBlock !== undefined;
  }

  /** Length of the log up to the last byte appended. */
  get appendedLsn(): number {
    return this.current.lsnBase + this.block.used;
  }

  /** The stamp of the record appended last, if that changed its key. */
  get changeStamp(): number {
    return this.logIndex === NO_STAMP ? stampOfValueIndex(this.valueIndex) : this.logIndex;
  }

  /**
   * Appends a record; the ranges are copied. `stamp`: `logIndex` for a change, the key's present
   * one for a record that changes nothing, NO_STAMP where no key is told by it.
   */
  append(kind: number, typeByte: number, space: number, key: ByteRange, value: ByteRange,
    expireAtMs: number, stamp: number): void {
    const keyBytes = key.end - key.start;
    const valueBytes = value.end - value.start;
    const stampBytes = stamp === NO_STAMP ? 0 : STAMP_BYTES;
    const bytes = entryBytes(keyBytes, valueBytes, stampBytes);
    if (this.#frameBlock === undefined) this.#openFrame();
    this.#makeRoom(bytes);
    const block = this.block;
    const offset = block.used;
    const at = offset - block.start;
    const body = at + ENTRY_HEADER_BYTES + stampBytes;
    this.#copy(key, keyBytes, block, body);
    this.#copy(value, valueBytes, block, body + keyBytes);
    for (let i = body + keyBytes + valueBytes; i < at + bytes; i += 1) block.buf[i] = 0;
    const valueIndex = this.nextValueIndex;
    writeEntryHeader(block.view, at, kind, typeByte, valueIndex, space, keyBytes, valueBytes,
      expireAtMs, stamp);
    block.used = offset + bytes;
    this.nextValueIndex = valueIndex + 1;
    this.#frameRecords += 1;
    this.slot = this.current.segment.slot;
    this.offset = offset;
    this.bytes = bytes;
    this.valueIndex = valueIndex;
    this.#account(kind, valueIndex);
  }

  /** Closes the open frame; false if there is none. Its blocks may be written from then on. */
  closeFrame(position: number): boolean {
    if (this.#frameBlock === undefined) return false;
    // All of it was taken back.
    if (this.#frameRecords === 0 && this.#split.length === 0) return this.#dropFrame();
    this.#close(position, 0);
    for (const log of this.#split) log.groupEndLsn = this.appendedLsn;
    this.#split.length = 0;
    return true;
  }

  /** Appends a frame without records: all that it says is how far the log is durable. */
  mark(): void {
    this.#openFrame();
    this.#close(0, 0);
  }

  /** Goes on in another segment; between frames only. */
  switchTo(next: LogSegment): void {
    const old = this.current;
    old.isFull = true;
    old.segment.bytes = this.block.used;
    // Headers do not count: the log is as long behind the switch as before it.
    next.lsnBase = this.appendedLsn - SEGMENT_HEADER_BYTES;
    this.current = next;
    this.block = this.#begin(next);
    this.#owner.onFull(old);
  }

  // ---- Taking back ------------------------------------------------------------------------------

  /** Writes down where the log is, for `backToMark`: six words from words[at + 1] on. */
  writeMark(words: Int32Array, at: number): void {
    const { segment } = this.current;
    words[at + 1] = this.isFrameOpen ? segment.slot : NO_FRAME;
    words[at + 2] = this.block.used;
    words[at + 3] = this.#frameRecords;
    words[at + 4] = this.nextValueIndex % 2 ** 32 | 0;
    words[at + 5] = Math.floor(this.nextValueIndex / 2 ** 32);
    words[at + 6] = segment.tombstones;
  }

  /** Whether the batch has not gone on in another segment since the mark. */
  canGoBackTo(words: Int32Array, at: number): boolean {
    const slot = words[at + 1]!;
    return slot === NO_FRAME ? this.#split.length === 0 : slot === this.current.segment.slot;
  }

  /** Forgets the records that were appended since the mark; the frame stays open. */
  backToMark(words: Int32Array, at: number): void {
    if (this.#frameBlock === undefined) return;
    const wasOpen = words[at + 1] !== NO_FRAME;
    const used = wasOpen ? words[at + 2]! : this.#frameOffset + FRAME_HEADER_BYTES;
    const valueIndex = wasOpen
      ? words[at + 5]! * 2 ** 32 + (words[at + 4]! >>> 0) : this.#frameValueIndex;
    const { segment } = this.current;
    segment.records -= this.nextValueIndex - valueIndex;
    segment.tombstones = wasOpen ? words[at + 6]! : this.#frameTombstones;
    segment.maxValueIndex = segment.records === 0 ? 0 : valueIndex - 1;
    if (segment.records === 0) segment.minValueIndex = Infinity;
    this.nextValueIndex = valueIndex;
    this.#frameRecords = wasOpen ? words[at + 3]! : 0;
    this.block = this.#tail.reopen(this.current, used)!;
    while (this.#frameBlocks.at(-1) !== this.block) this.#frameBlocks.pop();
  }

  /**
   * Forgets every frame behind `end`, the open one too. `later`: the segments that were begun
   * since, which go on empty. The log is as long as it was, so that no length stands for two
   * states.
   */
  takeBack(end: FrameEnd, later: readonly LogSegment[]): void {
    const { appendedLsn } = this;
    this.#frameBlock = undefined;
    this.#frameBlocks.length = this.#split.length = this.dirty.length = 0;
    // The tail lets go from its newest block back.
    for (const log of later.toReversed()) {
      this.#tail.takeBack(log, 0);
      resetSegment(log);
    }
    const { log } = end;
    const offset = end.lsn - log.lsnBase;
    const isCurrent = log === this.current;
    const isShorter = isCurrent || offset < log.segment.bytes;
    const block = isShorter ? this.#tail.takeBack(log, offset) : undefined;
    if (!isCurrent) this.block = this.#begin(this.current);
    else this.block = block ?? this.#tail.open(log, offset, HEADER_ROOM_BYTES);
    end.restore(offset);
    this.nextValueIndex = end.nextValueIndex;
    this.current.lsnBase = appendedLsn - this.block.used;
  }

  /** The frame has no record, and is not written. */
  #dropFrame(): false {
    const { block } = this;
    this.#frameBlock = undefined;
    this.#frameBlocks.length = 0;
    block.used = block.committed;
    return false;
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #copy({ buf, start, end, words }: ByteRange, bytes: number, to: TailBlock, at: number): void {
    if (bytes > WORDS_BYTES_MAX) buf.copy(to.buf, at, start, end);
    else if (words === undefined && bytes <= LOOP_BYTES_MAX && !this.#views.has(buf)) {
      for (let i = 0; i < bytes; i += 1) to.buf[at + i] = buf[start + i]!;
    } else copyWords(words ?? this.#views.of(buf), start, to.view, at, bytes);
  }

  #account(kind: number, valueIndex: number): void {
    const segment = this.current.segment;
    segment.records += 1;
    if (kind === KIND_DELETED) segment.tombstones += 1;
    if (segment.minValueIndex === Infinity) segment.minValueIndex = valueIndex;
    segment.maxValueIndex = valueIndex;
  }

  /** The first block of a segment: behind the header, which is on disk already. */
  #begin(log: LogSegment): TailBlock {
    const block = this.#tail.open(log, 0, SEGMENT_HEADER_BYTES);
    block.buf.fill(0, 0, SEGMENT_HEADER_BYTES);
    block.used = block.committed = block.flushed = SEGMENT_HEADER_BYTES;
    return block;
  }

  #openFrame(): void {
    if (this.block.used >= this.#startBytesMax) this.switchTo(this.#owner.nextSegment());
    this.#skipGap();
    if (this.block.used === this.block.end) this.#nextBlock(this.block.end, HEADER_ROOM_BYTES);
    const block = this.block;
    this.#frameBlock = block;
    this.#frameBlocks.push(block);
    this.#frameOffset = block.used;
    this.#frameRecords = 0;
    this.#frameValueIndex = this.nextValueIndex;
    this.#frameTombstones = this.current.segment.tombstones;
    block.used += FRAME_HEADER_BYTES;
  }

  #close(position: number, flags: number): void {
    const block = this.#frameBlock!;
    const log = this.current;
    const { segment } = log;
    const { segmentId, offset } = this.#owner.watermark();
    const at = this.#frameOffset - block.start;
    const bytes = this.block.used - this.#frameOffset;
    writeFrameHeader(block.view, block.buf, at, segment.id,
      this.#frameOffset, {
        bytes,
        records: this.#frameRecords,
        firstValueIndex: this.#frameValueIndex,
        position,
        syncedSegment: segmentId,
        syncedOffset: offset,
        flags,
      });
    log.frameOffset = this.#frameOffset;
    log.frameEnd = this.block.used;
    log.frameProof = frameProof(block.buf, at, this.#frameOffset, bytes);
    this.#frameBlock = undefined;
    segment.position = Math.max(segment.position, position);
    segment.bytes = this.block.used;
    this.#commitBlocks();
  }

  /** The writer of the dirty ones may have taken them away while the frame was open. */
  #commitBlocks(): void {
    for (const block of this.#frameBlocks) {
      block.committed = block.used;
      if (!this.dirty.includes(block)) this.dirty.push(block);
    }
    this.#frameBlocks.length = 0;
  }

  /** Zero bytes up to the granule if no header fits before it. */
  #skipGap(): void {
    const block = this.block;
    const to = skipGap(block.used);
    if (to === block.used) return;
    block.buf.fill(0, block.used - block.start, to - block.start);
    block.used = to;
  }

  /** Sees to it that a record of `bytes` fits at block.used. */
  #makeRoom(bytes: number): void {
    const room = LOG_GRANULE_BYTES - (this.block.used % LOG_GRANULE_BYTES);
    if (room < HEADER_ROOM_BYTES) this.#skipGap();
    const used = this.block.used;
    if (used + bytes <= this.block.end && used < this.#startBytesMax) return;
    this.#padToGranule();
    if (this.block.used < this.#startBytesMax) {
      this.#nextBlock(this.block.used, bytes);
      return;
    }
    this.#splitBatch();
    this.#makeRoom(bytes);
  }

  /** Ends the block at the next granule with a PAD record. */
  #padToGranule(): void {
    const block = this.block;
    const past = block.used % LOG_GRANULE_BYTES;
    if (past !== 0) {
      const bytes = LOG_GRANULE_BYTES - past;
      writePad(block.view, block.buf, block.used - block.start, bytes);
      block.used += bytes;
      this.#frameRecords += 1;
    }
    if (block.used < block.end) this.#tail.cut(block, block.used);
  }

  #nextBlock(start: number, bytesMin: number): void {
    this.block = this.#tail.open(this.current, start, bytesMin);
    if (this.#frameBlock !== undefined) this.#frameBlocks.push(this.block);
  }

  /** The batch goes on in another segment: both frames count, or neither. */
  #splitBatch(): void {
    this.#close(0, FRAME_MORE);
    this.current.groupEndLsn = Infinity;
    this.#split.push(this.current);
    this.switchTo(this.#owner.nextSegment());
    this.#openFrame();
  }
}

/** A segment as it was when it was begun. */
function resetSegment(log: LogSegment): void {
  const { segment } = log;
  segment.bytes = log.written = SEGMENT_HEADER_BYTES;
  segment.records = segment.tombstones = 0;
  segment.minValueIndex = Infinity;
  segment.maxValueIndex = segment.position = 0;
  log.groupEndLsn = log.frameOffset = log.frameEnd = log.frameProof = 0;
}
