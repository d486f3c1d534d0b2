/**
 * The first 64 bytes of a segment, and the names of the files that belong to it (drawn in
 * FORMAT.md).
 *
 * A LOG segment is written by the log writer; its predecessor's id makes a lost file in the middle
 * visible. A PACK segment is written by the compactor or by recovery and belongs to the store only
 * if the manifest lists it.
 */

import { checksum } from '../../lib/checksum.ts';
import type { KeyHashSeed } from '../../lib/key-hash.ts';
import { readU32, readU48, writeU32, writeU48 } from '../../lib/words.ts';

export const SEGMENT_HEADER_BYTES = 64;
/**
 * What is written. Since 3 records may have stamps, which a server of 2 would take for keys; since
 * 4 there are small collections as records and blocks of large ones, which one of 3 does not know.
 */
export const FORMAT_VERSION = 4;
/** What is still read. */
export const FORMAT_VERSION_MIN = 2;

export function isReadableVersion(version: number): boolean {
  return version >= FORMAT_VERSION_MIN && version <= FORMAT_VERSION;
}

/** For messages. */
export const READABLE_VERSIONS = `${FORMAT_VERSION_MIN} to ${FORMAT_VERSION}`;

export const SEGMENT_LOG = 1;
export const SEGMENT_PACK = 2;
export type SegmentKind = typeof SEGMENT_LOG | typeof SEGMENT_PACK;

export interface SegmentHeader {
  readonly id: number;
  readonly kind: SegmentKind;
  readonly seed: KeyHashSeed;
  /** LOG: the LOG segment before this one, 0 for the first. PACK: 0. */
  readonly previousId: number;
}

const MAGIC = 'DKVSSEGM';
const SUM_AT = 60;

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const buf = Buffer.alloc(SEGMENT_HEADER_BYTES);
  buf.write(MAGIC, 0, 'latin1');
  writeU32(buf, 8, FORMAT_VERSION);
  writeU32(buf, 12, header.kind);
  writeU48(buf, 16, header.id);
  writeU48(buf, 24, header.previousId);
  writeU32(buf, 32, header.seed.a);
  writeU32(buf, 36, header.seed.b);
  writeU32(buf, SUM_AT, checksum(buf, 0, SUM_AT));
  return buf;
}

/** The header, or why the bytes are none. */
export function decodeSegmentHeader(buf: Uint8Array): SegmentHeader | string {
  if (buf.length < SEGMENT_HEADER_BYTES) return `${buf.length} bytes are too few for a header`;
  const magic = Buffer.from(buf.buffer, buf.byteOffset, MAGIC.length).toString('latin1');
  if (magic !== MAGIC) return 'it does not begin like a segment';
  const isSound = readU32(buf, SUM_AT) === checksum(buf, 0, SUM_AT);
  if (!isSound) return 'the checksum of its header is wrong';
  const version = readU32(buf, 8);
  if (!isReadableVersion(version)) {
    return `format version ${version}, this server reads ${READABLE_VERSIONS}`;
  }
  const kind = readU32(buf, 12);
  if (kind !== SEGMENT_LOG && kind !== SEGMENT_PACK) return `unknown segment kind ${kind}`;
  return {
    id: readU48(buf, 16),
    kind,
    previousId: readU48(buf, 24),
    seed: { a: readU32(buf, 32), b: readU32(buf, 36) },
  };
}

/** Why the first bytes of a file are not the header of this segment; undefined if they are. */
export function segmentHeaderMisfit(buf: Uint8Array,
  segment: { readonly id: number; readonly kind: SegmentKind },
  seed: KeyHashSeed): string | undefined {
  const header = decodeSegmentHeader(buf);
  if (typeof header === 'string') return header;
  const { id, kind } = segment;
  if (header.id !== id) return `it says that it is segment ${header.id}, not ${id}`;
  if (header.kind !== kind) return `it says that it is of kind ${header.kind}, not ${kind}`;
  const isOurs = header.seed.a === seed.a && header.seed.b === seed.b;
  return isOurs ? undefined : 'it belongs to another store';
}

// ---- File names ---------------------------------------------------------------------------------

const ID_DIGITS = 15;
const NAME_PATTERN = /^(\d{15})\.(log|pack|hint)$/;

export function segmentFileName(id: number, kind: SegmentKind): string {
  return `${String(id).padStart(ID_DIGITS, '0')}.${kind === SEGMENT_LOG ? 'log' : 'pack'}`;
}

export function hintFileName(id: number): string {
  return `${String(id).padStart(ID_DIGITS, '0')}.hint`;
}

export interface SegmentFileName {
  readonly id: number;
  readonly suffix: 'log' | 'pack' | 'hint';
}

/** What a directory entry's name says; undefined if it is none of ours. */
export function parseSegmentFileName(name: string): SegmentFileName | undefined {
  const match = NAME_PATTERN.exec(name);
  if (match === null) return undefined;
  return { id: Number(match[1]), suffix: match[2] as SegmentFileName['suffix'] };
}
