/**
 * The file that decides an install (drawn in FORMAT.md). While it is `snapshot-install`, the files
 * that it names are the store, whether they are in their places yet or not. Then it becomes
 * `snapshot-meta`, and keeps what the owner wants to know of the snapshot that the store began
 * from.
 */

import { checksum } from '../../lib/checksum.ts';
import { readU32, writeU32 } from '../../lib/words.ts';
import { isSnapshotName } from './staged-files.ts';

export const INSTALL_NAME = 'snapshot-install';
export const META_NAME = 'snapshot-meta';

export interface InstallMarker {
  /** The files of the store, as they will be called. */
  readonly names: readonly string[];
  readonly meta: Uint8Array;
}

const MAGIC = 'DKVSSNIN';
const VERSION = 1;
const HEAD_BYTES = 24;
const SUM_AT = 20;

export function encodeMarker({ names, meta }: InstallMarker): Buffer {
  const list = Buffer.from(names.map((name) => `${name}\n`).join(''), 'latin1');
  const buf = Buffer.alloc(HEAD_BYTES + list.length + meta.length);
  buf.write(MAGIC, 0, 'latin1');
  writeU32(buf, 8, VERSION);
  writeU32(buf, 12, list.length);
  writeU32(buf, 16, meta.length);
  buf.set(list, HEAD_BYTES);
  buf.set(meta, HEAD_BYTES + list.length);
  writeU32(buf, SUM_AT, sumOf(buf));
  return buf;
}

/** The marker, or why the bytes are none. */
export function decodeMarker(bytes: Uint8Array): InstallMarker | string {
  const buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (buf.length < HEAD_BYTES) return `it has only ${buf.length} bytes`;
  if (buf.toString('latin1', 0, MAGIC.length) !== MAGIC) return 'it does not begin as it should';
  const version = readU32(buf, 8);
  if (version !== VERSION) return `it has format version ${version}, this server reads ${VERSION}`;
  const metaAt = HEAD_BYTES + readU32(buf, 12);
  const isSound = buf.length === metaAt + readU32(buf, 16) && readU32(buf, SUM_AT) === sumOf(buf);
  if (!isSound) return 'its checksum is wrong';
  const names = buf.toString('latin1', HEAD_BYTES, metaAt).split('\n').slice(0, -1);
  if (!names.every(isSnapshotName)) return 'it names a file that is none of a store';
  return { names, meta: Uint8Array.from(buf.subarray(metaAt)) };
}

/** Over everything but the sum itself. */
function sumOf(buf: Buffer): number {
  return checksum(buf, HEAD_BYTES, buf.length, checksum(buf, 0, SUM_AT));
}
