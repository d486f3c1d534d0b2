/**
 * Which records are in RAM, and how others get there.
 *
 * Four places, asked in this order: the in-memory tail (by segment), the read cache, the *loaded*
 * records that waiting commands hold, the *scratch reads* that were read for the command that is
 * about to run. A record comes from disk by one positioned read of its size class, its checksums
 * are verified once, and it goes into the cache and to those who wait for it.
 *
 * Outside of the index a place is a segment's id and an offset (`lastingPlaceOf`): a slot number
 * names another segment once its own is gone.
 *
 * Invariants: a segment is pinned while it is read. A loaded record stays until as many `release`s
 * as `hold`s, a scratch read until `endScratchReads`. The cache changes only when no borrowed range
 * is left: when a read ends, at the top of an event-loop turn, or between two commands.
 *
 * A read fails with a StoreError that names file and offset: DAMAGED, or FAILED with the disk's
 * error.
 */

import {
  ENTRY_HEADER_BYTES, entryBytesAt, entryBytesToKeyEndAt, isEntryHeaderSound, isEntryPayloadSound,
} from '../format/data-entry.ts';
import { ReadCache } from './read-cache.ts';
import { GRANULE_SHIFT, type Segment, type TailBlock } from '../segments/segment.ts';
import type { SegmentTable } from '../segments/segment-table.ts';
import { StoreError, damaged } from '../store-error.ts';
import { KiB, MiB } from '../../lib/size-units.ts';
import { DiskError } from '../../io/files.ts';

/** A record up to this size is read whole even if only its key is needed: one page, one read. */
export const KEY_READ_BYTES = 4 * KiB;

/**
 * Memory for records that are read at once for one command (direct-reads.ts). More, as for an EXEC
 * of many cold keys, come through the pool.
 */
const SCRATCH_READ_BYTES = 256 * KiB;
const SCRATCH_READS_MAX = 64;

/**
 * Memory of the records that one command has read at once (Storage.findNow) and may ask for again:
 * a few of the usual large ones. Of those that are beyond, the proof of the key is read again.
 */
const SCRATCH_BYTES_MAX = 16 * MiB;

const PLACE_UNITS = 2 ** 26;
/** No record is there. */
const NO_PLACE = -1;

/** A record that was read: bytes from `at` on, header verified. */
export interface LoadedRecord {
  readonly buf: Buffer;
  readonly at: number;
  /** False: header and key only, the payload is not verified. */
  readonly isWhole: boolean;
  /** The payload was read and is not what was written; the key may be affected. */
  readonly isDamaged?: boolean;
}

interface ScratchRead extends LoadedRecord {
  readonly segmentId: number;
  readonly offset: number;
  /** Its value was wanted, and perhaps will be again. */
  readonly stays: boolean;
}

/** A record that is kept, wherever the compactor moves it. */
export interface Held {
  /** See `lastingPlaceOf`. */
  place: number;
  record: LoadedRecord;
  holders: number;
}

/**
 * A place as the index and the chains name it, as one number of 46 bits. It means something only as
 * long as the record there is live, because the compactor moves it together with the record.
 */
export function placeOf(slot: number, offset: number): number {
  return slot * PLACE_UNITS + offset / 8;
}

/** A place that means the same for ever, as one number: 52 bits for the first 2^26 segments. */
function lastingPlaceOf(segmentId: number, offset: number): number {
  return segmentId * PLACE_UNITS + offset / 8;
}

export const placeSlot = (place: number): number => Math.floor(place / PLACE_UNITS);
export const placeOffset = (place: number): number => (place % PLACE_UNITS) * 8;

export class Residents {
  readonly cache: ReadCache;
  /** Where the record is that `find` found last, and whether its value is there too. */
  buf: Buffer = Buffer.alloc(0);
  at = 0;
  isWhole = true;
  /** Over all of `buf`, where there is one. */
  view: DataView | undefined;
  /** Records that the read cache had, and that had to be read from disk. */
  hits = 0;
  misses = 0;
  /** Told whenever memory that `find` handed out may have changed. */
  onChange: () => void = () => undefined;

  readonly #segments: SegmentTable;
  readonly #held = new Map<number, Held>();
  readonly #reading = new Map<number, Promise<LoadedRecord>>();
  #heldBytes = 0;
  /** By lasting place. */
  readonly #scratchReads = new Map<number, ScratchRead>();
  /** Made when the first scratch read comes. */
  #scratchBuf: Buffer | undefined;
  #scratchBufUsed = 0;
  /** RAM of scratch reads that have memory of their own. */
  #scratchBytes = 0;
  /** Such memory, for the next one: dead array buffers are collected too late. */
  #spareScratch: Buffer | undefined;

  constructor(segments: SegmentTable, cacheBytes: number) {
    this.#segments = segments;
    this.cache = new ReadCache(cacheBytes);
  }

  /** RAM of records that are held or being read. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Whether the record at this place is in RAM; the fields then tell where. */
  find(slot: number, offset: number): boolean {
    const segment = this.#segments.bySlot[slot]!;
    const block = segment.granules[offset >>> GRANULE_SHIFT];
    if (block !== undefined) {
      this.buf = block.buf;
      this.view = block.view;
      this.at = offset - block.start;
      this.isWhole = true;
      return true;
    }
    if (this.cache.find(segment.id, offset)) {
      this.hits++;
      this.buf = this.cache.buf;
      this.view = this.cache.view;
      this.at = this.cache.at;
      this.isWhole = true;
      return true;
    }
    const held = this.#held.size === 0
      ? undefined : this.#held.get(lastingPlaceOf(segment.id, offset));
    // Of a large record a part may be held while all of it is a scratch read.
    const isHeldWhole = held !== undefined && held.record.isWhole;
    const record = isHeldWhole ? held.record
      : this.#findScratchRead(segment.id, offset) ?? held?.record;
    if (record === undefined) return false;
    this.buf = record.buf;
    this.view = undefined;
    this.at = record.at;
    this.isWhole = record.isWhole;
    return true;
  }

  /**
   * Reads a record at once, blocking, for the command that is about to run: its key, or all of it.
   * False when there is no room or it is not sound; `read` tells then what is wrong.
   */
  readToScratch(slot: number, offset: number, bytes: number, wholeOnly: boolean): boolean {
    const isPartial = !wholeOnly && bytes > KEY_READ_BYTES;
    const length = isPartial ? KEY_READ_BYTES : bytes;
    const at = this.#scratchBufUsed;
    if (at + length > SCRATCH_READ_BYTES) return false;
    if (this.#scratchReads.size === SCRATCH_READS_MAX) return false;
    const segment = this.#segments.mustGet(slot);
    this.#scratchBuf ??= Buffer.allocUnsafeSlow(SCRATCH_READ_BYTES);
    const buf = this.#scratchBuf;
    const read = this.#segments.readNow(segment, buf, at, length, offset);
    if (!isHeaderSound(buf, at, read)) return false;
    const isSound = isPartial ? hasKey(buf, at, read) : isPayloadSound(buf, at, read);
    if (!isSound) return false;
    this.misses++;
    this.#scratchBufUsed = at + length + (-length & 7);
    this.#scratchReads.set(lastingPlaceOf(segment.id, offset), {
      segmentId: segment.id, offset, buf, at, isWhole: !isPartial, stays: wholeOnly,
    });
    this.onChange();
    return true;
  }

  /**
   * As `read`, but at once, blocking, and whatever it takes; the record is read to scratch memory
   * of its own. When there are many the oldest go: what points into them stays valid all the same.
   * Throws a StoreError.
   */
  readNow(segment: Segment, offset: number, bytes: number, wholeOnly: boolean): LoadedRecord {
    if (this.find(segment.slot, offset) && (this.isWhole || !wholeOnly)) {
      return { buf: this.buf, at: this.at, isWhole: this.isWhole };
    }
    this.misses++;
    const isPartial = !wholeOnly && bytes > KEY_READ_BYTES;
    const record = isPartial ? this.#readKeyNow(segment, offset)
      : this.#verify(segment, offset, this.#readBytesNow(segment, offset, bytes));
    const { buf, at, isWhole } = record;
    const place = lastingPlaceOf(segment.id, offset);
    this.#scratchBytes += buf.length;
    this.#scratchReads.set(place, {
      segmentId: segment.id, offset, buf, at, isWhole, stays: wholeOnly && isWhole,
    });
    for (const [oldest, scratch] of this.#scratchReads) {
      if (this.#scratchBytes <= SCRATCH_BYTES_MAX || oldest === place) break;
      this.#scratchReads.delete(oldest);
      this.#scratchBytes -= scratch.buf === this.#scratchBuf ? 0 : scratch.buf.length;
    }
    this.onChange();
    return record;
  }

  /**
   * The command has run, and nothing borrowed is in use. Only now may scratch reads go into the
   * cache: before, they could have pushed out what the same command found there.
   */
  endScratchReads(): void {
    if (this.#scratchReads.size === 0) return;
    for (const { segmentId, offset, buf, at, stays } of this.#scratchReads.values()) {
      if (stays) this.cache.insert(segmentId, offset, buf, at, entryBytesAt(buf, at));
      if (buf !== this.#scratchBuf) this.#keepSpare(buf);
    }
    this.#scratchReads.clear();
    this.#scratchBufUsed = 0;
    this.#scratchBytes = 0;
    this.onChange();
  }

  #keepSpare({ buffer }: Buffer): void {
    if (buffer.byteLength > SCRATCH_BYTES_MAX) return;
    if (buffer.byteLength <= (this.#spareScratch?.length ?? 0)) return;
    this.#spareScratch = Buffer.from(buffer);
  }

  #takeScratch(bytes: number): Buffer {
    const spare = this.#spareScratch;
    const isWorth = bytes > KEY_READ_BYTES && spare !== undefined && spare.length >= bytes;
    if (!isWorth) return Buffer.allocUnsafeSlow(bytes);
    this.#spareScratch = undefined;
    return spare;
  }

  pathOf(slot: number): string {
    return this.#segments.mustGet(slot).path;
  }

  segmentIdOf(slot: number): number {
    return this.#segments.bySlot[slot]!.id;
  }

  /** The in-memory tail's block at a place, if it has one. */
  tailBlock(slot: number, offset: number): TailBlock | undefined {
    return this.#segments.bySlot[slot]!.granules[offset >>> GRANULE_SHIFT];
  }

  /**
   * The record at a place, from RAM or disk. The segment is one that the index or a chain points
   * to, or that the caller has pinned. `bytes` is a bound of the record's size. With `wholeOnly`
   * false, a large record is read up to its key. The memory may be borrowed: use it before the next
   * await.
   */
  async read(segment: Segment, offset: number, bytes: number,
    wholeOnly: boolean): Promise<LoadedRecord> {
    if (this.find(segment.slot, offset) && (this.isWhole || !wholeOnly)) {
      return { buf: this.buf, at: this.at, isWhole: this.isWhole };
    }
    const isPartial = !wholeOnly && bytes > KEY_READ_BYTES;
    const place = lastingPlaceOf(segment.id, offset) + (isPartial ? 0.5 : 0);
    let reading = this.#reading.get(place);
    if (reading === undefined) {
      this.misses++;
      reading = this.#readFromDisk(segment, offset, bytes, isPartial).finally(() => {
        this.#reading.delete(place);
      });
      this.#reading.set(place, reading);
    }
    return await reading;
  }

  /** Keeps a record that the caller owns until `release`. A whole one replaces a part. */
  hold(segment: Segment, offset: number, record: LoadedRecord): Held {
    const place = lastingPlaceOf(segment.id, offset);
    let held = this.#held.get(place);
    if (held === undefined) {
      held = { place, record, holders: 0 };
      this.#held.set(place, held);
      this.#heldBytes += record.buf.length;
    } else if (record.isWhole && !held.record.isWhole) {
      this.#heldBytes += record.buf.length - held.record.buf.length;
      held.record = record;
    }
    held.holders += 1;
    this.onChange();
    return held;
  }

  release(held: Held): void {
    held.holders -= 1;
    if (held.holders > 0) return;
    this.#held.delete(held.place);
    this.#heldBytes -= held.record.buf.length;
    this.onChange();
  }

  /** The compactor moved a record. */
  move(from: Segment, offset: number, to: Segment, newOffset: number): void {
    this.cache.move(from.id, offset, to.id, newOffset);
    const held = this.#held.size === 0
      ? undefined : this.#held.get(lastingPlaceOf(from.id, offset));
    if (held !== undefined) {
      this.#held.delete(held.place);
      held.place = lastingPlaceOf(to.id, newOffset);
      this.#held.set(held.place, held);
    }
    this.onChange();
  }

  /**
   * The segment's records from `offset` on are taken back: what holds one of them has it to itself,
   * and another record may come to its place.
   */
  takeBack({ id }: Segment, offset: number): void {
    const first = lastingPlaceOf(id, offset);
    const end = lastingPlaceOf(id + 1, 0);
    for (const [place, held] of this.#held) {
      if (place < first || place >= end) continue;
      this.#held.delete(place);
      held.place = NO_PLACE;
    }
    this.onChange();
  }

  #findScratchRead(segmentId: number, offset: number): LoadedRecord | undefined {
    return this.#scratchReads.size === 0
      ? undefined : this.#scratchReads.get(lastingPlaceOf(segmentId, offset));
  }

  // ---- Disk -------------------------------------------------------------------------------------

  async #readFromDisk(segment: Segment, offset: number, bytes: number,
    isPartial: boolean): Promise<LoadedRecord> {
    this.#segments.pin(segment);
    try {
      if (isPartial) return await this.#readKey(segment, offset);
      const buf = await this.readBytes(segment, offset, bytes);
      const record = this.#verify(segment, offset, buf);
      if (record.isWhole) this.cache.insert(segment.id, offset, buf, 0, entryBytesAt(buf, 0));
      this.onChange();
      return record;
    } finally {
      this.#segments.unpin(segment);
    }
  }

  /** Header and key of a large record. */
  async #readKey(segment: Segment, offset: number): Promise<LoadedRecord> {
    let buf = await this.readBytes(segment, offset, KEY_READ_BYTES);
    this.#verifyHeader(segment, offset, buf);
    const needed = entryBytesToKeyEndAt(buf, 0);
    if (needed > buf.length) {
      buf = await this.readBytes(segment, offset, needed);
      this.#verifyHeader(segment, offset, buf);
      if (buf.length < needed) throw damaged(segment.path, offset, 'the file ends inside the key');
    }
    return { buf, at: 0, isWhole: false };
  }

  #readKeyNow(segment: Segment, offset: number): LoadedRecord {
    let buf = this.#readBytesNow(segment, offset, KEY_READ_BYTES);
    this.#verifyHeader(segment, offset, buf);
    const needed = entryBytesToKeyEndAt(buf, 0);
    if (needed > buf.length) buf = this.#readBytesNow(segment, offset, needed);
    if (buf.length < needed) throw damaged(segment.path, offset, 'the file ends inside the key');
    return { buf, at: 0, isWhole: false };
  }

  #readBytesNow(segment: Segment, offset: number, bytes: number): Buffer {
    const buf = this.#takeScratch(bytes);
    try {
      return buf.subarray(0, this.#segments.mustReadNow(segment, buf, 0, bytes, offset));
    } catch (error) {
      throw readFailed(segment, offset, error);
    }
  }

  /**
   * Up to `bytes` bytes of a segment that the caller has pinned; fewer at the end of the file. A
   * scratch read: it asks nothing that is in RAM, and keeps nothing.
   */
  readBytes(segment: Segment, offset: number, bytes: number): Promise<Buffer> {
    const buf = Buffer.allocUnsafeSlow(bytes);
    return new Promise((resolve, reject) => {
      this.#segments.read(segment, buf, 0, bytes, offset, (error, read) => {
        if (error === null) resolve(read === bytes ? buf : buf.subarray(0, read));
        else reject(readFailed(segment, offset, error));
      });
    });
  }

  /**
   * A record whose payload is damaged still proves which key it is to a look-up that asks for that
   * very key, so that the key can be overwritten or deleted: it is returned as not whole, with its
   * key.
   */
  #verify(segment: Segment, offset: number, buf: Buffer): LoadedRecord {
    this.#verifyHeader(segment, offset, buf);
    if (!hasKey(buf, 0, buf.length)) {
      throw damaged(segment.path, offset, 'the file ends inside the key');
    }
    const isWhole = isPayloadSound(buf, 0, buf.length);
    return { buf, at: 0, isWhole, isDamaged: !isWhole };
  }

  #verifyHeader(segment: Segment, offset: number, buf: Buffer): void {
    if (isHeaderSound(buf, 0, buf.length)) return;
    throw damaged(segment.path, offset, 'the checksum of a record header is wrong');
  }
}

function readFailed({ path }: Segment, offset: number, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const reason = error instanceof DiskError ? error.reason : String(error);
  return new StoreError('FAILED', `cannot read ${path} at byte ${offset}: ${reason}`,
    { file: path, offset, cause: error });
}

// ---- Of a record that begins at buf[at], of which `bytes` bytes were read -----------------------

function isHeaderSound(buf: Buffer, at: number, bytes: number): boolean {
  return bytes >= ENTRY_HEADER_BYTES && isEntryHeaderSound(buf, at);
}

/** Behind a sound header: whether the key is there. A look-up compares its bytes. */
function hasKey(buf: Buffer, at: number, bytes: number): boolean {
  return entryBytesToKeyEndAt(buf, at) <= bytes;
}

/** Behind a sound header: whether key and value are there, and as they were written. */
function isPayloadSound(buf: Buffer, at: number, bytes: number): boolean {
  return entryBytesAt(buf, at) <= bytes && isEntryPayloadSound(buf, at);
}
