/**
 * The segments of an open store: id <-> slot, files, pins.
 *
 * A slot is the 20-bit number by which the index names a segment while it is open. Numbers are
 * given out in turn, but one is given out again after a million segments. So a slot number names a
 * segment only while that is there: what may outlive it (cached and held records, reads, graves)
 * keeps the segment's id or the object.
 *
 * Invariants: a reader pins a segment while it reads, a snapshot holds it; a dropped segment's file
 * is closed and unlinked when the last pin and the last hold go. Few files are open at a time,
 * whatever the number of segments.
 *
 * A file that is opened for reading must be the segment's own: header and length are checked then,
 * however its keys became known. If they are not as they were written, a read fails with DAMAGED
 * and the file's name; each read tries again, because a person may put the right file back.
 */

import type { DiskError, Files, ReadFile } from '../../io/files.ts';
import type { KeyHashSeed } from '../../lib/key-hash.ts';
import { SEGMENT_SLOTS_MAX } from '../limits.ts';
import { SEGMENT_HEADER_BYTES, segmentHeaderMisfit } from '../format/segment-header.ts';
import type { SegmentKind } from '../format/segment-header.ts';
import { Segment, type SegmentState } from './segment.ts';
import { StoreError, damaged } from '../store-error.ts';

/** Segment files open for reading: well below the usual limit of 1024 descriptors. */
export const SEGMENT_FILES_OPEN_MAX = 256;

/** `bytesRead` is 0 when `error` is not null. A StoreError: the file is not the right one. */
export type SegmentReadDone = (error: DiskError | StoreError | null, bytesRead: number) => void;

export class SegmentTable {
  /** By slot; the hot path of every read. */
  readonly bySlot: (Segment | undefined)[] = [undefined];
  readonly #byId = new Map<number, Segment>();
  /** Of those in `#byId`, made when it is asked for. */
  #sorted: readonly Segment[] | undefined;
  readonly #files: Files;
  readonly #seed: KeyHashSeed;
  /** Segments with an open file, least recently used first. */
  readonly #readers = new Set<Segment>();
  /** Told when a file could not be removed: it is an orphan that the next start removes. */
  onUnlinkFailed: (path: string, error: unknown) => void = () => undefined;
  #nextId: number;
  #nextSlot = 1;
  #isClosed = false;
  readonly #unlinking = new Set<Promise<void>>();

  /** `seed`: of the store, which is in the header of each segment. */
  constructor(files: Files, nextId: number, seed: KeyHashSeed) {
    this.#files = files;
    this.#seed = seed;
    this.#nextId = nextId;
  }

  get nextId(): number {
    return this.#nextId;
  }

  /** A fresh id; one that is not used is lost. */
  reserveId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }

  byId(id: number): Segment | undefined {
    return this.#byId.get(id);
  }

  /** Ascending by id; those of now, whatever comes and goes afterwards. */
  all(): readonly Segment[] {
    this.#sorted ??= [...this.#byId.values()].sort((a, b) => a.id - b.id);
    return this.#sorted;
  }

  add(id: number, kind: SegmentKind, path: string, state: SegmentState, bytes: number,
    slot: number = this.#takeSlot()): Segment {
    if (this.bySlot[slot] !== undefined) throw new Error(`segment table: slot ${slot} is taken`);
    const segment = new Segment(id, slot, kind, path, state, bytes);
    if (slot >= this.#nextSlot) this.#nextSlot = slot + 1;
    while (this.bySlot.length <= slot) this.bySlot.push(undefined);
    this.bySlot[slot] = segment;
    this.#byId.set(id, segment);
    this.#sorted = undefined;
    this.#nextId = Math.max(this.#nextId, id + 1);
    return segment;
  }

  /** Forgets a segment that nobody reads; its file is the caller's. */
  remove(segment: Segment): void {
    this.#forget(segment);
    this.#freeSlot(segment);
  }

  /** The segment that has this slot now; a slot that nothing has is a bug of the caller. */
  mustGet(slot: number): Segment {
    const segment = this.bySlot[slot];
    if (segment === undefined) throw new Error(`segment table: no segment has slot ${slot}`);
    return segment;
  }

  /** Whether the slot is still its own: false once it is dropped and its readers have left. */
  has(segment: Segment): boolean {
    return this.bySlot[segment.slot] === segment;
  }

  /** Forgets a segment; once nothing reads or holds it, slot and files are given back. */
  drop(segment: Segment): void {
    this.#forget(segment);
    this.#maybeUnlink(segment);
  }

  pin(segment: Segment): void {
    segment.pins += 1;
  }

  unpin(segment: Segment): void {
    segment.pins -= 1;
    this.#maybeUnlink(segment);
  }

  /** Keeps file and hint until `letGo`, dropped or not. Unlike a pinned one, it may be closed. */
  hold(segment: Segment): void {
    segment.holds += 1;
  }

  letGo(segment: Segment): void {
    segment.holds -= 1;
    this.#maybeUnlink(segment);
  }

  /** Reads from a segment that the caller has pinned. */
  read(segment: Segment, buf: Uint8Array, off: number, len: number, pos: number,
    done: SegmentReadDone): void {
    if (segment.reader !== undefined) {
      this.#touch(segment);
      segment.reader.readInto(buf, off, len, pos, done);
      return;
    }
    this.#open(segment)
      .then((file) => file.readInto(buf, off, len, pos, done))
      .catch((error: unknown) => done(error as DiskError | StoreError, 0));
  }

  /** Reads at once, blocking; how many bytes, 0 if the file is not open or cannot be read. */
  readNow(segment: Segment, buf: Uint8Array, off: number, len: number, pos: number): number {
    if (segment.reader === undefined) {
      // The next one will find it open.
      void this.#open(segment).catch(() => undefined);
      return 0;
    }
    this.#touch(segment);
    try {
      return segment.reader.readSync(buf, off, len, pos);
    } catch {
      return 0;
    }
  }

  /** Reads at once, blocking, whatever it takes; how many bytes. Throws DiskError or StoreError. */
  mustReadNow(segment: Segment, buf: Uint8Array, off: number, len: number, pos: number): number {
    const reader = segment.reader ?? this.#openNow(segment);
    this.#touch(segment);
    return reader.readSync(buf, off, len, pos);
  }

  /** Ends when files of dropped segments are gone and the others are closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const segment of this.#readers) this.#closeReader(segment);
    await Promise.all(this.#unlinking);
  }

  /** Ends when the files of segments dropped so far, and not pinned, are gone. */
  async unlinked(): Promise<void> {
    await Promise.all(this.#unlinking);
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #open(segment: Segment): Promise<ReadFile> {
    if (segment.opening !== undefined) return segment.opening;
    const opening = this.#openChecked(segment).finally(() => {
      segment.opening = undefined;
    });
    segment.opening = opening;
    this.#track(opening.then(() => undefined));
    return opening;
  }

  async #openChecked(segment: Segment): Promise<ReadFile> {
    const file = await this.#files.openRead(segment.path);
    try {
      await this.#checkFile(segment, file);
      // `readNow` opens without a pin, so the segment may be gone by now.
      if (this.#isClosed || !this.has(segment)) {
        throw new StoreError('CLOSED', `${segment.path} is read no more`, { file: segment.path });
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    return this.#keepReader(segment, file);
  }

  /** Blocking. A file that is too short is noticed by the read that follows. */
  #openNow(segment: Segment): ReadFile {
    const file = this.#files.openReadSync(segment.path);
    const header = new Uint8Array(SEGMENT_HEADER_BYTES);
    const read = file.readSync(header, 0, header.length, 0);
    const misfit = segmentHeaderMisfit(header.subarray(0, read), segment, this.#seed);
    if (misfit === undefined) return this.#keepReader(segment, file);
    this.#track(file.close());
    throw damaged(segment.path, 0, misfit);
  }

  /** Rejects with DAMAGED unless the file begins as this segment does, and is long enough. */
  async #checkFile(segment: Segment, file: ReadFile): Promise<void> {
    const { path, state } = segment;
    const header = new Uint8Array(SEGMENT_HEADER_BYTES);
    const read = await file.read(header, 0, header.length, 0);
    const misfit = segmentHeaderMisfit(header.subarray(0, read), segment, this.#seed);
    if (misfit !== undefined) throw damaged(path, 0, misfit);
    const bytes = await file.size();
    // The length of a segment that is being written is known to its writer alone.
    if (state !== 'open' && bytes < segment.bytes) {
      throw damaged(path, bytes, `the file ends here, and the segment has ${segment.bytes} bytes`);
    }
  }

  /** The file that the segment is read by from now on: another may have been opened meanwhile. */
  #keepReader(segment: Segment, file: ReadFile): ReadFile {
    if (segment.reader !== undefined) {
      this.#track(file.close());
      return segment.reader;
    }
    segment.reader = file;
    this.#readers.add(segment);
    this.#closeIdle();
    return file;
  }

  #touch(segment: Segment): void {
    if (this.#readers.size < SEGMENT_FILES_OPEN_MAX / 2) return;
    this.#readers.delete(segment);
    this.#readers.add(segment);
  }

  #closeIdle(): void {
    for (const segment of this.#readers) {
      if (this.#readers.size <= SEGMENT_FILES_OPEN_MAX) return;
      if (segment.pins === 0) this.#closeReader(segment);
    }
  }

  #closeReader(segment: Segment): void {
    const reader = segment.reader;
    segment.reader = undefined;
    this.#readers.delete(segment);
    if (reader !== undefined) this.#track(reader.close());
  }

  #maybeUnlink(segment: Segment): void {
    const isNeeded = segment.state !== 'dropped' || segment.pins > 0 || segment.holds > 0;
    if (!isNeeded) this.#unlink(segment);
  }

  #unlink(segment: Segment): void {
    this.#freeSlot(segment);
    this.#closeReader(segment);
    this.#track(this.#files.unlink(segment.path).catch((error: unknown) => {
      this.onUnlinkFailed(segment.path, error);
    }));
    const hint = segment.path.replace(/\.(log|pack)$/, '.hint');
    this.#track(this.#files.unlink(hint));
  }

  #forget(segment: Segment): void {
    segment.state = 'dropped';
    this.#byId.delete(segment.id);
    this.#sorted = undefined;
  }

  /** A second call, for a segment whose slot is another's by now, changes nothing. */
  #freeSlot(segment: Segment): void {
    if (this.has(segment)) this.bySlot[segment.slot] = undefined;
  }

  /** Follows work in the background whose failure nobody needs. */
  #track(work: Promise<void>): void {
    const tracked = work.catch(() => undefined).finally(() => this.#unlinking.delete(tracked));
    this.#unlinking.add(tracked);
  }

  #takeSlot(): number {
    for (let tries = 0; tries < SEGMENT_SLOTS_MAX; tries += 1) {
      if (this.#nextSlot >= SEGMENT_SLOTS_MAX) this.#nextSlot = 1;
      const slot = this.#nextSlot;
      this.#nextSlot += 1;
      if (this.bySlot[slot] === undefined) return slot;
    }
    throw new Error(`segment table: all ${SEGMENT_SLOTS_MAX} slots are in use`);
  }
}
