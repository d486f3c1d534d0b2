/**
 * How a stream of a snapshot begins (drawn in FORMAT.md): its position and the list of its files.
 *
 * Names come from a peer and become names on this disk, so only the exact patterns of our own files
 * pass, and each once. What does not is INVALID; a wrong sum is DAMAGED. Nothing is allocated for a
 * number that was only announced.
 */

import { Checksum, checksum } from '../../lib/checksum.ts';
import { readU32, readU48, writeU32, writeU48 } from '../../lib/words.ts';
import { SNAPSHOT_FILES_MAX, SNAPSHOT_MANIFEST_BYTES_MAX } from '../limits.ts';
import { MANIFEST_NAME } from '../format/manifest.ts';
import type { ChunkReader } from './chunk-reader.ts';
import { SnapshotError } from './snapshot-error.ts';
import { isSnapshotName } from './staged-files.ts';
import type { SnapshotFile } from './store-snapshot.ts';

export interface SnapshotHeader {
  readonly position: number;
  /** The manifest first. */
  readonly files: readonly SnapshotFile[];
  readonly totalBytes: number;
}

export const SUM_BYTES = 4;

const VERSION = 1;
const MAGIC = 'DKVSSNAP';
const HEAD_BYTES = 32;
const HEAD_SUM_AT = 28;
const SIZE_BYTES = 6;

// ---- Writing ------------------------------------------------------------------------------------

export function encodeHead({ position, files, totalBytes }: SnapshotHeader): Buffer {
  const buf = Buffer.alloc(HEAD_BYTES);
  buf.write(MAGIC, 0, 'latin1');
  writeU32(buf, 8, VERSION);
  writeU32(buf, 12, files.length);
  writeU48(buf, 16, position);
  writeU48(buf, 22, totalBytes);
  writeU32(buf, HEAD_SUM_AT, checksum(buf, 0, HEAD_SUM_AT));
  return buf;
}

/** One line of the list. */
export function encodeFileEntry({ name, bytes }: SnapshotFile): Buffer {
  const buf = Buffer.alloc(1 + name.length + SIZE_BYTES);
  buf[0] = name.length;
  buf.write(name, 1, 'latin1');
  writeU48(buf, 1 + name.length, bytes);
  return buf;
}

// ---- Reading ------------------------------------------------------------------------------------

export async function readSnapshotHeader(reader: ChunkReader): Promise<SnapshotHeader> {
  const head = await reader.take(HEAD_BYTES);
  const count = fileCountOf(head);
  const files: SnapshotFile[] = [];
  const names = new Set<string>();
  const sum = new Checksum();
  let totalBytes = 0;
  for (let number = 0; number < count; number += 1) {
    const file = await readFileEntry(reader, sum);
    checkFile(file, number, names);
    names.add(file.name);
    files.push(file);
    totalBytes += file.bytes;
  }
  await readSum(reader, sum.digest(), 'its list of files');
  if (totalBytes !== readU48(head, 22)) {
    throw invalid(`its files have ${totalBytes} bytes, it announces ${readU48(head, 22)}`);
  }
  return { position: readU48(head, 16), files, totalBytes };
}

/** Reads a checksum, which must be `expected`. */
export async function readSum(reader: ChunkReader, expected: number, what: string): Promise<void> {
  const buf = await reader.take(SUM_BYTES);
  if (readU32(buf, 0) === expected) return;
  throw new SnapshotError('DAMAGED', `snapshot: the checksum of ${what} is wrong`);
}

function fileCountOf(head: Buffer): number {
  if (head.toString('latin1', 0, MAGIC.length) !== MAGIC) {
    throw invalid('it does not begin like a snapshot');
  }
  const version = readU32(head, 8);
  if (version !== VERSION) throw invalid(`format version ${version}, this server reads ${VERSION}`);
  if (readU32(head, HEAD_SUM_AT) !== checksum(head, 0, HEAD_SUM_AT)) {
    throw new SnapshotError('DAMAGED', 'snapshot: the checksum of its first bytes is wrong');
  }
  const count = readU32(head, 12);
  if (count > 0 && count <= SNAPSHOT_FILES_MAX) return count;
  throw invalid(`${count} files, allowed are 1 to ${SNAPSHOT_FILES_MAX}`);
}

async function readFileEntry(reader: ChunkReader, sum: Checksum): Promise<SnapshotFile> {
  const length = await reader.take(1);
  sum.update(length, 0, 1);
  const rest = await reader.take(length[0]! + SIZE_BYTES);
  sum.update(rest, 0, rest.length);
  return { name: rest.toString('latin1', 0, length[0]), bytes: readU48(rest, length[0]!) };
}

function checkFile({ name, bytes }: SnapshotFile, number: number,
  names: ReadonlySet<string>): void {
  const isManifest = name === MANIFEST_NAME;
  if (isManifest !== (number === 0) || !isSnapshotName(name)) {
    throw invalid(`file ${number} cannot have the name ${JSON.stringify(name)}`);
  }
  if (names.has(name)) throw invalid(`${name} is there twice`);
  if (isManifest && bytes > SNAPSHOT_MANIFEST_BYTES_MAX) {
    throw invalid(`a manifest of ${bytes} bytes, allowed are ${SNAPSHOT_MANIFEST_BYTES_MAX}`);
  }
}

export function invalid(reason: string): SnapshotError {
  return new SnapshotError('INVALID', `snapshot: ${reason}`);
}
