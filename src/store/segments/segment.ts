/**
 * One segment as the running store knows it: its numbers, its part of the in-memory tail, its
 * accounts.
 *
 * Invariants: `liveBytes` adds and subtracts sizeClassBytes of a record's class, so both agree
 * without reading the record. A dropped segment stays readable until its last pin and hold go.
 */

import { LOG_GRANULE_BYTES } from '../format/limits.ts';
import { markEntryAlive, markEntryDead } from '../format/data-entry.ts';
import type { ReadFile, WriteFile } from '../../io/files.ts';
import type { SyncedProof } from '../../io/watermark-file.ts';
import type { SegmentSummary } from '../format/hint.ts';
import type { SealedSegment } from '../format/manifest.ts';
import type { SegmentKind } from '../format/segment-header.ts';
import { sizeClassBytes } from '../index/size-class.ts';

/** offset >>> GRANULE_SHIFT is its granule. */
export const GRANULE_SHIFT = Math.log2(LOG_GRANULE_BYTES);

export const NO_BLOCKS: readonly (TailBlock | undefined)[] = [];

/**
 * OPEN: written, made ready, or waits to be sealed. SEALED: durable, in the manifest. ADOPTED: an
 * output of the compactor that is not in the manifest yet. RETIRED: an input that leaves it.
 */
export type SegmentState = 'open' | 'sealed' | 'adopted' | 'retired' | 'dropped';

export class Segment {
  readonly id: number;
  readonly slot: number;
  readonly kind: SegmentKind;
  readonly path: string;
  state: SegmentState;

  /** In-memory tail blocks by granule of the offset; shared and empty once none is left. */
  granules: (TailBlock | undefined)[] | typeof NO_BLOCKS = NO_BLOCKS;

  /** Bytes of the file that count. */
  bytes: number;
  liveBytes = 0;
  liveRecords = 0;
  records = 0;
  tombstones = 0;
  /** Infinity while there is no record. */
  minValueIndex = Infinity;
  maxValueIndex = 0;
  position = 0;

  /** Readers that are at work on this segment. */
  pins = 0;
  /** Snapshots that need its file. */
  holds = 0;
  reader: ReadFile | undefined;
  opening: Promise<ReadFile> | undefined;
  #entry: SealedSegment | undefined;

  constructor(id: number, slot: number, kind: SegmentKind, path: string, state: SegmentState,
    bytes: number) {
    this.id = id;
    this.slot = slot;
    this.kind = kind;
    this.path = path;
    this.state = state;
    this.bytes = bytes;
  }

  addLive(sizeClass: number): void {
    this.liveBytes += sizeClassBytes(sizeClass);
    this.liveRecords += 1;
  }

  subtractLive(sizeClass: number): void {
    this.liveBytes -= sizeClassBytes(sizeClass);
    this.liveRecords -= 1;
  }

  summary(): SegmentSummary {
    return {
      id: this.id,
      bytes: this.bytes,
      records: this.records,
      tombstones: this.tombstones,
      minValueIndex: this.records === 0 ? 0 : this.minValueIndex,
      maxValueIndex: this.maxValueIndex,
      position: this.position,
    };
  }

  /** The entry of a sealed segment in the manifest, as it was given or as it results. */
  sealedEntry(): SealedSegment {
    this.#entry ??= { ...this.summary(), kind: this.kind };
    return this.#entry;
  }

  /** Takes over what the manifest says. */
  restore(summary: SealedSegment): void {
    this.#entry = summary;
    this.bytes = summary.bytes;
    this.records = summary.records;
    this.tombstones = summary.tombstones;
    this.minValueIndex = summary.records === 0 ? Infinity : summary.minValueIndex;
    this.maxValueIndex = summary.maxValueIndex;
    this.position = summary.position;
  }
}

/** A LOG segment that is being written or waits to be sealed. */
export class LogSegment {
  readonly segment: Segment;
  readonly file: WriteFile;
  /** How long the log was where this segment begins: offset + lsnBase is a log position. */
  lsnBase = 0;
  /** Whether its name survives a power cut. */
  nameDurable: boolean;
  /** Bytes handed to the kernel, and bytes known to be on disk. */
  written: number;
  synced: number;
  /** The frame that was closed last: where it begins and ends, and its frameProof; 0 = none yet. */
  frameOffset = 0;
  frameEnd = 0;
  frameProof = 0;
  /** The last frame that is durable as a whole, as far as that is known. */
  syncedProof: SyncedProof | undefined;
  /** The writer has gone on to the next one. */
  isFull = false;
  /** Where the batch ends that goes on in a later segment; Infinity: not known yet. */
  groupEndLsn = 0;

  constructor(segment: Segment, file: WriteFile, nameDurable: boolean, written: number) {
    this.segment = segment;
    this.file = file;
    this.nameDurable = nameDurable;
    this.written = written;
    this.synced = nameDurable ? written : 0;
  }
}

/** A piece of the in-memory tail: bytes of a segment in RAM (memory-tail.ts). */
export class TailBlock {
  readonly buf: Buffer;
  readonly view: DataView;
  readonly log: LogSegment;
  /** Offset in the segment of buf[0]. */
  readonly start: number;
  /** Offset behind the last byte that may be used; a multiple of a granule. */
  end: number;
  /** The next free byte; up to where frames are closed; up to where bytes were written. */
  used: number;
  committed: number;
  flushed: number;
  constructor(buf: Buffer, log: LogSegment, start: number) {
    this.buf = buf;
    this.view = new DataView(buf.buffer, buf.byteOffset, buf.length);
    this.log = log;
    this.start = start;
    this.end = start + buf.length;
    this.used = start;
    this.committed = start;
    this.flushed = start;
  }

  /**
   * The record at this offset was replaced or deleted: noted in the record itself, whose memory is
   * at hand, once that is on its way to disk and is not written again. Nobody reads it any more.
   */
  markDead(offset: number): void {
    if (offset < this.flushed) markEntryDead(this.buf, offset - this.start);
  }

  /** Undoes `markDead`. */
  markAlive(offset: number): void {
    markEntryAlive(this.buf, offset - this.start);
  }
}
