/**
 * What recovery takes from the file that says how far the log is on disk (io/watermark-file.ts). A
 * log that ends before that place, or has another frame there, was damaged, cut or exchanged since.
 *
 * The place counts only while its segment is open. If the manifest does not list that segment as
 * open and has given out its id, the manifest is newer: the segment was sealed, and may be gone.
 */

import type { Files, ReadFile } from '../../io/files.ts';
import { readSyncedPlace, type SyncedPlace } from '../../io/watermark-file.ts';
import { frameProof, frameProofBytes } from '../format/frame.ts';
import type { Manifest } from '../format/manifest.ts';
import type { SegmentFileName } from '../format/segment-header.ts';
import type { LogScan } from './log-scan.ts';

/** Ids of the LOG segments that are the open end of the log, ascending. */
export function openLogIds({ open, sealed, nextSegmentId }: Manifest,
  names: readonly SegmentFileName[]): number[] {
  const newest = open.length === 0 ? nextSegmentId - 1 : Math.max(...open);
  const sealedIds = new Set(sealed.map(({ id }) => id));
  const listed = new Set(open);
  return names.filter(({ suffix }) => suffix === 'log').map(({ id }) => id)
    .filter((id) => listed.has(id) || (id > newest && !sealedIds.has(id)))
    .sort((a, b) => a - b);
}

/** The place up to which the open end of the log is on disk; undefined if nothing is known. */
export async function findSyncedPlace(env: { readonly files: Files; readonly dir: string },
  manifest: Manifest): Promise<SyncedPlace | undefined> {
  const { seed, open, nextSegmentId } = manifest;
  const place = await readSyncedPlace(env.files, env.dir, [seed.a, seed.b]);
  if (place === undefined) return undefined;
  const newest = open.length === 0 ? nextSegmentId - 1 : Math.max(...open);
  return open.includes(place.fileId) || place.fileId > newest ? place : undefined;
}

/**
 * The scan of the segment of `place`, with a bad place where another frame is than the one that was
 * synced. An end before it is found by its offset alone (cut-log.ts).
 */
export function checkProof(scan: LogScan, file: ReadFile, place: SyncedPlace): LogScan {
  const { proof } = place;
  const end = scan.frames.end.at(-1) ?? 0;
  if (proof === undefined || end <= proof.at) return scan;
  const frame = scan.frames.offset.lastIndexOf(proof.at);
  if (frame >= 0 && proofOf(file, proof.at, scan.frames.end[frame]! - proof.at) === proof.sum) {
    return scan;
  }
  const reason = 'the frame here is not the one that was synced: the file was exchanged, or an ' +
    'older copy of it was put in its place';
  return { ...scan, bad: { offset: proof.at, frameOffset: proof.at, reason, key: undefined } };
}

function proofOf(file: ReadFile, offset: number, bytes: number): number {
  const buf = Buffer.alloc(frameProofBytes(offset, bytes));
  file.readSync(buf, 0, buf.length, offset);
  return frameProof(buf, 0, offset, bytes);
}
