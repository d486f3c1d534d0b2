/**
 * The manifest: which files are the store (drawn in FORMAT.md). Text, so that an operator can read
 * it: a first line with the version and the checksum of the rest, then JSON.
 *
 * Invariants: it is replaced as a whole (write, fsync, rename, fsync of the directory). A sealed
 * segment or PACK segment that it does not list is no part of the store. An unlisted LOG segment
 * is, if its id is above every listed `open` one: the log writer may be ahead of the manifest.
 */

import { checksum, checksumText } from '../../lib/checksum.ts';
import type { KeyHashSeed } from '../../lib/key-hash.ts';
import type { SegmentSummary } from './hint.ts';
import {
  FORMAT_VERSION, READABLE_VERSIONS, SEGMENT_LOG, SEGMENT_PACK, isReadableVersion, type SegmentKind,
} from './segment-header.ts';

export const MANIFEST_NAME = 'MANIFEST';

export interface SealedSegment extends SegmentSummary {
  readonly kind: SegmentKind;
  /**
   * Of a compacted segment: a tombstone whose value_index is below this hides nothing in it,
   * because all that it holds was live at that moment. Without it, minValueIndex says the same,
   * less sharply.
   */
  readonly cleanSince?: number;
  /** Of a compacted segment: bytes of its tombstones; of others only their number is known. */
  readonly tombstoneBytes?: number;
}

export interface Manifest {
  readonly seed: KeyHashSeed;
  /** No id at or above this one was given out when the manifest was written. */
  readonly nextSegmentId: number;
  /** At least the highest value_index in the sealed segments plus one. */
  readonly nextValueIndex: number;
  /** The highest position known, also when the segment that carried it is gone. */
  readonly position: number;
  /** Ascending by id. */
  readonly sealed: readonly SealedSegment[];
  /** LOG segments that are written or made ready; their files exist. Ascending. */
  readonly open: readonly number[];
  /** The checkpoint that a clean stop left, by its file name. */
  readonly checkpoint: string | null;
}

const HEADING = 'dkvs-manifest';

export function encodeManifest(manifest: Manifest): Buffer {
  const body = Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`);
  const heading = `${HEADING} ${FORMAT_VERSION} ${checksumText(body)}\n`;
  return Buffer.concat([Buffer.from(heading), body]);
}

/** The manifest, or why the bytes are none. */
export function decodeManifest(bytes: Uint8Array): Manifest | string {
  const buf = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const newline = buf.indexOf(0x0a);
  const [heading, version, sum] = buf.toString('latin1', 0, Math.max(0, newline)).split(' ');
  if (heading !== HEADING) return `it does not begin with ${HEADING}`;
  if (!/^\d+$/.test(version ?? '') || !isReadableVersion(Number(version))) {
    return `it has format version ${version}, this server reads ${READABLE_VERSIONS}`;
  }
  if (Number.parseInt(sum ?? '', 16) !== checksum(buf, newline + 1, buf.length)) {
    return 'its checksum is wrong';
  }
  return parseBody(buf.toString('utf8', newline + 1));
}

function parseBody(text: string): Manifest | string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  return isManifest(body) ? body : 'a field is missing or out of range';
}

function isManifest(body: unknown): body is Manifest {
  if (!isRecord(body) || !isRecord(body['seed'])) return false;
  return isCount(body['seed']['a']) && isCount(body['seed']['b']) &&
    isCount(body['nextSegmentId']) && isCount(body['nextValueIndex']) &&
    isCount(body['position']) &&
    Array.isArray(body['sealed']) && body['sealed'].every(isSealed) &&
    Array.isArray(body['open']) && body['open'].every(isCount) &&
    (body['checkpoint'] === null || typeof body['checkpoint'] === 'string');
}

function isSealed(segment: unknown): boolean {
  return isRecord(segment) &&
    (segment['kind'] === SEGMENT_LOG || segment['kind'] === SEGMENT_PACK) &&
    ['id', 'bytes', 'records', 'tombstones', 'minValueIndex', 'maxValueIndex', 'position']
      .every((name) => isCount(segment[name]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
