/**
 * How far a log is on disk, kept outside the log: a small file beside it with two slots, written in
 * turn. A log file that is cut, zeroed, replaced or removed does not take this knowledge along, so
 * its loss is told from a torn tail.
 *
 *     0 slot, 64 bytes | ... | 4096 slot, 64 bytes       the sound one with the higher count counts
 *
 *      0 "DKVSSYNC"                       32 u48 number of the log file
 *      8 u32 version: 1                   40 u48 so many bytes of it are on disk
 *     12 u32, u32 owner                   48 u48 where the proof begins; 0 = there is none
 *     20 u48 count of the notes           56 u32 checksum of the proof
 *     26, 38, 46, 54: zero                60 u32 sum of 0..60
 *
 * The *proof* is the last whole frame or record before that place, by its position and a checksum:
 * another file of the same number and length does not have it.
 *
 * Invariants: a note is written only after the sync that makes it true has ended, so it may lag
 * behind what is durable and never runs ahead. It needs no sync of its own for that; it gets one
 * now and then, so that a power cut does not leave it far behind. The slots are in two pages, and
 * one is written only while the other one holds the note before.
 *
 * A note costs one small write. At most one is written in WATERMARK_NOTE_MS, the last one always,
 * so that group commit does not pay for it with every group.
 *
 * A write or sync of this file that fails costs no record: it is reported once, and nothing is
 * noted any more until the file is opened again.
 */

import { checksum } from '../lib/checksum.ts';
import { readU32, readU48, writeU32, writeU48 } from '../lib/words.ts';
import type { Clock, Timer } from './clock.ts';
import { DiskError } from './files.ts';
import type { Files, WriteFile } from './files.ts';

/**
 * How far a log is synced is noted outside it at most so often: a note is a write of 64 bytes into
 * the page cache, 3 to 5 microseconds, and under `always` there are thousands of syncs a second.
 * Only damage within so short a time before the end of a process can pass for a torn tail.
 */
export const WATERMARK_NOTE_MS = 20;

/** How often the notes are synced while there are new ones: one sync a second beside the log's. */
export const WATERMARK_SYNC_MS = 1000;

export const WATERMARK_NAME = 'synced';

const MAGIC = Buffer.from('DKVSSYNC');
const VERSION = 1;
const SLOT_BYTES = 64;
/** A page of its own for each, so that no write touches the other one's. */
const SLOT_SPACING_BYTES = 4096;
const SLOTS = 2;

/** Where a whole frame or record begins, and a checksum that says which one it is. */
export interface SyncedProof {
  readonly at: number;
  readonly sum: number;
}

export interface SyncedPlace {
  /** Number of the log file. */
  readonly fileId: number;
  /** So many bytes of it are on disk. */
  readonly bytes: number;
  /** Undefined while no whole frame or record is before that place. */
  readonly proof: SyncedProof | undefined;
}

/** Tells the logs of two stores apart: two 32-bit numbers. */
export type WatermarkOwner = readonly [number, number];

interface Slot extends SyncedPlace {
  readonly count: number;
}

/**
 * What was noted last in the directory for a log of this owner; undefined if there is no file, or
 * none of its slots is sound, or it is of another owner. Rejects with DiskError.
 */
export async function readSyncedPlace(files: Files, dir: string,
  owner: WatermarkOwner): Promise<SyncedPlace | undefined> {
  return newestSlot(await readSlots(files, `${dir}/${WATERMARK_NAME}`), owner);
}

export interface WatermarkFileOptions {
  readonly files: Files;
  readonly dir: string;
  readonly owner: WatermarkOwner;
  /** Undefined: every note is written at once, and synced when the file is closed. */
  readonly clock: Clock | undefined;
  /** Called once, with the first error of a write or sync. */
  readonly onFailure: (error: unknown) => void;
}

export class WatermarkFile {
  readonly #options: WatermarkFileOptions;
  readonly #buf = Buffer.alloc(SLOT_BYTES);
  #file: WriteFile | undefined;
  #count: number;
  #latest: SyncedPlace | undefined;
  #written: SyncedPlace | undefined;
  #noteTimer: Timer | undefined;
  #syncTimer: Timer | undefined;
  #syncing: Promise<void> | undefined;
  #isDirty = false;
  #hasFailed = false;

  private constructor(options: WatermarkFileOptions, file: WriteFile | undefined, count: number) {
    this.#options = options;
    this.#file = file;
    this.#count = count;
  }

  /**
   * Opens the file or makes it. Never rejects: a log without it works, and `onFailure` says what it
   * lacks then. The name of a new file is made durable.
   */
  static async open(options: WatermarkFileOptions): Promise<WatermarkFile> {
    const { files, dir, onFailure } = options;
    const path = `${dir}/${WATERMARK_NAME}`;
    try {
      const slots = await readSlots(files, path);
      const count = Math.max(0, ...slots.map((slot) => decodeSlot(slot)?.slot.count ?? 0));
      const isThere = slots.length > 0;
      const file = isThere ? await files.openWrite(path) : await makeFile(files, dir, path);
      return new WatermarkFile(options, file, count);
    } catch (error) {
      const broken = new WatermarkFile(options, undefined, 0);
      broken.#hasFailed = true;
      onFailure(error);
      return broken;
    }
  }

  /** Nothing is noted any more. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** The log is on disk up to `place`. Written at once, unless another note was just written. */
  note(place: SyncedPlace): void {
    if (this.#latest?.fileId === place.fileId && this.#latest.bytes === place.bytes) return;
    this.#latest = place;
    if (this.#noteTimer === undefined) this.writeNow();
  }

  /** Writes what was noted last. */
  writeNow(): void {
    if (this.#latest === this.#written || this.#file === undefined || this.#hasFailed) return;
    this.#written = this.#latest!;
    const count = this.#count + 1;
    encodeSlot(this.#buf, { ...this.#written, count }, this.#options.owner);
    try {
      this.#file.writeSync(this.#buf, 0, SLOT_BYTES, (count % SLOTS) * SLOT_SPACING_BYTES);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#count = count;
    this.#isDirty = true;
    this.#startTimers();
  }

  /** Writes and syncs the last note, unless it has failed, and closes the file. Never rejects. */
  async close(): Promise<void> {
    this.writeNow();
    this.#stopTimers();
    await this.#sync();
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => undefined);
  }

  // ---- Inside -----------------------------------------------------------------------------------

  #startTimers(): void {
    const { clock } = this.#options;
    if (clock === undefined) return;
    this.#noteTimer ??= clock.setTimer(WATERMARK_NOTE_MS, () => {
      this.#noteTimer = undefined;
      this.writeNow();
    });
    this.#syncTimer ??= clock.setTimer(WATERMARK_SYNC_MS, () => {
      this.#syncTimer = undefined;
      void this.#sync();
    });
  }

  #stopTimers(): void {
    for (const timer of [this.#noteTimer, this.#syncTimer]) {
      if (timer !== undefined) this.#options.clock?.clearTimer(timer);
    }
    this.#noteTimer = this.#syncTimer = undefined;
  }

  async #sync(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing;
    if (!this.#isDirty || this.#file === undefined || this.#hasFailed) return;
    this.#isDirty = false;
    this.#syncing = this.#file.datasync().catch((error: unknown) => this.#fail(error));
    await this.#syncing;
    this.#syncing = undefined;
  }

  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#stopTimers();
    this.#options.onFailure(error);
  }
}

/** A new file has its whole length at once: a note must not need room that a full disk lacks. */
async function makeFile(files: Files, dir: string, path: string): Promise<WriteFile> {
  const file = await files.create(path);
  try {
    const zeros = Buffer.alloc(SLOTS * SLOT_SPACING_BYTES);
    await file.write(zeros, 0, zeros.length, 0);
    await files.syncDir(dir);
    return file;
  } catch (error) {
    await file.close().catch(() => undefined);
    await files.unlink(path).catch(() => undefined);
    throw error;
  }
}

/** The bytes of all slots that are there. */
async function readSlots(files: Files, path: string): Promise<Buffer[]> {
  try {
    const bytes = await files.readAll(path);
    return Array.from({ length: SLOTS }, (_, i) => i * SLOT_SPACING_BYTES)
      .map((at) => Buffer.from(bytes.subarray(at, at + SLOT_BYTES)));
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return [];
    throw error;
  }
}

function newestSlot(slots: readonly Buffer[], owner: WatermarkOwner): Slot | undefined {
  let newest: Slot | undefined;
  for (const buf of slots) {
    const decoded = decodeSlot(buf);
    const isOurs = decoded?.owner[0] === owner[0] && decoded.owner[1] === owner[1];
    if (isOurs && decoded.slot.count > (newest?.count ?? -1)) newest = decoded.slot;
  }
  return newest;
}

function encodeSlot(buf: Buffer, slot: Slot, owner: WatermarkOwner): void {
  buf.fill(0);
  MAGIC.copy(buf);
  writeU32(buf, 8, VERSION);
  writeU32(buf, 12, owner[0]);
  writeU32(buf, 16, owner[1]);
  writeU48(buf, 20, slot.count);
  writeU48(buf, 32, slot.fileId);
  writeU48(buf, 40, slot.bytes);
  writeU48(buf, 48, slot.proof?.at ?? 0);
  writeU32(buf, 56, slot.proof?.sum ?? 0);
  writeU32(buf, 60, checksum(buf, 0, 60));
}

function decodeSlot(buf: Buffer): { readonly slot: Slot; readonly owner: WatermarkOwner } |
  undefined {
  const isSound = buf.length === SLOT_BYTES && buf.subarray(0, MAGIC.length).equals(MAGIC) &&
    readU32(buf, 8) === VERSION && readU32(buf, 60) === checksum(buf, 0, 60);
  if (!isSound) return undefined;
  const at = readU48(buf, 48);
  return {
    owner: [readU32(buf, 12), readU32(buf, 16)],
    slot: {
      count: readU48(buf, 20), fileId: readU48(buf, 32), bytes: readU48(buf, 40),
      proof: at === 0 ? undefined : { at, sum: readU32(buf, 56) },
    },
  };
}
