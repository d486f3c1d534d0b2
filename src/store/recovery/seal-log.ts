/**
 * Makes the kept frames of the open LOG segments durable and lists them as sealed.
 *
 * What lies before the watermark W is on disk. What lies behind it was read from the page cache,
 * which proves nothing: after an fsync that failed, the kernel may have marked pages clean that
 * never reached the disk, and a second fsync would succeed without writing them. So those bytes are
 * written once more, from a copy whose checksums were verified:
 *
 *   with room     to a fresh PACK segment, synced; the old file counts up to W only
 *   without       over themselves, then synced; the old file counts whole
 *
 * Both dirty every page in question, and the length, in this process, before a sync on a
 * descriptor of this process, so that the sync can succeed only if these bytes are on disk. Writing
 * in place is as sound, because it changes no byte: a crash in the middle leaves each sector as it
 * was or as it should be, and the manifest still calls the segment open, so the next start does it
 * all again. A disk that cannot write an old place any more needs the fresh file, so that is the
 * first choice; a file system that needs room to write in place (copy on write) refuses, and the
 * server does not start.
 *
 * A log that is damaged, and of which the operator wants what is sound, is written over itself as
 * it lies there, the damaged places too: nothing of it is cut.
 *
 * It rejects with DiskError, or with DAMAGED when the disk gives back other bytes than a moment
 * before.
 */

import type { Files, ReadFile, WriteFile } from '../../io/files.ts';
import { RECORD_ALIGN_BYTES, RECOVERY_SPARE_BYTES, RECOVERY_WINDOW_BYTES } from '../limits.ts';
import { OutputWriter } from '../compaction/output-writer.ts';
import {
  ENTRY_HEADER_BYTES, entryBytesAt, isEntryHeaderSound, isEntryPayloadSound, skipGap,
} from '../format/data-entry.ts';
import { FRAME_HEADER_BYTES, readFrameHeader } from '../format/frame.ts';
import {
  HintRows, ROW_BYTES, ROW_WORDS, rowBytes, rowHi, rowLo, rowOffset,
} from '../format/hint-rows.ts';
import type { Manifest, SealedSegment } from '../format/manifest.ts';
import {
  SEGMENT_HEADER_BYTES, SEGMENT_LOG, SEGMENT_PACK, decodeSegmentHeader, hintFileName,
  segmentFileName, type SegmentFileName,
} from '../format/segment-header.ts';
import { summaryOf } from '../hints/hint-writer.ts';
import { damaged } from '../store-error.ts';
import type { KeptLog, LogCut } from './cut-log.ts';
import type { LogScan } from './log-scan.ts';
import { isDiskFull, type RoomEnv } from '../segments/room.ts';
import type { ScannedRows } from './scanned-rows.ts';

export interface SealEnv extends RoomEnv {
  /** Takes the rows of the segments that are sealed where they lie. */
  readonly scanned: ScannedRows;
}

/** A kept log and how many of its frames are durable. */
interface Unsealed extends KeptLog {
  readonly durable: number;
}

/** Makes the kept frames durable; returns the segments that hold them. */
export async function sealKept(env: SealEnv, manifest: Manifest, cut: LogCut,
  names: readonly SegmentFileName[]): Promise<SealedSegment[]> {
  const logs = cut.kept.map((kept) => ({ ...kept, durable: durableFrames(kept, cut) }));
  const copies = await copyWithRoom(env, manifest, logs, names);
  const sealed: SealedSegment[] = [];
  for (const unsealed of logs) {
    const copied = copies?.get(unsealed.log.id);
    if (cut.damage !== undefined) await rewriteAsItLies(env, unsealed);
    if (copies === undefined) await rewriteFrames(env, unsealed);
    const frames = copies === undefined ? unsealed.frames : unsealed.durable;
    if (frames > 0) sealed.push(await sealFrames(env, unsealed, frames));
    if (copied !== undefined) sealed.push(copied);
  }
  return sealed;
}

/** How many of the kept frames lie before the watermark. */
function durableFrames({ log, frames }: KeptLog, { watermark }: LogCut): number {
  if (watermark.segmentId > log.id) return frames;
  if (watermark.segmentId < log.id) return 0;
  let durable = 0;
  while (durable < frames && log.scan.frames.end[durable]! <= watermark.offset) durable += 1;
  return durable;
}

/** The segment with its first `frames` frames, sealed where it lies. */
async function sealFrames(env: SealEnv, { log }: KeptLog, frames: number): Promise<SealedSegment> {
  const { scan } = log;
  const bytes = scan.frames.end[frames - 1]!;
  const rows = partOf(scan.rows, scan.frames.rows[frames - 1]!);
  const summary = summaryOf(rows, log.id, bytes, positionOf(scan, 0, frames));
  await env.scanned.add(summary, rows);
  return { ...summary, kind: SEGMENT_LOG };
}

function partOf(rows: HintRows, count: number): HintRows {
  const part = new HintRows(0);
  part.words = rows.words.subarray(0, count * ROW_WORDS);
  part.count = count;
  return part;
}

function positionOf(scan: LogScan, from: number, to: number): number {
  return scan.frames.position.slice(from, to).reduce((max, position) => Math.max(max, position), 0);
}

/** Rows of the first `frames` frames. */
function rowsBefore({ log }: KeptLog, frames: number): number {
  return frames === 0 ? 0 : log.scan.frames.rows[frames - 1]!;
}

// ---- With room: to a fresh file -----------------------------------------------------------------

/** The copies by the id of the log; undefined when there is no room, then none is left. */
async function copyWithRoom(env: SealEnv, manifest: Manifest, logs: readonly Unsealed[],
  names: readonly SegmentFileName[]): Promise<ReadonlyMap<number, SealedSegment> | undefined> {
  const copies = new Map<number, SealedSegment>();
  const doubtful = logs.filter((log) =>
    rowsBefore(log, log.durable) < rowsBefore(log, log.frames));
  if (doubtful.length === 0) return copies;
  const first = names.reduce((max, { id }) => Math.max(max, id + 1), manifest.nextSegmentId);
  const ids = doubtful.map((_, i) => first + i);
  const needed = doubtful.reduce((sum, log) => sum + copyBytes(log), 0);
  try {
    // An earlier recovery may have got this far.
    await removeCopies(env, ids);
    if (await env.files.freeBytes(env.dir) >= needed + RECOVERY_SPARE_BYTES) {
      for (const [i, log] of doubtful.entries()) {
        copies.set(log.log.id, await copyFrames(env, manifest, log, ids[i]!));
      }
      return copies;
    }
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    await removeCopies(env, ids);
  }
  env.onInfo(`there is no room for a copy of ${needed} bytes: they are written where they lie`);
  return undefined;
}

/** About what the copy and its hint take. */
function copyBytes(log: Unsealed): number {
  const { end } = log.log.scan.frames;
  const start = log.durable === 0 ? 0 : end[log.durable - 1]!;
  const rows = rowsBefore(log, log.frames) - rowsBefore(log, log.durable);
  return end[log.frames - 1]! - start + rows * ROW_BYTES;
}

async function removeCopies({ files, dir }: SealEnv, ids: readonly number[]): Promise<void> {
  for (const id of ids) {
    for (const name of [segmentFileName(id, SEGMENT_PACK), hintFileName(id)]) {
      if (await files.exists(`${dir}/${name}`)) await files.unlink(`${dir}/${name}`);
    }
  }
}

/** Copies the records that are not durable to a PACK segment, durable but for its name. */
async function copyFrames(env: SealEnv, manifest: Manifest, unsealed: Unsealed,
  id: number): Promise<SealedSegment> {
  const { log, frames, durable } = unsealed;
  const { scan } = log;
  const output = await OutputWriter.create(env.files, env.dir, id, manifest.seed);
  try {
    output.position = positionOf(scan, durable, frames);
    const from = rowsBefore(unsealed, durable);
    const to = rowsBefore(unsealed, frames);
    await withLog(env, log.id, (file) => copyRecords(file, output, scan.rows, from, to));
    const sealed = await output.finish(0);
    const path = logPath(env, log.id);
    env.onInfo(`copied ${sealed.records} records of ${path} that may not have been synced`);
    return sealed;
  } finally {
    await output.abandon();
  }
}

/** Rows `from` to `to`, a window of the file at a time. */
async function copyRecords(file: ReadFile, output: OutputWriter, rows: HintRows, from: number,
  to: number): Promise<void> {
  const { words } = rows;
  const window = Buffer.allocUnsafeSlow(RECOVERY_WINDOW_BYTES);
  const endOf = (row: number): number => rowOffset(words, row) + rowBytes(words, row);
  for (let first = from; first < to;) {
    const start = rowOffset(words, first);
    let next = first + 1;
    while (next < to && endOf(next) - start <= window.length) next += 1;
    const bytes = endOf(next - 1) - start;
    const buf = bytes <= window.length ? window : Buffer.allocUnsafeSlow(bytes);
    file.readSync(buf, 0, bytes, start);
    for (let row = first; row < next; row += 1) {
      const at = rowOffset(words, row) - start;
      if (!isRecordSound(buf, at, bytes)) throw changed(file, start + at);
      output.append(buf, at, rowBytes(words, row), rowHi(words, row), rowLo(words, row));
    }
    await output.flushIfMuch();
    first = next;
  }
}

// ---- Without room: where it lies ----------------------------------------------------------------

/** Writes the frames that are not durable over themselves, and syncs them. */
async function rewriteFrames(env: SealEnv, unsealed: Unsealed): Promise<void> {
  const { log, frames, durable } = unsealed;
  if (durable === frames) return;
  await rewrite(env, log.id, async (source, target) => {
    // With no durable frame the header may not be durable either.
    if (durable === 0) await rewriteHeader(source, target);
    for (let frame = durable; frame < frames; frame += 1) {
      await rewriteFrame(source, target, log.id, log.scan, frame);
    }
    await relength(target, log.scan.frames.end[frames - 1]!);
  });
  env.onInfo(`synced ${frames - durable} frames of ${logPath(env, log.id)} in place`);
}

/** Writes all of a damaged file over itself, and syncs it. */
async function rewriteAsItLies(env: SealEnv, { log }: KeptLog): Promise<void> {
  await rewrite(env, log.id, async (source, target) => {
    const window = Buffer.allocUnsafeSlow(RECOVERY_WINDOW_BYTES);
    for (let at = 0; at < log.bytes; at += window.length) {
      const read = source.readSync(window, 0, Math.min(window.length, log.bytes - at), at);
      await target.write(window, 0, read, at);
    }
    // Another length, as in `relength`; zeros behind the end are no record.
    await target.truncate(log.bytes + RECORD_ALIGN_BYTES);
  });
}

/** Syncs what `work` writes to the LOG segment that it reads. */
async function rewrite(env: SealEnv, id: number,
  work: (source: ReadFile, target: WriteFile) => Promise<void>): Promise<void> {
  await withLog(env, id, async (source) => {
    const target = await env.files.openWrite(source.path);
    try {
      await work(source, target);
      await target.datasync();
    } finally {
      await target.close();
    }
  });
}

/**
 * Cuts what is torn off, for its room, and changes the length in any case: one that a failed fsync
 * lost would stay lost otherwise. Zeros behind the end need no room and look like a torn tail.
 */
async function relength(target: WriteFile, end: number): Promise<void> {
  const isSo = await target.size() === end + RECORD_ALIGN_BYTES;
  await target.truncate(end + (isSo ? 2 : 1) * RECORD_ALIGN_BYTES);
}

async function rewriteHeader(source: ReadFile, target: WriteFile): Promise<void> {
  const buf = Buffer.alloc(SEGMENT_HEADER_BYTES);
  source.readSync(buf, 0, buf.length, 0);
  if (typeof decodeSegmentHeader(buf) === 'string') throw changed(source, 0);
  await target.write(buf, 0, buf.length, 0);
}

async function rewriteFrame(source: ReadFile, target: WriteFile, id: number, scan: LogScan,
  frame: number): Promise<void> {
  const offset = scan.frames.offset[frame]!;
  const buf = Buffer.allocUnsafeSlow(scan.frames.end[frame]! - offset);
  source.readSync(buf, 0, buf.length, offset);
  // A page may have left the cache since the scan, and come back from the disk as it is there.
  if (!isFrameSound(buf, id, offset)) throw changed(source, offset);
  await target.write(buf, 0, buf.length, offset);
}

/** Whether `buf` is a whole frame for this place. */
function isFrameSound(buf: Buffer, id: number, offset: number): boolean {
  const frame = readFrameHeader(buf, 0, id, offset);
  if (frame?.bytes !== buf.length) return false;
  let at = FRAME_HEADER_BYTES;
  for (let left = frame.records; left > 0; left -= 1) {
    at = skipGap(offset + at) - offset;
    if (!isRecordSound(buf, at, buf.length)) return false;
    at += entryBytesAt(buf, at);
  }
  return at === buf.length;
}

function isRecordSound(buf: Buffer, at: number, end: number): boolean {
  return at + ENTRY_HEADER_BYTES <= end && isEntryHeaderSound(buf, at) &&
    at + entryBytesAt(buf, at) <= end && isEntryPayloadSound(buf, at);
}

function changed(file: ReadFile, offset: number): Error {
  return damaged(file.path, offset, 'it was sound when it was read a moment before');
}

// ---- Files --------------------------------------------------------------------------------------

/** Opens the LOG segment `id` for reading while `work` runs. */
export async function withLog<T>(env: { readonly files: Files; readonly dir: string }, id: number,
  work: (file: ReadFile) => Promise<T>): Promise<T> {
  const file = await env.files.openRead(logPath(env, id));
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

export function logPath({ dir }: { readonly dir: string }, id: number): string {
  return `${dir}/${segmentFileName(id, SEGMENT_LOG)}`;
}
