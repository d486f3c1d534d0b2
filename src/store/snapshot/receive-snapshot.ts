/**
 * Takes a stream of a snapshot in: its files are staged beside those of the store, which may be
 * open and go on. When it resolves, all of them are verified and durable, and `installSnapshot` may
 * put them in the place of the store. One at a time for one directory.
 *
 * The list of files and the manifest come first and must agree before anything large is written.
 * Memory is bounded by one chunk, the list and the manifest.
 *
 * It rejects with SnapshotError (INVALID, DAMAGED, TRUNCATED, FULL), with DiskError, or as the
 * stream fails; then nothing is staged any more and the store is as it was.
 */

import type { Files } from '../../io/files.ts';
import { Checksum } from '../../lib/checksum.ts';
import { MANIFEST_NAME, decodeManifest, type Manifest } from '../format/manifest.ts';
import { hintFileName, segmentFileName } from '../format/segment-header.ts';
import { isDiskFull } from '../segments/room.ts';
import { ChunkReader } from './chunk-reader.ts';
import { SnapshotError } from './snapshot-error.ts';
import { invalid, readSnapshotHeader, readSum, type SnapshotHeader } from './snapshot-header.ts';
import { removeStaged, stagedName } from './staged-files.ts';
import type { SnapshotFile } from './store-snapshot.ts';

export interface ReceiveEnv {
  readonly files: Files;
  readonly dir: string;
  /** Free space that must remain for the store that is open meanwhile. */
  readonly reserveBytes: number;
}

export interface ReceivedSnapshot {
  readonly position: number;
  /** Of all files. */
  readonly totalBytes: number;
}

export async function receiveSnapshot(env: ReceiveEnv,
  chunks: AsyncIterable<Uint8Array>): Promise<ReceivedSnapshot> {
  const reader = new ChunkReader(chunks);
  try {
    await clearStaged(env);
    return await receive(env, reader);
  } catch (error) {
    // What cannot be removed now is by the next attempt or the next start.
    await clearStaged(env).catch(() => undefined);
    if (!isDiskFull(error)) throw error;
    throw new SnapshotError('FULL', 'the disk is full: a snapshot could not be taken in',
      { cause: error });
  } finally {
    // Why it ended is known by now.
    await reader.close().catch(() => undefined);
  }
}

async function clearStaged({ files, dir }: ReceiveEnv): Promise<void> {
  await removeStaged(files, dir, await files.list(dir));
}

async function receive(env: ReceiveEnv, reader: ChunkReader): Promise<ReceivedSnapshot> {
  const { files, dir } = env;
  const header = await readSnapshotHeader(reader);
  await checkRoom(env, header);
  const manifest = await readManifest(reader, header);
  for (const [number, file] of header.files.entries()) {
    if (number > 0) await receiveFile(env, reader, file, number);
  }
  if (!await reader.isAtEnd()) throw invalid('more bytes follow its end');
  await files.syncDir(dir);
  await files.writeWhole(`${dir}/${stagedName(MANIFEST_NAME)}`, manifest);
  return { position: header.position, totalBytes: header.totalBytes };
}

async function checkRoom({ files, dir, reserveBytes }: ReceiveEnv,
  { totalBytes }: SnapshotHeader): Promise<void> {
  const freeBytes = await files.freeBytes(dir) - reserveBytes;
  if (freeBytes >= totalBytes) return;
  throw new SnapshotError('FULL', `a snapshot of ${totalBytes} bytes does not fit: ` +
    `${Math.max(0, freeBytes)} bytes are free above the reserve of ${reserveBytes}`);
}

// ---- The manifest -------------------------------------------------------------------------------

async function readManifest(reader: ChunkReader, header: SnapshotHeader): Promise<Uint8Array> {
  const { bytes } = header.files[0]!;
  const sum = new Checksum(0);
  const pieces: Uint8Array[] = [];
  for (let left = bytes; left > 0;) {
    const piece = Uint8Array.from(await reader.some(left));
    sum.update(piece, 0, piece.length);
    pieces.push(piece);
    left -= piece.length;
  }
  await readSum(reader, sum.digest(), MANIFEST_NAME);
  const content = Buffer.concat(pieces);
  const manifest = decodeManifest(content);
  if (typeof manifest === 'string') throw invalid(`its manifest cannot be used: ${manifest}`);
  checkManifest(manifest, header);
  return content;
}

/** A store opens from just these files, at just this position. */
function checkManifest(manifest: Manifest, header: SnapshotHeader): void {
  const { sealed, open, checkpoint, position, nextSegmentId, nextValueIndex } = manifest;
  if (open.length > 0 || checkpoint !== null) throw invalid('its manifest is of a running store');
  if (position !== header.position) {
    throw invalid(`its manifest is of position ${position}, it announces ${header.position}`);
  }
  const bytesOf = new Map(header.files.slice(1).map(({ name, bytes }) => [name, bytes]));
  for (const segment of sealed) {
    const name = segmentFileName(segment.id, segment.kind);
    if (bytesOf.get(name) !== segment.bytes) {
      throw invalid(`its manifest has ${segment.bytes} bytes of ${name}, its list of files has ` +
        `${bytesOf.get(name) ?? 'no such file'}`);
    }
    const fits = segment.id < nextSegmentId && segment.maxValueIndex < nextValueIndex &&
      segment.position <= position;
    if (!fits) throw invalid(`its manifest gives ${name} numbers beyond its own`);
    bytesOf.delete(name);
    bytesOf.delete(hintFileName(segment.id));
  }
  for (const name of bytesOf.keys()) throw invalid(`its manifest knows nothing of ${name}`);
}

// ---- Other files --------------------------------------------------------------------------------

async function receiveFile({ files, dir }: ReceiveEnv, reader: ChunkReader,
  { name, bytes }: SnapshotFile, number: number): Promise<void> {
  const file = await files.create(`${dir}/${stagedName(name)}`);
  const sum = new Checksum(number);
  try {
    for (let at = 0; at < bytes;) {
      const piece = await reader.some(bytes - at);
      sum.update(piece, 0, piece.length);
      await file.write(piece, 0, piece.length, at);
      at += piece.length;
    }
    await readSum(reader, sum.digest(), name);
    await file.datasync();
  } finally {
    await file.close();
  }
}
