/**
 * Puts a snapshot that was taken in (receive-snapshot.ts) in the place of the store.
 *
 *   staged, durable | marker written, durable | old files removed, staged ones renamed | marker
 *   ------ the old store -------------------- | ------ the new store, once finished ---- is meta
 *
 * The marker is the commit point. What follows it can be cut short anywhere and done again: a file
 * that it names is either staged still, and then replaces what has its name, or in its place.
 * `openStore` calls `finishInstall` before it looks at anything else.
 *
 * The caller holds the directory's lock, and the store there is closed.
 */

import { DiskError, type Files } from '../../io/files.ts';
import { MANIFEST_NAME, decodeManifest } from '../format/manifest.ts';
import { segmentFileName } from '../format/segment-header.ts';
import { StoreError } from '../store-error.ts';
import { INSTALL_NAME, META_NAME, decodeMarker, encodeMarker } from './install-marker.ts';
import type { InstallMarker } from './install-marker.ts';
import { invalid } from './snapshot-header.ts';
import { isStoreName, namesStaged, removeStaged, stagedName } from './staged-files.ts';
import { MiB } from '../../lib/size-units.ts';

/** What the owner keeps beside a snapshot: a configuration of 80 KiB at most, and some numbers. */
export const SNAPSHOT_META_BYTES_MAX = 1 * MiB;

/**
 * Installs what is staged. `meta` is kept for `readSnapshotMeta`. Rejects with INVALID
 * (SnapshotError) if no whole snapshot is staged, and with DiskError: then the next `finishInstall`
 * finds out whether the old store or the new one is there, and completes it.
 */
export async function installSnapshot(files: Files, dir: string, meta: Uint8Array): Promise<void> {
  if (meta.length > SNAPSHOT_META_BYTES_MAX) {
    throw new RangeError(`${meta.length} bytes about a snapshot, allowed are ` +
      `${SNAPSHOT_META_BYTES_MAX}`);
  }
  const names = await findStaged(files, dir);
  await files.writeWhole(`${dir}/${INSTALL_NAME}`, encodeMarker({ names, meta }));
  await finishInstall(files, dir);
}

/**
 * Completes an install that was decided; true if there was one. Without one, removes what is
 * staged: nobody knows any more what it is of.
 */
export async function finishInstall(files: Files, dir: string): Promise<boolean> {
  const present = await files.list(dir);
  if (!present.includes(INSTALL_NAME)) {
    await removeStaged(files, dir, present);
    return false;
  }
  const { names } = await readMarker(files, `${dir}/${INSTALL_NAME}`);
  await putInPlace(files, dir, names, present);
  await files.syncDir(dir);
  await files.rename(`${dir}/${INSTALL_NAME}`, `${dir}/${META_NAME}`);
  await files.syncDir(dir);
  return true;
}

/**
 * What was given to the last install in this directory; undefined if there was none. Rejects with
 * DAMAGED (StoreError) or DiskError.
 */
export async function readSnapshotMeta(files: Files,
  dir: string): Promise<Uint8Array | undefined> {
  try {
    return (await readMarker(files, `${dir}/${META_NAME}`)).meta;
  } catch (error) {
    if (error instanceof DiskError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

// ---- Inside -------------------------------------------------------------------------------------

/** The names of what is staged, which is whole. */
async function findStaged(files: Files, dir: string): Promise<string[]> {
  const staged = namesStaged(await files.list(dir));
  const present = new Set(staged);
  if (!present.has(MANIFEST_NAME)) throw invalid(`none was taken in whole in ${dir}`);
  const manifest = decodeManifest(await files.readAll(`${dir}/${stagedName(MANIFEST_NAME)}`));
  if (typeof manifest === 'string') throw invalid(`the staged manifest: ${manifest}`);
  for (const { id, kind } of manifest.sealed) {
    const name = segmentFileName(id, kind);
    if (!present.has(name)) throw invalid(`${stagedName(name)} is missing in ${dir}`);
  }
  return staged;
}

async function putInPlace(files: Files, dir: string, names: readonly string[],
  present: readonly string[]): Promise<void> {
  const wanted = new Set(names);
  const found = new Set(present);
  for (const name of present) {
    if (isStoreName(name) && !wanted.has(name)) await files.unlink(`${dir}/${name}`);
  }
  for (const name of names) {
    if (found.has(stagedName(name))) {
      await files.rename(`${dir}/${stagedName(name)}`, `${dir}/${name}`);
    } else if (!found.has(name)) {
      const path = `${dir}/${name}`;
      throw new StoreError('MISSING', `${path} is missing: the snapshot that is being installed ` +
        'has it', { file: path });
    }
  }
}

/** Durable before it got its name, so one that is not sound is damage. */
async function readMarker(files: Files, path: string): Promise<InstallMarker> {
  const marker = decodeMarker(await files.readAll(path));
  if (typeof marker === 'object') return marker;
  throw new StoreError('DAMAGED', `${path} cannot be used: ${marker}`, { file: path });
}
