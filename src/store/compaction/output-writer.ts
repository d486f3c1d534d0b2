/**
 * Writes one output of a compaction: a PACK segment with the records given, byte by byte as they
 * were, and its hint.
 *
 *   | segment header | frame header | record | record | ... | frame header | record | ...
 *
 * Frames are whole in the buffer before they are written, because a frame header tells its length.
 * Invariants: what `append` takes keeps its value_index and its bytes; `finish` returns only after
 * data and hint are durable (their names are the caller's to sync). Any failure is a DiskError; the
 * files are then rubbish, which `abandon` closes and the caller unlinks.
 */

import { DiskError } from '../../io/files.ts';
import type { KeyHashSeed } from '../../lib/key-hash.ts';
import { COMPACTION_WINDOW_BYTES } from '../limits.ts';
import {
  entryExpireAtAt, entryKindAt, entrySpaceAt, entryTypeByteAt, entryValueIndexAt,
  KIND_DELETED, skipGap,
} from '../format/data-entry.ts';
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../format/frame.ts';
import { encodeHintNow, type SegmentSummary } from '../format/hint.ts';
import { HintRows } from '../format/hint-rows.ts';
import type { SealedSegment } from '../format/manifest.ts';
import {
  encodeSegmentHeader, hintFileName, SEGMENT_HEADER_BYTES, SEGMENT_PACK, segmentFileName,
} from '../format/segment-header.ts';
import { expirySecondsOfMs } from '../index/index-slot.ts';
import type { CopierDisk, CopierOutputFile } from './copy-job.ts';
import { KiB } from '../../lib/size-units.ts';

/** A frame of an output ends at about this size: a frame header is 0.02 % of it. */
const COMPACTION_FRAME_BYTES = 256 * KiB;

export class OutputWriter {
  readonly id: number;
  readonly #disk: CopierDisk;
  readonly #dir: string;
  readonly #file: CopierOutputFile;
  readonly #rows = new HintRows();
  #isOpen = true;

  #buf: Buffer<ArrayBuffer> = Buffer.alloc(2 * COMPACTION_WINDOW_BYTES);
  #view = new DataView(this.#buf.buffer);
  /** Offset in the segment of the buffer's first byte: everything before it is written. */
  #base = 0;
  /** Offset behind the last record. */
  #end = SEGMENT_HEADER_BYTES;
  /** Offset of the open frame's header; -1 = no frame is open. */
  #frameOffset = -1;
  #frameRecords = 0;
  #frameValueIndex = 0;
  /** Goes into the frames from now on. */
  position = 0;
  /** What went into the last one. */
  #framePosition = 0;

  #tombstones = 0;
  #tombstoneBytes = 0;
  #minValueIndex = Infinity;
  #maxValueIndex = 0;
  #hintBytes = 0;

  private constructor(
    disk: CopierDisk, dir: string, id: number, file: CopierOutputFile, seed: KeyHashSeed,
  ) {
    this.#disk = disk;
    this.#dir = dir;
    this.id = id;
    this.#file = file;
    encodeSegmentHeader({ id, kind: SEGMENT_PACK, seed, previousId: 0 }).copy(this.#buf, 0);
  }

  /** EEXIST if the id was used before. */
  static async create(
    disk: CopierDisk, dir: string, id: number, seed: KeyHashSeed,
  ): Promise<OutputWriter> {
    const file = await disk.create(`${dir}/${segmentFileName(id, SEGMENT_PACK)}`);
    return new OutputWriter(disk, dir, id, file, seed);
  }

  /** Whether a record of `bytes` still fits an output of `segmentBytes`; the first does. */
  hasRoom(bytes: number, segmentBytes: number): boolean {
    return this.#rows.count === 0 || this.#end + FRAME_HEADER_BYTES + bytes <= segmentBytes;
  }

  /** Bytes of the segment and of its hint so far. */
  get writtenBytes(): number {
    return this.#end + this.#hintBytes;
  }

  /**
   * Appends the record of `bytes` bytes at src[at], whose hash is (hi, lo). Returns its offset in
   * the segment. Writes nothing yet.
   */
  append(src: Buffer, at: number, bytes: number, hi: number, lo: number): number {
    if (this.#frameOffset >= 0 && this.#end - this.#frameOffset >= COMPACTION_FRAME_BYTES) {
      this.#closeFrame();
    }
    const valueIndex = entryValueIndexAt(src, at);
    if (this.#frameOffset < 0) this.#openFrame(valueIndex);
    const offset = this.#skipTo(skipGap(this.#end), bytes);
    src.copy(this.#buf, offset - this.#base, at, at + bytes);
    this.#end = offset + bytes;
    this.#frameRecords++;
    this.#note(src, at, bytes, offset, valueIndex, hi, lo);
    return offset;
  }

  /** Writes what is buffered if that is much. Call it after each batch. */
  async flushIfMuch(): Promise<void> {
    if (this.#end - this.#base >= COMPACTION_WINDOW_BYTES) await this.#flush();
  }

  /** Writes the rest and the hint, and makes both durable. */
  async finish(cleanSince: number): Promise<SealedSegment> {
    await this.#flush();
    await this.#file.datasync();
    await this.#close();
    const summary: SegmentSummary = {
      id: this.id,
      bytes: this.#end,
      records: this.#rows.count,
      tombstones: this.#tombstones,
      minValueIndex: this.#minValueIndex,
      maxValueIndex: this.#maxValueIndex,
      position: this.#framePosition,
    };
    await this.#writeHint(summary);
    return { ...summary, kind: SEGMENT_PACK, cleanSince, tombstoneBytes: this.#tombstoneBytes };
  }

  /** Closes the file of an output that failed; why it failed is known already. */
  async abandon(): Promise<void> {
    try {
      await this.#close();
    } catch (err) {
      if (!(err instanceof DiskError)) throw err;
    }
  }

  /** A close that failed has still ended the use of the file. */
  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }

  #note(src: Buffer, at: number, bytes: number, offset: number, valueIndex: number, hi: number,
    lo: number): void {
    const kind = entryKindAt(src, at);
    if (kind === KIND_DELETED) {
      this.#tombstones++;
      this.#tombstoneBytes += bytes;
    }
    this.#minValueIndex = Math.min(this.#minValueIndex, valueIndex);
    this.#maxValueIndex = Math.max(this.#maxValueIndex, valueIndex);
    const expiry = expirySecondsOfMs(entryExpireAtAt(src, at));
    const typeByte = entryTypeByteAt(src, at);
    this.#rows.add(
      hi, lo, kind, typeByte, entrySpaceAt(src, at), offset, bytes, expiry, valueIndex,
    );
  }

  #openFrame(firstValueIndex: number): void {
    this.#frameOffset = this.#skipTo(skipGap(this.#end), FRAME_HEADER_BYTES);
    this.#end = this.#frameOffset + FRAME_HEADER_BYTES;
    this.#frameRecords = 0;
    this.#frameValueIndex = firstValueIndex;
  }

  #closeFrame(): void {
    const offset = this.#frameOffset;
    this.#frameOffset = -1;
    this.#framePosition = this.position;
    writeFrameHeader(this.#view, this.#buf, offset - this.#base, this.id, offset, {
      bytes: this.#end - offset,
      records: this.#frameRecords,
      firstValueIndex: this.#frameValueIndex,
      position: this.position,
      syncedSegment: 0,
      syncedOffset: 0,
      flags: 0,
    });
  }

  /** Fills the gap up to `offset` with zeros and makes room for `bytes` behind it. */
  #skipTo(offset: number, bytes: number): number {
    const needed = offset + bytes - this.#base;
    if (needed > this.#buf.length) {
      const larger = Buffer.alloc(Math.max(needed, this.#buf.length * 2));
      this.#buf.copy(larger, 0, 0, this.#end - this.#base);
      this.#setBuffer(larger);
    }
    this.#buf.fill(0, this.#end - this.#base, offset - this.#base);
    return offset;
  }

  async #flush(): Promise<void> {
    if (this.#frameOffset >= 0) this.#closeFrame();
    const bytes = this.#end - this.#base;
    if (bytes > 0) await this.#file.write(this.#buf, 0, bytes, this.#base);
    this.#base = this.#end;
    // A giant record's buffer is not kept.
    if (this.#buf.length > 8 * COMPACTION_WINDOW_BYTES) {
      this.#setBuffer(Buffer.alloc(2 * COMPACTION_WINDOW_BYTES));
    }
  }

  #setBuffer(buf: Buffer<ArrayBuffer>): void {
    this.#buf = buf;
    this.#view = new DataView(buf.buffer, buf.byteOffset, buf.length);
  }

  async #writeHint(summary: SegmentSummary): Promise<void> {
    const file = await this.#disk.create(`${this.#dir}/${hintFileName(this.id)}`);
    try {
      const bytes = Buffer.concat(encodeHintNow(summary, this.#rows));
      await file.write(bytes, 0, bytes.length, 0);
      this.#hintBytes = bytes.length;
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}
